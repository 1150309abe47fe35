using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Updates against formulas worked out beside the compiler: L = Σ p·x has the gradient x.</summary>
public sealed class OptimizerTests
{
    private static readonly double[][] s_gradients = [[1, -2], [0.5, 3], [-4, 0.25]];

    private static TrainingPlan Plan(Optimizer optimizer)
    {
        var g = new GraphBuilder("linear");
        var x = g.Input("x", F64[2]);
        var p = g.Variable("p", F64[2], Initializer.Constant(1));
        var frozen = g.Variable("frozen", F64[2], Initializer.Constant(2), trainable: false);
        g.Variable("unused", F64[2], Initializer.Constant(3));
        return g.Minimize((p * x + frozen).Sum(), optimizer);
    }

    private static void Check(Optimizer optimizer, Func<int, double[], double[], double> move)
    {
        var run = new Interpreted(Plan(optimizer));
        double[] p = [1, 1];
        double[][] memory = [[0, 0], [0, 0]];
        for (var t = 1; t <= s_gradients.Length; t++)
        {
            run.Step(s_gradients[t - 1]);
            for (var i = 0; i < 2; i++)
            {
                p[i] -= move(t, memory[i], [s_gradients[t - 1][i]]);
                Assert.Equal(p[i], (double)run.State["p"][i], 1e-7);
            }
        }
    }

    [Fact]
    public void PlainDescent() => Check(new Sgd(0.1), (_, _, g) => 0.1 * g[0]);

    [Fact]
    public void Momentum() => Check(new Sgd(0.1, 0.9), (_, v, g) => 0.1 * (v[0] = 0.9 * v[0] + g[0]));

    [Fact]
    public void Nesterov() => Check(new Sgd(0.1, 0.9, nesterov: true), (_, v, g) => 0.1 * (g[0] + 0.9 * (v[0] = 0.9 * v[0] + g[0])));

    [Fact]
    public void AdamCorrectsTheBiasOfBothMoments()
    {
        double[][] second = [[0], [0]];
        var calls = 0;
        Check(new Adam(0.01), (t, m, g) =>
        {
            var v = second[calls++ % 2];
            m[0] = 0.9 * m[0] + 0.1 * g[0];
            v[0] = 0.999 * v[0] + 0.001 * g[0] * g[0];
            return 0.01 / (1 - Math.Pow(0.9, t)) * m[0] / (Math.Sqrt(v[0]) / Math.Sqrt(1 - Math.Pow(0.999, t)) + 1e-8);
        });
    }

    [Fact]
    public void FrozenAndUnusedVariablesKeepTheirElementsAndHaveNoState()
    {
        var plan = Plan(new Adam(0.01));
        var run = new Interpreted(plan);
        run.Step([1, 2]);
        Assert.Equal(2, run.State["frozen"][0]);
        Assert.Equal(3, run.State["unused"][1]);
        Assert.Equal(["x", "p", "frozen", "unused", "adam/step", "adam/m/p", "adam/v/p"], plan.Function.Parameters.Select(p => p.Name!));
        Assert.Equal(BufferRole.Input, plan.Roles[0]);
        using var step = plan.Compile();
        double[] x = [1, 2];
        step.Run<double>(x);
        Assert.Equal([2.0, 2.0], step.Variable<double>("frozen").ToArray());
        Assert.Equal([3.0, 3.0], step.Variable<double>("unused").ToArray());
        Assert.Equal(run.State["p"].ToArray(), step.Variable<double>("p").ToArray(), (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal(7f, step.Loss); // Σ (p·x + 2) = 1 + 2 + 4.
    }

    /// <summary>Integers and truth values start with the elements that were declared, as numbers of any type do.</summary>
    [Fact]
    public void FrozenVariablesOfAnyType()
    {
        var g = new GraphBuilder("frozen");
        var p = g.Variable("p", F32[3], Initializer.Constant(1));
        var loss = p.Sum();
        foreach (var type in All)
            loss += g.Variable(type.Name, type[3], Initializer.Constant(1), trainable: false).ConvertTo(F32).Sum();
        using var step = g.Minimize(loss, new Sgd()).Compile();
        step.Run();
        Assert.Equal(3f + 3 * All.Count, step.Loss);
        Assert.Equal([1, 1, 1], step.Variable<int>("i32").ToArray());
        Assert.Equal([1L, 1, 1], step.Variable<long>("i64").ToArray());
        Assert.Equal([true, true, true], step.Variable<bool>("bool").ToArray());
    }

    [Fact]
    public void MetricsComeAfterTheLoss()
    {
        var g = new GraphBuilder("metrics");
        var x = g.Input("x", F32[2]);
        var p = g.Variable("p", F32[2], Initializer.Constant(3));
        var plan = g.Minimize((p * x).Sum(), new Sgd(0.5), new Dictionary<string, Value> { ["largest"] = (p * x).Max() });
        Assert.Equal([9.0, 6], new Interpreted(plan).Step([1, 2]));
        using var step = plan.Compile();
        step.Run<float>([1f, 2f]);
        Assert.Equal((9f, 6f), (step.Loss, step.Metric<float>("largest")[0]));
    }

    /// <summary>A rule of a user's, which may get everything wrong.</summary>
    private sealed record Custom(Func<Value, Value> Next, Action<UpdateScope, Value>? Keep = null) : Optimizer
    {
        public override UpdateRule Begin(UpdateScope scope) => (parameter, _) =>
        {
            Keep?.Invoke(scope, parameter);
            return Next(parameter);
        };
    }

    public static TheoryData<string, string> Mistakes => new()
    {
        { "parameter of another shape", "SGC1002" }, { "state of another shape", "SGC1002" }, { "parameter of another type", "SGC1001" },
        { "state never assigned", "SGC1013" }, { "state assigned twice", "SGC1013" }, { "the parameter assigned as state", "SGC1013" },
        { "the count of steps assigned", "SGC1013" }, { "state declared twice", "SGC1006" }, { "a value of another graph", "SGC1008" },
        { "state of another graph", "SGC1008" }, { "nothing", "SGC1011" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_rule_that_gives_something_else_than_it_declares_is_refused(string mistake, string code)
    {
        var other = new FunctionBuilder("other").Parameter("p", F64[2]);
        Optimizer rule = mistake switch
        {
            "parameter of another shape" => new Custom(p => p.Sum()),
            "state of another shape" => new Custom(p => p, (s, p) => s.Assign(s.State("m", p), p.Reshape([2, 1]))),
            "parameter of another type" => new Custom(p => p.ConvertTo(F32)),
            "state never assigned" => new Custom(p => p, (s, p) => s.State("m", p)),
            "state assigned twice" => new Custom(p => p, (s, p) =>
            {
                var state = s.State("m", p);
                s.Assign(state, p);
                s.Assign(state, p);
            }),
            "the parameter assigned as state" => new Custom(p => p, (s, p) => s.Assign(p, p)),
            "the count of steps assigned" => new Custom(p => p, (s, _) => s.Assign(s.Step.Definition!.Operands[0], s.Step)),
            "state declared twice" => new Custom(p => p, (s, p) =>
            {
                s.Assign(s.State("m", p), p);
                s.State("m", p);
            }),
            "state of another graph" => new Custom(p => p, (s, p) => s.Assign(s.State("m", p), other)),
            "nothing" => new Custom(_ => null!),
            _ => new Custom(_ => other),
        };
        var error = Assert.Throws<GraphException>(() => Plan(rule));
        Assert.Equal(code, error.Code);
        Assert.Equal("OptimizerTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
        Assert.Contains("Custom", error.Message, StringComparison.Ordinal);
    }

    /// <summary>One value for a parameter and for its state: both get it.</summary>
    [Fact]
    public void One_value_may_replace_a_parameter_and_its_state()
    {
        var g = new GraphBuilder("twice");
        var p = g.Variable("p", F64[2], Initializer.Constant(1));
        using var step = g.Minimize((p * p).Sum(), new Same()).Compile();
        step.Run();
        Assert.Equal([3.0, 3.0], step.Variable<double>("p").ToArray());
        Assert.Equal([3.0, 3.0], step.Variable<double>("same/next/p").ToArray());
    }

    private sealed record Same : Optimizer
    {
        public override UpdateRule Begin(UpdateScope scope) => (parameter, gradient) =>
        {
            var next = parameter + gradient;
            scope.Assign(scope.State("next", parameter), next);
            return next;
        };
    }
}
