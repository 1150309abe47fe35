using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using GraphCompiler.IR.Loops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>Chooses between the ways that kernels can be computed by measuring them: whole programs that take the same way everywhere run
/// in turn, on memory of their own, and count the time of each kernel.</summary>
/// <remarks>All ways give the same bits, so what is measured changes nothing but the time. Costs a compilation for each way, and at most
/// <see cref="LongestSeconds"/> of running beyond the first rounds.</remarks>
internal static class KernelTuner
{
    private const double LongestSeconds = 3;
    private const int FewestRounds = 3, MostRounds = 200;

    /// <summary>What another way must save to be taken instead of the expected one: less is noise.</summary>
    private const double LeastGain = 0.03;

    /// <summary>What can be computed in several ways by the kernels of a program, and how many.</summary>
    public static ImmutableDictionary<string, int> WaysOf(LoopProgram program) => program.Calls.Select(c => c.Kernel.Choice)
        .OfType<KernelChoice>().Where(c => c.Ways.Length > 1).DistinctBy(c => $"{c.Task}")
        .ToImmutableDictionary(c => $"{c.Task}", c => c.Ways.Length);

    /// <summary>The ways to take, by task.</summary>
    /// <param name="ways">How many each task has.</param>
    /// <param name="compile">Compiles the program that takes some ways, and counts ticks.</param>
    public static ImmutableDictionary<string, int> Measure(ImmutableDictionary<string, int> ways,
        Func<IReadOnlyDictionary<string, int>, (Executable Executable, LoopProgram Program)> compile)
    {
        var candidates = new List<Candidate>();
        try
        {
            for (var way = 0; way < ways.Values.Max(); way++)
                candidates.Add(new(compile(ways.Where(w => way < w.Value).ToDictionary(w => w.Key, _ => way))));
            var start = Stopwatch.GetTimestamp();
            for (var round = 0; round < MostRounds; round++)
            {
                if (round >= FewestRounds && Stopwatch.GetElapsedTime(start).TotalSeconds > LongestSeconds) break;
                foreach (var candidate in candidates) candidate.Run();
            }
        }
        finally
        {
            foreach (var candidate in candidates) candidate.Dispose();
        }
        int Fastest(string task, int count)
        {
            long[] ticks = [.. candidates.Take(count).Select(c => c.TicksOf(task))];
            return ticks.Min() < (1 - LeastGain) * ticks[0] ? Array.IndexOf(ticks, ticks.Min()) : 0;
        }
        return ways.ToImmutableDictionary(w => w.Key, w => Fastest(w.Key, w.Value));
    }

    /// <summary>Ways as the bytes of an entry of the object cache.</summary>
    public static byte[] Write(IReadOnlyDictionary<string, int> ways) => Encoding.UTF8.GetBytes(
        string.Concat(ways.Select(w => string.Create(CultureInfo.InvariantCulture, $"{w.Value} {w.Key}\n"))));

    /// <summary>What <see cref="Write"/> wrote.</summary>
    public static ImmutableDictionary<string, int> Read(byte[] bytes) => Encoding.UTF8.GetString(bytes)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', 2))
        .ToImmutableDictionary(l => l[1], l => int.Parse(l[0], CultureInfo.InvariantCulture));

    /// <summary>A program that counts the time of its kernels, run on zeros.</summary>
    private sealed class Candidate((Executable Executable, LoopProgram Program) compiled) : IDisposable
    {
        private readonly ReadOnlyMemory<byte>[] _inputs = [.. compiled.Executable.Layout.Buffers
            .Where(b => b.Role == BufferRole.Input).Select(b => (ReadOnlyMemory<byte>)new byte[b.Bytes])];

        private readonly string?[] _tasks = [.. compiled.Program.Calls.Select(c => c.Kernel.Choice?.Task.ToString())];
        private readonly Dictionary<string, long> _least = [];

        /// <summary>The least time of all kernels of a task in one run.</summary>
        public long TicksOf(string task) => _least[task];

        public void Run()
        {
            var (executable, program) = compiled;
            using var entry = executable.Enter();
            var ticks = entry.Arena<long>(program.TicksOffset!.Value, program.Calls.Length);
            ticks.Clear();
            entry.Run(_inputs);
            var sums = new Dictionary<string, long>();
            for (var i = 0; i < ticks.Length; i++)
                if (_tasks[i] is { } task) sums[task] = sums.GetValueOrDefault(task) + ticks[i];
            foreach (var (of, sum) in sums) _least[of] = Math.Min(_least.GetValueOrDefault(of, long.MaxValue), sum);
        }

        public void Dispose() => compiled.Executable.Dispose();
    }
}
