using GraphCompiler.Bench.Peers;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Bench.Suite;

/// <summary>Poisson's equation ∂²u/∂x² + ∂²u/∂y² = f by a network u(x, y) of tanh layers: the loss is the mean square of the residual, so
/// it holds second derivatives of the network with respect to its inputs.</summary>
/// <param name="Name">The row.</param>
/// <param name="BatchSize">Points of a batch.</param>
/// <param name="Width">Units of a hidden layer.</param>
/// <param name="Layers">Hidden layers.</param>
/// <param name="Optimizer">The update.</param>
internal sealed record PhysicsInformed(string Name, int BatchSize, int Width, int Layers, Optimizer Optimizer) : SuiteModel(Name)
{
    /// <summary>Coordinates of a point.</summary>
    public const int Axes = 2;

    /// <summary>Inputs, hidden layers, output.</summary>
    public int[] Sizes => [Axes, .. Enumerable.Repeat(Width, Layers), 1];

    public override Declaration Declare()
    {
        var graph = new GraphBuilder(Name, Seed);
        var points = graph.Input("features", DType.F32[BatchSize, Axes]);
        var source = graph.Input("targets", DType.F32[BatchSize, 1]);
        var u = points;
        for (var i = 1; i < Sizes.Length; i++)
        {
            u = u.Dense(Sizes[i], $"layer{i}");
            if (i + 1 < Sizes.Length) u = u.Tanh();
        }
        // Each row of u depends on its own point, so one tangent moves all points along an axis.
        var laplacian = Enumerable.Range(0, Axes).Select(axis =>
        {
            var direction = graph.Constant(new Literal(points.Type, [.. Enumerable.Range(0, BatchSize * Axes)
                .Select(i => (Scalar)(i % Axes == axis ? 1 : 0))]));
            return u.Jvp(points, direction).Jvp(points, direction);
        }).Aggregate((sum, second) => sum + second);
        return new(graph, laplacian.MeanSquaredError(source), Optimizer);
    }

    public override ITorchModel DeclareTorch(Func<string, float[]> variable) => new TorchPhysicsInformed(this, variable);

    public override Batch CreateBatch(int index)
    {
        var random = new Random((int)Seed * 1000 + index);
        var points = Enumerable.Range(0, BatchSize * Axes).Select(_ => (float)random.NextDouble()).ToArray();
        var source = Enumerable.Range(0, BatchSize)
            .Select(i => MathF.Sin(MathF.PI * points[Axes * i]) * MathF.Sin(MathF.PI * points[Axes * i + 1]));
        return new(points, source.ToArray());
    }
}
