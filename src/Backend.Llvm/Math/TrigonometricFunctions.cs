namespace GraphCompiler.Backend.Llvm;

/// <summary>sin and cos: x = n π/2 + r, |r| ≤ π/4, then the polynomial that the quadrant n selects.</summary>
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

    private const double TwoOverPi = 0.6366197723675814;

    // (sin r - r) / r³ and (cos r - 1 + r²/2) / r⁴ in z = r²: minimax (Remez, 45 digits) on |r| ≤ π/4.
    // Error relative to sin and cos: 2^-28 and 2^-33 (f32), 2^-58 and 2^-64 (f64).
    private static readonly double[] Sin32 = [-0.166666552, 0.00833217707, -0.000195171364];
    private static readonly double[] Cos32 = [0.0416666456, -0.00138873665, 2.44383064e-05];
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
        var (n, r, tail) = Reduce(m, x);
        // Below 2^-28 (2^-13) x is its own sine; keeps -0.
        var small = x.Abs() < (m.IsDouble ? 3.725290298461914e-09 : 0.0001220703125);
        return small.Select(x, Quadrant(m, n, r, tail));
    }

    public static VectorExpr Cos(VectorEmitter m, VectorExpr x)
    {
        var (n, r, tail) = Reduce(m, x);
        return Quadrant(m, n + 1, r, tail);
    }

    /// <summary>sin(n π/2 + r + tail).</summary>
    private static VectorExpr Quadrant(VectorEmitter m, BitsExpr n, VectorExpr r, VectorExpr tail)
    {
        var z = r * r;
        var sine = r + m.Fma(r * z, m.Polynomial(z, m.IsDouble ? Sin64 : Sin32), tail);
        // 1 - z/2 is rounded; what it lost goes with the small terms. d cos = -r tail.
        var half = z * 0.5;
        var high = 1.0 - half;
        var small = m.Fma(z * z, m.Polynomial(z, m.IsDouble ? Cos64 : Cos32), 1.0 - high - half - r * tail);
        var value = (n & 1).NotZero().Select(high + small, sine);
        return (value.Bits() ^ ((n & 2) << (m.MantissaBits + (m.IsDouble ? 10 : 7)))).AsFloat();
    }

    private static (BitsExpr N, VectorExpr R, VectorExpr Tail) Reduce(VectorEmitter m, VectorExpr x)
    {
        // Outside the domain 0 * x: 0, or NaN for an infinite x.
        var bounded = (x.Abs() > (m.IsDouble ? Limit64 : Limit32)).Select(x * 0.0, x);
        return m.IsDouble ? Reduce64(m, bounded) : Reduce32(m, bounded);
    }

    /// <summary>In f64, with π/2 in 25 + 25 + 53 bits.</summary>
    private static (BitsExpr N, VectorExpr R, VectorExpr Tail) Reduce32(VectorEmitter m, VectorExpr x)
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
