namespace GraphCompiler.Backend.Llvm;

/// <summary>log |Γ| and its derivative: polynomials on an interval of length 1, to which recurrences lead, and Stirling's series from 8 on.
/// </summary>
/// <remarks>Negative arguments are reflected (DLMF 5.5.3 and 5.5.4). f32 goes through f64: one rounding remains.</remarks>
internal static class GammaFunctions
{
    /// <summary>From here on Stirling's series is used.</summary>
    private const double Large = 8;

    /// <summary>Up to here the recurrence takes this many steps.</summary>
    private const int MostSteps = 6;

    private const double Pi = 3.141592653589793;

    // log Γ(2 + d) / d on |d| ≤ 1/2, and x (log Γ(x) - (x - 1/2) log x + x - log √(2π)) in 1/x² for x ≥ 8: interpolated at Chebyshev's
    // nodes in 50 digits. Relative error 2^-55.2, and 2^-60.5 of log Γ.
    private static readonly double[] LogGamma =
    [
        0.42278433509846713, 0.3224670334241132, -0.06735230105319814, 0.02058080842778457, -0.0073855510286681535,
        0.002890510330738737, -0.0011927539120010226, 0.0005096695248853096, -0.00022315475074520367, 9.945750909889392e-05,
        -4.4926351103833334e-05, 2.050726741605779e-05, -9.438458716242811e-06, 4.374374916915131e-06, -2.0449201467015115e-06,
        9.578663334114758e-07, -4.303558760359961e-07, 2.0304806751615227e-07, -1.3412819758517287e-07, 6.379047507619774e-08,
    ];
    private static readonly double[] Stirling =
    [
        0.0833333333333333, -0.002777777777606244, 0.0007936506649488252, -0.0005952025951802712, 0.0008372834512071336,
        -0.0016526004455595122,
    ];

    // ψ(x) / (x - x₀), x₀ its zero, in x - 1.5 on [1, 2], and x² (ψ(x) - log x + 1/(2x)) in 1/x² for x ≥ 8: as above. Relative error
    // 2^-54.2, and absolute 2^-58.
    private static readonly double[] Psi =
    [
        0.9510558760318328, -0.4236274212814606, 0.24054248424078697, -0.14840492305388092, 0.09498872445289039,
        -0.06192213327548831, 0.040760833940846085, -0.026975796659787055, 0.017907248317313294, -0.011908220105959716,
        0.007927021796868154, -0.005279937255532708, 0.003518106563802472, -0.0023454947397380833, 0.0015633696313653504,
        -0.0010364584817312839, 0.0006909255761282986, -0.00048595039220036254, 0.00032395945401345196, -0.00014480643368061614,
        9.653646261410062e-05, -0.0001782188548855923, 0.00011881232908510335,
    ];
    private const double ZeroHigh = 1.4616321449683622, ZeroLow = 9.549995429965697e-17;
    private static readonly double[] PsiOfLarge =
    [
        -0.08333333333333287, 0.008333333331168558, -0.003968252342841619, 0.004166217650696842, -0.007519088230747095,
        0.017711160415846534,
    ];

    public static VectorExpr Lgamma(VectorEmitter m, VectorExpr x) => m.InDouble(x, Lgamma64);

    public static VectorExpr Digamma(VectorEmitter m, VectorExpr x) => m.InDouble(x, Digamma64);

    private static VectorExpr Lgamma64(VectorEmitter m, VectorExpr x)
    {
        var size = x.Abs();
        var value = LgammaOfPositive(m, size);
        // |Γ(x) Γ(-x)| = π / |x sin πx|. Next to 0 both are 1/|x|, and the product might underflow.
        var isReflected = x < -8.673617379884035e-19;
        var result = m.Unless(isReflected, value, () =>
        {
            var (sine, _) = SineCosineOfPi(m, DistanceToInteger(m, size).Abs());
            return isReflected.Select(LogarithmFunctions.Log(m, Pi / (size * sine)) - value, value);
        });
        return size.EqualTo(double.PositiveInfinity).Select(size, result);
    }

    private static VectorExpr LgammaOfPositive(VectorEmitter m, VectorExpr x)
    {
        var (isSmall, isBelow, isLeast) = (x < Large, x < 1.5, x < 0.5);
        // Γ(x) = p Γ(z) with 1.5 ≤ z ≤ 2.5, all differences exact; below 1.5 Γ(x) = Γ(z) / p, and d = z - 2 is exact too.
        var (z, p) = (x, m.Constant(1));
        for (var j = 1; j <= MostSteps; j++)
        {
            var less = x - j;
            var isWithin = less.AtLeast(1.5);
            (z, p) = (isWithin.Select(less, z), isWithin.Select(p * less, p));
        }
        p = isBelow.Select(isLeast.Select(x * (x + 1.0), x), p);
        var d = isBelow.Select(isLeast.Select(x, x - 1.0), z - 2.0);
        var log = LogarithmFunctions.Log(m, isSmall.Select(p, x));
        var small = m.Fma(d, m.Polynomial(d, LogGamma), isBelow.Select(-log, log));
        // (x - 1/2) (log x - 1) + log √(2π) - 1/2 and the series.
        var inverse = 1.0 / x;
        var series = m.Fma(inverse, m.Polynomial(inverse * inverse, Stirling), 0.4189385332046727);
        return isSmall.Select(small, m.Fma(x - 0.5, log - 1.0, series));
    }

    private static VectorExpr Digamma64(VectorEmitter m, VectorExpr x)
    {
        var isNegative = x < 0.0;
        var value = DigammaOfPositive(m, isNegative.Select(1.0 - x, x));
        // ψ(x) = ψ(1 - x) - π cot πx; at poles the sine is 0, and the quotient no number.
        return m.Unless(isNegative, value, () =>
        {
            var distance = DistanceToInteger(m, x);
            var (sine, cosine) = SineCosineOfPi(m, distance.Abs());
            var cotangent = (distance.EqualTo(0.0).Select(double.NaN, cosine / sine) * Pi).WithSignOf(distance);
            return isNegative.Select(value - cotangent, value);
        });
    }

    private static VectorExpr DigammaOfPositive(VectorEmitter m, VectorExpr x)
    {
        var (isSmall, isBelow) = (x < Large, x < 1.0);
        // ψ(x) = ψ(z) + Σ 1/(x - j) with 1 ≤ z ≤ 2, the sum as one quotient; below 1 it is ψ(x + 1) - 1/x.
        var (z, n, d) = (x, m.Constant(0), m.Constant(1));
        for (var j = 1; j <= MostSteps; j++)
        {
            var less = x - j;
            var isWithin = less.AtLeast(1.0);
            (z, n, d) = (isWithin.Select(less, z), isWithin.Select(m.Fma(n, less, d), n), isWithin.Select(d * less, d));
        }
        z = isBelow.Select(x + 1.0, z);
        var quotient = isBelow.Select(-1.0, n) / isBelow.Select(x, d);
        var small = m.Fma(z - ZeroHigh - ZeroLow, m.Polynomial(z - 1.5, Psi), quotient);
        var inverse = 1.0 / x;
        var square = inverse * inverse;
        var log = LogarithmFunctions.LogNormal(m, isSmall.Select(Large, x));
        var large = log + m.Fma(square, m.Polynomial(square, PsiOfLarge), inverse * -0.5);
        return x.EqualTo(double.PositiveInfinity).Select(x, isSmall.Select(small, large));
    }

    /// <summary>x less the nearest integer, exactly: 0 for |x| ≥ 2^52.</summary>
    private static VectorExpr DistanceToInteger(VectorEmitter m, VectorExpr x) => x - m.Round(x);

    /// <summary>sin πh and cos πh for 0 ≤ h ≤ 1/2, by what is left to 1/4 or to 1/2.</summary>
    private static (VectorExpr Sine, VectorExpr Cosine) SineCosineOfPi(VectorEmitter m, VectorExpr h)
    {
        var isFolded = h > 0.25;
        var (sine, cosine) = TrigonometricFunctions.SineCosine64(m, isFolded.Select(0.5 - h, h) * Pi, m.Constant(0));
        return (isFolded.Select(cosine, sine), isFolded.Select(sine, cosine));
    }
}
