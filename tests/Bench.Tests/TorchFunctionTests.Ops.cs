using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Tests;

/// <content>Ops with a counterpart of their own: functions, reductions, movements, comparisons and integers.</content>
public sealed partial class TorchFunctionTests
{
    private static Dictionary<string, Row> Functions => new()
    {
        ["abs"] = new(x => x[0].Abs(), x => x[0].abs(), s_vector),
        ["negate"] = new(x => -x[0], x => -x[0], s_vector),
        ["add"] = new(x => x[0] + x[1], x => x[0] + x[1], s_pair), ["subtract"] = new(x => x[0] - x[1], x => x[0] - x[1], s_pair),
        ["multiply"] = new(x => x[0] * x[1], x => x[0] * x[1], s_pair),
        ["divide"] = new(x => x[0] / x[1], x => x[0] / x[1], s_pair, "positive"),
        ["maximum"] = new(x => x[0].Maximum(x[1]), x => x[0].maximum(x[1]), s_pair),
        ["minimum"] = new(x => x[0].Minimum(x[1]), x => x[0].minimum(x[1]), s_pair),
        ["clamp"] = new(x => x[0].Clip(-1, 1.5), x => x[0].clamp(-1, 1.5), s_vector),
        ["select"] = new(x => (x[0] > x[1]).Select(x[0], x[1] * x[1]), x => torch.where(x[0] > x[1], x[0], x[1] * x[1]), s_pair),
        ["exp"] = new(x => x[0].Exp(), x => x[0].exp(), s_vector), ["expm1"] = new(x => x[0].Expm1(), x => x[0].expm1(), s_vector),
        ["log"] = new(x => x[0].Log(), x => x[0].log(), s_vector, "positive"),
        ["log1p"] = new(x => x[0].Log1p(), x => x[0].log1p(), s_vector, "positive"),
        ["sin"] = new(x => x[0].Sin(), x => x[0].sin(), s_vector), ["cos"] = new(x => x[0].Cos(), x => x[0].cos(), s_vector),
        ["sinh"] = new(x => x[0].Sinh(), x => x[0].sinh(), s_vector), ["cosh"] = new(x => x[0].Cosh(), x => x[0].cosh(), s_vector),
        ["tanh"] = new(x => x[0].Tanh(), x => x[0].tanh(), s_vector),
        ["asinh"] = new(x => x[0].Asinh(), x => x[0].asinh(), s_vector),
        ["acosh"] = new(x => (x[0] + 1).Acosh(), x => (x[0] + 1).acosh(), s_vector, "positive"),
        ["atanh"] = new(x => (x[0] * 0.15).Atanh(), x => (x[0] * 0.15).atanh(), s_vector),
        ["erf"] = new(x => x[0].Erf(), x => x[0].erf(), s_vector),
        ["sigmoid"] = new(x => x[0].Sigmoid(), x => x[0].sigmoid(), s_vector),
        ["relu"] = new(x => x[0].Relu(), x => x[0].relu(), s_vector),
        ["gelu_tanh"] = new(x => x[0].GeluTanh(),
            x => x[0] * 0.5 * ((x[0] + 0.044715 * x[0].pow(3)) * Math.Sqrt(2 / Math.PI)).tanh().add(1), s_vector),
        // Its binding of hardtanh bounds nothing.
        ["hard_tanh"] = new(x => x[0].HardTanh(), x => where(x[0].abs() < 1, x[0], x[0].detach().sign()), s_vector),
        ["softplus"] = new(x => x[0].Softplus(), x => F.softplus(x[0], 1, 100), s_vector),
        ["softmax"] = new(x => x[0].Softmax(), x => F.softmax(x[0], -1), s_matrix),
        ["log_softmax"] = new(x => x[0].LogSoftmax(0), x => F.log_softmax(x[0], 0), s_matrix),
        ["sqrt"] = new(x => x[0].Sqrt(), x => x[0].sqrt(), s_vector, "positive"),
        ["rsqrt"] = new(x => x[0].Rsqrt(), x => x[0].rsqrt(), s_vector, "positive"),
        ["square"] = new(x => x[0].Square(), x => x[0].square(), s_vector),
        ["power"] = new(x => x[0].Pow(x[1]), x => x[0].pow(x[1]), s_pair, "positive"),
        ["power_3"] = new(x => x[0].Pow(3), x => x[0].pow(3), s_vector),
        ["lerp"] = new(x => x[0].Lerp(x[1], x[2]), x => x[0].lerp(x[1], x[2]), s_triple),
        ["lerp_number"] = new(x => x[0].Lerp(x[1], 0.3), x => torch.lerp(x[0], x[1], torch.tensor(0.3).to_type(x[0].dtype)), s_pair),
        ["attention"] = new(x => x[0].Attention(x[1], x[2], causal: true), x => F.scaled_dot_product_attention(x[0].transpose(1, 2),
            x[1].transpose(1, 2), x[2].transpose(1, 2), is_casual: true).transpose(1, 2), [[2, 3, 2, 4], [2, 3, 2, 4], [2, 3, 2, 4]]),
        ["matmul"] = new(x => x[0].MatMul(x[1]), x => x[0].matmul(x[1]), [[2, 3, 4], [2, 4, 2]]),
        ["einsum_rows"] = new(x => x[0].Einsum("ij,ij->i", x[1]), x => torch.einsum("ij,ij->i", x[0], x[1]), [[4, 6], [4, 6]]),
        ["einsum_transposed"] = new(x => x[0].Einsum("ijk,kij->ji", x[1]), x => torch.einsum("ijk,kij->ji", x[0], x[1]),
            [[2, 3, 4], [4, 2, 3]]),
        ["standardize"] = new(x => x[0].Standardize(1), x => F.layer_norm(x[0], [6], eps: 1e-5), s_matrix),
        ["squared_mean"] = new(x => x[0].MeanSquaredError(x[1]), x => F.mse_loss(x[0], x[1]), s_pair),
        ["softmax_cross_entropy"] = new(x => x[0].SoftmaxCrossEntropy(Labels(x[0])),
            x => F.cross_entropy(x[0], Labels(), null, -100, nn.Reduction.None), s_logits),
        ["mean_softmax_cross_entropy"] = new(x => x[0].MeanSoftmaxCrossEntropy(Labels(x[0])), x => F.cross_entropy(x[0], Labels()),
            s_logits),
    };

    private static Dictionary<string, Row> Reductions => new()
    {
        ["sum"] = new(x => x[0].Sum(0, 2), x => x[0].sum([0L, 2]), s_cube), ["mean"] = new(x => x[0].Mean(1), x => x[0].mean([1L]), s_cube),
        ["prod"] = new(x => x[0].Prod(1), x => x[0].prod(1), s_matrix),
        ["amax"] = new(x => x[0].Max(1), x => x[0].amax([1L]), s_matrix), ["amin"] = new(x => x[0].Min(0), x => x[0].amin([0L]), s_matrix),
        ["max_with_index"] = new(x => x[0].MaxWithIndex(1).Value, x => x[0].max(1).values, s_matrix),
        ["min_with_index"] = new(x => x[0].MinWithIndex(1).Value, x => x[0].min(1).values, s_matrix),
        ["variance"] = new(x => x[0].Variance(1, correction: 1), x => x[0].var(1, true), s_matrix),
        ["standard_deviation"] = new(x => x[0].Std(1), x => x[0].std(1, false), s_matrix),
        ["log_sum_exp"] = new(x => x[0].LogSumExp(1), x => x[0].logsumexp(1), s_matrix),
        ["largest_index"] = Flat(x => x[0].ArgMax(1), x => x[0].argmax(1), s_matrix),
        ["smallest_index"] = Flat(x => x[0].ArgMin(0), x => x[0].argmin(0), s_matrix),
        ["any"] = Flat(x => (x[0] > 2).Any(1), x => (x[0] > 2).any(1), s_matrix),
        ["all"] = Flat(x => (x[0] > -2).All(1), x => (x[0] > -2).all(1), s_matrix),
        ["cumulative_sum_reverse"] = new(x => x[0].CumSum(1, reverse: true), x => x[0].flip(1).cumsum(1).flip(1), s_matrix),
        ["cumulative_prod_exclusive"] = new(x => x[0].CumProd(1, exclusive: true),
            x => torch.cat([torch.ones_like(x[0][.., ..1]), x[0][.., ..^1]], 1).cumprod(1), s_matrix),
    };

    private static Dictionary<string, Row> Movements => new()
    {
        ["transpose"] = new(x => x[0].Transpose([2, 0, 1]), x => x[0].permute(2, 0, 1), s_cube),
        ["reshape"] = new(x => x[0].Reshape([6, -1]), x => x[0].reshape(6, -1), s_cube),
        ["expand_dims"] = new(x => x[0].ExpandDims(1).Squeeze([1]), x => x[0].unsqueeze(1).squeeze(1), s_cube),
        ["flatten"] = new(x => x[0].Flatten(), x => x[0].flatten(1), s_cube),
        ["slice"] = new(x => x[0].Slice([1, 0], [4, 5], [2, 3]), x => x[0][1.., ..5].index(TensorIndex.Slice(step: 2),
            TensorIndex.Slice(step: 3)), s_matrix),
        ["concatenate"] = new(x => x[0].Concat(x[1], 1), x => torch.cat([x[0], x[1]], 1), [[4, 6], [4, 2]]),
        ["stack"] = new(x => x[0].Stack(x[1], 1), x => torch.stack([x[0], x[1]], 1), [[4, 6], [4, 6]]),
        ["split"] = new(x => x[0].Split([2, 1, 3], 1)[2], x => x[0].split([2L, 1, 3], 1)[2], s_matrix),
        ["tile"] = new(x => x[0].Tile([2, 3]), x => x[0].tile([2L, 3]), s_matrix),
        ["broadcast"] = new(x => x[0] + x[1], x => x[0] + x[1], [[4, 1, 3], [2, 1]]),
        ["reverse"] = new(x => x[0].Reverse([0, 2]), x => x[0].flip(0, 2), s_cube),
        ["pad"] = new(x => x[0].Pad([1, 0], [2, 3], 0.5), x => F.pad(x[0], [0, 3, 1, 2], PaddingModes.Constant, 0.5), s_matrix),
        ["pad_reflect"] = new(x => x[0].Pad([0, 2], [0, 3], PadMode.Reflect), x => F.pad(x[0], [2, 3], PaddingModes.Reflect), s_matrix),
        ["pad_edge"] = new(x => x[0].Pad([0, 2], [0, 3], PadMode.Edge), x => F.pad(x[0], [2, 3], PaddingModes.Replicate), s_matrix),
        ["pad_circular"] = new(x => x[0].Pad([0, 2], [0, 3], PadMode.Circular), x => F.pad(x[0], [2, 3], PaddingModes.Circular), s_matrix),
        ["window"] = new(x => x[0].Window([1], [3], [2]), x => x[0].unfold(1, 3, 2), s_matrix),
        ["take"] = new(x => x[0].Take(Rows(x[0])), x => x[0].index_select(0, Rows()), s_matrix),
        ["take_along_axis"] = new(x => x[0].TakeAlongAxis(Along(x[0])), x => x[0].gather(1, Along()), s_matrix),
        ["scatter_rows"] = new(x => x[0].ScatterNd(Rows(x[0]).ExpandDims(-1), x[1]), x => x[0].index_add(0, Rows(), x[1], 1),
            [[4, 6], [5, 6]]),
        ["scatter_down"] = new(x => x[0].ScatterAlongAxis(Along(x[0]).Transpose(), x[1], 0), x => x[0].scatter_add(0, Along().t(), x[1]),
            [[6, 4], [3, 4]]),
        ["dynamic_slice"] = new(x => x[0].DynamicSlice([Number(x[0], 1), Number(x[0], 2)], [2, 3]),
            x => x[0].narrow(0, 1, 2).narrow(1, 2, 3), s_matrix),
        ["dynamic_update"] = new(x => x[0].DynamicUpdateSlice(x[1], [Number(x[0], 1), Number(x[0], 2)]), x =>
        {
            var y = x[0].clone();
            y.narrow(0, 1, 2).narrow(1, 2, 3).copy_(x[1]);
            return y;
        }, [[4, 6], [2, 3]]),
        ["sort"] = new(x => x[0].Sort(1, descending: true), x => x[0].sort(1, true, true).Values, s_matrix),
        ["sort_with_index"] = Flat(x => x[0].SortWithIndex(0).Index, x => x[0].sort(0, false, true).Indices, s_matrix),
        ["arg_sort"] = Flat(x => x[0].ArgSort(), x => x[0].sort(-1, false, true).Indices, s_matrix),
        ["top_k"] = new(x => x[0].TopK(3).Value, x => x[0].topk(3).values, s_matrix),
        ["one_hot"] = Flat(x => Rows(x[0]).OneHot(4, x[0].DType), x => F.one_hot(Rows(), 4), s_vector),
    };

    private static Dictionary<string, Row> Choices => new()
    {
        ["ceil"] = Flat(x => x[0].Ceil(), x => x[0].ceil(), s_vector), ["floor"] = Flat(x => x[0].Floor(), x => x[0].floor(), s_vector),
        ["round"] = Flat(x => x[0].Round(), x => x[0].round(), s_vector), ["sign"] = Flat(x => x[0].Sign(), x => x[0].sign(), s_vector),
        ["equal"] = Flat(x => x[0].Equal(x[1]), x => x[0].eq(x[1]), s_pair),
        ["not_equal"] = Flat(x => x[0].NotEqual(x[1]), x => x[0].ne(x[1]), s_pair),
        ["less"] = Flat(x => x[0].Less(x[1]), x => x[0].lt(x[1]), s_pair),
        ["less_or_equal"] = Flat(x => x[0].LessOrEqual(x[1]), x => x[0].le(x[1]), s_pair),
        ["greater"] = Flat(x => x[0].Greater(x[1]), x => x[0].gt(x[1]), s_pair),
        ["greater_or_equal"] = Flat(x => x[0].GreaterOrEqual(x[1]), x => x[0].ge(x[1]), s_pair),
        ["is_nan"] = Flat(x => (x[0] / x[0]).IsNaN(), x => (x[0] / x[0]).isnan(), s_vector),
        ["is_inf"] = Flat(x => (1 / x[0]).IsInf(), x => (1 / x[0]).isinf(), s_vector),
        ["is_finite"] = Flat(x => (1 / x[0]).IsFinite(), x => (1 / x[0]).isfinite(), s_vector),
        ["logical_not"] = Flat(x => (x[0] > 0).Not(), x => (x[0] > 0).logical_not(), s_vector),
        ["logical_and"] = Flat(x => (x[0] > 0).And(x[1] > 0), x => (x[0] > 0).logical_and(x[1] > 0), s_pair),
        ["logical_or"] = Flat(x => (x[0] > 0).Or(x[1] > 0), x => (x[0] > 0).logical_or(x[1] > 0), s_pair),
        ["logical_xor"] = Flat(x => (x[0] > 0).Xor(x[1] > 0), x => (x[0] > 0).logical_xor(x[1] > 0), s_pair),
        ["bitwise"] = Flat(x => Whole(x[0]).And(Whole(x[1])) + Whole(x[0]).Or(Whole(x[1])) * 3 + Whole(x[0]).Xor(Whole(x[1])) * 5,
            x => (Whole(x[0]) & Whole(x[1])) + (Whole(x[0]) | Whole(x[1])) * 3 + (Whole(x[0]) ^ Whole(x[1])) * 5, s_pair),
        ["bitwise_not"] = Flat(x => Whole(x[0]).Not(), x => Whole(x[0]).bitwise_not(), s_vector),
        ["shift_left"] = Flat(x => Whole(x[0]).ShiftLeft(3), x => Whole(x[0]).bitwise_left_shift(torch.tensor(3)), s_vector),
        ["shift_right"] = Flat(x => Whole(x[0]).ShiftRightArithmetic(2), x => Whole(x[0]).bitwise_right_shift(torch.tensor(2)), s_vector),
        ["integer_power"] = Flat(x => Whole(x[0]).Pow(3), x => Whole(x[0]).pow(3), s_vector),
        ["integer_remainder"] = Flat(x => Whole(x[0]).Remainder(Whole(x[1])) + Whole(x[0]).Remainder(Whole(x[1]), truncated: true) * 7,
            x => Whole(x[0]).remainder(Whole(x[1])) + Whole(x[0]).fmod(Whole(x[1])) * 7, s_pair, "positive"),
        ["convert"] = Flat(x => (x[0] * 3).ConvertTo(IR.DType.I8) + x[0].ConvertTo(IR.DType.Bool).ConvertTo(IR.DType.I8) * 16,
            x => (x[0] * 3).to(ScalarType.Int8) + x[0].to(ScalarType.Bool).to(ScalarType.Int8) * 16, s_vector),
        ["iota"] = Flat(x => x[0].Builder.Emit(Iota.Instance, [], Iota.Attributes(IR.DType.I32[2, 3], 1)),
            x => torch.arange(3).expand(2, 3), s_vector),
    };

    // Of whole numbers, or of steps: nothing has a gradient.
    private static Row Flat(Func<Value[], Value> ours, Func<Tensor[], Tensor> theirs, int[][] shapes, string elements = "numbers") =>
        new(x => ours(x).ConvertTo(x[0].DType), theirs, shapes, elements) { IsFlat = true };

    private static Value Whole(Value x) => (x * 8).Round().ConvertTo(IR.DType.I32);
    private static Tensor Whole(Tensor x) => (x * 8).round().to(ScalarType.Int32);
    private static Value Number(Value x, int number) => x.Builder.Constant(new Literal(IR.DType.I32.Scalar, number));
    private static Value Rows(Value x) => x.Builder.Constant(new Literal(IR.DType.I32[5], 3, 0, 0, 2, 3));
    private static Tensor Rows() => torch.tensor(new long[] { 3, 0, 0, 2, 3 });
}
