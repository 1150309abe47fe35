using Spectre.Console;
using Spectre.Console.Rendering;

namespace Digits.Report;

/// <summary>Curves that are drawn in the terminal while training runs; without a terminal, lines of text.</summary>
internal static class LiveChart
{
    private const int LinesEvery = 5;
    private const int Columns = 34, Rows = 7;

    /// <summary>Runs a training that reports its epochs so far after each.</summary>
    public static void Show(int epochs, Action<Action<IReadOnlyList<Epoch>>> train)
    {
        if (!AnsiConsole.Profile.Capabilities.Interactive || Console.IsOutputRedirected)
        {
            train(all => WriteLine(all[^1], epochs));
            return;
        }
        AnsiConsole.Live(new Text("")).Start(context => train(all =>
        {
            context.UpdateTarget(Draw(all, epochs));
            context.Refresh();
        }));
    }

    private static void WriteLine(Epoch last, int epochs)
    {
        if (last.Number is 1 || last.Number % LinesEvery == 0 || last.Number == epochs)
            Console.WriteLine($"epoch {last.Number,3}  loss {last.Loss:F4}  accuracy {last.Accuracy:P1}");
    }

    private static Columns Draw(IReadOnlyList<Epoch> all, int epochs)
    {
        var last = all[^1];
        return new Columns(
            Chart($"loss [bold]{last.Loss:F4}[/], logarithmic", Color.DodgerBlue1, [.. all.Select(e => Math.Log(e.Loss))], epochs),
            Chart($"held-out accuracy [bold]{last.Accuracy:P1}[/]", Color.SpringGreen3, [.. all.Select(e => e.Accuracy)], epochs))
            .Collapse();
    }

    private static Panel Chart(string title, Color color, double[] values, int epochs)
    {
        var done = $"epoch {values.Length} of {epochs}";
        return new Panel(new Rows((IRenderable[])[.. Braille.Draw(values, epochs, Columns, Rows).Select(l => new Text(l, new Style(color))),
            new Text(done.PadLeft(Columns), new Style(Color.Grey))]))
            .Header(title).BorderColor(Color.Grey);
    }
}
