using System.Runtime.CompilerServices;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Bench.Tests;

/// <summary>The regression guard on figures that are written by hand.</summary>
/// <remarks>Errors are read from the console, which is the process's.</remarks>
[Collection(nameof(RunsAlone))]
public sealed class CompareTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("compare").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Row Row(string name, double ratio, double p10, double p90) =>
        new() { Name = name, Threads = 1, TorchOverCompiled = ratio, TorchOverCompiledSpread = new(p10, p90) };

    private string Write(string name, params Row[] rows)
    {
        var path = Path.Combine(_folder, name);
        new Run
        {
            Cpu = "cpu", Processors = 1, Runtime = "", Compiler = "", Torch = "", Date = default, PeakGflops = 1, Rows = rows,
        }.Write(path);
        return path;
    }

    [Theory]
    [InlineData(1.5, 1.4, 1.59, 1)]  // Below the old spread altogether.
    [InlineData(1.5, 1.4, 1.61, 0)]  // The spreads meet.
    [InlineData(2.5, 2.41, 2.6, 0)]  // Faster.
    [InlineData(2, 1.6, 2.4, 0)]
    public void A_row_falls_beyond_the_spread_of_both(double ratio, double p10, double p90, int exit)
    {
        var old = Write("old.json", Row("kept", 1, 0.9, 1.1), Row("row", 2, 1.6, 2.4));
        var current = Write("new.json", Row("row", ratio, p10, p90), Row("kept", 1.05, 0.95, 1.2));
        Assert.Equal(exit, CompareCommand.Run(old, current));
        var verdict = exit == 1 ? CompareCommand.Verdict.Fell : p10 > 2.4 ? CompareCommand.Verdict.Rose : CompareCommand.Verdict.Same;
        var changes = CompareCommand.Compare(Run.Read(old), Run.Read(current));
        Assert.Equal([CompareCommand.Verdict.Same, verdict], changes.Select(c => c.Verdict));
    }

    [Fact]
    public void A_row_whose_losses_differ_now_has_failed()
    {
        var old = Write("old.json", Row("row", 2, 1.6, 2.4));
        Assert.Equal(1, CompareCommand.Run(old, Write("new.json", new Row { Name = "row", Threads = 1, Failure = "losses differ" })));
    }

    [Fact]
    public void Without_a_ratio_in_common_nothing_is_compared()
    {
        var old = Write("old.json", Row("row", 2, 1.6, 2.4));
        Assert.Equal(2, CompareCommand.Run(old, Write("other.json", Row("other", 2, 1.6, 2.4))));
        Assert.Equal(2, CompareCommand.Run(old, Write("threads.json", Row("row", 2, 1.6, 2.4) with { Threads = 2 })));
        Assert.Equal(2, CompareCommand.Run(old, Write("plain.json", Row("row", 1, 1, 1) with { TorchOverCompiledSpread = null })));
        Assert.Equal(2, CompareCommand.Run(old, Write("empty.json")));
        Assert.Equal(0, CompareCommand.Run(old, Write("more.json", Row("other", 1, 1, 1), Row("row", 2, 1.6, 2.4))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[1, 2]")]
    [InlineData("{}")]
    [InlineData("""{"cpu":"c","processors":1,"runtime":"","compiler":"","torch":"","date":"x","peak_gflops":1,"rows":[]}""")]
    [InlineData("""{"cpu":"c","processors":1,"runtime":"","compiler":"","torch":"","date":"2026-11-27","peak_gflops":1,"rows":null}""")]
    [InlineData("""{"cpu":"c","processors":1,"runtime":"","compiler":"","torch":"","date":"2026-11-27","peak_gflops":1,"rows":[null]}""")]
    public void Broken_figures_are_a_coded_error(string text)
    {
        var good = Write("good.json", Row("row", 2, 1.6, 2.4));
        var path = Path.Combine(_folder, "broken.json");
        File.WriteAllText(path, text);
        foreach (var (old, current) in ((string, string)[])[(path, good), (good, path)])
        {
            var (exit, error) = WithError(() => CompareCommand.Run(old, current));
            Assert.Equal(2, exit);
            Assert.StartsWith("error SGC7002: ", error, StringComparison.Ordinal);
            Assert.Contains(path, error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("missing.json")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a\0b")]
    public void Files_that_cannot_be_read_are_a_coded_error(string name)
    {
        var (exit, error) = WithError(() => CompareCommand.Run(name, name));
        Assert.Equal(2, exit);
        Assert.StartsWith("error SGC7002: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Baselines_of_before_spreads_can_be_read()
    {
        var folder = Path.Combine(Root(), "bench", "baselines");
        foreach (var path in Directory.GetFiles(folder, "*.json")) Assert.NotEmpty(Run.Read(path).Rows);
    }

    private static string Root([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));

    private static (int Exit, string Error) WithError(Func<int> run)
    {
        var (before, error) = (Console.Error, new StringWriter());
        Console.SetError(error);
        try
        {
            return (run(), error.ToString());
        }
        finally
        {
            Console.SetError(before);
        }
    }
}
