using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>All orders in which workers can take the atomic steps of a barrier, as <see cref="BarrierBlock"/> and generated code take them:
/// none ends with a worker asleep, and none lets a worker leave early.</summary>
public class BarrierProtocolTests
{
    private const int Sleeps = 0x80; // The bit beside the count of arrivals.

    private enum At : byte
    {
        Load, Arrive, Reset, Begin, Wake, Look, Announce, Wait, Asleep, Done
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(3, 3)]
    [InlineData(4, 2)]
    public void No_wake_up_is_lost_and_nobody_leaves_early(int workers, int barriers) => Assert.Null(Explore(workers, barriers));

    [Fact]
    public void A_sleeper_that_does_not_look_whether_all_have_arrived_may_sleep_for_ever() =>
        Assert.Equal("asleep", Explore(workers: 2, barriers: 1, looksAtArrivals: false));

    [Fact]
    public void A_last_worker_that_wakes_nobody_leaves_them_asleep() =>
        Assert.Equal("asleep", Explore(workers: 3, barriers: 1, wakes: false));

    // The first fault found, or null.
    private static string? Explore(int workers, int barriers, bool looksAtArrivals = true, bool wakes = true)
    {
        var start = new State(workers);
        var (seen, open) = (new HashSet<string> { start.Key }, new Stack<State>([start]));
        while (open.TryPop(out var state))
        {
            var isStuck = true;
            for (var w = 0; w < workers; w++)
            {
                if (state.After(w, barriers, looksAtArrivals, wakes) is not { } next) continue;
                isStuck = false;
                if (next.LeftEarly) return "early";
                if (seen.Add(next.Key)) open.Push(next);
            }
            if (isStuck && !state.IsDone) return "asleep";
        }
        return null;
    }

    private sealed class State
    {
        // Count, generation; then for each worker where it is, what it loaded, what it found, and the barriers that it has passed.
        private readonly byte[] _bytes;

        public State(int workers) => _bytes = new byte[2 + 4 * workers];

        private State(byte[] bytes) => _bytes = (byte[])bytes.Clone();

        public string Key => Convert.ToHexString(_bytes);
        public bool IsDone => Enumerable.Range(0, Workers).All(w => Where(w) == At.Done);
        public bool LeftEarly { get; private set; }
        private int Workers => (_bytes.Length - 2) / 4;
        private ref byte Count => ref _bytes[0];
        private ref byte Generation => ref _bytes[1];

        private At Where(int w) => (At)_bytes[2 + 4 * w];
        private ref byte Before(int w) => ref _bytes[3 + 4 * w];
        private ref byte Found(int w) => ref _bytes[4 + 4 * w];
        private ref byte Passed(int w) => ref _bytes[5 + 4 * w];
        private void Go(int w, At where) => _bytes[2 + 4 * w] = (byte)where;

        /// <summary>The state after an atomic step of a worker, or null if it sleeps or is done. That who looks in vain may look again
        /// changes nothing.</summary>
        public State? After(int w, int barriers, bool looksAtArrivals, bool wakes)
        {
            if (Where(w) is At.Asleep or At.Done) return null;
            var next = new State(_bytes);
            next.Step(w, barriers, looksAtArrivals, wakes);
            return next;
        }

        private void Step(int w, int barriers, bool looksAtArrivals, bool wakes)
        {
            switch (Where(w))
            {
                case At.Load:
                    Before(w) = Generation;
                    Go(w, At.Arrive);
                    break;
                case At.Arrive:
                    Found(w) = Count++;
                    Go(w, (Count & ~Sleeps) == Workers ? At.Reset : At.Look);
                    break;
                case At.Reset:
                    Count = 0;
                    Go(w, At.Begin);
                    break;
                case At.Begin:
                    Generation = (byte)(Before(w) + 1);
                    Go(w, At.Wake);
                    break;
                case At.Wake:
                    for (var other = 0; wakes && (Found(w) & Sleeps) != 0 && other < Workers; other++)
                        if (Where(other) == At.Asleep) Go(other, At.Look);
                    Leave(w, barriers);
                    break;
                case At.Look when Generation != Before(w):
                    Leave(w, barriers);
                    break;
                case At.Look:
                    Go(w, At.Announce);
                    break;
                case At.Announce:
                    var arrived = Count & ~Sleeps;
                    Count |= Sleeps;
                    Go(w, looksAtArrivals && (arrived == 0 || arrived == Workers) ? At.Look : At.Wait);
                    break;
                case At.Wait:
                    Go(w, Generation == Before(w) ? At.Asleep : At.Look);
                    break;
            }
        }

        private void Leave(int w, int barriers)
        {
            Passed(w)++;
            // Every other worker has passed this barrier too, or is inside of it, after its arrival.
            for (var other = 0; other < Workers; other++)
                LeftEarly |= other != w && Passed(other) < Passed(w)
                    && (Passed(other) < Passed(w) - 1 || Where(other) is At.Load or At.Arrive);
            Go(w, Passed(w) == barriers ? At.Done : At.Load);
        }
    }
}
