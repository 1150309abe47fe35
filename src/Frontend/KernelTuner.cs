using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Frontend;

/// <summary>Chooses between the ways that kernels can be computed by measuring them: whole programs that take the same way everywhere run in
/// turn, on memory of their own, and count the time of each kernel.</summary>
/// <remarks>All ways give the same bits, so what is measured changes nothing but the time. Costs a compilation for each way, and at most
/// <see cref="LongestSeconds"/> of running beyond three rounds.</remarks>
internal static class KernelTuner
{
    private const double LongestSeconds = 3;
    private const int FewestRounds = 3, MostRounds = 200;

    /// <summary>What another way must save to be taken instead of the expected one: less is noise.</summary>
    private const double LeastGain = 0.03;

    /// <summary>The ways to take, by task, found in the object cache or measured.</summary>
    public static IReadOnlyDictionary<string, int> Choose(
        Plan plan, TargetInfo target, int threads, PassContext context, ConvolutionAlgorithm convolutions)
    {
        target.RequireHostSupport();
        var start = Stopwatch.GetTimestamp();
        var (program, _) = Compiler.Lower(plan, target, threads, context, convolutions);
        var choices = ChoicesOf(program).ToImmutableArray();
        if (choices.IsEmpty) return ImmutableDictionary<string, int>.Empty;
        IReadOnlyDictionary<string, int> Measured() => Measure(plan, target, threads, context, convolutions, choices);
        var ways = ObjectCache.FromEnvironment(context.Logger) is { } cache
            ? cache.FindOrAdd(KeyOf(program, target, threads), () => [Write(Measured())], objects => Read(objects)) : Measured();
        context.Logger.LogInformation("tuned {Kernels} kernels in {Milliseconds:F0} ms; {Others} are computed in another way than expected",
            choices.Length, Stopwatch.GetElapsedTime(start).TotalMilliseconds, ways.Values.Count(w => w != 0));
        return ways;
    }

    private static IEnumerable<KernelChoice> ChoicesOf(LoopProgram program) =>
        program.Calls.Select(c => c.Kernel.Choice).OfType<KernelChoice>().Where(c => c.Ways.Length > 1).DistinctBy(c => c.Task);

    private static ImmutableDictionary<string, int> Measure(Plan plan, TargetInfo target, int threads, PassContext context,
        ConvolutionAlgorithm convolutions, ImmutableArray<KernelChoice> choices)
    {
        using var store = new VariableStore();
        var candidates = new List<Candidate>();
        try
        {
            for (var way = 0; way < choices.Max(c => c.Ways.Length); way++)
            {
                var ways = choices.Where(c => way < c.Ways.Length).ToDictionary(c => c.Task, _ => way);
                candidates.Add(new Candidate(plan, target, threads, store,
                    Compiler.Lower(plan, target, threads, context, convolutions, ways)));
            }
            var start = Stopwatch.GetTimestamp();
            for (var round = 0; round < MostRounds
                && (round < FewestRounds || Stopwatch.GetElapsedTime(start).TotalSeconds < LongestSeconds); round++)
                foreach (var candidate in candidates) candidate.Run();
        }
        finally
        {
            foreach (var candidate in candidates) candidate.Dispose();
        }
        int Fastest(KernelChoice choice)
        {
            var expected = candidates[0].TicksOf(choice.Task);
            var best = Enumerable.Range(0, choice.Ways.Length).MinBy(way => candidates[way].TicksOf(choice.Task));
            return candidates[best].TicksOf(choice.Task) < (1 - LeastGain) * expected ? best : 0;
        }
        return choices.ToImmutableDictionary(c => c.Task, Fastest);
    }

    private static string KeyOf(LoopProgram program, TargetInfo target, int threads)
    {
        var processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        var text = string.Create(CultureInfo.InvariantCulture, $"tuned {ObjectCache.KeyOf(program, target)} {threads} {processor}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static byte[] Write(IReadOnlyDictionary<string, int> ways) => Encoding.UTF8.GetBytes(
        string.Concat(ways.Select(w => string.Create(CultureInfo.InvariantCulture, $"{w.Value} {w.Key}\n"))));

    // Entries are private files with a hash of their content.
    private static ImmutableDictionary<string, int> Read(byte[][] objects) => Encoding.UTF8.GetString(objects[0])
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', 2))
        .ToImmutableDictionary(l => l[1], l => int.Parse(l[0], CultureInfo.InvariantCulture));

    /// <summary>A program that counts the time of its kernels, run on zeros.</summary>
    private sealed class Candidate : IDisposable
    {
        private readonly LoopProgram _program;
        private readonly Executable _executable;
        private readonly ReadOnlyMemory<byte>[] _inputs;
        private readonly Dictionary<string, long> _least = [];

        public Candidate(Plan plan, TargetInfo target, int threads, VariableStore store, (LoopProgram Program, ExecutableLayout Layout) lowered)
        {
            _program = lowered.Program.WithTicks();
            var layout = lowered.Layout with { ArenaBytes = _program.ArenaBytes };
            _executable = Compiler.Load(plan, StepCompiler.CompileParts(_program, target), layout, threads, store);
            _inputs = [.. layout.Buffers.Where(b => b.Role == BufferRole.Input).Select(b => (ReadOnlyMemory<byte>)new byte[b.Bytes])];
        }

        /// <summary>The least time of all kernels of a task in one run.</summary>
        public long TicksOf(string task) => _least[task];

        public void Run()
        {
            using var entry = _executable.Enter();
            var ticks = entry.Arena<long>(_program.TicksOffset!.Value, _program.Calls.Length);
            ticks.Clear();
            entry.Run(_inputs);
            var sums = new Dictionary<string, long>();
            for (var i = 0; i < ticks.Length; i++)
                if (_program.Calls[i].Kernel.Choice is { } choice) sums[choice.Task] = sums.GetValueOrDefault(choice.Task) + ticks[i];
            foreach (var (task, sum) in sums) _least[task] = Math.Min(_least.GetValueOrDefault(task, long.MaxValue), sum);
        }

        public void Dispose() => _executable.Dispose();
    }
}
