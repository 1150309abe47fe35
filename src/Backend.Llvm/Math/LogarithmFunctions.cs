namespace GraphCompiler.Backend.Llvm;

/// <summary>log and log1p: x = 2^e (1 + f) with √½ ≤ 1 + f &lt; √2.</summary>
internal static class LogarithmFunctions
{
    private const double Ln2High32 = 0.693145751953125, Ln2Low32 = 1.4286068203094173e-06;
    private const double Ln2High64 = 0.6931471803691238, Ln2Low64 = 1.9082149292705877e-10;

    // (log(1+f) - f + f²/2) / f³: minimax (Remez, 45 digits) of the error relative to log(1+f) on the range of f.
    // Error 2^-27.3.
    private static readonly double[] P32 =
    [
        0.333333313, -0.250008225, 0.200012252, -0.166233286, 0.142017633, -0.131604686, 0.127617761, -0.0763404593,
    ];

    // (2 atanh(s)/s - 2) / z with s = f/(2+f), z = s²: minimax (Remez) of the error relative to log(1+f).
    // Error 2^-58.5.
    private static readonly double[] L64 =
    [
        0.6666666666666734, 0.3999999999941428, 0.2857142874248055, 0.22222198563064385, 0.1818356488251052,
        0.15314035549579297, 0.14796107351185805,
    ];

    public static VectorExpr Log(VectorEmitter m, VectorExpr x)
    {
        // Signed, the bits of positive normal numbers are the least ones after this, and those of all others larger.
        var (ordered, last) = m.IsDouble ? (0x7FF0000000000000ul, 0xFFDFFFFFFFFFFFFFul) : (0x7F800000ul, 0xFEFFFFFFul);
        return m.Unless((x.Bits() + ordered).IsAbove(last), LogNormal(m, x), () => LogOfAny(m, x));
    }

    private static VectorExpr LogOfAny(VectorEmitter m, VectorExpr x)
    {
        var (mantissa, exponent) = Normalize(m, x);
        return WithSpecialValues(Sum(m, mantissa - 1.0, null, exponent), x, zero: 0.0);
    }

    /// <summary>log u + c/u with u = round(1 + x) and c what that rounding lost.</summary>
    public static VectorExpr Log1p(VectorEmitter m, VectorExpr x)
    {
        var u = 1.0 + x;
        var lost = x - (u - 1.0);
        // u is never subnormal: it is 0 or at least 2^-24 (2^-53).
        var exponent = ExponentOf(m, u.Bits());
        // 2^(1-e), since e may be bias + 1; there the exponent field is 0 and so is the scale: `lost` no longer counts.
        var scale = m.PowerOfTwo(m.BitsConstant(1) - exponent);
        var scaledLoss = lost * 0.5 * scale;
        var f = (u.Bits() - (exponent << m.MantissaBits)).AsFloat() - 1.0;
        var sum = f + scaledLoss;
        var low = f - sum + scaledLoss;
        var result = Sum(m, sum, m.Fma(-sum, low, low), m.ToFloat(exponent)); // d log(1 + f) = low / (1 + f)
        // x²/2 is below half an ulp: keeps -0 and subnormal numbers.
        var small = x.Abs() < (m.IsDouble ? 2.7755575615628914e-17 : 1.4901161193847656e-08);
        return small.Select(x, WithSpecialValues(result, x, zero: -1.0));
    }

    /// <summary>log of a positive normal number, exact specials left to the caller.</summary>
    public static VectorExpr LogNormal(VectorEmitter m, VectorExpr x)
    {
        var exponent = ExponentOf(m, x.Bits());
        var f = (x.Bits() - (exponent << m.MantissaBits)).AsFloat() - 1.0;
        return Sum(m, f, null, m.ToFloat(exponent));
    }

    /// <summary>x = 2^exponent mantissa, subnormal x included.</summary>
    public static (VectorExpr Mantissa, VectorExpr Exponent) Normalize(VectorEmitter m, VectorExpr x)
    {
        var (smallest, lift, liftBits) = m.IsDouble
            ? (2.2250738585072014e-308, 18014398509481984.0, 54.0)
            : (1.1754943508222875e-38, 16777216.0, 24.0);
        var subnormal = x < smallest;
        var bits = subnormal.Select(x * lift, x).Bits();
        var exponent = ExponentOf(m, bits);
        var mantissa = (bits - (exponent << m.MantissaBits)).AsFloat();
        return (mantissa, m.ToFloat(exponent) - subnormal.Select(m.Constant(liftBits), 0.0));
    }

    /// <summary>log x for x outside (lowest, ∞): -∞ at the lowest, NaN below it, ∞ at ∞, NaN at NaN.</summary>
    private static VectorExpr WithSpecialValues(VectorExpr result, VectorExpr x, double zero)
    {
        result = (x < double.PositiveInfinity).Select(result, x);
        result = x.EqualTo(zero).Select(double.NegativeInfinity, result);
        return (x < zero).Select(double.NaN, result);
    }

    private static BitsExpr ExponentOf(VectorEmitter m, BitsExpr bits) =>
        bits - (m.IsDouble ? 0x3FE6A09E667F3BCDul : 0x3F3504F3ul) >> m.MantissaBits;

    /// <summary>e ln 2 + log(1 + f) + low.</summary>
    private static VectorExpr Sum(VectorEmitter m, VectorExpr f, VectorExpr? low, VectorExpr e)
    {
        // The high part of ln 2 has 15 (32) bits: its product with e is exact. Fast two-sum: |e ln 2| > |f| or e = 0.
        var (ln2High, ln2Low) = m.IsDouble ? (Ln2High64, Ln2Low64) : (Ln2High32, Ln2Low32);
        var high = m.Fma(e, ln2High, f);
        var lost = m.Fma(e, ln2High, -high) + f;
        if (low is { } given) lost += given;
        // log(1 + f) - f
        var square = f * f;
        if (!m.IsDouble) return high + m.Fma(square, m.Fma(m.Polynomial(f, P32), f, -0.5), m.Fma(e, ln2Low, lost));
        var s = f / (2.0 + f);
        var z = s * s;
        var half = square * 0.5;
        return high + (lost + m.Fma(e, ln2Low, m.Fma(s, m.Fma(z, m.Polynomial(z, L64), half), -half)));
    }
}
