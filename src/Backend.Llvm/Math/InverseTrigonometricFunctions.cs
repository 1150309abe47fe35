namespace GraphCompiler.Backend.Llvm;

/// <summary>asin, acos, atan and atan2: odd polynomials on short intervals.</summary>
internal static class InverseTrigonometricFunctions
{
    /// <summary>Up to which a quotient's arctangent is the polynomial's: beyond it the difference of its parts is exact.</summary>
    private const double Fold = 0.5;

    // (atan t - t) / t³ and (asin t - t) / t³ in z = t², on |t| ≤ 1/2: interpolated at Chebyshev's nodes in 50 digits.
    // Error relative to atan 2^-27.7 and 2^-57.6, to asin 2^-28.4 and 2^-57.4.
    private static readonly double[] Atan32 = [-0.333333343, 0.199998751, -0.142798007, 0.110068806, -0.0823550597, 0.0422568582];
    private static readonly double[] Atan64 =
    [
        -0.3333333333333333, 0.19999999999999488, -0.14285714285599188, 0.11111111100917376, -0.09090908620322523,
        0.07692294712540285, -0.06666435677235948, 0.05879578429582425, -0.05240099507994713, 0.04628024868570153,
        -0.03806653672057366, 0.025006503566489507, -0.009215792047089858,
    ];
    private static readonly double[] Asin32 = [0.166666657, 0.0750009418, 0.0445994027, 0.0311006624, 0.0171492379, 0.0336908475];
    private static readonly double[] Asin64 =
    [
        0.16666666666666669, 0.07499999999998433, 0.04464285714635543, 0.030381944138531247, 0.02237217294214989,
        0.017352392720869973, 0.013971212973552933, 0.011479177415184906, 0.01032281435018578, 0.005457506718640358,
        0.01740087944269402, -0.014851887071247204, 0.028757851367421566,
    ];

    public static VectorExpr Asin(VectorEmitter m, VectorExpr x)
    {
        var (isLarge, s, tail) = Half(m, x.Abs());
        var (high, low) = HalfPi(m);
        // Below 1 the result has smaller ulps than the difference above 1, whose rounding is therefore kept: exact, since 2s < π/2.
        var twice = s * 2.0;
        var most = high - twice;
        var lost = high - most - twice;
        return isLarge.Select(most - (tail * 2.0 - (low + lost)), s + tail).WithSignOf(x);
    }

    public static VectorExpr Acos(VectorEmitter m, VectorExpr x)
    {
        var (isLarge, s, tail) = Half(m, x.Abs());
        var (high, low) = HalfPi(m);
        var (twice, signed) = ((s + tail) * 2.0, (x < 0.0).Select(-s, s));
        // Of π - 2s both parts of π are those of π/2, doubled.
        var far = (x < 0.0).Select(high * 2.0 - (twice - low * 2.0), twice);
        return isLarge.Select(far, high - (signed - (low - (x < 0.0).Select(-tail, tail))));
    }

    public static VectorExpr Atan(VectorEmitter m, VectorExpr x) => Atan2(m, x, m.Constant(1));

    /// <summary>The angle of (x, y): that of the smaller coordinate by the larger, folded at 1/2, then k π/4 more or less.</summary>
    public static VectorExpr Atan2(VectorEmitter m, VectorExpr y, VectorExpr x)
    {
        var (height, width) = (y.Abs(), x.Abs());
        var isSteep = height > width;
        var (small, large) = (isSteep.Select(width, height), isSteep.Select(height, width));
        // Of two infinities, and of two zeros, the angle is that of 1 and of 0; beyond a bound the sum below might overflow.
        var areInfinite = small.EqualTo(double.PositiveInfinity) & large.EqualTo(double.PositiveInfinity);
        small = areInfinite.Select(1.0, small);
        large = areInfinite.Select(1.0, large.EqualTo(0.0).Select(1.0, large));
        var isHuge = large > (m.IsDouble ? 1e300 : 1e37);
        (small, large) = (isHuge.Select(small * 0.25, small), isHuge.Select(large * 0.25, large));
        var isFolded = small > large * Fold;
        var t = isFolded.Select(small - large, small) / isFolded.Select(small + large, large);
        var isLeft = (x.Bits() & m.SignBit).NotZero();
        var k = isFolded.Select(m.Constant(1), 0.0);
        k = isSteep.Select(2.0 - k, k);
        k = isLeft.Select(4.0 - k, k);
        t = (isSteep ^ isLeft).Select(-t, t);
        var z = t * t;
        // π/4 in two parts, of which multiples of the first are exact.
        var (high, low) = m.IsDouble ? (0.7853981633974483, 3.061616997868383e-17) : (0.785398006439209, 1.56958239e-07);
        var rest = m.Fma(t * z, m.Polynomial(z, m.IsDouble ? Atan64 : Atan32), k * low);
        return (k * high + (t + rest)).WithSignOf(y);
    }

    /// <summary>asin s = s + tail for s = |x| ≤ 1/2; beyond that for s = √((1 - |x|)/2), where asin |x| = π/2 - 2 asin s.</summary>
    private static (MaskExpr IsLarge, VectorExpr S, VectorExpr Tail) Half(VectorEmitter m, VectorExpr magnitude)
    {
        var isLarge = magnitude > 0.5;
        var z = isLarge.Select((1.0 - magnitude) * 0.5, magnitude * magnitude);
        var s = isLarge.Select(m.Sqrt(z), magnitude);
        return (isLarge, s, s * z * m.Polynomial(z, m.IsDouble ? Asin64 : Asin32));
    }

    private static (VectorExpr High, VectorExpr Low) HalfPi(VectorEmitter m) => m.IsDouble
        ? (m.Constant(1.5707963267948966), m.Constant(6.123233995736766e-17))
        : (m.Constant(1.5707963705062866), m.Constant(-4.371139e-08));
}
