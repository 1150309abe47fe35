namespace GraphCompiler.Backend.Llvm;

/// <summary>pow, cbrt and rsqrt.</summary>
internal static class PowerFunctions
{
    // 2 atanh(s)/s = 2 + 2z/3 + z² D(z), z = s²: minimax (Remez, 45 digits) on the range of LogarithmFunctions.
    // Error relative to the logarithm 2^-65.3.
    private static readonly double[] D64 =
    [
        0.4000000000000225, 0.285714285701008, 0.222222225197399, 0.18181784380382035, 0.15386756826632542,
        0.13256827454446207, 0.13196254311188546,
    ];

    // ∛x on [√½, √2]: interpolated at Chebyshev's nodes in 50 digits; relative error 2^-16.2.
    private static readonly double[] CubeRoot = [0.453688502, 0.896739244, -0.523766696, 0.209346056, -0.0360001922];

    /// <summary>x = 2^(3k + rest) mantissa with rest -1, 0 or 1: a polynomial, then steps towards y³ = 2^rest mantissa.</summary>
    public static VectorExpr Cbrt(VectorEmitter m, VectorExpr x)
    {
        var (mantissa, exponent) = LogarithmFunctions.Normalize(m, x.Abs());
        var shifted = m.Fma(exponent, 1.0 / 3, m.RoundingMagic);
        var rest = m.Fma(shifted - m.RoundingMagic, -3.0, exponent);
        var (isLess, isMore) = (rest < 0.0, rest > 0.0);
        var y = m.Polynomial(mantissa, CubeRoot) * isLess.Select(0.7937005259840998, isMore.Select(1.2599210498948732, m.Constant(1)));
        var a = mantissa * isLess.Select(0.5, isMore.Select(2.0, m.Constant(1)));
        if (m.IsDouble)
        {
            // Halley's step: y (y³ + 2a) / (2y³ + a), error 2^-47.
            var cube = y * y * y;
            y = m.Fma(y, (a - cube) / (cube * 2.0 + a), y);
        }
        // Newton's step from the residual a - y³, whose square y² is in two parts: one rounding remains.
        var square = y * y;
        var residual = m.FmaExact(-square, y, a) - m.ProductError(y, y, square) * y;
        y = m.Fma(residual / square, 1.0 / 3, y);
        var result = (y * m.PowerOfTwo(shifted.Bits())).WithSignOf(x);
        // 0, ∞ and NaN are their own roots.
        return (x.EqualTo(0.0) | !(x.Abs() < double.PositiveInfinity)).Select(x, result);
    }

    /// <summary>1/sqrt(x), rounded from a residual: a division by a rounded root alone can miss by 1.5 ulp.</summary>
    public static VectorExpr Rsqrt(VectorEmitter m, VectorExpr x)
    {
        var y = 1.0 / m.Sqrt(x);
        // 1 - x y² with the product in two parts, which neither overflow nor lose bits to underflow.
        var root = x * y;
        var rootError = m.ProductError(x, y, root);
        var residual = m.FmaExact(-root, y, m.Constant(1.0)) - rootError * y;
        var corrected = m.Fma(residual * 0.5, y, y);
        // At 0 and infinity the residual is NaN (0 * ∞) and y is already exact.
        return residual.EqualTo(residual).Select(corrected, y);
    }

    public static VectorExpr Pow(VectorEmitter m, VectorExpr x, VectorExpr y)
    {
        var magnitude = m.IsDouble ? Magnitude64(m, x.Abs(), y) : Magnitude32(m, x.Abs(), y);
        // C99 F.10.4.4: 1 for any y at |x| = 1 and any x at y = 0, NaN included (x = -1 with NaN y is caught below).
        magnitude = (x.Abs().EqualTo(1.0) | y.EqualTo(0.0)).Select(1.0, magnitude);
        var integer = IsInteger(m, y.Abs());
        var odd = integer & !IsInteger(m, y.Abs() * 0.5);
        var sign = m.Expr(odd.Select(x, 0.0).Value).Bits() & m.SignBit;
        var result = (magnitude.Bits() ^ sign).AsFloat();
        var undefined = x < 0.0 & x > double.NegativeInfinity & !integer;
        return undefined.Select(double.NaN, result);
    }

    /// <summary>Through f64, whose exp and log leave 2^-44: one rounding remains.</summary>
    private static VectorExpr Magnitude32(VectorEmitter m, VectorExpr x, VectorExpr y)
    {
        var wide = m.Widened();
        var wideX = wide.Widen(x);
        var log = WithLimits(LogarithmFunctions.LogNormal(wide, wideX), wideX);
        var product = log * wide.Widen(y);
        return m.Narrow(ExponentialFunctions.ExpNormal(wide, product.Clamp(-200.0, 200.0)));
    }

    private static VectorExpr Magnitude64(VectorEmitter m, VectorExpr x, VectorExpr y)
    {
        var (high, low) = LogTwoPart(m, x);
        high = WithLimits(high, x);
        var product = y * high;
        var productLow = m.Fma(y, low, m.ProductError(y, high, product));
        // Beyond the limit (and for the logarithms of 0 and ∞) the result is 0 or ∞ whatever the low part.
        var inRange = product.Abs() < 800.0;
        return ExponentialFunctions.ExpOfSum(m, product.Clamp(-800.0, 800.0), inRange.Select(productLow, 0.0));
    }

    /// <summary>log 0 = -∞, log ∞ = ∞, log NaN = NaN.</summary>
    private static VectorExpr WithLimits(VectorExpr log, VectorExpr x)
    {
        log = (x < double.PositiveInfinity).Select(log, x);
        return x.EqualTo(0.0).Select(double.NegativeInfinity, log);
    }

    /// <summary>log x as high + low with relative error about 2^-63, so that 700 times it is still below an ulp of exp.</summary>
    private static (VectorExpr High, VectorExpr Low) LogTwoPart(VectorEmitter m, VectorExpr x)
    {
        var (mantissa, exponent) = LogarithmFunctions.Normalize(m, x);
        var f = mantissa - 1.0;
        // s = f / (2 + f) in two parts; 2 + f rounds by what `sumLow` keeps.
        var sum = 2.0 + f;
        var sumLow = 2.0 - sum + f;
        var s = f / sum;
        var sLow = m.Fma(-s, sumLow, m.FmaExact(-s, sum, f)) / sum;
        // z = s², then 2/3 + z D(z) in two parts.
        var z = s * s;
        var zLow = m.Fma(s * 2.0, sLow, m.ProductError(s, s, z));
        var series = z * m.Polynomial(z, D64);
        var inner = 0.6666666666666666 + series;
        var innerLow = 0.6666666666666666 - inner + series + 3.700743415417188e-17;
        // s z inner, two parts each.
        var cube = s * z;
        var cubeLow = m.Fma(s, zLow, m.Fma(sLow, z, m.ProductError(s, z, cube)));
        var tail = cube * inner;
        var tailLow = m.Fma(cube, innerLow, m.Fma(cubeLow, inner, m.ProductError(cube, inner, tail)));
        // e ln 2 (42 bits times 11 exact) + 2 s + tail, each sum with |first| ≥ |second| or first = 0.
        var (a, aLow) = FastTwoSum(s * 2.0, tail);
        var (b, bLow) = FastTwoSum(exponent * 0.6931471805598903, a);
        var low = m.Fma(exponent, 5.497923018708371e-14, m.Fma(sLow, 2.0, aLow + tailLow) + bLow);
        return FastTwoSum(b, low);
    }

    private static (VectorExpr High, VectorExpr Low) FastTwoSum(VectorExpr a, VectorExpr b)
    {
        var sum = a + b;
        return (sum, a - sum + b);
    }

    /// <summary>Whether a non-negative value is an integer (∞ is; NaN is not).</summary>
    private static MaskExpr IsInteger(VectorEmitter m, VectorExpr v)
    {
        var unit = m.IsDouble ? 4503599627370496.0 : 8388608.0; // 2^mantissa: larger values have no fraction
        return v.AtLeast(unit) | (v + unit - unit).EqualTo(v);
    }
}
