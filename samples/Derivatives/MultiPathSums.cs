using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Derivatives;

/// <summary>Where a value is read twice, the derivatives along both paths add.</summary>
internal static class MultiPathSums
{
    public static IEnumerable<Finding> Run()
    {
        var graph = new GraphBuilder("paths");
        var x = graph.Input("x", F64.Scalar);
        var (u, v) = (x * x, x.Exp());
        var y = u * v;                                   // x reaches y through u and through v
        var gradients = y.Gradient([u, v, x]);
        var along = gradients[0] * u.Gradient(x) + gradients[1] * v.Gradient(x);
        var r = Chapters.Evaluate(graph, [.. gradients, along], [2]);
        var e = Math.Exp(2);
        yield return new("by u", r[0], [e]);
        yield return new("by v", r[1], [4]);
        yield return new("by x", r[2], [4 * e + 4 * e]);
        yield return new("through u + through v", r[3], r[2]);
    }
}
