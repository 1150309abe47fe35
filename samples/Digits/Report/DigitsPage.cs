using System.Globalization;
using System.Reflection;
using System.Text;
using static Digits.Report.Svg;

namespace Digits.Report;

/// <summary>What the page is about.</summary>
internal sealed record PageContent(Recipe Recipe, Split Data, TrainingRun Run, Comparison Comparison, TimeSpan CompileTime);

/// <summary>The result of a training as one page of HTML, which loads nothing.</summary>
internal static class DigitsPage
{
    private const int Classes = 10, MostShown = 40;

    /// <summary>Writes the page beside its path and renames it; makes the folder.</summary>
    public static void Write(string path, PageContent content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path + ".new", Page(content));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>The whole page.</summary>
    public static string Page(PageContent content)
    {
        using var style = Assembly.GetExecutingAssembly().GetManifestResourceStream("digits.css")!;
        var (run, recipe) = (content.Run, content.Recipe);
        double[] losses = [.. run.Epochs.Select(e => e.Loss)], accuracies = [.. run.Epochs.Select(e => 100 * e.Accuracy)];
        return $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>{recipe.Name}</title>
            <style>
            {new StreamReader(style).ReadToEnd()}</style></head><body>
            <header><p class="over">trained by one natively compiled step</p><h1>{recipe.Name}</h1>{Figures(content)}</header>
            <main>
            <section><h2>Loss <small>mean of an epoch, logarithmic</small></h2>
            {Chart("Loss by epoch", [new("loss", losses)], isLogarithmic: true, "g2", "epoch")}</section>
            <section><h2>Accuracy <small>of held-out digits, %</small></h2>
            {Chart("Accuracy by epoch", [new("accuracy", accuracies)], isLogarithmic: false, "f1", "epoch")}</section>
            <section><h2>Against an eager tape <small>the same model, batches and first weights</small></h2>
            {Against(content.Comparison)}</section>
            <section><h2>Confusions <small>rows are the truth, columns what the model says</small></h2>
            {Confusions(content)}</section>
            <section class="wide"><h2>What it says <small>mistakes first, then those it is least sure of</small></h2>
            {Digits(content)}</section>
            </main></body></html>

            """;
    }

    private static string Figures(PageContent content)
    {
        var (run, comparison) = (content.Run, content.Comparison);
        (string Number, string What)[] figures =
        [
            (Text($"{100 * run.Guesses.Accuracy:f1} %"), Text($"of {content.Data.TestY.Length} held-out digits right")),
            (Text($"{run.Time.TotalSeconds:f2} s"), Text($"for {run.Steps:n0} steps of {content.Recipe.Batch} digits")),
            (Text($"{comparison.CompiledMicroseconds:f1} µs"), "a compiled step"),
            (Text($"{comparison.TapeMicroseconds / comparison.CompiledMicroseconds:f1} ×"), "as long takes an eager tape"),
            (Text($"{content.CompileTime.TotalMilliseconds:f0} ms"), "to compile it"),
        ];
        return $"<dl>{string.Concat(figures.Select(f => $"<div><dt>{f.What}</dt><dd>{f.Number}</dd></div>"))}</dl>";
    }

    private static string Against(Comparison comparison)
    {
        var most = Math.Max(comparison.CompiledMicroseconds, comparison.TapeMicroseconds);
        string Bar(string name, string kind, double time) =>
            Text($"<tr><th scope=\"row\">{name}</th><td><i class=\"{kind}\" style=\"width:{100 * time / most:f1}%\"></i></td>")
            + Text($"<td class=\"number\">{time:f1} µs</td></tr>");
        return $"""
            <table class="bars">{Bar("compiled", "loss", comparison.CompiledMicroseconds)}
            {Bar("tape", "tape", comparison.TapeMicroseconds)}</table>
            {Chart("Losses of both by step", [new("tape thick", comparison.TapeLosses), new("loss", comparison.CompiledLosses)],
                isLogarithmic: false, "f1", "step")}
            <p class="soft">Both losses over the first {comparison.CompiledLosses.Length} steps: they differ by at most
            {comparison.LossDifference.ToString("0e-0", CultureInfo.InvariantCulture)} of themselves.</p>
            """;
    }

    private static string Confusions(PageContent content)
    {
        var counts = new int[Classes, Classes];
        foreach (var (truth, guess) in content.Data.TestY.Zip(content.Run.Guesses.Labels)) counts[truth, guess]++;
        var most = Math.Max(1, Enumerable.Range(0, Classes).Max(c => counts[c, c]));
        var table = new StringBuilder("<table class=\"confusions\"><tr><td></td>");
        for (var c = 0; c < Classes; c++) table.Append(Text($"<th scope=\"col\">{c}</th>"));
        for (var truth = 0; truth < Classes; truth++)
        {
            table.Append(Text($"</tr><tr><th scope=\"row\">{truth}</th>"));
            for (var guess = 0; guess < Classes; guess++)
            {
                var count = counts[truth, guess];
                var kind = truth == guess ? "right" : count > 0 ? "wrong" : "none";
                table.Append(Text($"<td class=\"{kind}\" style=\"--part:{100.0 * count / most:f0}%\">{(count > 0 ? count : "")}</td>"));
            }
        }
        return table.Append("</tr></table>").ToString();
    }

    private static string Digits(PageContent content)
    {
        var (data, guesses) = (content.Data, content.Run.Guesses);
        var shown = Enumerable.Range(0, data.TestY.Length).OrderBy(i => guesses.Labels[i] == data.TestY[i])
            .ThenBy(i => guesses.Probabilities[i]).Take(MostShown);
        var figures = shown.Select(i =>
        {
            var (truth, guess) = (data.TestY[i], guesses.Labels[i]);
            var image = Image(data.TestX.AsSpan(i * data.Features, data.Features), Text($"a handwritten {truth}"));
            var says = guess == truth ? Text($"{guess}") : Text($"{guess}, is {truth}");
            return Text($"<figure class=\"{(guess == truth ? "right" : "wrong")}\">{image}")
                + Text($"<figcaption><b>{says}</b> {100 * guesses.Probabilities[i]:f0} %</figcaption></figure>");
        });
        return $"<div class=\"digits\">{string.Concat(figures)}</div>";
    }
}
