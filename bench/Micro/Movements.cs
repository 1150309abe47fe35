using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Micro;

/// <summary>Movements of elements, choices, einsums, and rows and elements at indices that repeat. There is no TensorPrimitives side.
/// </summary>
internal static class Movements
{
    private static readonly Shape s_long = new(1 << 20), s_large = new(1024, 1024), s_small = new(32, 32), s_batch = new(8, 128, 128),
        s_table = new(10_000, 64), s_taken = new(8192, 64);

    public static IEnumerable<MicroCase> All { get; } =
    [
        .. new[] { s_large, s_small }.SelectMany(shape => (MicroCase[])
        [
            Of("pad", shape, new(shape[0] + 2, shape[1] + 2), x => x.Pad([1, 1], [1, 1]), x => F.pad(x, [1, 1, 1, 1])),
            Of("roll", shape, shape, x => x.Roll(3, 1), x => x.roll(3, 1)),
            new(Named("where", shape), [shape, shape], [shape], (_, o) => [(o[0] > 0).Select(o[0], o[1])], null,
                o => [torch.where(o[0] > 0, o[0], o[1])]),
            Of("argmax of rows", shape, new(shape[0]), x => x.ArgMax(1).ConvertTo(DType.F32), x => x.argmax(1).to(ScalarType.Float32)),
        ]),
        Of("argmax", s_long, Shape.Scalar, x => x.ArgMax(0).ConvertTo(DType.F32), x => x.argmax(0).to(ScalarType.Float32)),
        Of("cumulative sum", new(1024), new(1024), x => x.CumSum(), x => x.cumsum(-1)),
        new("one-hot of 8192 in 64 classes", [new(8192)], [s_taken], (_, o) => [(o[0] * 63.9).ConvertTo(DType.I32).OneHot(64)], null,
            o => [F.one_hot((o[0] * 63.9).to(ScalarType.Int64), 64).to(ScalarType.Float32)]) { IsPositive = true },
        Einsum("ij,jk->ik", s_small, s_small, s_small), Einsum("bij,bjk->bik", s_batch, s_batch, s_batch),
        Einsum("bij,bkj->bik", s_batch, s_batch, s_batch), Einsum("ij,ij->i", s_large, s_large, new(1024)),
        Indexed("gather 8192 rows of 64", [s_table], s_taken, new(8192), 10_000, (o, i) => o[0].Take(i), (o, i) => o[0].index_select(0, i)),
        Indexed("scatter 8192 rows of 64", [s_table, s_taken], s_table, new(8192), 1000,
            (o, i) => o[0].ScatterNd(i.ExpandDims(-1), o[1]), (o, i) => o[0].index_add(0, i, o[1], 1)),
        Indexed("gather elements of 1024x1024", [s_large], s_large, s_large, 1024, (o, i) => o[0].TakeAlongAxis(i, 1),
            (o, i) => o[0].gather(1, i)),
        Indexed("scatter elements of 1024x1024", [s_large, s_large], s_large, s_large, 100,
            (o, i) => o[0].ScatterAlongAxis(i, o[1], 1), (o, i) => o[0].scatter_add(1, i, o[1])),
        Indexed("set elements of 1024x1024", [s_large, s_large], s_large, s_large, 1024,
            (o, i) => o[0].ScatterAlongAxis(i, o[1], 1, ScatterKind.Set), (o, i) => o[0].scatter(1, i, o[1])),
    ];

    private static string Named(string name, Shape shape) => $"{name} {string.Join("x", shape)}";

    private static MicroCase Of(string name, Shape shape, Shape result, Func<Value, Value> compiled, Func<Tensor, Tensor> torch) =>
        new(Named(name, shape), [shape], [result], (_, o) => [compiled(o[0])], null, o => [torch(o[0])]);

    private static MicroCase Einsum(string equation, Shape x, Shape y, Shape result) =>
        new($"einsum {equation} {string.Join("x", x)}", [x, y], [result], (_, o) => [o[0].Einsum(equation, o[1])], null,
            o => [torch.einsum(equation, o[0], o[1])]);

    // Random indices below a limit, the same on both sides, which libtorch is given as a tensor.
    private static MicroCase Indexed(string name, Shape[] operands, Shape result, Shape indices, int limit,
        Func<Value[], Value, Value> compiled, Func<Tensor[], Tensor, Tensor> torch)
    {
        var random = new Random(5);
        long[] numbers = [.. Enumerable.Range(0, (int)indices.ElementCount).Select(_ => (long)random.Next(limit))];
        return new(name, operands, [result], (g, o) => [compiled(o, g.Constant(Literal.Of<long>(indices, numbers)))], null,
            o => [torch(o[..^1], o[^1])])
        {
            TorchOperands = o => [.. o, tensor(numbers).reshape([.. indices.Select(s => (long)s)])],
        };
    }
}
