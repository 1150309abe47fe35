using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>The eager tape, whose backward rules are its own, against the adjoint in the reference interpreter.</summary>
public sealed class TapeTests
{
    public static TheoryData<string> Models => new("relu", "tanh", "sigmoid", "gelu", "softplus", "softmax", "mixed", "residual");

    private static Value Apply(string name, Value h) => name switch
    {
        "relu" => h.Relu(),
        "tanh" => h.Tanh(),
        "sigmoid" => h.Sigmoid(),
        "gelu" => h.Gelu(),
        "softplus" => h.Softplus(),
        "softmax" => h.Softmax(),
        "residual" => h + h.Tanh() * h,
        _ => (h.Abs() + 1).Sqrt().Log() - h.Sin() / (h.Cos() + 2)
            + h.Maximum(-h).Expm1() * (h * h).Log1p() - (-h).Exp().Minimum(h.Transpose().Transpose()),
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void GradientsEqualTheAdjoint(string name)
    {
        // Sizes that fill neither a vector nor a tile.
        var g = new GraphBuilder("model", seed: 5);
        var (x, t) = (g.Input("x", F32[7, 5]), g.Input("t", I32[7]));
        var loss = Apply(name, x.Dense(37, "hidden")).Dense(3, "logits").SoftmaxCrossEntropy(t).Mean();
        var tape = new Tape.Tape(g, loss, new Sgd(0));
        var random = new Random(1);
        float[] images = [.. Enumerable.Range(0, 35).Select(_ => (float)(random.NextDouble() * 2 - 1))];
        int[] labels = [.. Enumerable.Range(0, 7).Select(_ => random.Next(3))];
        tape.Run<int>(images, labels);

        var forward = g.Snapshot(loss);
        var gradient = new Adjoint([.. g.ModelParameters.Select(p => p.Value.Name!)]).Run(forward, new PassContext());
        Literal[] arguments = [new(x.Type, [.. images.Select(v => (double)v)]), new(t.Type, [.. labels.Select(v => (double)v)]),
            .. g.ModelParameters.Select(p => new Literal(p.Value.Type, [.. p.InitialElements(g.Seed).Select(v => (double)v)]))];
        Assert.Equal((double)ReferenceInterpreter.Run(forward, arguments)[0][0], tape.Loss, 1e-5);
        var expected = ReferenceInterpreter.Run(gradient, arguments);
        for (var i = 0; i < expected.Length; i++)
        {
            var found = tape.Gradient(g.ModelParameters[i].Value.Name!).ToArray();
            Assert.Equal(expected[i].ToArray(), Array.ConvertAll(found, v => (double)v),
                (a, b) => Math.Abs(a - b) <= 2e-5 * (1 + Math.Abs(a)));
        }
    }

    /// <summary>Matrix sizes around the tile (4×32), the block of depth (256) and the threshold of threads.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(4, 256, 32)]
    [InlineData(9, 300, 65)]
    [InlineData(130, 257, 97)]
    public void LargeProductsEqualTheCompiledStep(int batch, int inner, int units)
    {
        var g = new GraphBuilder("product", seed: 9);
        var (x, t) = (g.Input("x", F32[batch, inner]), g.Input("t", F32[batch, units]));
        var loss = x.Dense(inner, "a").Dense(units, "b").MeanSquaredError(t);
        var random = new Random(2);
        float[] Draw(int n) => [.. Enumerable.Range(0, n).Select(_ => (float)(random.NextDouble() * 2 - 1))];
        var (images, targets) = (Draw(batch * inner), Draw(batch * units));
        foreach (Optimizer optimizer in (Optimizer[])[new Sgd(0.01, 0.9, nesterov: true), new Adam(1e-3)])
        {
            var tape = new Tape.Tape(g, loss, optimizer);
            using var step = g.Minimize(loss, optimizer).Compile();
            for (var i = 0; i < 5; i++)
            {
                tape.Run<float>(images, targets);
                step.Run<float, float>(images, targets);
                Assert.Equal(step.Loss, tape.Loss, 1e-4 * Math.Max(1, Math.Abs(step.Loss)));
            }
        }
    }

    [Fact]
    public void AnOpThatTheTapeLacksIsNamed()
    {
        var g = new GraphBuilder("m");
        var x = g.Input("x", F32[4, 3]);
        var loss = x.Dense(2).Prod();
        Assert.Contains("reduce_prod", Assert.Throws<ArgumentException>(() => new Tape.Tape(g, loss, new Sgd())).Message,
            StringComparison.Ordinal);
    }
}
