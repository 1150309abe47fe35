using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using GraphCompiler.Bench.Torch;
using Perfolizer.Horology;

namespace GraphCompiler.Bench.Micro;

/// <summary>The verb <c>micro</c>.</summary>
internal static class MicroCommand
{
    /// <summary>What a filter chooses the stages of compilation by.</summary>
    public const string Compile = "compile";

    public static IReadOnlyList<MicroCase> Cases { get; } = [.. Products.All, .. Rows.All, .. Elementwise.All, .. Updates.All];

    /// <summary>Returns 0, 1 if a benchmark failed, or 2 if no name holds the filter; throws if the sides of a case disagree.</summary>
    public static int Run(string filter, int threads, bool isShort)
    {
        Sides.Threads = threads;
        Sides.Selected = [.. Cases.Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        var withCompile = Compile.Contains(filter, StringComparison.OrdinalIgnoreCase);
        if (Sides.Selected.Count == 0 && !withCompile)
        {
            Console.Error.WriteLine($"No case's name holds '{filter}'. There are: {Compile}, {string.Join(", ", Cases.Select(c => c.Name))}.");
            return 2;
        }
        // Before anything is timed: BenchmarkDotNet does not tell what a set-up in its own process throws.
        foreach (var selected in Sides.Selected) Sides.RequireAgreement(selected);
        var folder = Directory.CreateTempSubdirectory("micro").FullName;
        try
        {
            var succeeded = Sides.Selected.Count == 0 || Show(BenchmarkRunner.Run<Sides>(Configuration(folder, isShort)));
            if (withCompile) succeeded &= Show(BenchmarkRunner.Run<CompileTime>(Configuration(folder, isShort)));
            return succeeded ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // In this process: libtorch is made to load where this program lies, and compiled code needs no warm-up of a runtime.
    private static ManualConfig Configuration(string folder, bool isShort)
    {
        var job = Job.Default.WithToolchain(InProcessNoEmitToolchain.Instance).WithWarmupCount(isShort ? 1 : 3).WithIterationCount(isShort ? 1 : 9)
            .WithIterationTime(TimeInterval.FromMilliseconds(isShort ? 1 : 100));
        var configuration = ManualConfig.CreateEmpty().AddJob(job).AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params)
            .AddLogger(NullLogger.Instance).AddColumn(StatisticColumn.Median, BaselineRatioColumn.RatioMean).WithArtifactsPath(folder).WithOptions(ConfigOptions.DisableLogFile)
            .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(60));
        if (LibTorch.Unavailable is not { } reason) return configuration;
        Console.Error.WriteLine($"libtorch cannot be had, so it is left out: {reason}");
        return configuration.AddFilter(new BenchmarkDotNet.Filters.NameFilter(n => n != nameof(Sides.Torch)));
    }

    private static bool Show(Summary summary)
    {
        MarkdownExporter.Console.ExportToLog(summary, ConsoleLogger.Default);
        foreach (var error in summary.ValidationErrors) Console.Error.WriteLine(error.Message);
        return !summary.HasCriticalValidationErrors && summary.Reports.All(r => r.Success);
    }
}
