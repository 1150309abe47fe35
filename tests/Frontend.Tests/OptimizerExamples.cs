using System.Text.RegularExpressions;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>The code of docs/optimizers.md, which is this file's, and what it does.</summary>
public sealed partial class OptimizerExamples
{
    private readonly GraphBuilder _g = new("example", seed: 1);
    private readonly Value _loss, _x, _y;

    public OptimizerExamples()
    {
        _x = _g.Input("x", F32[8, 4]);
        _y = _x.Dense(6).Tanh().Dense(1);
        _loss = (_y - _x.Sum(-1, keepAxes: true)).Square().Mean();
    }

    private static readonly float[] s_batch = [.. Enumerable.Range(0, 32).Select(i => MathF.Sin(i * i))];

    private static void Learns(TrainingStep step, int steps = 200)
    {
        step.Run<float>(s_batch);
        var first = step.Loss;
        for (var t = 0; t < steps; t++) step.Run<float>(s_batch);
        Assert.InRange(step.Loss, 0, 0.5 * first);
    }

    [Fact]
    public void A_chain()
    {
        var (g, loss, y, batch) = (_g, _loss, _y, s_batch);
        var optimizer = new AdamW(Schedule.Cosine(1e-2, steps: 300).WithWarmUp(20), weightDecay: 0.01)
        {
            Gradients = [new ClipByGlobalNorm(1)],
            Parameters = [new ExponentialMovingAverage(0.99)],
        };
        using var step = g.Minimize(loss, optimizer).Compile();
        step.Run<float>(batch);
        using var averaged = step.Predictor(y, averaged: true);
        Learns(step);
        averaged.Run<float, float>(batch);
    }

    [Fact]
    public void A_settable_rate()
    {
        var (g, loss) = (_g, _loss);
        using var step = g.Minimize(loss, new Adam(Schedule.Settable(1e-2))).Compile();
        Learns(step);
        step.LearningRate = 0.5 * step.LearningRate;
        Assert.Equal(0.005, step.LearningRate);
    }

    [Fact]
    public void Groups()
    {
        var (g, loss) = (_g, _loss);
        var optimizer = new ParameterGroups(new AdamW(1e-2, weightDecay: 0.1))
            .With(p => p.Rank < 2, new AdamW(1e-2, weightDecay: 0))
            .With(name => name.StartsWith("dense_1/", StringComparison.Ordinal), new Sgd(1e-2, momentum: 0.9));
        using var step = g.Minimize(loss, optimizer).Compile();
        Learns(step);
    }

    [Fact]
    public void Accumulated()
    {
        var (g, loss) = (_g, _loss);
        using var step = g.Minimize(loss, new Accumulate(4, new Adam(1e-2))).Compile();
        Learns(step, 800);
    }

    /// <summary>Signed momentum.</summary>
    public sealed record Signum(Schedule Rate, double Beta = 0.9) : Optimizer
    {
        public override Schedule LearningRate => Rate;

        public override UpdateRule Begin(UpdateScope scope) => (parameter, gradient) =>
        {
            var state = scope.State("m", parameter);
            var m = Beta * state + (1 - Beta) * gradient;
            scope.Assign(state, m);
            return parameter - scope.LearningRate.ConvertTo(parameter.DType) * m.Sign();
        };
    }

    /// <summary>Every gradient over its own norm.</summary>
    public sealed record Normalize : GradientTransform
    {
        public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters,
            IReadOnlyList<Value> gradients) => [.. gradients.Select(g => g / ((g * g).Sum().Sqrt() + 1e-8))];
    }

    [Fact]
    public void Rules_of_one_s_own()
    {
        var (g, loss) = (_g, _loss);
        var optimizer = new Signum(Schedule.Linear(1e-2, 0, 300)) { Gradients = [new Normalize()], Parameters = [new ProximalL1(1e-3)] };
        using var step = g.Minimize(loss, optimizer).Compile();
        Learns(step);
        Assert.Contains(step.Variables.Variables, v => v.Name == "signum/m/dense/kernel");
    }

    /// <summary>Each block of code in the document, line for line, is in this file.</summary>
    [Fact]
    public void The_document_s_code_is_what_is_tested()
    {
        static string Flat(string text) => string.Join('\n', text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0));
        var source = Flat(File.ReadAllText(SourceTree.PathOf("tests", "Frontend.Tests", "OptimizerExamples.cs")));
        var blocks = CodeBlock().Matches(File.ReadAllText(SourceTree.PathOf("docs", "optimizers.md")));
        Assert.True(blocks.Count >= 5);
        Assert.All(blocks, b => Assert.Contains(Flat(b.Groups[1].Value), source, StringComparison.Ordinal));
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
