using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Derivatives;

/// <summary>Forward mode pushes a direction of the inputs forward; reverse mode pulls a weighting of the outputs back.</summary>
internal static class ForwardAgainstReverse
{
    public static IEnumerable<Finding> Run()
    {
        var graph = new GraphBuilder("modes");
        var (x, t, ct) = (graph.Input("x", F64[2]), graph.Input("t", F64[2]), graph.Input("ct", F64[3]));
        var (a, b) = (x[..1], x[1..]);
        var y = a.Concat([a * b, b.Sin()]);
        var forward = y.Jvp(x, t);       // J·t: one column's worth of work
        var reverse = y.Vjp(x, ct);      // ct·J: one row's worth of work
        var all = y.Jacobian(x);         // 3 × 2: two directions are fewer than three, so forward mode
        var inner = (ct * forward).Sum() - (reverse * t).Sum();
        var r = Chapters.Evaluate(graph, [forward, reverse, all, inner], [2, 0], [1, 10], [1, 1, 1]);
        yield return new("J·t", r[0], [1, 20, 10]);
        yield return new("ct·J", r[1], [1, 3]);
        yield return new("J", r[2], [1, 0, 0, 2, 0, 1]);
        yield return new("<ct, J·t> - <ct·J, t>", r[3], [0]);
    }
}
