using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>All orders in which threads can take the atomic steps of entering, leaving and disposing executables of one store, as
/// <see cref="Executable"/> and <see cref="StoreGate"/> take them: none lets a writer in beside anybody, none frees memory that is in use,
/// and what is disposed is freed once.</summary>
public class StoreGateProtocolTests
{
    private const sbyte Flag = 64; // StoreGate.DisposeWhenDone.

    [Flags]
    public enum Without
    {
        Nothing = 0, CountingReaders = 1, LookingForDisposal = 2, LeavingItToTheRun = 4
    }

    private enum At : sbyte
    {
        Enter, LookForDisposal, EnterToRead, Inside, ExitFromReading, Leave, FreeAfterRun, Open, Dispose, LookInside, Mark, Free, Done
    }

    // Executables: W and V replace variables, r and s read them. Who runs one is a letter, who disposes one is a letter after '-'.
    [Theory]
    [InlineData("WV")]
    [InlineData("WWr")]
    [InlineData("Wrs")]
    [InlineData("rsrs")]
    [InlineData("WV-W")]
    [InlineData("WW-W-W")]
    [InlineData("Wr-r")]
    [InlineData("rr-r-r")]
    [InlineData("Wr-W-r")]
    [InlineData("WVr-W")]
    public void Nobody_is_beside_a_writer_and_nothing_in_use_is_freed(string threads) => Assert.Null(Explore(threads));

    [Theory]
    [InlineData("Wr", Without.CountingReaders, "beside a writer")]
    [InlineData("W-W", Without.LookingForDisposal, "freed in use")]
    [InlineData("r-r", Without.LookingForDisposal, "freed in use")]
    [InlineData("W-W", Without.LeavingItToTheRun, "freed in use")]
    public void Each_part_of_the_protocol_is_needed(string threads, Without without, string fault) =>
        Assert.Equal(fault, Explore(threads, without));

    private static string? Explore(string threads, Without without = Without.Nothing)
    {
        var start = State.Of(threads);
        var (seen, open) = (new HashSet<string> { start.Key }, new Stack<State>([start]));
        while (open.TryPop(out var state))
        {
            if (state.Fault() is { } fault) return fault;
            for (var t = 0; t < start.Threads; t++)
                if (state.After(t, without) is { } next && seen.Add(next.Key)) open.Push(next);
        }
        return null;
    }

    private sealed class State
    {
        private const string Executables = "WVrs";

        // By executable: the gate that it enters alone, whether it was disposed, and how often it was freed. Gate 0 is the store's.
        private readonly sbyte[] _gates = new sbyte[1 + Executables.Length], _disposed = new sbyte[Executables.Length],
            _freed = new sbyte[Executables.Length];
        // By thread: its executable, where it is, and the runs that it has left.
        private readonly sbyte[] _executables, _where, _runs;

        private State(int threads) =>
            (_executables, _where, _runs) = (new sbyte[threads], new sbyte[threads], new sbyte[threads]);

        private State(State from)
        {
            (_gates, _disposed, _freed) = ([.. from._gates], [.. from._disposed], [.. from._freed]);
            (_executables, _where, _runs) = ([.. from._executables], [.. from._where], [.. from._runs]);
        }

        public int Threads => _where.Length;
        public string Key => string.Join(',', (IEnumerable<sbyte>)[.. _gates, .. _disposed, .. _freed, .. _where, .. _runs]);

        public static State Of(string threads)
        {
            var state = new State(threads.Count(char.IsLetter));
            for (int i = 0, t = 0; i < threads.Length; i++)
            {
                if (threads[i] == '-') continue;
                state._executables[t] = (sbyte)Executables.IndexOf(threads[i], StringComparison.Ordinal);
                state._where[t] = (sbyte)(i > 0 && threads[i - 1] == '-' ? At.Dispose : At.Enter);
                state._runs[t++] = 2;
            }
            return state;
        }

        public string? Fault()
        {
            var inside = Enumerable.Range(0, Threads).Where(t => (At)_where[t] == At.Inside).Select(t => (int)_executables[t]).ToList();
            if (inside.Count > 1 && inside.Any(e => !IsReader(e))) return "beside a writer";
            if (inside.Distinct().Count() < inside.Count) return "twice in one executable";
            if (inside.Any(e => _freed[e] > 0)) return "freed in use";
            if (_freed.Any(f => f > 1)) return "freed twice";
            if (_where.Any(w => (At)w != At.Done)) return null;
            if (_gates.Any(g => g != 0)) return "left closed";
            return _freed.SequenceEqual(_disposed) ? null : "not freed";
        }

        /// <summary>The state after an atomic step of a thread, or null if it is done.</summary>
        public State? After(int thread, Without without)
        {
            if ((At)_where[thread] == At.Done) return null;
            var next = new State(this);
            next._where[thread] = (sbyte)next.Step(thread, _executables[thread], without);
            return next;
        }

        private static bool IsReader(int e) => char.IsLower(Executables[e]);

        private At Step(int t, int e, Without without)
        {
            ref var gate = ref _gates[IsReader(e) ? e + 1 : 0];
            var number = (sbyte)(e + 1);
            switch ((At)_where[t])
            {
                case At.Enter when gate != 0:
                    return EndOfRun(t);
                case At.Enter:
                    gate = number;
                    return At.LookForDisposal;
                case At.LookForDisposal when _disposed[e] != 0 && !without.HasFlag(Without.LookingForDisposal):
                    return At.Leave;
                case At.LookForDisposal:
                    return IsReader(e) ? At.EnterToRead : At.Inside;
                case At.EnterToRead or At.ExitFromReading when without.HasFlag(Without.CountingReaders):
                    return (At)_where[t] == At.EnterToRead ? At.Inside : At.Leave;
                case At.EnterToRead when _gates[0] > 0:
                    return At.Leave;
                case At.EnterToRead:
                    _gates[0]--;
                    return At.Inside;
                case At.Inside:
                    return IsReader(e) ? At.ExitFromReading : At.Leave;
                case At.ExitFromReading:
                    _gates[0]++;
                    return At.Leave;
                case At.Leave when gate != number:
                    return At.FreeAfterRun;
                case At.FreeAfterRun:
                    _freed[e]++;
                    return At.Open;
                case At.Leave or At.Open:
                    gate = 0;
                    return EndOfRun(t);
                case At.Dispose when _disposed[e] != 0:
                    return At.Done;
                case At.Dispose:
                    _disposed[e] = 1;
                    return without.HasFlag(Without.LeavingItToTheRun) ? At.Free : At.LookInside;
                case At.LookInside:
                    return gate == number ? At.Mark : At.Free;
                case At.Mark when gate != number:
                    return At.LookInside;
                case At.Mark:
                    gate |= Flag;
                    return At.Done;
                default:
                    _freed[e]++;
                    return At.Done;
            }
        }

        private At EndOfRun(int t) => --_runs[t] == 0 ? At.Done : At.Enter;
    }
}
