using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

// Ops and functions whose shapes can be awkward in ways of their own; GradientTests demands a row for each.
internal static partial class GradientTable
{
    /// <summary>For each family, an op or a second part of a key, the variants that it must have.</summary>
    public static IReadOnlyDictionary<string, string[]> DemandedVariants { get; } = new Dictionary<string, string[]>
    {
        ["attention"] = ["empty", "one"], ["gather"] = ["empty", "one"], ["scatter_add"] = ["empty", "one"], ["scatter"] = ["empty", "one"],
        ["scatter_add_along_axis"] = ["empty", "one"], ["gather_along_axis"] = ["empty", "one"],
        ["scatter_along_axis"] = ["empty", "one"],
        ["reverse"] = ["empty", "one"],
        ["cumulative_sum"] = ["empty", "one"], ["cumulative_prod"] = ["empty", "one"], ["cumulative_max"] = ["empty", "one"],
        ["cumulative_min"] = ["empty", "one"], ["linear_recurrence"] = ["empty", "one"], ["sort"] = ["empty", "one"],
        ["window"] = ["empty", "one", "stride", "dilated", "remainder"],
        ["overlap_add"] = ["empty", "one", "stride", "dilated", "remainder"],
        ["reduce_max_index"] = ["empty", "one", "stride", "dilated", "remainder"],
        ["max_pool"] = ["empty", "one", "stride", "dilated", "remainder"],
        ["average_pool"] = ["empty", "one", "stride", "remainder"], ["l2_pool"] = ["empty", "one", "stride", "remainder"],
        ["convolution"] = ["empty", "one", "stride", "dilated", "remainder"],
        ["grouped_convolution"] = ["empty", "one", "stride", "dilated", "remainder"],
        ["depthwise_convolution"] = ["empty", "one", "stride", "dilated", "remainder"],
        ["transposed_convolution"] = ["empty", "one", "stride", "dilated"],
        ["transposed_depthwise_convolution"] = ["empty", "one", "stride", "dilated"],
        ["batch_norm"] = ["empty", "one"], ["layer_norm"] = ["empty", "one"], ["group_norm"] = ["empty", "one", "channels"],
        ["instance_norm"] = ["empty", "one"], ["rms_norm"] = ["empty", "one"],
    };

    /// <summary>The second part of a row's key of three, or its op.</summary>
    public static string FamilyOf(string row) => row.Split(':') is [_, var family, _] ? family : OpOf(row);

    private static Dictionary<string, GradientRow> Indexed => new()
    {
        ["gather"] = new([F64[3, 2]], x => x[0].Take(Indices(x[0], 2, 0, 2, -5, 9))),
        ["gather:exponential"] = Unary(x => x.Take(Indices(x, 1, 0, 1)).Exp()),
        ["gather:empty"] = new([F64[3, 2]], x => x[0].Take(Indices(x[0])).Tanh()),
        ["gather:no_columns"] = new([F64[3, 0]], x => x[0].Take(Indices(x[0], 1, 4))),
        ["gather:one"] = new([F64[1, 1]], x => x[0].Take(Indices(x[0], 0)).Exp()),
        ["scatter_add"] = new([F64[3, 2], F64[4, 2]], x => Scatter(x[0], x[1], 1, 1, -3, 7)),
        ["scatter_add:self"] = Unary(x => Scatter(x, x * x, 1, 1).Exp(), -0.7, 0.7),
        ["scatter_add:empty"] = new([F64[3, 2], F64[0, 2]], x => Scatter(x[0], x[1]).Tanh()),
        ["scatter_add:one"] = new([F64[1], F64[1]], x => Scatter(x[0], x[1], 0).Tanh()),
        ["reverse"] = new([F64[2, 3, 2]], x => x[0].Reverse([0, 2]) * x[0]),
        ["reverse:empty"] = new([F64[2, 0]], x => x[0].Reverse([0, 1]) * x[0]),
        ["reverse:one"] = new([F64[1, 1]], x => x[0].Reverse([0, 1]) * x[0]),
    };

    private static Dictionary<string, GradientRow> Windowed => new()
    {
        ["window"] = new([F64[5, 2]], x => x[0].Window([0], [3], [2]).Tanh()),
        ["window:empty"] = new([F64[0, 3]], x => x[0].Window([1], [2]).Tanh()),
        ["window:one"] = new([F64[1, 1]], x => x[0].Window([0, 1], [1, 1]).Exp()),
        ["window:taps_of_one"] = new([F64[4, 3]], x => x[0].Window([0, 1], [1, 1], [3, 1]).Exp()),
        ["window:stride"] = new([F64[7, 2]], x => x[0].Window([0], [2], [3]).Tanh()),
        ["window:dilated"] = new([F64[6, 2]], x => x[0].Window([0], [3], dilation: [2]).Tanh()),
        ["window:remainder"] = new([F64[2, 7, 4]], x => x[0].Window([1, 2], [2, 2], [4, 1], [1, 2]).Square()),
        ["window:whole"] = new([F64[3, 2]], x => x[0].Window([0, 1], [3, 2]) * x[0].Window([0, 1], [3, 2])),
        ["window:maximum"] = new([F64[2, 4, 5, 2]], x => x[0].Window([1, 2], [2, 2], [2, 2]).Max([3, 4])),
        ["window:maximum_overlapping"] = new([F64[5, 2]], x => x[0].Window([0], [3]).Max([1]).Exp()),
        ["overlap_add"] = new([F64[3, 2, 2]], x => Added(x[0], new([0], [2], [2], [1]), 6, 2).Tanh()),
        ["overlap_add:empty"] = new([F64[2, 2, 0]], x => Added(x[0], new([0], [2], [2], [1]), 4, 0)),
        ["overlap_add:one"] = new([F64[1, 1]], x => Added(x[0], new([0], [1], [1], [1]), 1).Exp()),
        ["overlap_add:stride"] = new([F64[3, 2]], x => Added(x[0], new([0], [2], [3], [1]), 8).Tanh()),
        ["overlap_add:dilated"] = new([F64[2, 2, 2, 3]], x => Added(x[0], new([0, 1], [2, 3], [1, 2], [2, 1]), 4, 5) * 2),
        ["overlap_add:remainder"] = new([F64[3, 2, 2]], x => Added(x[0], new([0], [2], [2], [1]), 7, 2).Tanh()),
        ["reduce_max_index:empty"] = new([F64[0, 3]], x => x[0].MaxWithIndex(1).Value.Exp()),
        ["reduce_max_index:one"] = new([F64[1, 1]], x => x[0].MaxWithIndex(1).Value.Exp()),
        ["reduce_max_index:stride"] = new([F64[7, 2]], x => x[0].Window([0], [2], [3]).MaxWithIndex([1]).Value.Exp()),
        ["reduce_max_index:dilated"] = new([F64[5, 2]], x => x[0].Window([0], [2], dilation: [3]).MaxWithIndex([1]).Value.Exp()),
        ["reduce_max_index:remainder"] = new([F64[2, 5, 4, 2]],
            x => x[0].Window([1, 2], [2, 2], [2, 2]).MaxWithIndex([3, 4]).Value.Tanh()),
    };

    private static Dictionary<string, GradientRow> Convolved => new()
    {
        ["window:convolution:square"] = Convolution([2, 4, 3, 2], [2, 2, 2, 3], (x, k) => x.Convolve(k)),
        ["window:convolution:cube"] = Convolution([1, 3, 2, 3, 2], [2, 2, 2, 2, 2], (x, k) => x.Convolve(k, (2, 1, 1))),
        ["window:convolution:two_axes"] = Convolution([1, 6, 5, 2], [3, 2, 2, 2], (x, k) => x.Convolve(k, (2, 3), dilation: (1, 2))),
        ["window:convolution:channels_first"] = Convolution([2, 2, 4, 3], [2, 3, 2, 3],
            (x, k) => x.Convolve(k, (3, 1), padding: 1, layout: Layout.ChannelsFirst)),
        ["window:convolution:empty"] = Convolution([0, 3, 2], [2, 2, 1], (x, k) => x.Convolve(k)),
        ["window:convolution:no_channels"] = Convolution([1, 3, 0], [2, 0, 2], (x, k) => x.Convolve(k)),
        ["window:convolution:no_filters"] = Convolution([1, 3, 2], [2, 2, 0], (x, k) => x.Convolve(k)),
        ["window:convolution:padding_alone"] = Convolution([1, 0, 2], [2, 2, 1], (x, k) => x.Convolve(k, padding: 1)),
        ["window:convolution:one"] = Convolution([1, 1, 1], [1, 1, 1], (x, k) => x.Convolve(k)),
        ["window:convolution:stride"] = Convolution([1, 7, 2], [2, 2, 1], (x, k) => x.Convolve(k, 3)),
        ["window:convolution:dilated"] = Convolution([1, 6, 1], [3, 1, 2], (x, k) => x.Convolve(k, padding: [(0, 1)], dilation: 2)),
        ["window:convolution:remainder"] = Convolution([2, 6, 1], [3, 1, 2], (x, k) => x.Convolve(k, 2)),

        ["window:grouped_convolution:same"] = Convolution([1, 3, 3, 4], [2, 2, 2, 4],
            (x, k) => x.Convolve(k, (2, 1), Padding.Same, groups: 2)),
        ["window:grouped_convolution:channels_first"] = Convolution([2, 4, 3, 3], [2, 2, 2, 2],
            (x, k) => x.Convolve(k, groups: 2, layout: Layout.ChannelsFirst)),
        ["window:grouped_convolution:empty"] = Convolution([0, 3, 4], [2, 2, 2], (x, k) => x.Convolve(k, groups: 2)),
        ["window:grouped_convolution:one"] = Convolution([1, 1, 4], [1, 2, 2], (x, k) => x.Convolve(k, groups: 2)),
        ["window:grouped_convolution:stride"] = Convolution([1, 5, 4], [2, 2, 2], (x, k) => x.Convolve(k, 3, groups: 2)),
        ["window:grouped_convolution:dilated"] = Convolution([1, 4, 4], [2, 2, 2], (x, k) => x.Convolve(k, dilation: 2, groups: 2)),
        ["window:grouped_convolution:remainder"] = Convolution([1, 4, 4], [3, 2, 2], (x, k) => x.Convolve(k, 2, groups: 2)),

        ["window:depthwise_convolution:square"] = Convolution([1, 4, 3, 3], [3, 2, 1, 3],
            (x, k) => x.Convolve(k, padding: [(1, 0), (0, 2)], dilation: (2, 1), groups: 3)),
        ["window:depthwise_convolution:multiplied"] = Convolution([2, 4, 2], [3, 1, 4], (x, k) => x.Convolve(k, 2, 1, groups: 2)),
        ["window:depthwise_convolution:channels_first"] = Convolution([1, 2, 5, 3], [3, 2, 1, 4],
            (x, k) => x.Convolve(k, 2, 1, groups: 2, layout: Layout.ChannelsFirst)),
        ["window:depthwise_convolution:empty"] = Convolution([0, 3, 2], [2, 1, 2], (x, k) => x.Convolve(k, groups: 2)),
        ["window:depthwise_convolution:one"] = Convolution([1, 1, 2], [1, 1, 2], (x, k) => x.Convolve(k, groups: 2)),
        ["window:depthwise_convolution:stride"] = Convolution([1, 5, 2], [2, 1, 2], (x, k) => x.Convolve(k, 3, groups: 2)),
        ["window:depthwise_convolution:dilated"] = Convolution([1, 5, 2], [2, 1, 2], (x, k) => x.Convolve(k, dilation: 3, groups: 2)),
        ["window:depthwise_convolution:remainder"] = Convolution([1, 6, 2], [3, 1, 2], (x, k) => x.Convolve(k, 2, groups: 2)),

        ["window:transposed_convolution:square"] = Convolution([1, 2, 3, 2], [3, 2, 2, 2],
            (x, k) => x.ConvolveTranspose(k, (2, 3), padding: 1, outputPadding: (1, 0), dilation: (1, 2))),
        ["window:transposed_convolution:groups"] = Convolution([1, 1, 2, 2], [2, 2, 1, 2],
            (x, k) => x.ConvolveTranspose(k, 3, Padding.Same, groups: 2)),
        ["window:transposed_convolution:empty"] = Convolution([0, 2, 2], [2, 2, 1], (x, k) => x.ConvolveTranspose(k)),
        ["window:transposed_convolution:one"] = Convolution([1, 1, 1], [1, 1, 1], (x, k) => x.ConvolveTranspose(k)),
        ["window:transposed_convolution:stride"] = Convolution([1, 3, 2], [2, 2, 1], (x, k) => x.ConvolveTranspose(k, 3)),
        ["window:transposed_convolution:dilated"] = Convolution([1, 3, 2], [2, 2, 1], (x, k) => x.ConvolveTranspose(k, dilation: 2)),
        ["window:transposed_depthwise_convolution:empty"] = Convolution([0, 2, 2], [2, 1, 2], (x, k) => x.ConvolveTranspose(k, groups: 2)),
        ["window:transposed_depthwise_convolution:one"] = Convolution([1, 1, 2], [1, 1, 2], (x, k) => x.ConvolveTranspose(k, groups: 2)),
        ["window:transposed_depthwise_convolution:stride"] = Convolution([1, 2, 2], [2, 1, 2],
            (x, k) => x.ConvolveTranspose(k, 3, outputPadding: 1, groups: 2)),
        ["window:transposed_depthwise_convolution:dilated"] = Convolution([1, 2, 2], [2, 1, 2],
            (x, k) => x.ConvolveTranspose(k, dilation: 3, groups: 2)),
    };

    private static Dictionary<string, GradientRow> Pooled => new()
    {
        ["window:max_pool:ceiling"] = Pool([2, 5, 4, 2], x => x.MaxPool((3, 2), 2, padding: 1, ceiling: true)),
        ["window:max_pool:empty"] = Pool([0, 3, 2], x => x.MaxPool(2)),
        ["window:max_pool:one"] = Pool([1, 1, 1], x => x.MaxPool(1)),
        ["window:max_pool:stride"] = Pool([1, 7, 1], x => x.MaxPool(2, 3)),
        ["window:max_pool:dilated"] = Pool([1, 5, 2], x => x.MaxPool(2, 1, dilation: 3)),
        ["window:max_pool:remainder"] = Pool([1, 6, 2], x => x.MaxPool(3, 2)),
        ["window:average_pool:ceiling"] = Pool([1, 5, 4, 2], x => x.AveragePool(3, 2, padding: 1, ceiling: true)),
        ["window:average_pool:counted"] = Pool([1, 2, 5],
            x => x.AveragePool(2, 3, padding: 1, countPadding: true, layout: Layout.ChannelsFirst)),
        ["window:average_pool:empty"] = Pool([0, 3, 2], x => x.AveragePool(2)),
        ["window:average_pool:one"] = Pool([1, 1, 1], x => x.AveragePool(1)),
        ["window:average_pool:stride"] = Pool([1, 7, 1], x => x.AveragePool(2, 3)),
        ["window:average_pool:remainder"] = Pool([1, 6, 2], x => x.AveragePool(3, 2)),
        ["window:l2_pool:overlapping"] = Pool([1, 5, 2], x => x.L2Pool(3, 2)),
        ["window:l2_pool:empty"] = Pool([0, 3, 2], x => x.L2Pool(2)),
        ["window:l2_pool:one"] = Pool([1, 1, 1], x => x.L2Pool(1)),
        ["window:l2_pool:stride"] = Pool([1, 7, 1], x => x.L2Pool(2, 3)),
        ["window:l2_pool:remainder"] = Pool([1, 6, 2], x => x.L2Pool(3, 2)),
    };

    private static Dictionary<string, GradientRow> Attended => new()
    {
        ["attention"] = Attention([2, 3, 2, 2], [2, 4, 2, 2], x => x[0].Attention(x[1], x[2])),
        ["attention:causal"] = Attention([1, 3, 2, 2], [1, 3, 2, 2], x => x[0].Attention(x[1], x[2], causal: true, scale: 1.5)),
        ["attention:causal_few_keys"] = Attention([1, 3, 1, 2], [1, 2, 1, 2], x => x[0].Attention(x[1], x[2], causal: true)),
        ["attention:grouped"] = Attention([1, 2, 4, 2], [1, 3, 2, 2], x => x[0].Attention(x[1], x[2])),
        ["attention:self"] = new([F64[1, 3, 1, 2]], x => x[0].Attention(x[0], x[0] * 2, causal: true)),
        ["attention:added"] = Attention([2, 2, 2, 1], [2, 3, 2, 1], x => x[0].Attention(x[1], x[2], mask: x[3]), F64[2, 2, 2, 3]),
        ["attention:added_to_all"] = Attention([2, 2, 4, 1], [2, 3, 2, 1], x => x[0].Attention(x[1], x[2], mask: x[3]), F64[1, 4, 1, 3]),
        ["attention:hidden"] = Attention([1, 3, 2, 2], [1, 2, 1, 2], x => x[0].Attention(x[1], x[2], mask: x[0].Builder.Constant(
            new Literal(Bool[1, 1, 3, 2], 1, 0, 0, 0, 1, 1)))),
        ["attention:logsumexp"] = Attention([1, 2, 2, 2], [1, 3, 1, 2], LogSumExpTimesOutput),
        ["attention:dropped"] = Attention([1, 3, 2, 2], [1, 4, 1, 2], x => Dropped(x, IR.Ops.Attention.Instance)[0]),
        ["attention:dropped_logsumexp"] = Attention([2, 2, 2, 1], [2, 3, 1, 1], x =>
        {
            var results = Dropped(x, IR.Ops.Attention.Instance);
            return results[0] * results[1].ExpandDims(-1);
        }, F64[2, 1, 2, 3]),
        ["attention_gradient:dropped"] = Attention([1, 2, 2, 2], [1, 3, 2, 2], x =>
        {
            var results = Dropped(x, AttentionGradient.Instance);
            return results[0] + (results[1] * results[2]).Sum();
        }, F64[1, 2, 2], F64[1, 2, 2], F64[1, 2, 2, 2]),
        ["attention:empty"] = Attention([1, 0, 2, 2], [1, 3, 2, 2], x => x[0].Attention(x[1], x[2])),
        ["attention:one"] = Attention([1, 1, 1, 3], [1, 1, 1, 3], x => x[0].Attention(x[1], x[2])),
        ["attention_gradient"] = Attention([1, 2, 2, 2], [1, 2, 2, 2], AllGradients, F64[1, 2, 2], F64[1, 2, 2], F64[1, 2, 2, 2]),
        ["attention_gradient:added"] = Attention([1, 2, 2, 1], [1, 2, 2, 1], AllGradients, F64[1, 2, 2], F64[1, 2, 2], F64[1, 2, 2, 1],
            F64[1, 2, 1, 2]),
    };

    private static Dictionary<string, GradientRow> Normalized => new()
    {
        ["custom_gradient:standardize"] = new([F64[2, 3, 4]], x => x[0].Standardize([0, 2], 0.1).Sin()),
        ["custom_gradient:rms"] = new([F64[2, 3, 4]], x => x[0].RmsNormalize([1, 2], 0.1).Sin() * x[0]),
        ["custom_gradient:batch_norm:square"] = Norm([2, 2, 2, 2], 2, x => x.Standardize([0, 1, 2], 0.1)),
        ["custom_gradient:batch_norm:empty"] = Norm([0, 2], 2, x => x.Standardize(0, 0.1)),
        ["custom_gradient:batch_norm:one"] = Norm([1, 1], 1, x => x.Standardize(0, 0.1)),
        ["custom_gradient:layer_norm:vectors"] = Norm([3, 4], 4, x => x.Standardize(-1, 0.1)),
        ["custom_gradient:layer_norm:empty"] = Norm([0, 4], 4, x => x.Standardize(-1, 0.1)),
        ["custom_gradient:layer_norm:one"] = Norm([1, 1], 1, x => x.Standardize(-1, 0.1)),
        ["custom_gradient:group_norm:positions"] = Norm([1, 2, 4], 4, x => Grouped(x, 2)),
        ["custom_gradient:group_norm:channels"] = Norm([2, 3, 2], 2, x => Grouped(x, 2)),
        ["custom_gradient:group_norm:empty"] = Norm([0, 2, 4], 4, x => Grouped(x, 2)),
        ["custom_gradient:group_norm:one"] = Norm([1, 1, 1], 1, x => Grouped(x, 1)),
        ["custom_gradient:instance_norm:square"] = Norm([2, 2, 2, 2], 2, x => x.Standardize([1, 2], 0.1)),
        ["custom_gradient:instance_norm:empty"] = Norm([1, 3, 0], 0, x => x.Standardize(1, 0.1)),
        ["custom_gradient:instance_norm:one"] = Norm([1, 1, 1], 1, x => x.Standardize(1, 0.1)),
        ["custom_gradient:rms_norm:vectors"] = Norm([3, 4], 4, x => x.RmsNormalize(-1, 0.1)),
        ["custom_gradient:rms_norm:empty"] = Norm([0, 4], 4, x => x.RmsNormalize(-1, 0.1)),
        ["custom_gradient:rms_norm:one"] = Norm([1, 1], 1, x => x.RmsNormalize(-1, 0.1)),
    };

    private static GradientRow Attention(int[] q, int[] k, Func<Value[], Value> apply, params TensorType[] more) =>
        new([F64[q], F64[k], F64[k], .. more], apply, -0.9, 0.9);

    // The step follows what every such op has.
    private static ImmutableArray<Value> Dropped(Value[] x, Op op)
    {
        var always = op is AttentionGradient ? 6 : 3;
        var step = x[0].Builder.Constant(new Literal(I64.Scalar, 5));
        return x[0].Builder.EmitAll(op, [.. x[..always], step, .. x[always..]],
            IR.Ops.Attention.Attributes(0.7, isCausal: false, dropout: 0.4, seed: 7, stream: 1));
    }

    private static Value LogSumExpTimesOutput(Value[] x)
    {
        var results = x[0].Builder.EmitAll(IR.Ops.Attention.Instance, x, IR.Ops.Attention.Attributes(0.7, isCausal: true));
        return results[0] * results[1].ExpandDims(-1);
    }

    private static Value AllGradients(Value[] x)
    {
        var results = x[0].Builder.EmitAll(AttentionGradient.Instance, x, IR.Ops.Attention.Attributes(0.7, isCausal: true));
        return results[0] * results[1] + results[2];
    }

    private static GradientRow Convolution(int[] x, int[] kernel, Func<Value, Value, Value> apply) =>
        new([F64[x], F64[kernel]], v => apply(v[0], v[1]).Tanh(), -0.9, 0.9);

    private static GradientRow Pool(int[] x, Func<Value, Value> apply) => new([F64[x]], v => apply(v[0]).Sin());

    // With a scale and a bias for each channel, as the layers have them.
    private static GradientRow Norm(int[] x, int channels, Func<Value, Value> normalize) =>
        new([F64[x], F64[channels], F64[channels]], v => (normalize(v[0]) * v[1] + v[2]).Sin());

    private static Value Grouped(Value x, int groups) => x.Reshape([.. x.Shape.SkipLast(1), groups, x.Shape[^1] / groups])
        .Standardize([.. Enumerable.Range(1, x.Rank).Where(a => a != x.Rank - 1)], 0.1).Reshape([.. x.Shape]);

    private static Value Added(Value x, Window.Geometry windows, params int[] shape) =>
        x.Emit(OverlapAdd.Instance, default, OverlapAdd.Attributes(windows, new Shape(shape)));

    private static Value Scatter(Value x, Value updates, params double[] rows) =>
        x.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, Indices(x, rows), updates);
}
