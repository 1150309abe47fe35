namespace GraphCompiler.IR.Ops;

/// <summary>The gamma function's logarithm and digamma in f64, for the reference interpreter: Taylor's series at 2, recurrences, and
/// Stirling's series from 10 on.</summary>
internal static class GammaReference
{
    private const double Euler = 0.5772156649015329;

    /// <summary>B₂ₖ for k from 1 on.</summary>
    internal static readonly double[] Bernoulli =
        [1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510, 43867.0 / 798];

    // ζ(k) - 1 for k from 2 on.
    private static readonly double[] s_zeta = [.. Enumerable.Range(2, 58).Select(ZetaLessOne)];

    /// <summary>log |Γ(x)|.</summary>
    public static double Lgamma(double x)
    {
        if (double.IsNaN(x) || double.IsInfinity(x)) return x * x;
        if (x <= 0)
        {
            // Of so small a number the magnitude is that of -x.
            if (x > -1e-18) return -Math.Log(-x);
            return Math.Log(Math.PI / (-x * Math.Abs(double.SinPi(x)))) - Lgamma(-x);
        }
        if (x >= 10)
        {
            var (sum, power) = (0.0, x);
            for (var k = 1; k <= Bernoulli.Length; k++, power *= x * x) sum += Bernoulli[k - 1] / (2 * k * (2 * k - 1) * power);
            return (x - 0.5) * (Math.Log(x) - 1) + (Math.Log(2 * Math.PI) - 1) / 2 + sum;
        }
        if (x < 0.5) return NextToTwo(x) - Math.Log(x) - Math.Log(1 + x);
        if (x < 1.5) return NextToTwo(x - 1) - Math.Log(x);
        var product = 1.0;
        for (; x > 2.5; x--) product *= x - 1;
        return NextToTwo(x - 2) + Math.Log(product);
    }

    /// <summary>ψ(x).</summary>
    public static double Digamma(double x)
    {
        if (double.IsNaN(x) || double.IsPositiveInfinity(x)) return x;
        if (x == 0) return double.IsNegative(x) ? double.PositiveInfinity : double.NegativeInfinity;
        if (x < 0) return x == Math.Floor(x) ? double.NaN : Digamma(1 - x) - Math.PI * double.CosPi(x) / double.SinPi(x);
        var sum = 0.0;
        if (x >= 10)
        {
            var power = x * x;
            for (var k = 1; k <= Bernoulli.Length; k++, power *= x * x) sum += Bernoulli[k - 1] / (2 * k * power);
            return Math.Log(x) - 0.5 / x - sum;
        }
        for (; x > 2.5; x--) sum += 1 / (x - 1);
        for (; x < 1.5; x++) sum -= 1 / x;
        return SlopeNextToTwo(x - 2) + sum;
    }

    // log Γ(2 + d) for |d| ≤ 1/2 (DLMF 5.7.3).
    private static double NextToTwo(double d)
    {
        var (sum, power) = (0.0, d);
        for (var k = 2; k < s_zeta.Length + 2; k++) sum += s_zeta[k - 2] / k * (power *= -d);
        return (1 - Euler) * d - sum;
    }

    private static double SlopeNextToTwo(double d)
    {
        var (sum, power) = (0.0, -1.0);
        for (var k = 2; k < s_zeta.Length + 2; k++) sum += s_zeta[k - 2] * (power *= -d);
        return 1 - Euler + sum;
    }

    // Euler and Maclaurin's formula from the two hundredth term on.
    private static double ZetaLessOne(int k)
    {
        const int From = 200;
        var n = (double)From;
        var sum = Math.Pow(n, 1 - k) / (k - 1) + Math.Pow(n, -k) / 2 + k * Math.Pow(n, -k - 1) / 12
            - k * (k + 1.0) * (k + 2) * Math.Pow(n, -k - 3) / 720;
        for (var i = From - 1; i >= 2; i--) sum += Math.Pow(i, -k);
        return sum;
    }
}
