using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace GraphCompiler.Training;

/// <summary>Shows how far a training is: in a terminal a table that grows and a line that changes, elsewhere plain lines.</summary>
/// <remarks>The terminal is written to by a thread of its own, so that steps do not wait for it. Dispose it before anything else is
/// written.</remarks>
public sealed class ConsoleProgress : IProgress<FitProgress>, IDisposable
{
    private const int RowsShown = 10;
    private static readonly TimeSpan s_refresh = TimeSpan.FromMilliseconds(100), s_betweenLines = TimeSpan.FromSeconds(10);

    private readonly IAnsiConsole _console;
    private readonly Lock _lock = new();
    private readonly List<HistoryRow> _rows = [];
    private readonly ManualResetEventSlim _isDone = new();
    private readonly Thread? _thread;
    private FitProgress? _last;
    private TimeSpan _lastLine;

    /// <summary>Shows it on a console.</summary>
    /// <param name="console">The program's own when null.</param>
    public ConsoleProgress(IAnsiConsole? console = null)
    {
        _console = console ?? AnsiConsole.Console;
        if (!_console.Profile.Capabilities.Ansi || !_console.Profile.Capabilities.Interactive || !_console.Profile.Out.IsTerminal) return;
        _thread = new Thread(Show) { IsBackground = true, Name = "progress" };
        _thread.Start();
    }

    /// <summary>Whether it is a terminal that lines can be changed on.</summary>
    public bool IsLive => _thread is not null;

    /// <summary>Takes a report; the terminal follows in a tenth of a second.</summary>
    public void Report(FitProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        lock (_lock)
        {
            _last = value;
            if (value.Row is not null) _rows.Add(value.Row);
        }
        if (_thread is null) WriteLine(value);
    }

    /// <summary>Shows the last report, and gives the terminal back. Can be called twice.</summary>
    public void Dispose()
    {
        _isDone.Set();
        _thread?.Join();
    }

    /// <summary>A report as a line, without its end.</summary>
    internal static string LineOf(FitProgress report)
    {
        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        if (report.Row is { } row)
            return Text($"epoch {row.Epoch}  step {row.Step}  loss {row.Loss:G5}")
                + (row.Metrics.Count == 0 ? "" : "  validation:") + string.Concat(row.Metrics.Select(m => Text($" {m.Key} {m.Value:G5}")))
                + Rate(report);
        var steps = report.Steps is { } all ? Text($"step {report.Step}/{all}") : Text($"step {report.Step}");
        var left = report.Remaining is { } remaining ? Text($"  {remaining:hh\\:mm\\:ss} left") : "";
        return Text($"{steps}  loss {report.Loss:G5}{Rate(report)}  {report.StepsPerSecond:N0} steps/s{left}");

        string Rate(FitProgress of) => of.LearningRate is { } rate ? Text($"  rate {rate:G4}") : "";
    }

    // Without a terminal: each row, a sign of life in between, and the end.
    private void WriteLine(FitProgress report)
    {
        if (report.End is null && report.Row is null && report.Elapsed - _lastLine < s_betweenLines) return;
        _console.Profile.Out.Writer.WriteLine(report.End ?? LineOf(report)); // Not the console's, which breaks lines.
        _lastLine = report.Elapsed;
    }

    private void Show() => _console.Live(new Text("")).AutoClear(false).Start(live =>
    {
        bool isDone;
        do
        {
            isDone = _isDone.Wait(s_refresh);
            live.UpdateTarget(Picture());
        }
        while (!isDone);
    });

    private IRenderable Picture()
    {
        HistoryRow[] rows;
        FitProgress? last;
        lock (_lock) (rows, last) = ([.. _rows.TakeLast(RowsShown)], _last);
        if (last is null) return new Text("");
        var table = new Table().Border(TableBorder.Rounded).AddColumns("epoch", "step", "loss");
        string[] metrics = [.. rows.SelectMany(r => r.Metrics.Keys).Distinct()];
        foreach (var metric in metrics) table.AddColumn(Markup.Escape($"validation {metric}"));
        string Number(double value) => value.ToString("G5", CultureInfo.InvariantCulture);
        foreach (var row in rows)
            table.AddRow([$"{row.Epoch}", $"{row.Step}", Number(row.Loss),
                .. metrics.Select(m => row.Metrics.TryGetValue(m, out var value) ? Number(value) : "")]);
        return new Rows(table, new Text(last.End ?? LineOf(last with { Row = null })));
    }
}
