namespace GraphCompiler.Bench.Measurement;

/// <summary>Where most of the rounds' ratios are.</summary>
/// <param name="P10">A tenth of the rounds is below.</param>
/// <param name="P90">A tenth is above.</param>
internal sealed record Spread(double P10, double P90)
{
    /// <summary>The spread of ratios of two sides, round by round.</summary>
    public static Spread Of(IEnumerable<double> side, IEnumerable<double> other)
    {
        double[] ratios = [.. side.Zip(other, (a, b) => a / b)];
        return new(Percentile(ratios, 0.1), Percentile(ratios, 0.9));
    }

    /// <summary>The value below which a part of the values is, interpolated between the two nearest.</summary>
    /// <param name="values">At least one.</param>
    /// <param name="part">From 0, the least, to 1, the largest.</param>
    public static double Percentile(IEnumerable<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        var position = part * (sorted.Length - 1);
        var low = (int)position;
        return sorted[low] + (position - low) * (sorted[Math.Min(low + 1, sorted.Length - 1)] - sorted[low]);
    }
}
