namespace GraphCompiler.Backend.Llvm;

/// <summary>sin, cos and tan: x = n π/2 + r, |r| ≤ π/4, then the polynomials that the quadrant n selects.</summary>
/// <remarks>
/// π/2 is split in parts short enough that n times each is exact without FMA. Beyond <see cref="Limit32"/> and
/// <see cref="Limit64"/> a finite argument counts as 0: the answer stays in [-1, 1] but is not the sine.
/// </remarks>
internal static class TrigonometricFunctions
{
    /// <summary>2^28: n fits 28 bits, and 25 more make a product exact in f64.</summary>
    public const double Limit32 = 268435456.0;

    /// <summary>2^20: n fits 20 bits, and 33 more make a product exact.</summary>
    public const double Limit64 = 1048576.0;

    /// <summary>Up to here f32 arguments are reduced in f32.</summary>
    private const double NarrowLimit = 32768;

    private const double TwoOverPi = 0.6366197723675814;

    // (sin r - r) / r³ in z = r²; (cos r - 1) / r² in f32 and (cos r - 1 + r²/2) / r⁴ in f64: minimax (Remez, 45 digits) on
    // |r| ≤ π/4. Error relative to sin and cos: 2^-28 and 2^-33 (f32), 2^-58 and 2^-64 (f64).
    private static readonly double[] Sin32 = [-0.166666552, 0.00833217707, -0.000195171364];
    private static readonly double[] Cos32 = [-0.5, 0.0416666456, -0.00138873665, 2.44383064e-05];
    private static readonly double[] Sin64 =
    [
        -0.16666666666666632, 0.008333333333322398, -0.00019841269829794426, 2.7557313687052168e-06,
        -2.5050757320509206e-08, 1.5896747797247513e-10,
    ];
    private static readonly double[] Cos64 =
    [
        0.0416666666666666, -0.0013888888888874105, 2.48015872894687e-05, -2.7557314348102376e-07,
        2.0875722660270114e-09, -1.1359614371390956e-11,
    ];

    public static VectorExpr Sin(VectorEmitter m, VectorExpr x)
    {
        if (!m.IsDouble) return BySize(m, x, r => Quadrant32(m, r.N, r.R, r.Tail, x));
        var (n, r, tail) = Reduce64(m, Bounded(m, x));
        // Below 2^-28 x is its own sine; keeps -0.
        return (x.Abs() < 3.725290298461914e-09).Select(x, Quadrant64(m, n, r, tail));
    }

    public static VectorExpr Cos(VectorEmitter m, VectorExpr x)
    {
        if (!m.IsDouble) return BySize(m, x, r => Quadrant32(m, r.N + 1, r.R, r.Tail, null));
        var (n, r, tail) = Reduce64(m, Bounded(m, x));
        return Quadrant64(m, n + 1, r, tail);
    }

    /// <summary>The quotient of both: at a right angle more the sine is in the denominator, and the sign changes.</summary>
    public static VectorExpr Tan(VectorEmitter m, VectorExpr x)
    {
        if (!m.IsDouble) return BySize(m, x, r => Tangent(r.N, SineCosine32(m, r.R, r.Tail), x));
        var (n, r, tail) = Reduce64(m, Bounded(m, x.Abs()));
        return (x.Abs() < 3.725290298461914e-09).Select(x, Tangent(n, SineCosine64(m, r, tail), x));
    }

    private static VectorExpr Tangent(BitsExpr n, (VectorExpr Sine, VectorExpr Cosine) of, VectorExpr sign)
    {
        var isOdd = (n & 1).NotZero();
        var quotient = isOdd.Select(of.Cosine, of.Sine) / isOdd.Select(-of.Sine, of.Cosine);
        return (quotient.Bits() ^ (sign.Bits() & sign.Emitter.SignBit)).AsFloat();
    }

    /// <summary>Of |x|, so that -0 keeps its sign; reduced in f32 up to <see cref="NarrowLimit"/> given FMA, else in f64.</summary>
    private static VectorExpr BySize(VectorEmitter m, VectorExpr x, Func<(BitsExpr N, VectorExpr R, VectorExpr Tail), VectorExpr> of)
    {
        var magnitude = x.Abs();
        VectorExpr Wide() => of(ReduceWide(m, Bounded(m, magnitude)));
        if (!m.HasFma) return Wide();
        var isLarge = magnitude > NarrowLimit;
        var narrow = of(ReduceNarrow(m, magnitude));
        return m.Unless(isLarge, narrow, () => isLarge.Select(Wide(), narrow));
    }

    /// <summary>sin(n π/2 + r + tail), times the sign of another value if there is one.</summary>
    private static VectorExpr Quadrant32(VectorEmitter m, BitsExpr n, VectorExpr r, VectorExpr tail, VectorExpr? sign)
    {
        var (sine, cosine) = SineCosine32(m, r, tail);
        var value = (n & 1).NotZero().Select(cosine, sine);
        var flip = n << 30;
        return (value.Bits() ^ ((sign is { } given ? flip ^ given.Bits() : flip) & m.SignBit)).AsFloat();
    }

    /// <summary>sin(n π/2 + r + tail).</summary>
    private static VectorExpr Quadrant64(VectorEmitter m, BitsExpr n, VectorExpr r, VectorExpr tail)
    {
        var (sine, cosine) = SineCosine64(m, r, tail);
        var value = (n & 1).NotZero().Select(cosine, sine);
        return (value.Bits() ^ ((n & 2) << 62)).AsFloat();
    }

    /// <summary>sin and cos of r + tail, |r| ≤ π/4.</summary>
    private static (VectorExpr Sine, VectorExpr Cosine) SineCosine32(VectorEmitter m, VectorExpr r, VectorExpr tail)
    {
        var z = r * r;
        // The tail is below 2^-34, and its product with r far below an ulp of 1/2.
        return (r + m.Fma(r * z, m.Polynomial(z, Sin32), tail), m.Fma(z, m.Polynomial(z, Cos32), 1.0));
    }

    /// <summary>sin and cos of r + tail, |r| ≤ π/4.</summary>
    public static (VectorExpr Sine, VectorExpr Cosine) SineCosine64(VectorEmitter m, VectorExpr r, VectorExpr tail)
    {
        var z = r * r;
        // 1 - z/2 is rounded; what it lost goes with the small terms. d cos = -r tail.
        var half = z * 0.5;
        var high = 1.0 - half;
        var small = m.Fma(z * z, m.Polynomial(z, Cos64), 1.0 - high - half - r * tail);
        return (r + m.Fma(r * z, m.Polynomial(z, Sin64), tail), high + small);
    }

    private static VectorExpr Bounded(VectorEmitter m, VectorExpr x) =>
        // Outside the domain 0 * x: 0, or NaN for an infinite x.
        (x.Abs() > (m.IsDouble ? Limit64 : Limit32)).Select(x * 0.0, x);

    /// <summary>For 0 ≤ x ≤ <see cref="NarrowLimit"/>, with π/2 in 24 + 24 + 24 bits and FMA.</summary>
    /// <remarks>The first step is exact: x and n π/2's first part are multiples of 2^-23 (or x is r), and the difference is below 1. The
    /// second rounds once; where it cancels, it is exact below 2^-24, and above that the tail is below 2^-34.</remarks>
    private static (BitsExpr N, VectorExpr R, VectorExpr Tail) ReduceNarrow(VectorEmitter m, VectorExpr x)
    {
        var shifted = m.Fma(x, TwoOverPi, m.RoundingMagic);
        var n = shifted - m.RoundingMagic;
        var r = m.Fma(n, 4.371138828673793e-08, m.Fma(n, -1.57079637050628662109375, x));
        return (shifted.Bits(), r, n * 1.7151245100058819e-15);
    }

    /// <summary>In f64, with π/2 in 25 + 25 + 53 bits.</summary>
    private static (BitsExpr N, VectorExpr R, VectorExpr Tail) ReduceWide(VectorEmitter m, VectorExpr x)
    {
        var wide = m.Widened();
        var wideX = wide.Widen(x);
        var shifted = wide.Fma(wideX, TwoOverPi, wide.RoundingMagic);
        var n = shifted - wide.RoundingMagic;
        var r = wide.Fma(n, -1.5707963109016418, wideX);
        r = wide.Fma(n, -1.5893254712295857e-08, r);
        r = wide.Fma(n, -6.123233995736766e-17, r);
        return (m.Narrow(shifted.Bits()), m.Narrow(r), m.Constant(0.0));
    }

    /// <summary>π/2 in 33 + 33 + 33 + 53 bits, so that r + tail keeps its bits beside a multiple of π/2.</summary>
    private static (BitsExpr N, VectorExpr R, VectorExpr Tail) Reduce64(VectorEmitter m, VectorExpr x)
    {
        var shifted = m.Fma(x, TwoOverPi, m.RoundingMagic);
        var n = shifted - m.RoundingMagic;
        // Exact: the operands are within a factor of two (Sterbenz), or n = 0.
        var first = m.Fma(n, -1.5707963267341256, x);
        var (second, secondLow) = TwoSum(first, n * -6.077100506303966e-11);
        var (third, thirdLow) = TwoSum(second, n * -2.0222662487111665e-21);
        var low = m.Fma(n, -8.478427660368898e-32, secondLow + thirdLow);
        var r = third + low;
        return (shifted.Bits(), r, third - r + low);
    }

    private static (VectorExpr High, VectorExpr Low) TwoSum(VectorExpr a, VectorExpr b)
    {
        var sum = a + b;
        var bPart = sum - a;
        return (sum, a - (sum - bPart) + (b - bPart));
    }
}
