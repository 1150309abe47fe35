using GraphCompiler.Backend.Llvm;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>What steps that check their numbers, or tell of gradients, cost those that do not: nothing.</summary>
[Trait("Category", "AnyLevel")]
public sealed class NumericsGuardTests
{
    private static TrainingPlan Declare()
    {
        var g = new GraphBuilder("guard", seed: 1);
        var (x, t) = (g.Input("x", F32[4, 6]), g.Input("t", I32[4]));
        return g.Minimize(x.Dense(5, "hidden").Relu().Dropout(0.1).Dense(3, "logits").SoftmaxCrossEntropy(t).Mean(), new Adam(1e-3));
    }

    private static byte[] Code(TrainingPlan plan)
    {
        var target = TargetInfo.Create();
        var (program, _) = Compiler.Lower(plan, target, threads: 1, new PassContext(), Precision.Float32);
        return [.. StepCompiler.CompileParts(program, target).SelectMany(part => part)];
    }

    [Fact]
    public void Off_the_code_is_the_same_to_the_byte()
    {
        var (plain, used) = (Declare(), Declare());
        var (watched, guarded) = (used.WithInsight(), NumericsGuard.Of(used));
        var code = Code(plain);
        Assert.Equal(plain.Function.ToString(), used.Function.ToString());
        Assert.Equal(code, Code(used));
        Assert.NotEqual(code, Code(watched));
        Assert.NotEqual(code, Code(guarded));
        Assert.Same(watched, watched.WithInsight());
    }

    /// <summary>Loss and variables of guarded steps are those of plain ones, in f32 and in bf16, also with accumulated gradients.</summary>
    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void On_the_numbers_are_the_same(Precision precision)
    {
        static float[] Train(CompileOptions options)
        {
            var g = new GraphBuilder("same", seed: 1);
            var (x, t) = (g.Input("x", F32[4, 6]), g.Input("t", I32[4]));
            var loss = x.Dense(5, "hidden").Relu().Dense(3, "logits").SoftmaxCrossEntropy(t).Mean();
            using var step = g.Minimize(loss, new Accumulate(2, new Adam(1e-2))).Compile(options);
            float[] images = [.. Enumerable.Range(0, 24).Select(i => MathF.Sin(i))];
            for (var i = 0; i < 7; i++) step.Run<float, int>(images, [0, 1, 2, 1]);
            return [step.Loss, .. step.Variable<float>("hidden/kernel"), .. step.Variable<float>("logits/bias")];
        }
        var options = new CompileOptions { Threads = 1, Precision = precision };
        Assert.Equal(Train(options), Train(options with { CheckNumerics = true }));
    }
}
