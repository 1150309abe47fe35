using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Attention that drops weights: how often, in which mode, and with which gradient.</summary>
[Trait("Category", "Target")]
public sealed class AttentionDropoutTests
{
    private const int Batch = 2, Length = 5, Width = 8;

    private static TrainingPlan Model(double rate, out Value output)
    {
        var g = new GraphBuilder("model", seed: 3);
        var (x, t) = (g.Input("x", F32[Batch, Length, Width]), g.Input("t", F32[Batch, 1]));
        output = x.TransformerBlock(2, attentionDropout: rate, kernel: Initializer.Uniform(-0.5f, 0.5f)).Mean([1]).Dense(1, "output");
        return g.Minimize(output.MeanSquaredError(t), new Sgd(0.05));
    }

    private static (float[] X, float[] T) Data(int seed)
    {
        var random = new Random(seed);
        float[] x = [.. Enumerable.Range(0, Batch * Length * Width).Select(_ => (float)(random.NextDouble() * 2 - 1))];
        return (x, [.. x.Chunk(Length * Width).Select(r => r[0] - r[9])]);
    }

    /// <summary>Queries of 0 weigh all keys alike, and values that are rows of the identity show the weights.</summary>
    [Theory, InlineData(0.1), InlineData(0.5), InlineData(0.8)]
    public void WeightsAreDroppedAsOftenAsTheRateSaysAndTheOthersScaled(double rate)
    {
        const int Keys = 16, Queries = 200;
        var g = new GraphBuilder("g");
        var (zero, q) = (g.Constant(new Literal(F32[1, Keys, 1, Keys], 0)), g.Constant(new Literal(F32[1, Queries, 1, Keys], 0)));
        var rows = g.Constant(new Literal(F32[1, Keys, 1, Keys],
            [.. Enumerable.Range(0, Keys * Keys).Select(i => i % (Keys + 1) == 0 ? 1 : 0)]));
        var y = g.Build(q.Attention(zero, rows, rate));
        var weights = ReferenceInterpreter.Run(y, [new Literal(I64.Scalar, 4L)])[0].ToArray();
        Assert.Equal(rate, weights.Count(v => v == 0) / (double)weights.Length, 4 * Math.Sqrt(rate * (1 - rate) / weights.Length));
        Assert.All(weights.Where(w => w != 0), w => Assert.Equal(1 / (Keys * (1 - rate)), w, 1e-6));
    }

    /// <summary>Forward and backward drop the same weights, on any number of threads, in another step others.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void CompiledStepsEqualInterpretedSteps(int threads)
    {
        var plan = Model(0.5, out _);
        using var step = plan.Compile(new() { Threads = threads });
        var interpreted = new Interpreted(plan);
        for (var i = 0; i < 4; i++)
        {
            var (x, t) = Data(i / 2);
            var loss = interpreted.Step([.. x.Select(v => (double)v)], [.. t.Select(v => (double)v)])[0];
            step.Run<float, float>(x, t);
            Assert.Equal(loss, step.Loss, 1e-5 * Math.Max(1, loss));
        }
    }

    [Fact]
    public void APredictorDropsNothing()
    {
        using var step = Model(0.5, out var output).Compile();
        using var without = Model(0, out var plainOutput).Compile();
        var (x, _) = Data(1);
        using var predictor = step.Predictor(output);
        using var plain = without.Predictor(plainOutput);
        Assert.Equal(plain.Run<float, float>(x).ToArray(), predictor.Run<float, float>(x).ToArray());
    }

    /// <summary>A rate of 1 drops everything, and 0 nothing, which takes no random bits.</summary>
    [Fact]
    public void TheEndsOfTheRangeAreExact()
    {
        var g = new GraphBuilder("g");
        var q = g.Input("q", F32[1, 3, 2, 4]);
        var (all, none, plain) = (q.Attention(q, q, 1.0), q.Attention(q, q, 0.0), q.Attention(q, q));
        var function = g.Build(all, none, plain);
        Assert.Equal(["q"], function.Parameters.Select(p => p.Name!));
        var results = ReferenceInterpreter.Run(function, [new Literal(q.Type, [.. Enumerable.Range(0, 24).Select(i => 0.1 * i)])]);
        Assert.All(results[0].ToArray(), v => Assert.Equal(0, v));
        Assert.Equal(results[2].ToArray(), results[1].ToArray());
    }
}
