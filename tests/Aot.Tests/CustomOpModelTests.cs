using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>A model with an operation of its author's own, built ahead of time: it trains to the bits of the step that is compiled just in
/// time, and the rule, which is not the derivative, is what it trains by.</summary>
public sealed class CustomOpModelTests
{
    private delegate float TrainStep(ReadOnlySpan<float> x, ReadOnlySpan<float> t);

    private static TrainingPlan Declare(double slope)
    {
        var binary = new CustomOp("binary", x => x.Sign(), (_, _, ct) => slope * ct);
        var g = new GraphBuilder("binary", seed: 6);
        var (x, t) = (g.Input("x", F32[4, 3]), g.Input("t", F32[4, 1]));
        return g.Minimize(x.Dense(5).Apply(binary).Dense(1).MeanSquaredError(t), new Sgd(0.05));
    }

    [Fact]
    public void ItTrainsByItsRule()
    {
        float[] x = [.. Enumerable.Range(0, 12).Select(i => MathF.Cos(i))], t = [1, -1, 0.5f, 2];
        using var built = new BuiltModel("binary", new ModelDeclaration(Declare(1)));
        using var model = built.Load();
        var train = BuiltModel.Method<TrainStep>(model, "TrainStep");
        using var step = Declare(1).Compile(new CompileOptions { Threads = 1 });
        using var frozen = Declare(0).Compile(new CompileOptions { Threads = 1 });
        var loss = 0f;
        for (var i = 0; i < 30; i++)
        {
            loss = train(x, t);
            step.Run<float, float>(x, t);
            frozen.Run<float, float>(x, t);
        }
        Assert.Equal(step.Loss, loss);
        Assert.NotEqual(frozen.Loss, loss);
    }
}
