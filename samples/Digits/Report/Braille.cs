namespace Digits.Report;

/// <summary>Curves of braille characters, each of which has 2 by 4 dots.</summary>
internal static class Braille
{
    // The bits of a character's dots, from the top: left column, then right column (Unicode, block Braille Patterns).
    private static readonly int[,] s_bits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    /// <summary>Draws values from left to right, the least at the bottom and the largest at the top.</summary>
    /// <param name="values">At least one; those that are not finite are left out.</param>
    /// <param name="count">How many values fill the width.</param>
    /// <param name="columns">Characters in a line.</param>
    /// <param name="rows">Lines.</param>
    public static string[] Draw(double[] values, int count, int columns, int rows)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        var (low, high) = finite.Length == 0 ? (0, 1) : (finite.Min(), finite.Max());
        var (width, height, cells) = (2 * columns, 4 * rows, new int[rows, columns]);
        int? last = null;
        for (var x = 0; x < width; x++)
        {
            var at = (int)((long)x * Math.Max(count, values.Length) / width);
            if (at >= values.Length || !double.IsFinite(values[at])) continue;
            var y = high > low ? (int)Math.Round((high - values[at]) / (high - low) * (height - 1)) : height - 1;
            // A steep curve has no gaps.
            for (var dot = Math.Min(y, last ?? y); dot <= Math.Max(y, last ?? y); dot++) cells[dot / 4, x / 2] |= s_bits[dot % 4, x % 2];
            last = y;
        }
        string Line(int row) => string.Concat(Enumerable.Range(0, columns).Select(c => (char)(0x2800 + cells[row, c])));
        return [.. Enumerable.Range(0, rows).Select(Line)];
    }
}
