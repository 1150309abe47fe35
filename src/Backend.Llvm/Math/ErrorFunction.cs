namespace GraphCompiler.Backend.Llvm;

/// <summary>erf: an odd polynomial below 1, one minus a fitted erfc above.</summary>
internal static class ErrorFunction
{
    // erf(x)/x - 1 in z = x² on [0, 1]: minimax (Remez, 45 digits) of the absolute error; 2^-29.6 and 2^-62.8.
    private static readonly double[] Small32 =
    [
        0.128379166, -0.37612626, 0.112835996, -0.0268544015, 0.00518944021, -0.000801990158, 7.88568796e-05,
    ];
    private static readonly double[] Small64 =
    [
        0.1283791670955126, -0.3761263890318375, 0.11283791670954882, -0.02686617064507736, 0.0052239776248231215,
        -0.0008548326981104006, 0.00012055331120661818, -1.4925595463853422e-05, 1.646100333561942e-06,
        -1.6350339736244086e-07, 1.4659936199491979e-08, -1.1373392301524405e-09, 5.957966369769938e-11,
    ];

    // log erfc(x) on [1, 4]: minimax with weight erfc(x), so the absolute error of erfc is 2^-29.8.
    private static readonly double[] LogErfc32 =
    [
        -0.000353807234, -1.12703967, -0.63822633, -0.103036784, 0.0218050256, -0.00293953158, 0.000185566038,
    ];

    // exp(x²) erfc(x) on [1, 6] in t = (x - 3)/(x + 3): minimax with weight exp(-x²); absolute error of erfc 2^-57.
    private static readonly double[] ScaledErfc64 =
    [
        0.17900115118135382, -0.32623356004589965, 0.2456038016643259, -0.15011593634391313, 0.07166585012395038,
        -0.024392327938831133, 0.004270353480142981, 0.0007131742574639662, -0.0005810943009447431,
        7.639135745418812e-05, 0.00010294992100964944, 1.5202698322450265e-05,
    ];

    public static VectorExpr Erf(VectorEmitter m, VectorExpr x)
    {
        // At 4 (6) erfc is below half an ulp of 1.
        var magnitude = x.Abs().AtMost(m.IsDouble ? 6.0 : 4.0);
        var z = magnitude * magnitude;
        var small = m.Fma(magnitude, m.Polynomial(z, m.IsDouble ? Small64 : Small32), magnitude);
        var erfc = m.IsDouble
            ? Erfc64(m, magnitude, z)
            : ExponentialFunctions.ExpNormal(m, m.Polynomial(magnitude, LogErfc32));
        var result = (magnitude < 1.0).Select(small, 1.0 - erfc);
        return result.WithSignOf(x);
    }

    private static VectorExpr Erfc64(VectorEmitter m, VectorExpr magnitude, VectorExpr z)
    {
        var t = (magnitude - 3.0) / (magnitude + 3.0);
        return ExponentialFunctions.ExpNormal(m, -z) * m.Polynomial(t, ScaledErfc64);
    }
}
