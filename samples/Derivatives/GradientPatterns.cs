using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Derivatives;

/// <summary>What the cotangent of a result becomes on its way to the operands.</summary>
internal static class GradientPatterns
{
    public static IEnumerable<Finding> Run()
    {
        var graph = new GraphBuilder("patterns");
        var (x, y) = (graph.Input("x", F64[2]), graph.Input("y", F64[2]));
        var (w, b) = (graph.Input("w", F64[2, 2]), graph.Input("b", F64.Scalar));
        Value[] gradients = [(x + y).Sum().Gradient(x), (x * y).Sum().Gradient(x), x.Maximum(y).Sum().Gradient(x),
            (x + b).Sum().Gradient(b), x.Mean().Gradient(x), x.Reshape([1, 2]).MatMul(w).Sum().Gradient(w), x.Softmax().Sum().Gradient(x)];
        var r = Chapters.Evaluate(graph, gradients, [1, 5], [3, 4], [1, 2, 3, 4], [7]);
        yield return new("a sum passes it on", r[0], [1, 1]);
        yield return new("a product exchanges the factors", r[1], [3, 4]);
        yield return new("a maximum routes it to the larger", r[2], [0, 1]);
        yield return new("what was repeated is summed", r[3], [2]);
        yield return new("a mean divides it", r[4], [0.5, 0.5]);
        yield return new("a matmul gives the outer product", r[5], [1, 1, 5, 5]);
        yield return new("softmax sums to 1, whatever x is", r[6], [0, 0]);
    }
}
