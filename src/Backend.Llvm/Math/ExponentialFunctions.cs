namespace GraphCompiler.Backend.Llvm;

/// <summary>exp, expm1, tanh and logistic: one range reduction and one polynomial for all.</summary>
/// <remarks>
/// x = n ln 2 + r with |r| ≤ ln 2 / 2, and e^r = 1 + r + r² Q(r). Results near a cancellation are carried as an
/// unevaluated sum of two floats, so that each function rounds only once at the end.
/// </remarks>
internal static class ExponentialFunctions
{
    private const double Log2E = 1.4426950408889634, Ln2High32 = 0.693145751953125, Ln2Low32 = 1.4286068203094173e-06;

    // Q(r) = (e^r - 1 - r) / r²: minimax (Remez, 45 digits) of the error relative to e^r; error 2^-27.9 on [ln 3/4, ln 3/2] in f32,
    // 2^-57.9 on |r| ≤ 1.0005 ln 2 / 2 in f64.
    private static readonly double[] Q32 = [0.500000179, 0.166665733, 0.041658219, 0.00836009532, 0.00146511139];

    // On |r| ≤ 1.0005 ln 2 / 2, error 2^-34.2: expm1 and tanh add Q to a cancelled sum.
    private static readonly double[] Q32Long =
    [
        0.5, 0.166666657, 0.0416662954, 0.00833349768, 0.00139447057, 0.000197902657,
    ];
    private static readonly double[] Q64 =
    [
        0.5000000000000011, 0.1666666666666641, 0.04166666666652974, 0.008333333333495048, 0.0013888888943756914,
        0.00019841269505604093, 2.4801492952577414e-05, 2.7557586961425375e-06, 2.763030533692244e-07,
        2.4999968502113543e-08,
    ];

    /// <summary>x (+ low) = n ln 2 + r + tail; n + 2 bias in the low bits of N, below those of the rounding constant.</summary>
    internal readonly record struct Reduction(BitsExpr N, VectorExpr R, VectorExpr Tail);

    public static VectorExpr Exp(VectorEmitter m, VectorExpr x)
    {
        // Outside these limits the result is already 0 or infinity, and half of n still fits the exponent.
        var limit = m.IsDouble ? 800.0 : 110.0;
        var (n, expm1) = Split(m, x.Clamp(-limit, limit));
        return Scale(m, 1.0 + expm1, n);
    }

    /// <summary>e^x for |x| ≤ 700 (f64) or 86 (f32), where the result is normal.</summary>
    public static VectorExpr ExpNormal(VectorEmitter m, VectorExpr x)
    {
        var (n, expm1) = Split(m, x, withTail: false);
        return (1.0 + expm1) * m.PowerOfTwo(n - 2 * m.Bias);
    }

    /// <summary>e^(high + low) for a clamped high and |low| ≤ 2^-40.</summary>
    public static VectorExpr ExpOfSum(VectorEmitter m, VectorExpr high, VectorExpr low)
    {
        var (n, r, tail) = Reduce(m, high, low);
        return Scale(m, 1.0 + (r + HigherTerms(m, r, tail)), n);
    }

    public static VectorExpr Expm1(VectorEmitter m, VectorExpr x)
    {
        // Below -40 the result is -1 in both formats. Half the result is formed, so n = 128 (1024) does not overflow.
        var bounded = x.Clamp(-40.0, m.IsDouble ? 709.9 : 89.0);
        var (high, low) = HalfExpm1(m, bounded);
        var result = (high + low) * 2.0;
        // x²/2 is below half an ulp under 2^-55 (2^-26): keeps -0 and subnormal numbers.
        return (x.Abs() < (m.IsDouble ? 2.7755575615628914e-17 : 1.4901161193847656e-08)).Select(x, result);
    }

    /// <summary>tanh|x| = -h / (1 + h) with h = expm1(-2|x|) / 2.</summary>
    public static VectorExpr Tanh(VectorEmitter m, VectorExpr x)
    {
        // Beyond 20 (10) tanh rounds to 1.
        var (first, second) = HalfExpm1(m, x.Abs().AtMost(m.IsDouble ? 20.0 : 10.0) * -2.0);
        var high = first + second;
        var low = first - high + second;
        var denominator = 1.0 + high;
        var denominatorLow = 1.0 - denominator + high + low;
        // Its sign bit is clear except for x = ±0, which is small.
        var magnitude = Quotient(m, -high, -low, denominator, denominatorLow);
        // x³/3 is below 1/40 ulp under 2^-28 (2^-13).
        var small = x.Abs() < (m.IsDouble ? 3.725290298461914e-09 : 0.0001220703125);
        return small.Select(x, magnitude.WithSignOf(x));
    }

    public static VectorExpr Logistic(VectorEmitter m, VectorExpr x)
    {
        // Bounded as in Exp, with which a softplus beside this shares the reduction.
        var limit = m.IsDouble ? 800.0 : 110.0;
        var (n, expm1) = Split(m, (-x.Abs()).Clamp(-limit, limit));
        var high = 1.0 + expm1;
        return Logistic(m, x, high, 1.0 - high + expm1, v => Scale(m, v, n));
    }

    /// <summary>1 / (1 + e) for x ≥ 0 and e / (1 + e) below, with e = exp(-|x|) = scale(high + low).</summary>
    public static VectorExpr Logistic(
        VectorEmitter m, VectorExpr x, VectorExpr high, VectorExpr low, Func<VectorExpr, VectorExpr> scale)
    {
        // Where e is subnormal 1 + e is 1, and only `high` and `low` count.
        var e = scale(high);
        var denominator = 1.0 + e;
        var denominatorLow = 1.0 - denominator + e + scale(low);
        var negative = x < 0.0;
        var quotient = Quotient(m, negative.Select(high, 1.0), negative.Select(low, 0.0), denominator, denominatorLow);
        return negative.Select(scale(quotient), quotient);
    }

    /// <summary>expm1(x)/2 as high + low, for a clamped x; low may reach a tenth of high.</summary>
    private static (VectorExpr High, VectorExpr Low) HalfExpm1(VectorEmitter m, VectorExpr x)
    {
        var (n, r, tail) = Reduce(m, x);
        var higher = HigherTerms(m, r, tail, isLong: true);
        var scale = m.PowerOfTwo(n - (2 * m.Bias + 1));
        // A two-sum for either order of magnitude (D. E. Knuth, TAOCP 2, 4.2.2), then a fast one:
        // |scale - 1/2| ≥ |scale r| unless n = 0, where it is 0.
        var offset = scale - 0.5;
        var part = offset - scale;
        var offsetLow = scale - (offset - part) + (-0.5 - part);
        var scaled = scale * r;
        var high = offset + scaled;
        var low = scaled - (high - offset) + offsetLow;
        return (high, m.Fma(scale, higher, low));
    }

    /// <summary>(a + aLow) / (d + dLow), rounded once; low parts are below an ulp.</summary>
    private static VectorExpr Quotient(
        VectorEmitter m, VectorExpr a, VectorExpr aLow, VectorExpr d, VectorExpr dLow)
    {
        var inverse = 1.0 / d;
        var quotient = a * inverse;
        var remainder = m.FmaExact(-quotient, d, a) + m.Fma(-quotient, dLow, aLow);
        return m.Fma(remainder, inverse, quotient);
    }

    /// <summary>e^x = 2^n (1 + Expm1), with n as in <see cref="Reduction"/>.</summary>
    private static (BitsExpr N, VectorExpr Expm1) Split(VectorEmitter m, VectorExpr x, bool withTail = true)
    {
        if (m.IsDouble)
        {
            var (count, rest, tail) = Reduce(m, x);
            return (count, withTail ? rest + HigherTerms(m, rest, tail) : m.Fma(rest * rest, Q(m, rest), rest));
        }
        // 3/4 ≤ e^r ≤ 3/2 instead of √½ ≤ e^r ≤ √2: below 1, where an ulp is 2^-24, e^r - 1 is at most 1/4 and so rounded by 2^-27 at most.
        // No tail is needed.
        var shifted = m.Fma(x, Log2E, -0.08496250072115618) + m.Constant(m.RoundingMagic + 2 * m.Bias);
        var n = shifted - (m.RoundingMagic + 2 * m.Bias);
        var r = m.Fma(n, -Ln2Low32, m.Fma(n, -Ln2High32, x));
        return (shifted.Bits(), m.Fma(r * r, Q(m, r), r));
    }

    /// <summary>e^(r + tail) - 1 - r = r² Q(r) + tail (1 + r), less what is below tail r².</summary>
    private static VectorExpr HigherTerms(VectorEmitter m, VectorExpr r, VectorExpr tail, bool isLong = false) =>
        m.Fma(r, m.Fma(r, isLong && !m.IsDouble ? m.Polynomial(r, Q32Long) : Q(m, r), tail), tail);

    private static Reduction Reduce(VectorEmitter m, VectorExpr x, VectorExpr? low = null)
    {
        // ln 2 in two parts; the first has 15 (32) bits, so n times it is exact with and without FMA.
        var (ln2High, ln2Low) = m.IsDouble
            ? (0.6931471803691238, 1.9082149292705877e-10)
            : (Ln2High32, Ln2Low32);
        var shifted = m.Fma(x, Log2E, m.RoundingMagic + 2 * m.Bias);
        var n = shifted - (m.RoundingMagic + 2 * m.Bias);
        var first = m.Fma(n, -ln2High, x);
        var second = low is { } given ? m.Fma(n, -ln2Low, given) : n * -ln2Low;
        var r = first + second;
        return new(shifted.Bits(), r, first - r + second);
    }

    private static VectorExpr Q(VectorEmitter m, VectorExpr r) => m.Polynomial(r, m.IsDouble ? Q64 : Q32);

    /// <summary>v 2^n in two exact steps, of which only the second can round (to a subnormal) or overflow.</summary>
    /// <remarks>Halving n + 2 bias in the bits is exact: the rounding constant above is even, and its bits are shifted out. Each half has
    /// one bias.</remarks>
    private static VectorExpr Scale(VectorEmitter m, VectorExpr v, BitsExpr n)
    {
        var half = n >>> 1;
        return v * (half << m.MantissaBits).AsFloat() * (n - half << m.MantissaBits).AsFloat();
    }
}
