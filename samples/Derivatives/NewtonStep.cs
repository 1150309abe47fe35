using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Derivatives;

/// <summary>Newton's method for two unknowns: a step is H⁻¹·g, and one step reaches the minimum of a quadratic.</summary>
internal static class NewtonStep
{
    public static IEnumerable<Finding> Run()
    {
        var graph = new GraphBuilder("newton");
        var x = graph.Input("x", F64[2]);
        var (a, b) = (x[0], x[1]);
        var loss = 2 * a * a + a * b + b * b - 7 * a;
        var (hessian, gradient) = (loss.Hessian(x), loss.Gradient(x));
        Value H(int i, int j) => hessian[i, j];
        var determinant = H(0, 0) * H(1, 1) - H(0, 1) * H(1, 0);
        var step = (H(1, 1) * gradient[0] - H(0, 1) * gradient[1]).Stack([H(0, 0) * gradient[1] - H(1, 0) * gradient[0]]) / determinant;
        var r = Chapters.Evaluate(graph, [hessian, x - step, loss.HessianVectorProduct(x, gradient)], [10, -3]);
        yield return new("Hessian", r[0], [4, 1, 1, 2]);
        yield return new("after a step", r[1], [2, -1]);
        yield return new("Hessian times gradient, without the Hessian", r[2], [4 * 30 + 4, 30 + 2 * 4]);
    }
}
