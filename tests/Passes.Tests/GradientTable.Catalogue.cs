using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <content>Cumulative ops, and calls that are made of several ops.</content>
internal static partial class GradientTable
{
    private static Dictionary<string, GradientRow> Cumulated => new()
    {
        ["cumulative_sum"] = new([F64[2, 3, 2]], x => x[0].CumSum(1).Sin()),
        ["cumulative_sum:reverse"] = Unary(x => x.CumSum(0, reverse: true) * x),
        ["cumulative_sum:exclusive"] = Unary(x => x.CumSum(exclusive: true).Sin() * x),
        ["cumulative_sum:reverse_exclusive"] = Unary(x => x.CumSum(reverse: true, exclusive: true).Sin()),
        ["cumulative_sum:empty"] = new([F64[2, 0]], x => x[0].CumSum().Sin()),
        ["cumulative_sum:one"] = new([F64[1]], x => x[0].CumSum().Sin()),
        ["cumulative_prod"] = new([F64[2, 3, 2]], x => x[0].CumProd(1)),
        ["cumulative_prod:reverse"] = Unary(x => x.CumProd(0, reverse: true) * x),
        ["cumulative_prod:exclusive"] = Unary(x => x.CumProd(exclusive: true).Sin() * x),
        ["cumulative_prod:reverse_exclusive"] = Unary(x => x.CumProd(reverse: true, exclusive: true).Sin()),
        ["cumulative_prod:zeros"] = new([F64[2, 4]], x => (x[0] * Numbers(x[0], [4], 1, 0, 1, 0)).CumProd()),
        ["cumulative_prod:empty"] = new([F64[0, 2]], x => x[0].CumProd(0).Sin()),
        ["cumulative_prod:one"] = new([F64[1]], x => x[0].CumProd().Sin()),
        ["cumulative_max"] = new([F64[2, 5, 2]], x => x[0].CumMax(1).Sin()),
        ["cumulative_max:reverse"] = Unary(x => x.CumMax(reverse: true) * x),
        ["cumulative_max:exclusive"] = new([F64[5]], x => x[0].CumMax(exclusive: true)[1..].Sin()),
        ["cumulative_max:empty"] = new([F64[2, 0]], x => x[0].CumMax().Sin()),
        ["cumulative_max:one"] = new([F64[1]], x => x[0].CumMax().Sin()),
        ["cumulative_min"] = new([F64[2, 5, 2]], x => x[0].CumMin(1).Sin()),
        ["cumulative_min:reverse_exclusive"] = new([F64[5]], x => x[0].CumMin(reverse: true, exclusive: true)[..4].Exp()),
        ["cumulative_min:empty"] = new([F64[2, 0]], x => x[0].CumMin().Sin()),
        ["cumulative_min:one"] = new([F64[1]], x => x[0].CumMin().Sin()),
        ["sort"] = new([F64[2, 5, 2]], x => x[0].Sort(1).Sin() * x[0]),
        ["sort:descending"] = Unary(x => x.Sort(0, descending: true).Exp() * x),
        ["sort:largest"] = new([F64[5, 3]], x => x[0].TopK(2, 0).Value.Sin()),
        ["sort:empty"] = new([F64[2, 0]], x => x[0].Sort().Sin()),
        ["sort:none"] = new([F64[2, 3]], x => x[0].TopK(0).Value.Sin()),
        ["sort:one"] = new([F64[1]], x => x[0].Sort().Sin()),
        ["linear_recurrence"] = new([F64[2, 4], F64[2, 4]], x => x[0].Recurrence(x[1])),
        ["linear_recurrence:reverse"] = new([F64[4, 2], F64[4, 2]], x => x[0].Recurrence(x[1], 0, reverse: true).Sin()),
        ["linear_recurrence:self"] = Unary(x => x.Recurrence(x * x)),
        ["linear_recurrence:scalar"] = new([F64[2, 4], F64.Scalar], x => x[0].Recurrence(x[1]).Tanh()),
        ["linear_recurrence:empty"] = new([F64[2, 0], F64[2, 0]], x => x[0].Recurrence(x[1]).Sin()),
        ["linear_recurrence:one"] = new([F64[1], F64[1]], x => x[0].Recurrence(x[1]).Sin() * x[1]),
    };

    private static Dictionary<string, GradientRow> Special => new()
    {
        ["tan"] = Unary(x => x.Tan() * x, -1.2, 1.2), ["asin"] = Unary(x => x.Asin() * x, -0.8, 0.8),
        ["acos"] = Unary(x => x.Acos() * x, -0.8, 0.8), ["atan"] = Unary(x => x.Atan() * x),
        ["atan2"] = Binary((y, x) => y.Atan2(x) * x, 0.3), ["atan2:left"] = new([F64[2, 3], F64[3]], x => x[0].Atan2(x[1] - 3), 0.3),
        ["cbrt"] = Unary(x => x.Cbrt() * x, 0.3), ["cbrt:negative"] = Unary(x => x.Cbrt(), -2, -0.3),
        ["erf_inv"] = Unary(x => x.ErfInv() * x, -0.8, 0.8), ["lgamma"] = Unary(x => x.Lgamma() * x, 0.3, 3),
        ["lgamma:negative"] = Unary(x => x.Lgamma(), -1.8, -1.2), ["digamma"] = Unary(x => x.Digamma() * x, 0.3, 3),
        ["digamma:negative"] = Unary(x => x.Digamma(), -0.8, -0.2),
        ["remainder"] = Binary((x, y) => x.Remainder(y, truncated: true) * x, 0.3),
    };

    private static Dictionary<string, GradientRow> Composed => new()
    {
        ["slice:split"] = new([F64[2, 5]], x => x[0].Split([2, 0, 3], -1) is var p ? p[0].Sin().Concat(p[2].Exp(), 1) : x[0]),
        ["broadcast_in_dim:tile"] = new([F64[2, 1, 3]], x => x[0].Tile([2, 3, 1]).CumSum(0).Sin()),
        ["concatenate:roll"] = new([F64[2, 3]], x => x[0].Roll(-4, 1) * x[0]),
        ["concatenate:reflect"] = new([F64[2, 4]], x => x[0].Pad([0, 3], [1, 2], PadMode.Reflect).Sin()),
        ["concatenate:edge"] = new([F64[2, 3]], x => x[0].Pad([2, 0], [0, 1], PadMode.Edge).Sin()),
        ["concatenate:circular"] = new([F64[2, 3]], x => x[0].Pad([1, 3], [2, 1], PadMode.Circular).Sin()),
        ["select:lower_triangle"] = new([F64[2, 3, 4]], x => x[0].Tril(1).Sin() + x[0].Triu(-1).Exp()),
        ["slice:diagonal"] = new([F64[2, 3, 4]], x => x[0].Diagonal(1).Exp() * x[0].Diagonal()),
        ["slice:diagonal_below"] = new([F64[4, 3]], x => x[0].Diagonal(-2).Exp()),
        ["gather_along_axis"] = new([F64[2, 3]], x => x[0].TakeAlongAxis(Indices(x[0], 0, 2, 2, 9, 1, -1, 0, 0).Reshape([2, 4])).Sin()),
        ["gather_along_axis:down"] = new([F64[2, 3]], x => x[0].TakeAlongAxis(Indices(x[0], 0, 1, 9).Reshape([1, 3]), 0).Sin()),
        ["gather_along_axis:empty"] = new([F64[2, 3]], x => x[0].Emit(GatherAlongAxis.Instance, default, GatherAlongAxis.Attributes(1),
            Indices(x[0]).Reshape([2, 0])).Tanh()),
        ["gather_along_axis:one"] = new([F64[1]], x => x[0].TakeAlongAxis(Indices(x[0], 0)).Tanh()),
        ["scatter"] = new([F64[3, 2], F64[4, 2]], x => x[0].ScatterNd(Indices(x[0], 1, 1, -3, 7).Reshape([4, 1]), x[1], ScatterKind.Set)),
        ["scatter:set_self"] = new([F64[3, 2], F64[4, 2]],
            x => x[0].ScatterNd(Indices(x[0], 1, 1, 2, 1).Reshape([4, 1]), x[1] * x[1], ScatterKind.Set).Sin() * x[0]),
        ["scatter_along_axis"] = new([F64[2, 3], F64[3, 3]], x => x[0].ScatterAlongAxis(Indices(x[0], 0, 1, 9, 0, 0, 1, 1, 0, -1)
            .Reshape([3, 3]), x[1] * x[1], 0, ScatterKind.Set).Sin() * x[0]),
        ["scatter_along_axis:empty"] = new([F64[2, 3], F64[2, 0]],
            x => x[0].ScatterAlongAxis(Indices(x[0]).Reshape([2, 0]), x[1], 1, ScatterKind.Min).Tanh()),
        ["scatter_along_axis:one"] = new([F64[1], F64[1]],
            x => x[0].ScatterAlongAxis(Indices(x[0], 0), x[1], 0, ScatterKind.Set).Tanh() * x[0]),
        ["scatter_along_axis:max"] = new([F64[2, 3], F64[2, 4]],
            x => x[0].ScatterAlongAxis(Indices(x[0], 0, 2, 2, 9, 1, -1, 0, 0).Reshape([2, 4]), x[1], kind: ScatterKind.Max).Exp() * x[0]),
        ["scatter:min"] = new([F64[3, 2], F64[2, 3]], x => x[0].ScatterNd(Indices(x[0], 0, 1, 0, 1, 2, 0, 0, 1, 0, 1, 1, 1)
            .Reshape([2, 3, 2]), x[1], ScatterKind.Min).Sin()),
        ["scatter:max"] = new([F64[3, 2], F64[2, 3]], x => x[0].ScatterNd(Indices(x[0], 0, 1, 0, 1, 2, 0, 0, 1, 0, 1, 1, 1)
            .Reshape([2, 3, 2]), x[1], ScatterKind.Max).Exp() * x[0].Sum()),
        ["scatter:empty"] = new([F64[3, 2], F64[0, 2]],
            x => x[0].ScatterNd(Indices(x[0]).Reshape([0, 1]), x[1], ScatterKind.Max).Tanh()),
        ["scatter:one"] = new([F64[1], F64[1]], x => x[0].ScatterNd(Indices(x[0], 0).Reshape([1, 1]), x[1], ScatterKind.Set).Tanh() * x[0]),
        ["scatter_add_along_axis"] = new([F64[2, 3], F64[2, 4]],
            x => x[0].ScatterAlongAxis(Indices(x[0], 0, 2, 2, 9, 1, -1, 0, 0).Reshape([2, 4]), x[1])),
        ["scatter_add_along_axis:down"] = new([F64[2, 3], F64[1, 3]],
            x => x[0].ScatterAlongAxis(Indices(x[0], 0, 1, 9).Reshape([1, 3]), x[1] * x[1], 0).Sin() * x[0]),
        ["scatter_add_along_axis:empty"] = new([F64[2, 3], F64[2, 0]],
            x => x[0].ScatterAlongAxis(Indices(x[0]).Reshape([2, 0]), x[1]).Tanh()),
        ["scatter_add_along_axis:one"] = new([F64[1], F64[1]], x => x[0].ScatterAlongAxis(Indices(x[0], 0), x[1]).Tanh()),
        ["scatter_add:elements"] = new([F64[2, 3, 2], F64[4, 2]], x => x[0].ScatterNd(Indices(x[0], 1, 2, 0, 0, 1, 2, 5, -1)
            .Reshape([4, 2]), x[1]).Sin()),
        ["gather:elements"] = new([F64[2, 3, 2]], x => x[0].GatherNd(Indices(x[0], 1, 2, 0, 0, 1, 2, 5, -1).Reshape([4, 2])).Sin()),
        ["gather:block"] = new([F64[3, 4, 2]], x => x[0].DynamicSlice([.. Starts(x[0], 1, 9, 0)], [2, 3, 2]).Sin()),
        ["dynamic_update_slice"] = new([F64[3, 4, 2], F64[1, 4, 1]],
            x => x[0].DynamicUpdateSlice(x[1], [.. Starts(x[0], 1, 0, 9)]) * x[0]),
        ["dynamic_update_slice:block"] = new([F64[3, 4, 2], F64[2, 3, 2]],
            x => x[0].DynamicUpdateSlice(x[1] * x[1], [.. Starts(x[0], -1, 1, 0)]).Sin() * x[0]),
        ["dot_general:einsum"] = new([F64[2, 3, 4], F64[4, 3, 2], F64[2]], x => x[0].Einsum("bij,jik,k->kb", x[1], x[2]).Sin()),
        ["multiply:einsum"] = new([F64[2, 3], F64[3, 2]], x => x[0].Einsum("ij,ji->ji", x[1]).Sin()),
        ["reduce_sum:einsum"] = new([F64[3, 3], F64[3, 3]], x => x[0].Einsum("ij,kk->i", x[1]).Sin()),
        ["reduce_sum:norm"] = new([F64[2, 3]], x => x[0].Norm(axes: 1).Sin() + x[0].Norm(3, 1) + x[0].Norm(-1, 1), 0.3),
        ["reduce_sum:other_norms"] = new([F64[2, 3]], x => x[0].Norm(1, 1) * x[0].Norm(double.PositiveInfinity, 1)
            - x[0].Norm(double.NegativeInfinity, 1) * x[0].Norm(0, 1), 0.3),
        ["custom_gradient:log_add_exp"] = new([F64[2, 3], F64[3]], x => x[0].LogAddExp(x[1])),
        ["custom_gradient:log_add_exp_of_equals"] = Unary(x => x.LogAddExp(x * 1) * x),
        ["log:xlogy"] = new([F64[2, 3], F64[3]], x => x[0].Xlogy(x[1]), 0.3), ["log:bases"] = Unary(x => x.Log2() + x.Log10(), 0.3),
        ["custom_gradient:sinh"] = Unary(x => x.Sinh() * x), ["custom_gradient:cosh"] = Unary(x => x.Cosh() * x),
        ["custom_gradient:asinh"] = Unary(x => x.Asinh() * x), ["custom_gradient:acosh"] = Unary(x => x.Acosh() * x, 1.2),
        ["custom_gradient:atanh"] = Unary(x => x.Atanh() * x, -0.8, 0.8),
        ["multiply:lerp"] = Binary((x, y) => x.Lerp(y, x * y) + x.Lerp(y, 0.75)),
        ["remainder:floored"] = Binary((x, y) => x.Remainder(y) * x, 0.3), ["sine:sinc"] = Unary(x => x.Sinc() * x, -1.3, 1.3),
        ["power:exp2"] = Unary(x => x.Exp2()),
    };

    private static IEnumerable<Value> Starts(Value x, params int[] at) =>
        at.Select(i => x.Builder.Constant(new Literal(I32.Scalar, (double)i)));

    private static Value Numbers(Value x, int[] shape, params double[] values) => x.Builder.Constant(new Literal(F64[shape], values));
}
