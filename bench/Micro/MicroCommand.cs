using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Torch;
using GraphCompiler.Runtime;
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
        [.. Matmuls.All, .. Convolutions.All, .. Rows.All, .. Elementwise.All, .. Updates.All, .. SecondOrder.All];

    /// <summary>Returns 0, 1 if a benchmark failed, or 2 if no name holds the filter; throws if the sides of a case disagree.</summary>
    public static int Run(string filter, int threads, bool isShort)
    {
        MicroCase[] selected = [.. Cases.Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        var withCompile = Compile.Contains(filter, StringComparison.OrdinalIgnoreCase);
        if (selected.Length == 0 && !withCompile)
        {
            var names = string.Join(", ", Cases.Select(c => c.Name));
            Console.Error.WriteLine($"No case's name holds '{filter}'. There are: {Compile}, {names}.");
            return 2;
        }
        if (selected.Length > 0) RunSides(selected, threads, isShort ? s_short : s_timing);
        CompileTime.Threads = threads;
        return !withCompile || RunCompile(isShort) ? 0 : 1;
    }

    private static void RunSides(MicroCase[] selected, int threads, PairedTiming timing)
    {
        if (LibTorch.Unavailable is { } reason) Console.Error.WriteLine($"libtorch is not available, so it is left out: {reason}");
        var peak = Roofline.Measure(threads).Gigaflops;
        Console.WriteLine($"{Measurement.Run.CpuName()}, {threads} threads, {peak:f0} GFLOP/s at FMA peak. "
            + $"Microseconds, medians of {timing.Rounds} rounds; "
            + "ratios are medians of the rounds' ratios.");
        Console.WriteLine($"{"case",-48}{"compiled",10}{"GFLOP/s",9}{"tensors/compiled",18}{"torch/compiled",16}");
        foreach (var @case in selected)
        {
            using var sides = new Sides(@case, threads);
            var times = sides.Measure(timing);
            var compiled = PairedTiming.Median(times[0]!);
            string Ratio(int side) => times[side] is { } other ? $"{PairedTiming.MedianRatio(other, times[0]!):f2}" : "-";
            var rate = @case.Flops > 0 ? $"{@case.Flops / compiled / 1e3:f0}" : "";
            Console.WriteLine($"{@case.Name,-48}{compiled,10:g4}{rate,9}{Ratio(1),18}{Ratio(2),16}");
        }
    }

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
