using System.Net;
using System.Text;
using GraphCompiler.Bench.Measurement;
using ScottPlot;

namespace GraphCompiler.Bench.Report;

/// <summary>The verb <c>report</c>: one page with its charts inside, so that it can be sent as one file.</summary>
internal static class HtmlReport
{
    public static int Write(string json, string folder)
    {
        Run run;
        try
        {
            run = Run.Read(json);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException or InvalidDataException)
        {
            Console.Error.WriteLine($"{json} cannot be read: {e.Message}");
            return 2;
        }
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "index.html");
        File.WriteAllText(path + ".new", Page(run));
        File.Move(path + ".new", path, overwrite: true);
        Console.WriteLine(path);
        return 0;
    }

    /// <summary>The whole page.</summary>
    public static string Page(Run run)
    {
        var rows = run.Rows.Where(r => r.Failure is null).ToArray();
        var page = new StringBuilder("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Training steps compared</title>\n")
            .Append("<style>body{font:15px system-ui;max-width:1000px;margin:2em auto}td,th{padding:.2em .7em;text-align:right}")
            .Append("td:first-child,th:first-child{text-align:left}tr:nth-child(even){background:#f3f3f3}</style>\n")
            .Append("<h1>Training steps compared</h1>\n")
            .Append($"<p>{Encode(run.Cpu)}, {run.Processors} processors, {run.PeakGflops:f0} GFLOP/s at FMA peak")
            .Append(run.IsSteady == false ? $" (not steady: peaks differ by {run.PeaksDifference:p0}). " : ". ")
            .Append($"{Encode(run.Runtime)}, compiler {Encode(run.Compiler)}, {Encode(run.Torch)}. {run.Date:yyyy-MM-dd}.</p>\n");
        Table(page, run.Rows);
        Chart(page, "Microseconds a step (logarithmic)", rows, isLogarithmic: true, ("compiled", r => r.CompiledUs),
            ("tape", r => r.TapeUs), ("libtorch", r => r.TorchUs));
        Chart(page, "libtorch's time over the compiled step's", rows, isLogarithmic: true, ("ratio", r => r.TorchOverCompiled));
        Chart(page, "Fraction of FMA peak", rows, isLogarithmic: false, ("compiled", r => r.FractionOfPeak));
        Chart(page, "Compile time, milliseconds", rows, isLogarithmic: false, ("first", r => r.CompileMs), ("again", r => r.CompileWarmMs));
        if (rows.Any(r => r.PeakBytes is not null))
            Chart(page, "Peak resident memory, MiB", rows, isLogarithmic: false,
                [.. rows.SelectMany(r => r.PeakBytes?.Keys ?? []).Distinct().Select(side => (side,
                    (Func<Row, double?>)(r => r.PeakBytes?.TryGetValue(side, out var bytes) == true ? bytes / 1048576.0 : null)))]);
        return page.Append("</html>\n").ToString();
    }

    private static void Table(StringBuilder page, IEnumerable<Row> rows)
    {
        page.Append("<table><tr><th>model<th>threads<th>compiled µs<th>tape µs<th>libtorch µs<th>libtorch / compiled")
            .Append("<th>GFLOP/s<th>of peak<th>compile ms<th>arena KiB</tr>\n");
        foreach (var r in rows)
            page.Append(r.Failure is { } failure ? $"<tr><td>{r.Name}<td colspan=9>{Encode(failure)}</tr>\n"
                : $"<tr><td>{r.Name}<td>{r.Threads}<td>{r.CompiledUs:f1}<td>{r.TapeUs:f1}<td>{r.TorchUs:f1}<td>{r.TorchOverCompiled:f2}"
                    + $"<td>{r.Gflops:f1}<td>{r.FractionOfPeak:p0}<td>{r.CompileMs:f0}<td>{r.ArenaBytes / 1024.0:f1}</tr>\n");
        page.Append("</table>\n");
    }

    private static void Chart(StringBuilder page, string title, Row[] rows, bool isLogarithmic,
        params (string Name, Func<Row, double?> Of)[] series)
    {
        var plot = new Plot();
        for (var s = 0; s < series.Length; s++)
        {
            var bars = rows.Select((row, i) =>
                (Position: i + (s - (series.Length - 1) / 2.0) * 0.8 / series.Length, Value: series[s].Of(row)))
                .Where(b => b.Value is > 0)
                .Select(b => (b.Position, Height: isLogarithmic ? Math.Log10(b.Value!.Value) : b.Value!.Value))
                .Select(b => new Bar { Position = b.Position, Size = 0.8 / series.Length, Value = b.Height }).ToArray();
            if (bars.Length > 0) plot.Add.Bars(bars).LegendText = series[s].Name;
        }
        plot.Title(title);
        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, rows.Length).Select(i => (double)i)], [.. rows.Select(r => r.Name)]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = 20;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleLeft;
        plot.Axes.Bottom.MinimumSize = 90;
        if (isLogarithmic)
            plot.Axes.Left.TickGenerator =
                new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true, LabelFormatter = e => $"{Math.Pow(10, e):g}" };
        plot.ShowLegend(Alignment.UpperRight);
        page.Append($"<h2>{Encode(title)}</h2>\n").Append(Svg(plot)).Append('\n');
    }

    // HTML must not hold an XML declaration.
    private static string Svg(Plot plot)
    {
        var svg = plot.GetSvgXml(960, 420);
        return svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
