using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Derivatives;

/// <summary>Rounding has no useful derivative; a rule passes the cotangent straight through (Bengio et al. 2013).</summary>
internal static class StraightThrough
{
    public static IEnumerable<Finding> Run()
    {
        var graph = new GraphBuilder("rules");
        var x = graph.Input("x", F64[2]);
        var rounded = x.Round().WithGradient(x, ct => ct);
        var reversed = x.WithGradient(ct => -ct);                 // gradient reversal (Ganin and Lempitsky 2015)
        var cube = (x * x * x).WithGradient(x, ct => 3 * x * x * ct);
        var r = Chapters.Evaluate(graph, [(rounded * x).Sum().Gradient(x), reversed.Sum().Gradient(x)], [0.6, 2.2]);
        yield return new("round(x)·x", r[0], [1 + 0.6, 2 + 2.2]);
        yield return new("reversed", r[1], [-1, -1]);
        yield return new("the cube's rule against differences", [Math.Round(cube.CheckGradient(x), 6)], [0]);
    }
}
