using System.Globalization;
using System.Text;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Files;
using ScottPlot;
using SkiaSharp;

namespace GraphCompiler.Training.Plots;

/// <summary>A picture of a training, drawn by ScottPlot: to be saved as PNG or SVG, without a display.</summary>
public sealed class TrainingPlot
{
    // Beyond these, numbers in the squares of a table cannot be read.
    private const int MostNumbers = 30, MostNames = 60;

    private const string LossName = "loss";

    private readonly Plot _plot;

    private TrainingPlot(Plot plot) => _plot = plot;

    /// <summary>Losses and metrics over the steps; the best row is marked.</summary>
    /// <param name="history">What was measured.</param>
    /// <param name="names">Metrics of the validation, or "loss" for the training's own; the loss and all metrics when there are
    /// none.</param>
    /// <exception cref="RuntimeException">SGC5004: no row has a metric of such a name. SGC5011: the history has no rows.</exception>
    public static TrainingPlot Curves(History history, params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(names);
        if (history.Rows.Count == 0) throw new RuntimeException(RuntimeCode.BadArgument, "curves of a history without rows");
        string[] metrics = [.. history.Rows.SelectMany(r => r.Metrics.Keys).Distinct()];
        var plot = new Plot();
        foreach (var name in names.Count > 0 ? names : [LossName, .. metrics.Where(m => m != LossName)])
            foreach (var (label, values) in Series(history, metrics, name))
                Draw(plot, label, values);
        if (history.BestStep is { } best) plot.Add.VerticalLine(best, 1, Colors.Gray, LinePattern.Dashed).LegendText = $"best: step {best}";
        plot.XLabel("step");
        plot.ShowLegend(Alignment.UpperRight);
        return new(plot);
    }

    /// <summary>A confusion matrix: each row, an actual class, by the part of its examples that was predicted to be of each
    /// class.</summary>
    /// <param name="matrix">Of a validation.</param>
    /// <param name="classes">Their names, in the order of their numbers; the numbers when null.</param>
    /// <param name="title">Above it; none when null.</param>
    /// <exception cref="RuntimeException">SGC5001: another number of names than of classes.</exception>
    public static TrainingPlot Confusion(ConfusionMatrix matrix, IReadOnlyList<string>? classes = null, string? title = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var count = matrix.Classes;
        if (classes is not null && classes.Count != count)
            throw new RuntimeException(RuntimeCode.WrongLength, $"{classes.Count} names for {count} classes");
        var parts = new double[count, count];
        var plot = new Plot();
        for (var actual = 0; actual < count; actual++)
        {
            var examples = Enumerable.Range(0, count).Sum(p => matrix[actual, p]);
            for (var predicted = 0; predicted < count; predicted++)
                parts[actual, predicted] = examples == 0 ? 0 : (double)matrix[actual, predicted] / examples;
        }
        plot.Add.Heatmap(parts).Colormap = new ScottPlot.Colormaps.Blues();
        if (count <= MostNumbers) Number(plot, matrix, parts);
        string[] names = [.. classes ?? [.. Enumerable.Range(0, count).Select(c => c.ToString(CultureInfo.InvariantCulture))]];
        double[] places = [.. Enumerable.Range(0, count).Select(c => (double)c)];
        if (count <= MostNames)
        {
            plot.Axes.Bottom.SetTicks(places, names);
            plot.Axes.Left.SetTicks([.. places.Select(p => count - 1 - p)], names); // Row 0 is at the top.
        }
        plot.XLabel("predicted");
        plot.YLabel("actual");
        if (title is not null) plot.Title(title);
        plot.Axes.Margins(0, 0);
        plot.HideGrid();
        return new(plot);
    }

    /// <summary>Gradients over the steps, variable by variable: the root mean square of each one's elements, on a logarithmic axis. One
    /// that vanishes or explodes leaves the others.</summary>
    /// <param name="seen">Steps and what <see cref="FitCallback.Inspected"/> was given of them, in their order.</param>
    /// <exception cref="RuntimeException">SGC5011: nothing was seen.</exception>
    public static TrainingPlot Gradients(IReadOnlyList<(long Step, StepInsight Insight)> seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        if (seen.Count == 0) throw new RuntimeException(RuntimeCode.BadArgument, "gradients of no steps; Fit gives some with Insight");
        var plot = new Plot();
        foreach (var name in seen.SelectMany(s => s.Insight.Parameters).Select(p => p.Name).Distinct())
            Draw(plot, name, [.. seen.SelectMany(s => s.Insight.Parameters.Where(p => p.Name == name)
                .Select(p => ((double)s.Step, Math.Log10(p.GradientRms))))]);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
        {
            LabelFormatter = power => string.Create(CultureInfo.InvariantCulture, $"1e{power:0.##}"),
        };
        plot.XLabel("step");
        plot.YLabel("gradient, root mean square");
        plot.ShowLegend(Alignment.UpperRight);
        return new(plot);
    }

    /// <summary>The picture as the bytes of a PNG file.</summary>
    /// <param name="width">Pixels, from 1 to 10,000.</param>
    /// <param name="height">Pixels, from 1 to 10,000.</param>
    /// <exception cref="RuntimeException">SGC5011: another size. SGC6001: the system has no font.</exception>
    public byte[] ToPng(int width = 800, int height = 500)
    {
        Check(width, height);
        if (SKFontManager.Default.FontFamilyCount == 0)
            throw new RuntimeException(RuntimeCode.FileMissing, "there is no font to draw with; install one (Debian and Ubuntu: "
                + "'apt-get install fonts-dejavu-core'), or draw an SVG, which needs none");
        return _plot.GetImageBytes(width, height, ImageFormat.Png);
    }

    /// <summary>The picture as SVG: text stays text, drawn by who shows it.</summary>
    /// <param name="width">Pixels, from 1 to 10,000.</param>
    /// <param name="height">Pixels, from 1 to 10,000.</param>
    /// <exception cref="RuntimeException">SGC5011: another size.</exception>
    public string ToSvg(int width = 800, int height = 500)
    {
        Check(width, height);
        return _plot.GetSvgXml(width, height);
    }

    /// <summary>Writes a file: PNG or SVG, as its name ends.</summary>
    /// <param name="path">Ends with .png or .svg; replaced whole if it is there.</param>
    /// <param name="width">Pixels, from 1 to 10,000.</param>
    /// <param name="height">Pixels, from 1 to 10,000.</param>
    /// <exception cref="RuntimeException">SGC5011: another size, or another ending. SGC6001: it cannot be written, or the system has no
    /// font for a PNG.</exception>
    public void Save(string path, int width = 800, int height = 500)
    {
        ArgumentNullException.ThrowIfNull(path);
        var bytes = Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".PNG" => ToPng(width, height),
            ".SVG" => Encoding.UTF8.GetBytes(ToSvg(width, height)),
            _ => throw new RuntimeException(RuntimeCode.BadArgument, $"'{path}' does not end with .png or .svg"),
        };
        VariableStore.Attempt($"'{path}' cannot be written", () => DurableFile.Write(path, stream => stream.Write(bytes)));
    }

    // The training's loss, and the validation's of the same name beside it.
    private static IEnumerable<(string Label, (double Step, double Value)[] Values)> Series(History history, string[] metrics, string name)
    {
        if (name == LossName) yield return ("loss", [.. history.Rows.Select(r => ((double)r.Step, r.Loss))]);
        else if (!metrics.Contains(name))
            throw new RuntimeException(RuntimeCode.UnknownArgument,
                $"no metric is named '{name}'; there are: {string.Join(", ", metrics.Append(LossName))}");
        if (metrics.Contains(name))
            yield return ($"validation {name}", [.. history.Rows.Where(r => r.Metrics.ContainsKey(name))
                .Select(r => ((double)r.Step, r.Metrics[name]))]);
    }

    private static void Draw(Plot plot, string label, (double Step, double Value)[] values)
    {
        // A line has a gap where a number is none.
        (double Step, double Value)[] finite = [.. values.Select(v => double.IsFinite(v.Value) ? v : (v.Step, double.NaN))];
        var line = plot.Add.Scatter(finite.Select(v => v.Step).ToArray(), finite.Select(v => v.Value).ToArray());
        line.LegendText = label;
        line.LineWidth = 2;
        line.MarkerSize = values.Length > MostNames ? 0 : 4;
    }

    private static void Number(Plot plot, ConfusionMatrix matrix, double[,] parts)
    {
        for (var actual = 0; actual < matrix.Classes; actual++)
            for (var predicted = 0; predicted < matrix.Classes; predicted++)
            {
                var text = plot.Add.Text(matrix[actual, predicted].ToString(CultureInfo.InvariantCulture),
                    predicted, matrix.Classes - 1 - actual);
                text.LabelAlignment = Alignment.MiddleCenter;
                text.LabelFontColor = parts[actual, predicted] > 0.5 ? Colors.White : Colors.Black;
            }
    }

    private static void Check(int width, int height)
    {
        const int Most = 10_000;
        if (width is < 1 or > Most || height is < 1 or > Most)
            throw new RuntimeException(RuntimeCode.BadArgument, $"a picture of {width}×{height} pixels; from 1 to {Most} each");
    }
}
