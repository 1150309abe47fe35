using Digits;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime.Data;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Steps that multiply bf16 beside those of f32: losses while they learn digits, what they keep, and the same bits for any number
/// of threads.</summary>
[Trait("Category", "Target")]
public sealed class PrecisionTests
{
    private static readonly Lazy<Split> s_digits = new(DigitsData.Load);

    // The classifier of samples/Digits, and the networks of samples/Vision at a size for digits, with the batches that they have there.
    private static readonly Dictionary<string, (int Batch, Func<Value, Value> Logits, Optimizer Optimizer)> s_models = new()
    {
        ["digits"] = (16, x => x.Flatten().Dense(64, "hidden").Relu().Dense(10, "logits"), new Adam(2e-3)),
        ["lenet"] = (64, x => x.Conv2D(6, 5, padding: 2, activation: h => h.Relu()).MaxPool2D(2)
            .Conv2D(16, 3, padding: 1, activation: h => h.Relu()).MaxPool2D(2).Flatten()
            .Dense(32, activation: h => h.Relu()).Dense(10), new Adam(2e-3)),
        ["convnet"] = (128, x => x.Conv2D(8, 3, padding: 1, activation: h => h.Relu()).Conv2D(16, 3, activation: h => h.Relu()).MaxPool2D(2)
            .Flatten().Dropout(0.5).Dense(10), new Adam(1e-3)),
        ["residual"] = (128, x => x.Conv2D(8, 3, padding: 1, bias: false).BatchNorm().Relu().Residual(h =>
            h.Conv2D(8, 3, padding: 1, bias: false).BatchNorm().Relu()).GlobalAveragePool().Dense(10), new Sgd(0.05, 0.9)),
    };

    public static TheoryData<string> Models => [.. s_models.Keys];

    private static TrainingPlan Plan(string name, out Value logits)
    {
        var g = new GraphBuilder(name, seed: 1);
        var batch = s_models[name].Batch;
        var (x, t) = (g.Input("images", F32[batch, 8, 8, 1]), g.Input("labels", I32[batch]));
        logits = s_models[name].Logits(x);
        return g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), s_models[name].Optimizer);
    }

    private static float[] Losses(string name, Precision precision, int threads, int steps)
    {
        using var step = Plan(name, out _).Compile(new CompileOptions { Precision = precision, Threads = threads });
        var batches = new Batches(s_digits.Value.TrainX, s_digits.Value.TrainY, s_models[name].Batch, seed: 7);
        var losses = new List<float>();
        for (var epoch = 1; losses.Count < steps; epoch++)
            foreach (var (images, labels) in batches.Epoch(epoch))
            {
                step.Run(images, labels);
                losses.Add(step.Loss);
                if (losses.Count == steps) break;
            }
        return [.. losses];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Two_hundred_steps_have_the_losses_of_f32(string name)
    {
        const int Steps = 200;
        var (exact, rounded) = (Losses(name, Precision.Float32, 1, Steps), Losses(name, Precision.BFloat16, 1, Steps));
        Assert.NotEqual(exact, rounded);
        Assert.True(exact[^10..].Average() < 0.5 * exact[..10].Average(), $"{name} does not learn: {string.Join(", ", exact)}");
        for (var i = 0; i < Steps; i++)
            Assert.True(Math.Abs(exact[i] - rounded[i]) <= 2e-2, $"step {i}: {exact[i]} in f32, {rounded[i]} in bf16");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Any_number_of_threads_gives_the_same_bits(string name)
    {
        var alone = Losses(name, Precision.BFloat16, 1, 10);
        foreach (var threads in (int[])[2, 3]) Assert.Equal(alone, Losses(name, Precision.BFloat16, threads, 10));
    }

    [Fact]
    public void Variables_stay_f32_and_a_predictor_rounds_as_its_step()
    {
        var plan = Plan("digits", out var logits);
        using var step = plan.Compile(new CompileOptions { Precision = Precision.BFloat16, Threads = 1 });
        using var exact = plan.Compile(new CompileOptions { Threads = 1 });
        foreach (var state in plan.States.Where(s => s.Type.DType == F32))
            Assert.Equal(exact.Variable<float>(state.Name), step.Variable<float>(state.Name));
        var images = s_digits.Value.TrainX.AsSpan(0, 16 * 64).ToArray();
        step.Run<float, int>(images, s_digits.Value.TrainY.AsSpan(0, 16));
        Assert.Contains(plan.States, s => s.Type.Rank == 2
            && step.Variable<float>(s.Name).ToArray().Any(x => (BitConverter.SingleToUInt32Bits(x) & 0xffff) != 0));
        using var fresh = plan.Compile(new CompileOptions { Precision = Precision.BFloat16, Threads = 1 });
        using var predict = fresh.Predictor(logits);
        using var wide = exact.Predictor(logits);
        var (rounded, expected) = (predict.Run<float, float>(images).ToArray(), wide.Run<float, float>(images).ToArray());
        Assert.NotEqual(expected, rounded);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], rounded[i], 2e-2);
    }

    [Fact]
    public void No_precision_is_refused()
    {
        var plan = Plan("digits", out _);
        var error = Assert.Throws<GraphException>(() => plan.Compile(new CompileOptions { Precision = (Precision)5 }));
        Assert.Equal("SGC1011", error.Code);
        Assert.Contains("5 is no precision; there are Float32 and BFloat16", error.Message, StringComparison.Ordinal);
    }
}
