using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Torch;
using GraphCompiler.IR;
using Perfolizer.Horology;

namespace GraphCompiler.Bench.Micro;

/// <summary>The verb <c>micro</c>.</summary>
internal static class MicroCommand
{
    /// <summary>What a filter chooses the stages of compilation by.</summary>
    public const string Compile = "compile";

    private static readonly PairedTiming s_timing =
        new(Rounds: 9, Turn: TimeSpan.FromMilliseconds(30), WarmUp: TimeSpan.FromMilliseconds(300));
    private static readonly PairedTiming s_short = new(Rounds: 1, Turn: TimeSpan.FromMilliseconds(1), WarmUp: TimeSpan.FromMilliseconds(2));

    public static IReadOnlyList<MicroCase> Cases { get; } =
        [.. Matmuls.All, .. Convolutions.All, .. Rows.All, .. Elementwise.All, .. Updates.All, .. SecondOrder.All,
            .. Attentions.All, .. Scans.All, .. Movements.All, .. LanguageParts.All];

    /// <summary>Returns 0, 1 if a benchmark failed, or 2 if no name holds the filter; throws if the sides of a case disagree.</summary>
    public static int Run(string filter, int threads, string[] peers, bool isShort, string? json = null)
    {
        MicroCase[] selected = [.. Cases.Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        var withCompile = Compile.Contains(filter, StringComparison.OrdinalIgnoreCase);
        var withGrowth = CompileGrowth.Name.Contains(filter, StringComparison.OrdinalIgnoreCase);
        if (selected.Length == 0 && !withCompile && !withGrowth)
        {
            var names = string.Join(", ", Cases.Select(c => c.Name));
            Console.Error.WriteLine($"No case's name holds '{filter}'. There are: {Compile}, {CompileGrowth.Name}, {names}.");
            return 2;
        }
        if (selected.Length > 0) RunSides(selected, threads, peers, isShort ? s_short : s_timing, json);
        CompileTime.Threads = threads;
        if (withGrowth) CompileGrowth.Run(threads, isShort);
        return !withCompile || RunCompile(isShort) ? 0 : 1;
    }

    private static void RunSides(MicroCase[] selected, int threads, string[] peers, PairedTiming timing, string? json)
    {
        if (peers.Contains(Peer.Torch) && LibTorch.Unavailable is { } reason)
        {
            Console.Error.WriteLine($"libtorch is not available, so it is left out: {reason}");
            peers = [.. peers.Where(p => p != Peer.Torch)];
        }
        var (machine, peaks, rows) = (Machine.OfThisProcess(peers), Peaks.Of(threads), new List<Row>());
        Console.WriteLine($"{machine}\n{threads} threads. Microseconds, medians of {timing.Rounds} rounds; ratios are medians of the "
            + "rounds' ratios, and in brackets their 10th to 90th percentile; of peak: the fastest round, of the best peak until then.");
        Console.WriteLine($"{"case",-48}{"compiled",10}{"GFLOP/s",9}{"of peak",9}{"tensors/compiled",21}{"torch/compiled",21}");
        peaks.Measure();
        foreach (var @case in selected)
        {
            rows.Add(Measure(@case, threads, peers, timing));
            peaks.Measure();
            if (json is not null) Measurement.Run.Of(machine, peaks, rows).Write(json);
            Console.WriteLine(Line(rows[^1], peaks));
        }
        Console.WriteLine(peaks.Describe());
    }

    private static Row Measure(MicroCase @case, int threads, string[] peers, PairedTiming timing)
    {
        using var sides = new Sides(@case, threads, peers);
        var times = sides.Measure(timing);
        double? MedianOf(int side) => times[side] is { } t ? PairedTiming.Median(t) : null;
        double? Ratio(int side) => times[side] is { } t ? PairedTiming.MedianRatio(t, times[0]!) : null;
        Spread? SpreadOf(int side) => times[side] is { } t ? Spread.Of(t, times[0]!) : null;
        return new()
        {
            Name = @case.Name, Threads = threads, Flops = @case.Flops, PeakWeight = @case.DType == DType.F64 ? 2 : 1,
            CompiledUs = MedianOf(0)!.Value, CompiledFastestUs = times[0]!.Min(),
            TapeUs = MedianOf(1), TapeOverCompiled = Ratio(1), TapeOverCompiledSpread = SpreadOf(1),
            TorchUs = MedianOf(2), TorchOverCompiled = Ratio(2), TorchOverCompiledSpread = SpreadOf(2),
        };
    }

    private static string Line(Row row, Peaks peaks) =>
        $"{row.Name,-48}{row.CompiledUs,10:g4}{(row.Flops > 0 ? $"{row.Gflops:f0}" : ""),9}"
            + $"{(row.Flops == 0 ? "" : peaks.FractionOf(row.FastestGflops * row.PeakWeight) is { } part ? $"{part:p0}" : "-"),9}"
            + $"{Measurement.Run.Ratio(row.TapeOverCompiled, row.TapeOverCompiledSpread),21}"
            + $"{Measurement.Run.Ratio(row.TorchOverCompiled, row.TorchOverCompiledSpread),21}";

    private static bool RunCompile(bool isShort)
    {
        var folder = Directory.CreateTempSubdirectory("micro").FullName;
        try
        {
            return Show(BenchmarkRunner.Run<CompileTime>(Configuration(folder, isShort)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // In this process: compiled code needs no warm-up of a runtime.
    private static ManualConfig Configuration(string folder, bool isShort)
    {
        var job = Job.Default.WithToolchain(InProcessNoEmitToolchain.Instance).WithWarmupCount(isShort ? 1 : 3)
            .WithIterationCount(isShort ? 1 : 9)
            .WithIterationTime(TimeInterval.FromMilliseconds(isShort ? 1 : 100));
        return ManualConfig.CreateEmpty().AddJob(job).AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params)
            .AddLogger(NullLogger.Instance).AddColumn(StatisticColumn.Median).WithArtifactsPath(folder)
            .WithOptions(ConfigOptions.DisableLogFile)
            .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(60));
    }

    private static bool Show(Summary summary)
    {
        MarkdownExporter.Console.ExportToLog(summary, ConsoleLogger.Default);
        foreach (var error in summary.ValidationErrors) Console.Error.WriteLine(error.Message);
        return !summary.HasCriticalValidationErrors && summary.Reports.All(r => r.Success);
    }
}
