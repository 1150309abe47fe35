using System.Xml.Linq;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Plots;
using SkiaSharp;
using Xunit;

namespace GraphCompiler.Training.Tests;

/// <summary>Pictures without a display: what they show, and that text is drawn.</summary>
[Trait("Category", "AnyLevel")]
public sealed class PlotTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("plots").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static History Train()
    {
        using var model = new Small();
        using var judge = model.Evaluate();
        using var batches = Small.Data(40).Batches(Small.BatchSize);
        using var validation = Small.Data(16, seed: 9).Batches(Small.BatchSize);
        return model.Step.Fit(batches, new FitOptions { Epochs = 4, Validation = new(judge, validation) });
    }

    private static string[] Texts(string svg) =>
        [.. XDocument.Parse(svg).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value.Trim())];

    [Fact]
    public void Curves_have_a_line_for_each_metric_and_the_best_step()
    {
        var history = Train();
        var plot = TrainingPlot.Curves(history);
        var texts = Texts(plot.ToSvg());
        Assert.Contains("step", texts);
        foreach (var name in new[] { "loss", "validation error", "validation r2", $"best: step {history.BestStep}" })
            Assert.Contains(name, texts);
        var one = Texts(TrainingPlot.Curves(history, "r2").ToSvg());
        Assert.DoesNotContain("loss", one);
        Assert.Contains("validation r2", one);
        var path = Path.Combine(_folder, "curves.png");
        plot.Save(path, 640, 400);
        using var image = SKBitmap.Decode(path);
        Assert.Equal((640, 400), (image.Width, image.Height));
        Assert.True(Colours(image, 0, 400) > 20, "nothing is drawn");
        plot.Save(Path.Combine(_folder, "curves.SVG"));
        Errors.Expect("SGC5004", () => TrainingPlot.Curves(history, "accuracy"), "'accuracy'", "error, r2, loss");
        Errors.Expect("SGC5011", () => plot.Save(Path.Combine(_folder, "curves.gif")), ".png or .svg");
        Errors.Expect("SGC5011", () => plot.ToPng(0, 10), "0×10");
        Errors.Expect("SGC6001", () => plot.Save(Path.Combine(_folder, "no", "curves.svg")));
    }

    [Fact]
    public void Gradients_have_a_line_for_each_variable_and_powers_of_ten()
    {
        static StepInsight Of(double first, double second) => new([
            new("a", 4, true, first, first, 0, 1, 1e-3), new("b", 1, false, second, second, 0, 1, 1e-3)]);
        var texts = Texts(TrainingPlot.Gradients([(100, Of(2, 1e-6)), (200, Of(0.2, 1e-7)), (300, Of(0, double.NaN))]).ToSvg());
        foreach (var text in new[] { "a", "b", "step", "gradient, root mean square" }) Assert.Contains(text, texts);
        Assert.Contains(texts, t => t.StartsWith("1e-", StringComparison.Ordinal));
        Errors.Expect("SGC5011", () => TrainingPlot.Gradients([]), "no steps");
    }

    [Fact]
    public void A_confusion_matrix_has_its_counts_and_names()
    {
        var matrix = new ConfusionMatrix(3, [50, 2, 0, 1, 40, 9, 0, 0, 0]);
        var texts = Texts(TrainingPlot.Confusion(matrix, ["cat", "dog", "owl"], "animals").ToSvg());
        foreach (var text in new[] { "cat", "dog", "owl", "50", "40", "9", "animals", "predicted", "actual" }) Assert.Contains(text, texts);
        Assert.Equal(9, texts.Count(t => int.TryParse(t, out _)));
        var large = new ConfusionMatrix(40, [.. new long[1600]]);
        Assert.Equal(80, Texts(TrainingPlot.Confusion(large).ToSvg()).Count(t => int.TryParse(t, out _))); // Ticks alone.
        Errors.Expect("SGC5001", () => TrainingPlot.Confusion(matrix, ["cat"]), "1 names for 3");
        // A title changes the strip that it stands in, so there is a font that draws.
        using var with = SKBitmap.Decode(TrainingPlot.Confusion(matrix, title: "animals").ToPng());
        Assert.True(Colours(with, 0, 30) > 3, "the title is not drawn; is there a font?");
    }

    private static int Colours(SKBitmap image, int top, int bottom)
    {
        var colours = new HashSet<SKColor>();
        for (var y = top; y < bottom; y++)
            for (var x = 0; x < image.Width; x++) colours.Add(image.GetPixel(x, y));
        return colours.Count;
    }
}
