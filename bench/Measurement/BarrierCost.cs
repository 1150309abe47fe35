using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Bench.Measurement;

/// <summary>What a barrier of compiled code costs.</summary>
/// <param name="Where">Which workers, and how far apart their processors are.</param>
/// <param name="Nanoseconds">The median of the rounds.</param>
/// <param name="Spread">Of the rounds: on a virtual machine processors move.</param>
internal sealed record BarrierCost(string Where, double Nanoseconds, Spread Spread)
{
    private const int Barriers = 512;
    private const int Steps = 20;
    private const int Rounds = 21;

    /// <summary>Of all threads wherever the system runs them, and of two on the closest and on the most distant processors.</summary>
    public static IReadOnlyList<BarrierCost> Measure(int threads)
    {
        if (threads < 2) return [];
        using var step = new EmptyStep(Barriers);
        var pairs = Pairs(Processors());
        return [Of($"{threads} workers", step, new int?[threads]), .. pairs.Select(p => Of(p.Name, step, [p.First, p.Second]))];
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Where} {Nanoseconds:f0} ns ({Spread.P10:f0} to {Spread.P90:f0})";

    /// <summary>A pair of processors at each distance that there is, nearest first.</summary>
    /// <param name="processors">Number, core, last cache and package of each.</param>
    internal static IReadOnlyList<(string Name, int First, int Second)> Pairs(
        IReadOnlyList<(int Number, string Core, string Cache, string Package)> processors)
    {
        if (processors.Count == 0) return [];
        var first = processors[0];
        (string Name, Func<(int Number, string Core, string Cache, string Package), bool> Is)[] distances =
        [
            ("same core", p => p.Core == first.Core),
            ("same last-level cache", p => p.Core != first.Core && p.Cache == first.Cache),
            ("same package", p => p.Core != first.Core && p.Cache != first.Cache && p.Package == first.Package),
            ("other package", p => p.Package != first.Package),
        ];
        return [.. distances.Select(d => (d.Name, Others: processors.Skip(1).Where(d.Is).ToArray())).Where(d => d.Others.Length > 0)
            .Select(d => ($"processors {first.Number} and {d.Others[0].Number}, {d.Name}", first.Number, d.Others[0].Number))];
    }

    private static (int, string, string, string)[] Processors()
    {
        static string Read(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        if (!OperatingSystem.IsLinux()) return [];
        using var own = Process.GetCurrentProcess();
        var affinity = own.ProcessorAffinity;
        return [.. Enumerable.Range(0, 64).Where(i => (affinity >> i & 1) != 0).Select(i => (i, Folder: $"/sys/devices/system/cpu/cpu{i}"))
            .Select(p => (p.i, Read($"{p.Folder}/topology/thread_siblings_list"), Read($"{p.Folder}/cache/index3/shared_cpu_list"),
                Read($"{p.Folder}/topology/physical_package_id")))];
    }

    private static BarrierCost Of(string where, EmptyStep step, int?[] processors)
    {
        var times = new double[Rounds];
        using var start = new Barrier(processors.Length);
        using var block = new BarrierBlock(2);
        var threads = processors.Select((p, worker) => new Thread(() =>
        {
            if (p is { } processor) Confine(processor);
            for (var round = -1; round < Rounds; round++)
            {
                start.SignalAndWait();
                step.Run(worker, processors.Length, block);
                var begin = Stopwatch.GetTimestamp();
                for (var i = 0; i < Steps; i++) step.Run(worker, processors.Length, block);
                if (worker == 0 && round >= 0)
                    times[round] = Stopwatch.GetElapsedTime(begin).TotalNanoseconds / (Steps * Barriers);
            }
        }) { IsBackground = true }).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return new(where, PairedTiming.Median(times), new(Spread.Percentile(times, 0.1), Spread.Percentile(times, 0.9)));
    }

    // The calling thread alone.
    private static unsafe void Confine(int processor)
    {
        var mask = 1ul << processor;
        if (sched_setaffinity(0, sizeof(ulong), &mask) != 0)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                $"a thread cannot be confined to processor {processor}: error {Marshal.GetLastPInvokeError()}"));
    }

    [DllImport("libc", SetLastError = true)]
    private static extern unsafe int sched_setaffinity(int thread, nint bytes, ulong* mask);

    /// <summary>A compiled step of barriers, and of a kernel that stores one element for each.</summary>
    private sealed unsafe class EmptyStep : IDisposable
    {
        private readonly LoadedCode _code;
        private readonly NativeMemoryBlock _arena;
        private readonly delegate* unmanaged<void**, byte*, long, long, void*, void> _entry;

        public EmptyStep(int barriers)
        {
            var buffer = new LoopBuffer("x", DType.F32, 1, BufferScope.Argument, isWritten: true);
            var store = new StoreStatement(buffer, ScalarExpr.Index(0), ScalarExpr.Constant(DType.F32, 1));
            var kernel = new Kernel("store", [buffer], [], [store], [], 1);
            var call = new KernelCall(kernel, [new(StorageKind.Arena, 0)], IsParallel: false, NeedsBarrier: true);
            var program = new LoopProgram("barriers", [.. Enumerable.Repeat(call, barriers + 1)], [], 0, 64, 0, 0, 0, 0);
            _code = Jit.Load(StepCompiler.CompileParts(program, TargetInfo.Create()));
            _entry = (delegate* unmanaged<void**, byte*, long, long, void*, void>)_code.Symbol(StepCompiler.EntryName);
            _arena = new(program.ArenaBytes);
        }

        public void Run(int worker, int workers, BarrierBlock barrier) =>
            _entry(null, (byte*)_arena.DangerousGetHandle(), worker, workers, (void*)barrier.Address);

        public void Dispose()
        {
            _code.Dispose();
            _arena.Dispose();
        }
    }
}
