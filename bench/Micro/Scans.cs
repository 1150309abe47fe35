using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace GraphCompiler.Bench.Micro;

/// <summary>Cumulative ops, sorts and the largest elements of rows. There is no TensorPrimitives side.</summary>
internal static class Scans
{
    private static readonly Shape s_long = new(1 << 20);
    private static readonly Shape s_rows = new(1024, 1024);
    private static readonly Shape s_vocabulary = new(64, 50_257);

    public static IEnumerable<MicroCase> All { get; } =
    [
        Of("cumulative sum 1M", s_long, x => x.CumSum(), x => x.cumsum(-1)),
        Of("cumulative sum 1024x1024", s_rows, x => x.CumSum(), x => x.cumsum(-1)),
        Of("cumulative sum 1024x1024 down", s_rows, x => x.CumSum(0), x => x.cumsum(0)),
        Of("cumulative maximum 1024x1024", s_rows, x => x.CumMax(), x => x.cummax(-1).values),
        Of("sort 1M", s_long, x => x.Sort(), x => x.sort(-1, false, true).Values),
        Of("sort 1024x1024", s_rows, x => x.Sort(), x => x.sort(-1, false, true).Values),
        Of("top 50 of 64x50257", s_vocabulary, x => x.TopK(50).Value, x => x.topk(50).values, 50),
    ];

    private static MicroCase Of(string name, Shape shape, Func<Value, Value> compiled, Func<Tensor, Tensor> torch, int? kept = null) =>
        new(name, [shape], [kept is { } k ? new Shape(shape[0], k) : shape], (_, o) => [compiled(o[0])], null, o => [torch(o[0])]);
}
