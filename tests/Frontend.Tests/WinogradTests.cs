using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Convolutions compiled by Winograd's algorithm against those that are direct: training, and derivatives of second
/// order.</summary>
[Trait("Category", "Target")]
public sealed class WinogradTests
{
    private static CompileOptions With(ConvolutionAlgorithm algorithm) => new() { Convolutions = algorithm, Threads = 2 };

    [Fact]
    public void A_network_trains_alike()
    {
        float[] Losses(ConvolutionAlgorithm algorithm)
        {
            var g = new GraphBuilder("network", seed: 3);
            var x = g.Input("x", F32[4, 9, 10, 5]);
            var h = x.Conv2D(16, 3, padding: Padding.Same, activation: v => v.Relu()).Conv2D(20, 3, bias: false).BatchNorm().Relu()
                .Conv2D(6, 3, padding: Padding.Same).Tanh();
            var error = h.GlobalAveragePool() - 0.25f;
            var loss = (error * error).Sum([0, 1]);
            using var step = g.Minimize(loss, new Sgd(0.05)).Compile(With(algorithm));
            var random = new Random(1);
            float[] input = [.. Enumerable.Range(0, 4 * 9 * 10 * 5).Select(_ => random.NextSingle() - 0.5f)];
            return [.. Enumerable.Range(0, 6).Select(_ =>
            {
                step.Run(input);
                return step.Loss;
            })];
        }
        var (direct, byTiles) = (Losses(ConvolutionAlgorithm.Direct), Losses(ConvolutionAlgorithm.Winograd));
        Assert.NotEqual(direct, byTiles);
        Assert.True(direct[^1] < direct[0], $"the network does not learn: {string.Join(", ", direct)}");
        for (var i = 0; i < direct.Length; i++) Assert.Equal(direct[i], byTiles[i], Math.Abs(direct[i]) * 1e-3f + 1e-5f);
    }

    // ∂/∂k and ∂/∂x of a sum over the squares of ∂(Σ y²)/∂x.
    [Fact]
    public void Derivatives_of_second_order_agree()
    {
        var g = new GraphBuilder("second");
        var (x, k) = (g.Input("x", F32[2, 7, 6, 3]), g.Input("k", F32[3, 3, 3, 4]));
        var y = x.Window([1, 2], [3, 3]).Emit(DotGeneral.Instance, default,
            new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, k);
        var first = (y * y * y).Sum([0, 1, 2, 3]).Gradient(x);
        var squares = (first * first).Sum([0, 1, 2, 3]);
        var plan = g.Function(first, squares.Gradient(k), squares.Gradient(x));
        float[][] Results(ConvolutionAlgorithm algorithm)
        {
            using var function = plan.Compile(With(algorithm));
            var random = new Random(2);
            float[] Filled(TensorType type) =>
                [.. Enumerable.Range(0, (int)type.Shape.ElementCount).Select(_ => random.NextSingle() - 0.5f)];
            function.Run(Filled(x.Type), Filled(k.Type));
            return [.. function.Outputs.Select(name => function.Output<float>(name).ToArray())];
        }
        var (direct, byTiles) = (Results(ConvolutionAlgorithm.Direct), Results(ConvolutionAlgorithm.Winograd));
        for (var r = 0; r < direct.Length; r++)
        {
            Assert.NotEqual(direct[r], byTiles[r]);
            var scale = direct[r].Max(Math.Abs);
            for (var i = 0; i < direct[r].Length; i++) Assert.Equal(direct[r][i], byTiles[r][i], scale * 1e-5f);
        }
    }

    [Fact]
    public void No_algorithm_is_refused()
    {
        var g = new GraphBuilder("g");
        var plan = g.Function(g.Input("x", F32[2]) * 2f);
        var error = Assert.Throws<GraphException>(() => plan.Compile(With((ConvolutionAlgorithm)9)));
        Assert.Equal("SGC1011", error.Code);
    }
}
