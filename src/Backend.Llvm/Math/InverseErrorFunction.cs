namespace GraphCompiler.Backend.Llvm;

/// <summary>erf⁻¹(x) = x P(w) with w = -log((1 - x)(1 + x)); beyond w = 6.25 a polynomial in √w.</summary>
/// <remarks>The variable is that of M. Giles, "Approximating the erfinv function" (GPU Computing Gems, 2011).</remarks>
internal static class InverseErrorFunction
{
    // erf⁻¹(x)/x in w - 3.125 on [0, 6.25], in √w - 3.25 on [2.5, 4] and in √w - 5 on [4, 6.1]: interpolated at Chebyshev's nodes in 50
    // digits. Relative error 2^-54.0, 2^-53.2 and 2^-52.5.
    private static readonly double[] Central =
    [
        1.6536545626831027, 0.2401581824255883, -0.00603367087142785, -0.000740702534154477, 0.00018673420802464837,
        -1.3882523394405316e-05, -1.3654691850603575e-06, 4.234788173782339e-07, -2.9070382262927266e-08, -4.11266082002324e-09,
        1.0512181539804126e-09, -5.414287198084716e-11, -1.2976885526532075e-11, 2.6304834740560442e-12, -8.118399443074353e-14,
        -4.001237735091896e-14, 6.596407712420834e-15, -4.0282154327661744e-17, -1.3016928016796445e-16, 1.557432024623325e-17,
        1.150022252066253e-18, -3.4996044354754177e-19, -1.113483769832702e-21, 3.240704459379902e-21,
    ];
    private static readonly double[] Near =
    [
        3.0838856104922208, 1.0052589676941652, 0.00537091455357168, -0.003751208508215561, 0.0024914420969817607,
        -0.0016882755357337071, 0.0009532893637435638, -0.00035503780975963814, 2.4031257015092525e-05, 6.828708654753377e-05,
        -4.731898412011245e-05, 1.2465167157087251e-05, 2.9257291901789823e-06, -3.986084395214756e-06, 1.4987130784186127e-06,
        -2.7004219280868947e-08, -2.713451105439456e-07, 1.3104351499972014e-07, 6.969241977629694e-10, -1.5102695423335065e-08,
    ];
    private static readonly double[] Far =
    [
        4.849906401408584, 1.0103004648645413, -0.00013871931835112341, -0.00021503011962944126, 7.599527735160192e-05,
        -1.968177348376382e-05, 4.5260599477720725e-06, -9.930119183482954e-07, 2.2901554497563463e-07, -6.761414811460412e-08,
        2.9124399186491765e-08, -1.5146221782627176e-08, 7.644335983557396e-09, -3.5875995609819957e-09, 1.4895546197648135e-09,
        -3.7171553416167447e-10, -2.2467591693364936e-11, 2.752083669120488e-11,
    ];

    public static VectorExpr ErfInv(VectorEmitter m, VectorExpr x) => m.InDouble(x, ErfInv64);

    private static VectorExpr ErfInv64(VectorEmitter m, VectorExpr x)
    {
        // A product of exact factors, at least 2^-53 where |x| < 1.
        var w = -LogarithmFunctions.LogNormal(m, (1.0 - x) * (1.0 + x));
        var isRare = w > 6.25;
        var central = m.Polynomial(w - 3.125, Central);
        var factor = m.Unless(isRare, central, () =>
        {
            var root = m.Sqrt(w);
            return isRare.Select((root > 4.0).Select(m.Polynomial(root - 5.0, Far), m.Polynomial(root - 3.25, Near)), central);
        });
        var size = x.Abs();
        var result = size.EqualTo(1.0).Select(x * double.PositiveInfinity, x * factor);
        return (size > 1.0).Select(double.NaN, result);
    }
}
