using System.Text.RegularExpressions;
using Spectre.Console;
using Xunit;

namespace GraphCompiler.Training.Tests;

/// <summary>Progress on a terminal, and in a file.</summary>
[Trait("Category", "AnyLevel")]
public sealed partial class ConsoleProgressTests
{
    private sealed class Terminal(StringWriter writer, bool isTerminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;
        public bool IsTerminal => isTerminal;
        public int Width => 100;
        public int Height => 40;

        public void SetEncoding(System.Text.Encoding encoding)
        {
        }
    }

    private static (string Text, bool IsLive) Show(bool isTerminal)
    {
        var writer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new Terminal(writer, isTerminal),
            Ansi = isTerminal ? AnsiSupport.Yes : AnsiSupport.No,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
        });
        using var model = new Small();
        using var batches = Small.Data(40).Batches(Small.BatchSize);
        using var validation = Small.Data(16, seed: 9).Batches(Small.BatchSize);
        using var progress = new ConsoleProgress(console);
        model.Step.Fit(batches, new FitOptions
            { Epochs = 3, Validation = new(model.Judge, validation), Progress = progress, ReportEvery = TimeSpan.Zero });
        progress.Dispose();
        return (writer.ToString(), progress.IsLive);
    }

    [Fact]
    public void Without_a_terminal_there_are_plain_lines()
    {
        var (text, isLive) = Show(isTerminal: false);
        Assert.False(isLive);
        Assert.DoesNotContain('\u001b', text);
        var lines = text.TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.Equal(4, lines.Length);
        for (var epoch = 1; epoch <= 3; epoch++)
            Assert.Matches($"^epoch {epoch}  step {5 * epoch}  loss [0-9.E-]+  validation: error [0-9.E-]+  rate 0.05$", lines[epoch - 1]);
        Assert.Equal("all 3 epochs were made", lines[3]);
    }

    [Fact]
    public void On_a_terminal_there_is_a_table()
    {
        var (text, isLive) = Show(isTerminal: true);
        Assert.True(isLive);
        Assert.Contains('\u001b', text);
        var last = Escape().Replace(text, "");
        Assert.Contains("validation error", last, StringComparison.Ordinal);
        Assert.EndsWith("all 3 epochs were made", last.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Reports_know_what_is_left()
    {
        List<FitProgress> reports = [];
        using var model = new Small();
        using var batches = Small.Data(40).Batches(Small.BatchSize);
        model.Step.Fit(batches, new FitOptions { Epochs = 4, Steps = 17, Progress = new Inline(reports.Add), ReportEvery = TimeSpan.Zero });
        Assert.Equal(17 + 3 + 1, reports.Count); // Steps, rows, the end.
        Assert.All(reports, r => Assert.Equal((4, 17L), (r.Epochs, r.Steps)));
        Assert.All(reports.Where(r => r.StepsPerSecond > 0), r => Assert.Equal(17 == r.Step, r.Remaining == TimeSpan.Zero));
        Assert.Equal("all 17 steps were made", reports[^1].End);
        Assert.Equal([5L, 10, 15], reports.Where(r => r.Row is not null).Select(r => r.Step));
    }

    private sealed class Inline(Action<FitProgress> action) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => action(value);
    }

    [GeneratedRegex("\u001b\\[[0-9;?]*[a-zA-Z]")]
    private static partial Regex Escape();
}
