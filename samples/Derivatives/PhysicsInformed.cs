using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Derivatives;

/// <summary>u″ = -u, u(0) = 0, u′(0) = 1 by a network that is given the equation and no solution: it learns the sine.</summary>
internal static class PhysicsInformed
{
    public static IEnumerable<Finding> Run()
    {
        var graph = new GraphBuilder("oscillator", seed: 1);
        var x = graph.Input("x", F32[32, 1]);
        var network = x.Dense(16, "first", activation: h => h.Tanh()).Dense(16, "second", activation: h => h.Tanh()).Dense(1, "out");
        var u = x + x * x * network;                              // u(0) = 0 and u'(0) = 1, whatever the network gives
        var one = x.Constant(1);
        var second = u.Jvp(x, one).Jvp(x, one);                   // each row's u depends on its own x
        var residual = second + u;
        using var step = graph.Minimize((residual * residual).Mean(), new Adam(3e-3)).Compile();
        float[] points = [.. Enumerable.Range(0, 32).Select(i => i * 0.05f)];
        for (var i = 0; i < 2000; i++) step.Run<float>(points);
        using var solution = step.Predictor(u);
        var largest = solution.Run<float, float>(points).ToArray().Zip(points, (a, b) => Math.Abs(a - Math.Sin(b))).Max();
        yield return new("sin(x) to 2 digits, by rounding the error", [Math.Round(largest, 2)], [0]);
    }
}
