using System.Globalization;
using System.Text;

namespace Digits.Report;

/// <summary>Pictures as inline SVG, coloured by the style of the page.</summary>
internal static class Svg
{
    private const double Width = 520, Height = 220, Left = 52, Right = 12, Top = 12, Bottom = 28;

    /// <summary>A curve of a chart.</summary>
    /// <param name="Kind">The class that colours it.</param>
    /// <param name="Values">At 1, 2, and so on.</param>
    public sealed record Curve(string Kind, IReadOnlyList<double> Values);

    /// <summary>Curves over steps or epochs.</summary>
    /// <param name="what">For who cannot see it.</param>
    /// <param name="curves">At least one, of at least one value.</param>
    /// <param name="isLogarithmic">Whether equal ratios are equally far apart.</param>
    /// <param name="format">Of the numbers beside the axis.</param>
    /// <param name="x">What the curves are over.</param>
    public static string Chart(string what, IReadOnlyList<Curve> curves, bool isLogarithmic, string format, string x)
    {
        double Scale(double v) => isLogarithmic ? Math.Log(Math.Max(v, 1e-30)) : v;
        double[] all = [.. curves.SelectMany(c => c.Values).Where(double.IsFinite).Select(Scale).DefaultIfEmpty(0)];
        var (low, high, count) = (all.Min(), all.Max(), curves.Max(c => c.Values.Count));
        if (high <= low) high = low + 1;
        double X(int i) => Left + (Width - Left - Right) * i / Math.Max(count - 1, 1);
        double Y(double scaled) => Top + (Height - Top - Bottom) * (high - scaled) / (high - low);
        var svg = new StringBuilder(Text($"<svg class=\"chart\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{what}\">"));
        for (var i = 0; i <= 3; i++)
        {
            var at = low + (high - low) * i / 3;
            var value = (isLogarithmic ? Math.Exp(at) : at).ToString(format, CultureInfo.InvariantCulture);
            svg.Append(Text($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(at):f1}\" y2=\"{Y(at):f1}\"/>"))
                .Append(Text($"<text x=\"{Left - 8}\" y=\"{Y(at) + 4:f1}\" text-anchor=\"end\">{value}</text>"));
        }
        svg.Append(Text($"<text x=\"{Left}\" y=\"{Height - 8}\">{x} 1</text>"))
            .Append(Text($"<text x=\"{Width - Right}\" y=\"{Height - 8}\" text-anchor=\"end\">{count}</text>"));
        foreach (var curve in curves)
        {
            var points = curve.Values.Select((v, i) => (v, i)).Where(p => double.IsFinite(p.v))
                .Select(p => Text($"{X(p.i):f1},{Y(Scale(p.v)):f1}"));
            svg.Append($"<polyline class=\"{curve.Kind}\" points=\"{string.Join(' ', points)}\"/>");
        }
        return svg.Append("</svg>").ToString();
    }

    /// <summary>A square image of brightnesses from 0 to 1.</summary>
    public static string Image(ReadOnlySpan<float> pixels, string what)
    {
        var side = (int)Math.Sqrt(pixels.Length);
        var svg = new StringBuilder(Text($"<svg class=\"digit\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{what}\">"));
        for (var i = 0; i < side * side; i++)
            if (pixels[i] > 0.02f)
                svg.Append(Text($"<rect x=\"{i % side}\" y=\"{i / side}\" width=\"1.02\" height=\"1.02\" opacity=\"{pixels[i]:f2}\"/>"));
        return svg.Append("</svg>").ToString();
    }

    /// <summary>The text of numbers, whatever the culture.</summary>
    public static string Text(FormattableString text) => FormattableString.Invariant(text);
}
