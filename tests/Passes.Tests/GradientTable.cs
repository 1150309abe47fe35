using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>A function with an op in it, and where its derivatives are tested: elements are drawn from Low to High.</summary>
internal sealed record GradientRow(TensorType[] Operands, Func<Value[], Value> Apply, double Low = -2, double High = 2);

/// <summary>The one table of derivatives: at least a row for each differentiable op, its key the mnemonic, or the mnemonic,
/// a colon and a variant.</summary>
internal static class GradientTable
{
    /// <summary>Ops without a derivative, and why.</summary>
    public static IReadOnlyDictionary<string, string> NotDifferentiable { get; } = new Dictionary<string, string>
    {
        ["and"] = "bool", ["or"] = "bool", ["not"] = "bool", ["compare"] = "bool", ["constant"] = "no operands", ["iota"] = "no operands",
        ["xor"] = "bits", ["shift_left"] = "integers", ["shift_right_logical"] = "integers", ["shift_right_arithmetic"] = "integers",
        ["philox"] = "bits", ["random_bits"] = "bits",
        ["stop_gradient"] = "by its meaning", ["fusion"] = "differentiation comes before fusion",
    };

    // Ranges keep away from kinks and poles; composites of two ops show what an op does with a cotangent that varies.
    public static IReadOnlyDictionary<string, GradientRow> Rows { get; } = new Dictionary<string, GradientRow>
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
        ["custom_gradient:standardize"] = new([F64[2, 3, 4]], x => x[0].Standardize([0, 2], 0.1).Sin()),
        ["custom_gradient:rms"] = new([F64[2, 3, 4]], x => x[0].RmsNormalize([1, 2], 0.1).Sin() * x[0]),
        ["divide"] = Binary((x, y) => x / y, 0.5), ["divide:constant"] = Unary(x => 1 / x + x / 3, 0.5),
        ["dot_general"] = new([F64[2, 3, 4], F64[2, 4, 2]], x => x[0].MatMul(x[1])),
        ["dot_general:matrix"] = new([F64[2, 2, 3, 4], F64[4, 2]], x => x[0].MatMul(x[1]).Tanh()),
        ["dot_general:broadcast"] = new([F64[3, 4], F64[2, 4, 2]], x => x[0].MatMul(x[1]).Tanh()),
        ["dot_general:self"] = Unary(x => x.MatMul(x.Transpose()).Tanh()),
        ["erf"] = Unary(x => x.Erf()),
        ["exponential"] = Unary(x => x.Exp()), ["exponential_minus_one"] = Unary(x => x.Expm1()),
        ["floor"] = Unary(x => x.Floor(), 0.1, 0.9),
        ["gather"] = new([F64[3, 2]], x => x[0].Take(Indices(x[0], 2, 0, 2, -5, 9))),
        ["gather:adaptive_pool"] = new([F64[1, 5, 4, 2]], x => x[0].AdaptiveAveragePool((3, 2)).Tanh()),
        ["gather:adaptive_maximum"] = new([F64[2, 2, 5]], x => x[0].AdaptiveMaxPool(3, Layout.ChannelsFirst).Exp()),
        ["gather:exponential"] = Unary(x => x.Take(Indices(x, 1, 0, 1)).Exp()),
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
        ["overlap_add"] = new([F64[3, 2, 2]], x => Added(x[0], new([0], [2], [2], [1]), [7, 2]).Tanh()),
        ["overlap_add:dilated"] = new([F64[2, 2, 2, 3]], x => Added(x[0], new([0, 1], [2, 3], [1, 2], [2, 1]), [4, 5]) * 2),
        ["pad"] = Unary(x => x.Pad([1, 0], [0, 2], 5, [2, 1])), ["pad:transposed"] = new([F64[7]], x => x[0].Slice([1], [6], [2])),
        ["power"] = Binary((x, y) => x.Pow(y), 0.3), ["power:one"] = Unary(x => x.Pow(x.Constant(1))),
        ["power:zero"] = Unary(x => x.Pow(x.Constant(0))), ["power:square"] = Unary(x => x.Pow(x.Constant(2))),
        ["power:cube"] = Unary(x => x.Pow(x.Constant(3))), ["power:half"] = Unary(x => x.Pow(0.5), 0.5),
        ["power:inverse"] = Unary(x => x.Pow(-1), 0.5),
        ["power:self"] = Unary(x => x.Pow(x * 2), 0.5, 1.4),
        ["reduce_max"] = new([F64[2, 3, 2]], x => x[0].Max([1])), ["reduce_max:exponential"] = Unary(x => x.Max([1]).Exp()),
        ["reduce_max_index"] = new([F64[2, 3, 2]], x => x[0].MaxWithIndex([0, 2]).Value),
        ["reduce_max_index:exponential"] = Unary(x => x.MaxWithIndex(1, keepAxes: true).Value.Exp() * x),
        ["reduce_max_index:pooling"] = new([F64[2, 5, 4, 2]], x => x[0].Window([1, 2], [2, 2], [2, 2]).MaxWithIndex([3, 4]).Value.Tanh()),
        ["reduce_min_index"] = new([F64[2, 3, 2]], x => x[0].MinWithIndex([1]).Value),
        ["reduce_min_index:none"] = Unary(x => x.MinWithIndex(Axes.Create([])).Value * x),
        ["reduce_min"] = new([F64[2, 3, 2]], x => x[0].Min([0, 2], keepAxes: true)),
        ["reduce_prod"] = new([F64[2, 3, 2]], x => x[0].Prod([0, 2])),
        ["reduce_sum"] = new([F64[2, 3, 2]], x => x[0].Sum([0, 2])), ["reduce_sum:square"] = Unary(x => x.Sum([1]) * x.Sum([1])),
        ["reduce_sum:variance"] = new([F64[2, 3, 2]], x => x[0].Variance([0, 2], keepAxes: true) + x[0].Variance(1, 1, keepAxes: true)),
        ["reduce_sum:mean"] = Unary(x => x.Mean([0]).Exp()),
        ["reshape"] = Unary(x => x.Reshape([3, -1])), ["reshape:exponential"] = Unary(x => x.Reshape([3, 2]).Exp()),
        ["reverse"] = new([F64[2, 3, 2]], x => x[0].Reverse([0, 2]) * x[0]),
        ["round_nearest_even"] = Unary(x => x.Round(), 0.6, 0.9),
        ["rsqrt"] = Unary(x => x.Rsqrt(), 0.5),
        ["scatter_add"] = new([F64[3, 2], F64[4, 2]], x => Scatter(x[0], x[1], 1, 1, -3, 7)),
        ["scatter_add:self"] = Unary(x => Scatter(x, x * x, 1, 1).Exp(), -0.7, 0.7),
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
        ["window"] = new([F64[5, 2]], x => x[0].Window([0], [3], [2]).Tanh()),
        ["window:remainder"] = new([F64[2, 7, 4]], x => x[0].Window([1, 2], [2, 2], [4, 1], [1, 2]).Square()),
        ["window:one"] = new([F64[4, 3]], x => x[0].Window([0, 1], [1, 1], [3, 1]).Exp()),
        ["window:whole"] = new([F64[3, 2]], x => x[0].Window([0, 1], [3, 2]) * x[0].Window([0, 1], [3, 2])),
        ["window:convolution"] = new([F64[2, 4, 3, 2], F64[2, 2, 2, 3]], x => Convolved(x[0], x[1], [1, 1], [1, 1]).Tanh()),
        ["window:convolution_strided"] = new([F64[1, 6, 5, 2], F64[3, 2, 2, 2]], x => Convolved(x[0], x[1], [2, 3], [1, 2]).Square()),
        ["window:convolution_groups"] = new([F64[1, 3, 3, 4], F64[2, 2, 2, 4]],
            x => x[0].Convolve(x[1], (2, 1), Padding.Same, groups: 2).Tanh()),
        ["window:convolution_depthwise"] = new([F64[1, 4, 3, 3], F64[3, 2, 1, 3]],
            x => x[0].Convolve(x[1], padding: [(1, 0), (0, 2)], dilation: (2, 1), groups: 3).Square()),
        ["window:convolution_depthwise_multiplied"] = new([F64[2, 4, 2], F64[3, 1, 4]], x => x[0].Convolve(x[1], 2, 1, groups: 2).Tanh()),
        ["window:convolution_channels_first"] = new([F64[2, 2, 4, 3], F64[2, 3, 2, 3]],
            x => x[0].Convolve(x[1], (3, 1), padding: 1, layout: Layout.ChannelsFirst).Tanh()),
        ["window:convolution_channels_first_groups"] = new([F64[2, 4, 3, 3], F64[2, 2, 2, 2]],
            x => x[0].Convolve(x[1], groups: 2, layout: Layout.ChannelsFirst).Square()),
        ["window:convolution_channels_first_depthwise"] = new([F64[1, 2, 5, 3], F64[3, 2, 1, 4]],
            x => x[0].Convolve(x[1], 2, 1, groups: 2, layout: Layout.ChannelsFirst).Tanh()),
        ["window:convolution_transposed"] = new([F64[1, 2, 3, 2], F64[3, 2, 2, 2]],
            x => x[0].ConvolveTranspose(x[1], (2, 3), padding: 1, outputPadding: (1, 0), dilation: (1, 2)).Tanh()),
        ["window:convolution_transposed_groups"] = new([F64[1, 1, 2, 2], F64[2, 2, 1, 2]],
            x => x[0].ConvolveTranspose(x[1], 3, Padding.Same, groups: 2).Square()),
        ["window:convolution_cube"] = new([F64[1, 3, 2, 3, 2], F64[2, 2, 2, 2, 2]], x => x[0].Convolve(x[1], (2, 1, 1)).Tanh()),
        ["window:max_pool"] = new([F64[2, 5, 4, 2]], x => x[0].MaxPool((3, 2), 2, padding: 1, ceiling: true)),
        ["window:average_pool"] = new([F64[1, 5, 4, 2]], x => x[0].AveragePool(3, 2, padding: 1, ceiling: true).Tanh()),
        ["window:average_pool_counted"] = new([F64[1, 2, 5]],
            x => x[0].AveragePool(2, 3, padding: 1, countPadding: true, layout: Layout.ChannelsFirst).Exp()),
        ["window:l2_pool"] = new([F64[1, 5, 2]], x => x[0].L2Pool(3, 2)),
        ["window:maximum"] = new([F64[2, 4, 5, 2]], x => x[0].Window([1, 2], [2, 2], [2, 2]).Max([3, 4])),
        ["window:maximum_overlapping"] = new([F64[5, 2]], x => x[0].Window([0], [3]).Max([1]).Exp()),
    };

    private static Value Added(Value x, Window.Geometry windows, int[] shape) =>
        x.Emit(OverlapAdd.Instance, default, OverlapAdd.Attributes(windows, new Shape(shape)));

    // Of x[n, h, w, c] with kernel[kh, kw, c, f].
    private static Value Convolved(Value x, Value kernel, int[] stride, int[] dilation) =>
        x.Window([1, 2], [kernel.Shape[0], kernel.Shape[1]], stride, dilation)
            .Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, kernel);

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

    private static Value Scatter(Value x, Value updates, params double[] rows) =>
        x.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, Indices(x, rows), updates);
}
