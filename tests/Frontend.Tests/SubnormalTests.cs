using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Numbers below the normal range, 1.2e-38 in f32: zero in a step unless it is asked to keep them.</summary>
[Trait("Category", "Target")]
public sealed class SubnormalTests
{
    private const float Tiny = 1e-40f;

    // Plain descent at rate 1 on the sum of w·x: w becomes w - x.
    private static float WeightAfterAStep(bool keep, float x)
    {
        var g = new GraphBuilder("tiny");
        var w = g.Variable("w", F32[1], Initializer.Zeros);
        var loss = (w * g.Input("x", F32[1])).Sum();
        using var step = g.Minimize(loss, new Sgd(1)).Compile(new CompileOptions { KeepSubnormals = keep, Threads = 1 });
        step.Run<float>([x]);
        return step.Variable<float>("w")[0];
    }

    [Fact]
    public void AStepTakesThemForZero() => Assert.Equal(0f, WeightAfterAStep(keep: false, Tiny));

    [Fact]
    public void AStepCanKeepThem() => Assert.Equal(-Tiny, WeightAfterAStep(keep: true, Tiny));

    [Fact]
    public void NormalNumbersAreUntouched() => Assert.Equal(-2e-38f, WeightAfterAStep(keep: false, 2e-38f));

    [Fact]
    public void TheCallersModeIsRestored()
    {
        WeightAfterAStep(keep: false, 1f);
        var half = Tiny * float.Parse("0.5", System.Globalization.CultureInfo.InvariantCulture);
        Assert.NotEqual(0f, half);
    }
}
