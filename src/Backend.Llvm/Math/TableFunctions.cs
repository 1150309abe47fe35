namespace GraphCompiler.Backend.Llvm;

/// <summary>exp, logistic, tanh and erf in f32 where a register holds a table of sixteen numbers (AVX-512), and erf where it holds eight
/// (AVX2): a short polynomial around the nearest of them.</summary>
/// <remarks>One instruction looks up sixteen lanes. Half as many instructions as without tables; counts and errors are in
/// docs/numerics.md.</remarks>
internal static class TableFunctions
{
    /// <summary>Sixteen ranges of an odd function f that rises from 0 to 1: around center c, f(c + t) = f(c) + t + t·P(t).</summary>
    /// <param name="Centers">0 for the first range; else near the middle, and such that f is an f32 there to 2^-35 or better, except in the
    /// last few (S. Gal, "An accurate elementary mathematical library for the IEEE floating point standard", 1991).</param>
    /// <param name="Values">f of the centers.</param>
    /// <param name="Terms">P's coefficients, from the constant term up: interpolated at Chebyshev's nodes.</param>
    private sealed record Table(double[] Centers, double[] Values, double[][] Terms);

    // 2^(j/16), and what an f32 leaves of it.
    private static readonly double[] s_powers = [.. Enumerable.Range(0, 16).Select(j => (double)(float)Math.Pow(2, j / 16.0))];
    private static readonly double[] s_powersLow =
        [.. Enumerable.Range(0, 16).Select(j => Math.Pow(2, j / 16.0) - (float)Math.Pow(2, j / 16.0))];

    // (e^r - 1 - r) / r² on |r| ≤ ln 2 / 32: interpolated at Chebyshev's nodes; error of e^r 2^-30.
    private static readonly double[] s_expTerms = [0.5000097751617432, 0.1666686236858368];

    /// <summary>Between two centers of <see cref="s_erf"/>; its absolute error is 2^-31.</summary>
    private const double ErfStep = 3.93 / 15;

    private static readonly Table s_erf = new(
        Centers:
        [
            0, 0.261593997, 0.52395618, 0.787005305, 1.04605055, 1.31078207,
            1.57306254, 1.83543909, 2.09367537, 2.36060357, 2.62240243, 2.88231325,
            3.14669514, 3.40299153, 3.66400027, 3.93399978,
        ],
        Values:
        [
            0, 0.28858009, 0.541298032, 0.734288812, 0.860950232, 0.9362216,
            0.973895013, 0.990560234, 0.996932626, 0.999157369, 0.999791622, 0.999954224,
            0.999991417, 0.99999851, 0.999999762, 1,
        ],
        Terms:
        [
            [
                0.128379166, 0.053745348, -0.142511785, -0.39261663, -0.622218609, -0.797571242,
                -0.904987216, -0.961150289, -0.98591572, -0.99571085, -0.998836398, -0.999721766,
                -0.999943495, -0.99998945, -0.999998331, -0.999999762,
            ],
            [
                -3.57651544e-08, -0.275653452, -0.449286252, -0.478013933, -0.395178437, -0.265339941,
                -0.149461091, -0.0713062957, -0.02948796, -0.0101249795, -0.0030515024, -0.000802038354,
                -0.000177852868, -3.58948564e-05, -6.11011274e-06, -8.43331748e-07,
            ],
            [
                -0.37612319, -0.303173065, -0.128893062, 0.0483354293, 0.149655119, 0.164392158,
                0.125071123, 0.0743032172, 0.036464408, 0.01450432, 0.00494685629, 0.0014483101,
                0.000354217482, 7.79025868e-05, 1.43649768e-05, 2.139353e-06,
            ],
            [
                -0.000103964507, 0.131537929, 0.183527321, 0.140318409, 0.0534498617, -0.0192936789,
                -0.0485516451, -0.0444209389, -0.0283423234, -0.0137445861, -0.00546914292, -0.00181998056,
                -0.000498000765, -0.000120630932, -2.42953865e-05, -3.92575976e-06,
            ],
            [
                0.114372335, 0.0767975301, 0.000389375113, -0.0581886843, -0.0669228882, -0.0391749144,
                -0.00711980881, 0.0101837507, 0.0127398195, 0.00862790365, 0.00427036174, 0.00167722395,
                0.000527028635, 0.000143119716, 3.19432511e-05, 5.68709993e-06,
            ],
            [
                -0.0104591204, -0.0415893234, -0.0487297364, -0.0221130904, 0.00921430811, 0.0221374668,
                0.0166061167, 0.00560932048, -0.00136631948, -0.00310705346, -0.00226790807, -0.00111769722,
                -0.000420057884, -0.000127195293, -3.15472789e-05, -6.46712397e-06,
            ],
        ]);

    /// <summary>Between two centers of <see cref="s_erf8"/>; its absolute error is 2^-26, and 2^-25 at the last.</summary>
    private const double Erf8Step = 0.56;

    private static readonly Table s_erf8 = new(
        Centers:
        [
            0, 0.559947371, 1.11989224, 1.67991233, 2.23952913, 2.7993989,
            3.35929203, 3.92071533,
        ],
        Values:
        [
            0, 0.571572363, 0.886753201, 0.982486904, 0.99846071, 0.999924719,
            0.999997973, 1,
        ],
        Terms:
        [
            [
                0.128379166, -0.17531915, -0.678055584, -0.932883382, -0.992513895, -0.999554276,
                -0.999985814, -0.999999762,
            ],
            [
                0, -0.461777419, -0.36054337, -0.112750083, -0.0167652648, -0.00124771346,
                -4.76196583e-05, -9.33168167e-07,
            ],
            [
                -0.376126111, -0.102512904, 0.161864743, 0.103901349, 0.0225355644, 0.0021799833,
                0.000101914877, 2.35929861e-06,
            ],
            [
                0, 0.182580799, 0.0295772702, -0.0496892594, -0.0196516998, -0.00263483147,
                -0.00015498983, -4.28808607e-06,
            ],
            [
                0.11281018, -0.0101348879, -0.061792139, 0.002212547, 0.0108404839, 0.00229730504,
                0.000177995695, 6.04206798e-06,
            ],
            [
                0, -0.0456313826, 0.0143762045, 0.0120118968, -0.00270993169, -0.00145587488,
                -0.000166066122, -7.41394751e-06,
            ],
            [
                -0.0261580162, 0.00949982461, 0.00979299936, -0.00612780266, -0.000805379183, 0.000598793267,
                0.000112284644, 6.52800281e-06,
            ],
        ]);

    // Ranges of y = 1 + 1.5|x|: each octave of y has four, so the top bits of its exponent and mantissa select one; absolute error 2^-26.
    private static readonly Table s_tanh = new(
        Centers:
        [
            0.830782235, 1.16150427, 1.50262558, 1.83808506, 2.33260846, 2.99173999,
            3.67233634, 4.32154369, 5.34832764, 6.67919302, 7.97854233, 9.31839561,
            0, 0.249353066, 0.417117566, 0.582934558,
        ],
        Values:
        [
            0.680895805, 0.821529508, 0.905621588, 0.950610995, 0.981341302, 0.994972587,
            0.998708785, 0.999647379, 0.99995476, 0.999996841, 0.999999762, 1,
            0, 0.244310439, 0.394499362, 0.524795055,
        ],
        Terms:
        [
            [
                -0.463619083, -0.674910724, -0.820150435, -0.903661251, -0.963030756, -0.989970446,
                -0.997419238, -0.999294877, -0.99990952, -0.999993682, -0.999999523, -0.99999994,
                0, -0.0596875921, -0.155629739, -0.275409847,
            ],
            [
                -0.365219474, -0.267070442, -0.162875623, -0.0915806517, -0.0362794474, -0.00997911952,
                -0.00257743406, -0.000704867824, -9.04785484e-05, -6.31835519e-06, -4.69854513e-07, -3.22279412e-08,
                0, -0.229728132, -0.333103538, -0.380261332,
            ],
            [
                0.0698764622, 0.111044623, 0.0875555426, 0.0549452752, 0.0232795868, 0.00658517191,
                0.00171363796, 0.00046952194, 6.01775537e-05, 4.20271454e-06, 3.12591169e-07, 2.14472937e-08,
                -0.333333015, -0.257312089, -0.150048152, -0.0419716164,
            ],
            [
                0.0741553009, -0.00219768495, -0.0250009317, -0.0217055418, -0.0107526705, -0.00322668627,
                -0.000852328783, -0.000234512816, -3.00683914e-05, -2.10084613e-06, -1.56803409e-07, -1.07070903e-08,
                -6.06007707e-05, 0.139439747, 0.170228079, 0.148779362,
            ],
            [
                -0.0612571985, -0.0281239562, -0.00271243672, 0.00440044748, 0.00360982982, 0.00125228299,
                0.000342504412, 9.4960953e-05, 1.28425709e-05, 8.97508698e-07, 6.66544082e-08, 4.54290427e-09,
                0.135158211, 0.072444506, 0.00183067238, -0.0476670265,
            ],
            [
                0.0090732649, 0.0175741538, 0.00712567288, 0.00103112799, -0.00074994337, -0.000375517237,
                -0.000112321708, -3.07344453e-05, -4.31985154e-06, -3.00846239e-07, -2.11081801e-08, -1.55942859e-09,
                -0.0176645648, -0.0690647364, -0.0646495223, -0.0327980146,
            ],
        ]);

    public static VectorExpr Exp(VectorEmitter m, VectorExpr x)
    {
        var (n, power, low) = Reduce(m, x);
        return m.Scale(power + low, n);
    }

    public static VectorExpr Logistic(VectorEmitter m, VectorExpr x)
    {
        var (n, power, low) = Reduce(m, -x.Abs());
        var high = power + low;
        return ExponentialFunctions.Logistic(m, x, high, power - high + low, v => m.Scale(v, n));
    }

    /// <summary>x = N ln 2 + r, where 16 N is an integer, and e^x = 2^⌊N⌋ · 2^(N - ⌊N⌋) · e^r = 2^⌊N⌋ · (Power + Low).</summary>
    private static (VectorExpr N, VectorExpr Power, VectorExpr Low) Reduce(VectorEmitter m, VectorExpr x)
    {
        // ln 2 / 16 in two parts; the first has 12 bits, so n times it is exact.
        const double High = 0.0433197021484375, Low = 1.9966364561696537e-06;
        var bounded = x.Clamp(-110, 110);
        var shifted = m.Fma(bounded, 16 / Math.Log(2), m.RoundingMagic);
        var n = shifted - m.RoundingMagic;
        var r = m.Fma(n, -Low, m.Fma(n, -High, bounded));
        var expm1 = m.Fma(r * r, m.Polynomial(r, s_expTerms), r);
        var power = m.LookUp(shifted.Bits(), s_powers);
        return (n * (1.0 / 16), power, m.Fma(power, expm1, m.LookUp(shifted.Bits(), s_powersLow)));
    }

    public static VectorExpr Erf(VectorEmitter m, VectorExpr x)
    {
        // Beyond 3.92 the result rounds to 1.
        var magnitude = x.Abs().AtMost(3.92);
        var (table, step) = m.HasTables ? (s_erf, ErfStep) : (s_erf8, Erf8Step);
        return Odd(m, table, magnitude, m.Fma(magnitude, 1 / step, m.RoundingMagic).Bits(), x);
    }

    public static VectorExpr Tanh(VectorEmitter m, VectorExpr x)
    {
        // Beyond 9.9 the result rounds to 1.
        var magnitude = x.Abs().AtMost(9.9);
        return Odd(m, s_tanh, magnitude, m.Fma(magnitude, 1.5, 1.0).Bits() >>> (m.MantissaBits - 2), x);
    }

    private static VectorExpr Odd(VectorEmitter m, Table table, VectorExpr magnitude, BitsExpr range, VectorExpr sign)
    {
        var t = magnitude - m.LookUp(range, table.Centers);
        var sum = m.LookUp(range, table.Terms[^1]);
        for (var i = table.Terms.Length - 2; i >= 0; i--) sum = m.Fma(sum, t, m.LookUp(range, table.Terms[i]));
        return (m.LookUp(range, table.Values) + m.Fma(sum, t, t)).WithSignOf(sign);
    }
}
