namespace GraphCompiler.IR.Ops;

/// <summary>Numbers from <paramref name="Low"/> to <paramref name="High"/>, both included: what an element can be, NaN aside.</summary>
/// <param name="Low">The smallest; -∞ if no bound is known.</param>
/// <param name="High">The largest; ∞ if no bound is known.</param>
/// <remarks>Rounding is not accounted for: a bound may be passed by an ulp.</remarks>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Nothing is known.</summary>
    public static Interval All => new(double.NegativeInfinity, double.PositiveInfinity);

    /// <summary>The largest magnitude.</summary>
    public double Magnitude => Math.Max(Math.Abs(Low), Math.Abs(High));

    /// <summary>What is in either.</summary>
    public Interval Or(Interval other) => new(Math.Min(Low, other.Low), Math.Max(High, other.High));

    /// <summary>Where the sum is.</summary>
    public static Interval operator +(Interval x, Interval y) => new(x.Low + y.Low, x.High + y.High);

    /// <summary>Where the negation is.</summary>
    public static Interval operator -(Interval x) => new(-x.High, -x.Low);

    /// <summary>Where the product is.</summary>
    public static Interval operator *(Interval x, Interval y)
    {
        // An infinite end means numbers without bound, and zero times any number is zero.
        static double End(double a, double b) => a == 0 || b == 0 ? 0 : a * b;
        ReadOnlySpan<double> ends = [End(x.Low, y.Low), End(x.Low, y.High), End(x.High, y.Low), End(x.High, y.High)];
        var (low, high) = (ends[0], ends[0]);
        foreach (var end in ends) (low, high) = (Math.Min(low, end), Math.Max(high, end));
        return new(low, high);
    }
}
