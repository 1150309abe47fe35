using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>A function with an op in it, and where its derivatives are tested: elements are drawn from Low to High.</summary>
internal sealed record GradientRow(TensorType[] Operands, Func<Value[], Value> Apply, double Low = -2, double High = 2);

/// <summary>The one table of derivatives: at least a row for each differentiable op, its key the mnemonic, or the mnemonic,
/// a colon and a variant, or between the two also a family of functions that the op is the base of: "window:max_pool:stride".</summary>
internal static partial class GradientTable
{
    /// <summary>Ops without a derivative, and why.</summary>
    public static IReadOnlyDictionary<string, string> NotDifferentiable { get; } = new Dictionary<string, string>
    {
        ["and"] = "bool", ["or"] = "bool", ["not"] = "bool", ["compare"] = "bool", ["constant"] = "no operands", ["iota"] = "no operands",
        ["xor"] = "bits", ["shift_left"] = "integers", ["shift_right_logical"] = "integers", ["shift_right_arithmetic"] = "integers",
        ["philox"] = "bits", ["random_bits"] = "bits", ["first_occurrence"] = "integers", ["clamp_index"] = "integers",
        ["stop_gradient"] = "by its meaning", ["fusion"] = "differentiation comes before fusion",
    };

    /// <summary>All rows.</summary>
    public static IReadOnlyDictionary<string, GradientRow> Rows { get; } = Plain.Concat(Indexed).Concat(Windowed).Concat(Convolved)
        .Concat(Pooled).Concat(Normalized).Concat(Attended).Concat(Cumulated).Concat(Special).Concat(Composed).ToDictionary();

    // Ranges keep away from kinks and poles; composites of two ops show what an op does with a cotangent that varies.
    private static Dictionary<string, GradientRow> Plain => new()
    {
        ["abs"] = Unary(x => x.Abs(), 0.1), ["abs:negative"] = Unary(x => x.Abs() * x, -2, -0.1),
        ["add"] = Binary((x, y) => x + y), ["add:self"] = Unary(x => x + x * 2),
        ["broadcast_in_dim"] = new([F64[2, 1, 3], F64[4, 1]], x => x[0] * x[1]), ["broadcast_in_dim:sum"] = Unary(x => x * x.Sum([0])),
        ["by_mode"] = Binary((x, y) => (x * x).ByMode(y) * y), ["by_mode:nested"] = Unary(x => x.Exp().ByMode(x).ByMode(x * 2) + x),
        ["ceil"] = Unary(x => x.Ceil(), 0.1, 0.9),
        ["clamp"] = Unary(x => x.Clip(-0.73, 0.91)), ["clamp:twice"] = Unary(x => x.Clip(0.6, 1.2) * x, 0.3, 1.4),
        ["concatenate"] = new([F64[2, 1], F64[2, 0], F64[2, 2]], x => x[0].Concat([x[1], x[2]], -1)),
        ["concatenate:stack"] = new([F64[2, 3], F64[2, 3]], x => x[0].Stack([x[1], x[0] * x[1]], -1)),
        ["concatenate:upsampled"] = new([F64[1, 3, 2, 2]], x => x[0].Upsample((2, 3), Interpolation.Linear).Tanh()),
        ["concatenate:self"] = Unary(x => x.Concat([x * x], 1).Exp(), -0.7, 0.7),
        ["convert"] = Unary(x => x.ConvertTo(F64)),
        ["cosine"] = Unary(x => x.Cos()),
        ["custom_gradient"] = Unary(x => Ruled(x.Sin(), x, () => x.Cos())),
        ["custom_gradient:product"] = Unary(x => Ruled(x * x, x, () => x * 2) * x),
        ["divide"] = Binary((x, y) => x / y, 0.5), ["divide:constant"] = Unary(x => 1 / x + x / 3, 0.5),
        ["dot_general"] = new([F64[2, 3, 4], F64[2, 4, 2]], x => x[0].MatMul(x[1])),
        ["dot_general:matrix"] = new([F64[2, 2, 3, 4], F64[4, 2]], x => x[0].MatMul(x[1]).Tanh()),
        ["dot_general:broadcast"] = new([F64[3, 4], F64[2, 4, 2]], x => x[0].MatMul(x[1]).Tanh()),
        ["dot_general:self"] = Unary(x => x.MatMul(x.Transpose()).Tanh()),
        ["erf"] = Unary(x => x.Erf()),
        ["exponential"] = Unary(x => x.Exp()), ["exponential_minus_one"] = Unary(x => x.Expm1()),
        ["floor"] = Unary(x => x.Floor(), 0.1, 0.9),
        ["gather:adaptive_pool"] = new([F64[1, 5, 4, 2]], x => x[0].AdaptiveAveragePool((3, 2)).Tanh()),
        ["gather:adaptive_maximum"] = new([F64[2, 2, 5]], x => x[0].AdaptiveMaxPool(3, Layout.ChannelsFirst).Exp()),
        ["log:sum_of_exponentials"] = new([F64[2, 3, 2]], x => x[0].LogSumExp([0, 2]) + x[0].LogSumExp()),
        ["log"] = Unary(x => x.Log(), 0.5), ["log_plus_one"] = Unary(x => x.Log1p(), -0.5),
        ["log_softmax"] = new([F64[2, 3, 2]], x => x[0].LogSoftmax()),
        ["log_softmax:middle"] = new([F64[2, 3, 2]], x => x[0].LogSoftmax(1)), ["log_softmax:weighted"] = Unary(x => x.LogSoftmax() * x),
        ["logistic"] = Unary(x => x.Sigmoid()), ["logistic_density"] = Unary(x => x.LogisticDensity()),
        ["sech_squared"] = Unary(x => x.SechSquared()),
        ["maximum"] = Binary((x, y) => x.Maximum(y)), ["maximum:constant"] = Unary(x => x.Maximum(x.Constant(1)) * x),
        ["minimum"] = Binary((x, y) => x.Minimum(y)), ["minimum:constant"] = Unary(x => x.Minimum(x.Constant(1)) * x),
        ["multiply"] = Binary((x, y) => x * y), ["multiply:swish"] = Unary(x => x * x.Sigmoid()),
        ["multiply:powers"] = Unary(x => x.Square() + x.Pow(1) * x.Pow(3) - x.Pow(4)),
        ["negate"] = Unary(x => -x), ["negate:product"] = Unary(x => -x * x),
        ["pad"] = Unary(x => x.Pad([1, 0], [0, 2], 5, [2, 1])), ["pad:transposed"] = new([F64[7]], x => x[0].Slice([1], [6], [2])),
        ["power"] = Binary((x, y) => x.Pow(y), 0.3), ["power:one"] = Unary(x => x.Pow(x.Constant(1))),
        ["power:zero"] = Unary(x => x.Pow(x.Constant(0))), ["power:square"] = Unary(x => x.Pow(x.Constant(2))),
        ["power:cube"] = Unary(x => x.Pow(x.Constant(3))), ["power:half"] = Unary(x => x.Pow(0.5), 0.5),
        ["power:inverse"] = Unary(x => x.Pow(-1), 0.5),
        ["power:self"] = Unary(x => x.Pow(x * 2), 0.5, 1.4),
        ["reduce_max"] = new([F64[2, 3, 2]], x => x[0].Max([1])), ["reduce_max:exponential"] = Unary(x => x.Max([1]).Exp()),
        ["reduce_max_index"] = new([F64[2, 3, 2]], x => x[0].MaxWithIndex([0, 2]).Value),
        ["reduce_max_index:exponential"] = Unary(x => x.MaxWithIndex(1, keepAxes: true).Value.Exp() * x),
        ["reduce_min_index"] = new([F64[2, 3, 2]], x => x[0].MinWithIndex([1]).Value),
        ["reduce_min_index:none"] = Unary(x => x.MinWithIndex(Axes.Create([])).Value * x),
        ["reduce_min"] = new([F64[2, 3, 2]], x => x[0].Min([0, 2], keepAxes: true)),
        ["reduce_prod"] = new([F64[2, 3, 2]], x => x[0].Prod([0, 2])),
        ["reduce_sum"] = new([F64[2, 3, 2]], x => x[0].Sum([0, 2])), ["reduce_sum:square"] = Unary(x => x.Sum([1]) * x.Sum([1])),
        ["reduce_sum:variance"] = new([F64[2, 3, 2]], x => x[0].Variance([0, 2], keepAxes: true) + x[0].Variance(1, 1, keepAxes: true)),
        ["reduce_sum:mean"] = Unary(x => x.Mean([0]).Exp()),
        ["reshape"] = Unary(x => x.Reshape([3, -1])), ["reshape:exponential"] = Unary(x => x.Reshape([3, 2]).Exp()),
        ["round_nearest_even"] = Unary(x => x.Round(), 0.6, 0.9),
        ["rsqrt"] = Unary(x => x.Rsqrt(), 0.5),
        ["select"] = Binary((x, y) => x.Less(y).Select(x * x, y)),
        ["select:broadcast"] = new([F64[3], F64[2, 1]], x => x[0].Less(x[0].Constant(0.5)).Select(x[0], x[1])),
        ["select:guard"] = Unary(x => x.Greater(x.Constant(0)).Select(x.Sqrt(), x * x)),
        ["sign"] = Unary(x => x.Sign(), 0.1),
        ["sine"] = Unary(x => x.Sin()),
        ["slice"] = new([F64[5, 4]], x => x[0].Slice([1, 0], [5, 3], [3, 2])),
        ["slice:subscripts"] = new([F64[5, 4]], x => x[0][1..^1, ^1] * x[0][2, 1..]),
        ["softmax"] = new([F64[2, 3, 2]], x => x[0].Softmax()), ["softmax:middle"] = new([F64[2, 3, 2]], x => x[0].Softmax(1)),
        ["softmax:weighted"] = Unary(x => x.Softmax(0) * x), ["softmax:one"] = new([F64[1, 1]], x => x[0].Softmax() + x[0].Max([0])),
        ["softplus"] = Unary(x => x.Softplus()),
        ["sqrt"] = Unary(x => x.Sqrt(), 0.5),
        ["sqrt:deviation"] = new([F64[4, 3]], x => x[0].Std(0)),
        ["subtract"] = Binary((x, y) => x - y), ["subtract:square"] = Unary(x => 3 * x - x * x),
        ["tanh"] = Unary(x => x.Tanh()), ["tanh:scalar"] = new([F64.Scalar], x => x[0].Tanh() * x[0]),
        ["transpose"] = new([F64[2, 3, 2]], x => x[0].Transpose([1, 2, 0])), ["transpose:product"] = Unary(x => x.Transpose().MatMul(x)),
    };

    /// <summary>The mnemonic that a row is for.</summary>
    public static string OpOf(string row) => row.Split(':')[0];

    private static GradientRow Unary(Func<Value, Value> apply, double low = -2, double high = 2) =>
        new([F64[2, 3]], x => apply(x[0]), low, high);

    private static GradientRow Binary(Func<Value, Value, Value> apply, double low = -2, double high = 2) =>
        new([F64[2, 3], F64[2, 3]], x => apply(x[0], x[1]), low, high);

    private static Value Indices(Value x, params double[] rows) => x.Builder.Constant(new Literal(I32[rows.Length], rows));

    // y with the derivative by x that is given, as rules of both modes.
    private static Value Ruled(Value y, Value x, Func<Value> slope)
    {
        var (region, captured) = y.Builder.Region("rule", [("ct", y.Type), ("t", x.Type)], default, v => [v[0] * slope(), v[1] * slope()]);
        return y.Builder.EmitAll(CustomGradient.Instance, [y, x, .. captured], CustomGradient.Attributes(1), body: region)[0];
    }
}
