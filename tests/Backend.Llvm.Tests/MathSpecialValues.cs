using GraphCompiler.IR.Loops;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>C99 annex F: zeros with their sign, infinities, NaN, domain errors, overflow and underflow.</summary>
internal static class MathSpecialValues
{
    private const double Inf = double.PositiveInfinity, NaN = double.NaN;

    public static IEnumerable<(double X, double Y, double Expected)> Of(MathFunction function)
    {
        if (function == MathFunction.Pow) return Pow();
        // .NET's functions of two arguments have C's special cases.
        if (function == MathFunction.Atan2) return Pairs(Math.Atan2).Where(row => row.Expected == 0 || double.IsNaN(row.Expected));
        if (function == MathFunction.Fmod) return Pairs((x, y) => x % y);
        return ((double, double)[])[(NaN, NaN), .. Unary(function)] is var rows
            ? rows.Select(row => (row.Item1, 0.0, row.Item2))
            : [];
    }

    private static (double, double)[] Unary(MathFunction function) => function switch
    {
        MathFunction.Exp => [(0, 1), (-0.0, 1), (Inf, Inf), (-Inf, 0), (1e30, Inf), (-1e30, 0), (1024, Inf), (-1024, 0)],
        MathFunction.Log => [(0, -Inf), (-0.0, -Inf), (1, 0), (Inf, Inf), (-1, NaN), (-Inf, NaN)],
        MathFunction.Log1p =>
            [(0, 0), (-0.0, -0.0), (-1, -Inf), (Inf, Inf), (-2, NaN), (-Inf, NaN), (Tiny, Tiny), (-Tiny, -Tiny)],
        MathFunction.Expm1 =>
            [(0, 0), (-0.0, -0.0), (Inf, Inf), (-Inf, -1), (-100, -1), (1024, Inf), (Tiny, Tiny), (-Tiny, -Tiny)],
        MathFunction.Tanh =>
            [(0, 0), (-0.0, -0.0), (Inf, 1), (-Inf, -1), (100, 1), (-100, -1), (Tiny, Tiny), (-Tiny, -Tiny)],
        MathFunction.Logistic => [(0, 0.5), (-0.0, 0.5), (Inf, 1), (-Inf, 0), (100, 1), (-1024, 0)],
        MathFunction.Erf => [(0, 0), (-0.0, -0.0), (Inf, 1), (-Inf, -1), (10, 1), (-10, -1)],
        MathFunction.Sin => [(0, 0), (-0.0, -0.0), (Inf, NaN), (-Inf, NaN), (Tiny, Tiny), (-Tiny, -Tiny)],
        MathFunction.Cos => [(0, 1), (-0.0, 1), (Inf, NaN), (-Inf, NaN), (Tiny, 1)],
        MathFunction.Rsqrt => [(0, Inf), (-0.0, -Inf), (Inf, 0), (1, 1), (4, 0.5), (-1, NaN), (-Inf, NaN)],
        MathFunction.Tan => [(0, 0), (-0.0, -0.0), (Inf, NaN), (-Inf, NaN), (Tiny, Tiny), (-Tiny, -Tiny)],
        MathFunction.Asin => [(0, 0), (-0.0, -0.0), (Inf, NaN), (-Inf, NaN), (1.5, NaN), (-1.5, NaN), (Tiny, Tiny), (-Tiny, -Tiny)],
        MathFunction.Acos => [(1, 0), (Inf, NaN), (-Inf, NaN), (1.5, NaN), (-1.5, NaN)],
        MathFunction.Atan => [(0, 0), (-0.0, -0.0), (Tiny, Tiny), (-Tiny, -Tiny)],
        MathFunction.Cbrt =>
            [(0, 0), (-0.0, -0.0), (Inf, Inf), (-Inf, -Inf), (1, 1), (-1, -1), (27, 3), (-27, -3), (0.125, 0.5), (512, 8)],
        MathFunction.ErfInv => [(0, 0), (-0.0, -0.0), (1, Inf), (-1, -Inf), (1.5, NaN), (-1.5, NaN), (Inf, NaN), (-Inf, NaN)],
        MathFunction.Lgamma => [(0, Inf), (-0.0, Inf), (1, 0), (2, 0), (-1, Inf), (-2, Inf), (-1e30, Inf), (Inf, Inf), (-Inf, Inf)],
        MathFunction.Digamma => [(0, -Inf), (-0.0, Inf), (-1, NaN), (-2, NaN), (-1e30, NaN), (Inf, Inf), (-Inf, NaN)],
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    /// <summary>Subnormal in f32.</summary>
    private static double Tiny => float.Epsilon * 3.0;

    private static IEnumerable<(double X, double Y, double Expected)> Pairs(Func<double, double, double> expected)
    {
        double[] values = [0, -0.0, 0.5, -0.5, 1, -1, 3, -7, 1e30, -1e-30, Inf, -Inf, NaN, double.MaxValue, 2.2250738585072014e-308, Tiny];
        return values.SelectMany(x => values.Select(y => (x, y, expected(x, y))));
    }

    private static IEnumerable<(double, double, double)> Pow()
    {
        double[] values = [0, -0.0, 0.5, -0.5, 1, -1, 2, -2, 3, -3, Inf, -Inf, NaN, 16777216, 4503599627370497];
        // .NET's Math.Pow has C99's special cases since .NET Core 3.0; these values have exact or overflowing powers.
        foreach (var x in values)
        foreach (var y in values)
            if (IsSpecial(x, y))
                yield return (x, y, Math.Pow(x, y));
        yield return (-8, 1.0 / 3, NaN);
        yield return (2, -1074, Math.Pow(2, -1074));
        yield return (2, 1024, Inf);
        yield return (2, 127, Math.Pow(2, 127));
        yield return (-2, 63, -Math.Pow(2, 63));
    }

    /// <summary>Whether C prescribes the result: it is 0, 1, ∞ or NaN, or the exponent a small integer.</summary>
    private static bool IsSpecial(double x, double y) =>
        !double.IsFinite(x) || !double.IsFinite(y) || x == 0 || Math.Abs(x) == 1 || y == 0 || Math.Round(y) != y && x < 0;
}
