using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Derivatives;

/// <summary>A loss that holds a gradient: WGAN-GP pulls the slope of a critic towards 1 (Gulrajani et al. 2017).</summary>
internal static class GradientPenalty
{
    public static IEnumerable<Finding> Run()
    {
        var graph = new GraphBuilder("penalty");
        var (x, w) = (graph.Input("x", F64[1, 2]), graph.Input("w", F64[2, 1]));
        var critic = x.MatMul(w).Tanh();
        var slope = critic.Sum().Gradient(x);                     // of the critic by its input
        var norm = (slope * slope).Sum([1]).Sqrt();
        var penalty = ((norm - 1) * (norm - 1)).Mean();
        var gradient = penalty.Gradient(w);                       // of the penalty by the weights: second derivatives
        var r = Chapters.Evaluate(graph, [norm, penalty, gradient], [0, 0], [3, 4]);
        yield return new("slope", r[0], [5]);
        yield return new("penalty", r[1], [16]);
        yield return new("by the weights, 2(|w| - 1)·w/|w| at x = 0", r[2], [8 * 3 / 5.0, 8 * 4 / 5.0]);
    }
}
