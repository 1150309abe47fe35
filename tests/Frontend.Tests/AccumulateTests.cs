using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.Frontend.Tests.UpdateTrial;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>k steps with batches of b examples are one step with a batch of k·b.</summary>
public sealed class AccumulateTests
{
    private const int Micro = 5, Features = 4;

    private static TrainingStep Compile(int batch, Optimizer optimizer)
    {
        var g = new GraphBuilder("regression", seed: 9);
        var (x, y) = (g.Input("x", F64[batch, Features]), g.Input("y", F64[batch, 1]));
        var w = g.Variable("w", F64[Features, 1], Initializer.Uniform(-1, 1));
        var b = g.Variable("b", F64[1], Initializer.Zeros);
        var error = x.MatMul(w) + b - y;
        return g.Minimize((error * error).Mean(), optimizer).Compile();
    }

    public static TheoryData<string> Rules => ["sgd", "adam", "clipped", "scheduled", "groups", "averaged"];

    private static Optimizer Rule(string name) => name switch
    {
        "sgd" => new Sgd(0.05, 0.9, nesterov: true),
        "adam" => new Adam(0.05),
        "clipped" => new AdamW(0.05) { Gradients = [new ClipByGlobalNorm(0.5)] },
        "scheduled" => new RmsProp(Schedule.Cosine(0.05, 6).WithWarmUp(3)),
        "groups" => new ParameterGroups(new NAdam(0.05)).With(p => p.Rank < 2, new Lamb(0.05)),
        _ => new Adam(0.05) { Parameters = [new ExponentialMovingAverage(0.5), new BoxConstraint(-0.5, 0.5)] },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Micro_batches_are_one_batch(string name)
    {
        const int Steps = 3;
        using var whole = Compile(Micro * Steps, Rule(name));
        using var parts = Compile(Micro, new Accumulate(Steps, Rule(name)));
        var random = new Random(4);
        for (var t = 0; t < 10; t++)
        {
            double[] x = [.. Enumerable.Range(0, Micro * Steps * Features).Select(_ => random.NextDouble() - 0.5)];
            double[] y = [.. Enumerable.Range(0, Micro * Steps).Select(_ => random.NextDouble())];
            var before = (Read<double>(parts, "w"), Read<double>(parts, "b"));
            for (var k = 0; k < Steps; k++)
            {
                Assert.Equal(before, (Read<double>(parts, "w"), Read<double>(parts, "b")), (a, b) =>
                    a.Item1.SequenceEqual(b.Item1) && a.Item2.SequenceEqual(b.Item2));
                parts.Run<double, double>(x.AsSpan(k * Micro * Features, Micro * Features), y.AsSpan(k * Micro, Micro));
            }
            whole.Run<double, double>(x, y);
            foreach (var (variable, isCount) in whole.Variables.Variables.Select(v => (v.Name, v.Type == ElementType.I64)))
            {
                var inner = variable is "w" or "b" ? variable : $"accumulate/{variable}";
                if (isCount) Assert.Equal(whole.Variable<long>(variable)[0], parts.Variable<long>(inner)[0]);
                else Agree(Read<double>(whole, variable), Read<double>(parts, inner), 1e-12, $"{name}, step {t}, {variable}");
            }
        }
    }

    /// <summary>What is not a number in a step between updates does not reach a state that keeps its value there.</summary>
    [Fact]
    public void The_inner_rule_s_state_stays_between_updates()
    {
        using var step = UpdateTrial.Compile(new Accumulate(4, new Adam(0.1)), F32);
        step.Run<float, float>([1, 2, 3, 4, 5, 6], [1, 2]);
        step.Run<float, float>([float.NaN, 2, 3, 4, 5, 6], [1, 2]);
        Assert.Equal(0, step.Variable<long>("accumulate/adam/step")[0]);
        Assert.Equal(2, step.Variable<long>("accumulate/count")[0]);
        Assert.All(step.Variable<float>("accumulate/adam/m/w").ToArray(), m => Assert.Equal(0, m));
        Assert.All(Read<float>(step, "w"), w => Assert.True(double.IsFinite(w)));
        Assert.Equal(2, step.Variable<float>("accumulate/sum/b")[0]);
        // Transforms of the outer rule see every micro-batch.
        using var clipped = UpdateTrial.Compile(new Accumulate(4, new Adam(0.1)) { Gradients = [new ClipByValue(1)] }, F32);
        clipped.Run<float, float>([1, 2, 3, 4, 5, 6], [0.5f, 2]);
        Assert.Equal([0.5f, 1], clipped.Variable<float>("accumulate/sum/b").ToArray());
    }

    [Fact]
    public void One_step_is_the_rule_itself() =>
        Compare(new Accumulate(1, new Sgd(0.1)), (_, p, g, _) =>
        {
            for (var i = 0; i < p.Length; i++) p[i] -= 0.1 * g[i];
        });

    [Fact]
    public void A_rule_made_of_others_has_none_for_one_parameter()
    {
        foreach (var optimizer in (Optimizer[])[new Accumulate(2, new Sgd()), new ParameterGroups(new Sgd())])
        {
            var error = Assert.Throws<GraphException>(() => UpdateTrial.Compile(new Delegating(optimizer), F32));
            Assert.Equal("SGC1011", error.Code);
        }
    }

    private sealed record Delegating(Optimizer Inner) : Optimizer
    {
        public override UpdateRule Begin(UpdateScope scope) => Inner.Begin(scope);
    }
}
