using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Rules of the user's own: what flows back, in both modes and to second order, and the check of a rule.</summary>
public sealed class CustomGradientTests
{
    private readonly GraphBuilder _graph = new("custom");

    [Fact]
    public void A_rule_replaces_the_cotangent_of_a_value()
    {
        var x = _graph.Input("x", F64[2]);
        var reversed = (x * x).WithGradient(ct => -ct);
        var limited = (x * x).WithGradient(ct => ct.Maximum(ct.Constant(-1)).Minimum(ct.Constant(1)));
        Check([reversed, reversed.Sum().Gradient(x), reversed.Jvp(x, x), (3 * limited).Sum().Gradient(x)], [2, 5],
            [4, 25], [-4, -10], [-8, -50], [4, 10]);
    }

    [Fact]
    public void A_rule_for_a_function_reads_what_it_likes_and_is_differentiated_again()
    {
        var x = _graph.Input("x", F64[2]);
        var rounded = x.Round().WithGradient(x, ct => ct * x.Cos());
        var gradient = rounded.Sum().Gradient(x);
        Check([rounded, gradient, gradient.Sum().Gradient(x), rounded.Jvp(x, x), rounded.Sum().HessianVectorProduct(x, x)], [0.4, 1.7],
            [0, 2], [Math.Cos(0.4), Math.Cos(1.7)], [-Math.Sin(0.4), -Math.Sin(1.7)], [0.4 * Math.Cos(0.4), 1.7 * Math.Cos(1.7)],
            [-0.4 * Math.Sin(0.4), -1.7 * Math.Sin(1.7)]);
    }

    [Fact]
    public void Rules_by_several_values_and_none_by_the_others()
    {
        var (x, w) = (_graph.Input("x", F64[2]), _graph.Variable("w", F64[2], Initializer.Constant(3)));
        var hidden = x * 2;
        var y = (hidden * w).WithGradient([hidden, w], ct => [ct * 10, ct * 100]);
        var gradients = y.Sum().Gradient([x, hidden, w]);
        var blocked = (hidden * w).WithGradient(w, ct => ct).Sum().Gradient(x);
        Assert.Equal([[20.0, 20], [10.0, 10], [100.0, 100], [0.0, 0]],
            ReferenceInterpreter.Run(_graph.Snapshot([.. gradients, blocked]), new Literal(F64[2], 1, 2), new Literal(F64[2], 3))
                .Select(r => r.ToArray()));
    }

    [Fact]
    public void Both_rules_may_be_given()
    {
        var x = _graph.Input("x", F64[2]);
        var y = x.Exp().WithGradient(x, vjp: ct => ct * 5, jvp: t => t * 7);
        Check([y.Sum().Gradient(x), y.Jvp(x, x)], [1, 2], [5, 5], [7, 14]);
    }

    [Fact]
    public void A_rule_may_have_rules_within_and_is_batched_with_them()
    {
        var x = _graph.Input("x", F64[2]);
        var y = (x * x).WithGradient(x, ct => (ct * 2 * x).WithGradient(inner => inner * 3));
        var jacobian = Passes.Jacobian.AppendReverse(_graph, y, x);
        // The outer rule is 2x; the inner one triples what flows back through it.
        Check([jacobian, y.Sum().Gradient(x).Sum().Gradient(x), jacobian.Sum().Gradient(x)], [1, 4], [2, 0, 0, 8], [6, 6], [6, 6]);
    }

    [Fact]
    public void A_rule_survives_until_training_is_differentiated_and_is_gone_after()
    {
        var x = _graph.Input("x", F64[4, 2]);
        var h = x.Dense(3, "hidden");
        var sign = h.Sign().WithGradient(h, ct => ct);
        var plan = _graph.Minimize((sign.Dense(1, "out") - 1).MeanSquaredError(sign.Dense(1, "other")), new Sgd(0.05));
        var training = new Interpreted(plan);
        double[] at = [0.3, -0.4, 1, 0.2, -0.7, 0.1, 0.5, 0.9];
        var first = training.Step(at)[0];
        for (var i = 0; i < 40; i++) training.Step(at);
        Assert.InRange(training.Step(at)[0], 0, first / 2);
        var compiled = JitFunction.Optimized(plan.Function, Passes.Pipeline.Training);
        Assert.DoesNotContain(compiled.Operations, o => o.Op is CustomGradient);
        Assert.Equal(_graph.ToString(), _graph.ToString());
    }

    [Fact]
    public void A_right_rule_passes_its_check_and_a_wrong_one_is_named()
    {
        var x = _graph.Input("x", F32[2, 3]);
        var labels = _graph.Input("labels", I32[2]);
        var h = x.Tanh();
        var right = (h * h).WithGradient(h, ct => 2 * h * ct);
        Assert.InRange(right.CheckGradient(x), 0, 1e-8);
        Assert.InRange(right.CheckGradient(h, at: new Dictionary<string, double[]> { ["x"] = [1, 2, 3, 4, 5, 6] }), 0, 1e-8);
        Assert.InRange(x.MeanSoftmaxCrossEntropy(labels).CheckGradient(x), 0, 1e-8);
        Assert.Equal(0, right.CheckGradient(_graph.Input("other", F64[0])));
        var wrong = (h * h).WithGradient(h, ct => 3 * h * ct);
        var error = Refused("SGC1014", "reverse mode gives", () => wrong.CheckGradient(x, file: "Model.cs", line: 7));
        Assert.Contains("central differences", error.Message, StringComparison.Ordinal);
        var wrongForward = (h * h).WithGradient(h, ct => 2 * h * ct, t => t);
        Refused("SGC1014", "forward mode", () => wrongForward.CheckGradient(x, file: "Model.cs", line: 7));
        Refused("SGC1006", "no input or variable", () => right.CheckGradient(x, at: At("nothing"), file: "Model.cs", line: 7));
        Refused("SGC1011", "given 1 elements", () => right.CheckGradient(x, at: At("x"), file: "Model.cs", line: 7));
        Refused("SGC1010", "only floating-point", () => right.CheckGradient(labels, file: "Model.cs", line: 7));
    }

    [Fact]
    public void Bad_rules_are_refused_at_the_call_which_takes_back_what_it_declared()
    {
        var (x, i) = (_graph.Input("x", F32[2]), _graph.Input("i", I32[2]));
        var foreign = new GraphBuilder("other").Input("x", F32[2]);
        Refused("SGC1010", "a rule gives (f32[]) where (f32[2]) is needed", () => x.WithGradient(ct => ct.Sum(), "Model.cs", 7));
        Refused("SGC1010", "only floating-point", () => i.WithGradient(ct => ct, "Model.cs", 7));
        Refused("SGC1010", "where (f32[2]) is needed", () => x.WithGradient([x], ct => [ct, ct], null, "Model.cs", 7));
        Refused("SGC1010", "nothing to differentiate", () => x.WithGradient([], ct => [], null, "Model.cs", 7));
        Refused("SGC1010", "where (f32[2]) is needed", () => x.WithGradient(x, ct => ct, t => t.Sum(), "Model.cs", 7));
        Refused("SGC1011", "gives null", () => x.WithGradient(_ => null!, "Model.cs", 7));
        Refused("SGC1011", "declared within", () => x.WithGradient(ct => ct * _graph.Input("late", F32[2]), "Model.cs", 7));
        Refused("SGC1008", "other", () => x.WithGradient(_ => foreign, "Model.cs", 7));
        Refused("SGC1008", "other", () => x.WithGradient(foreign, ct => ct, null, "Model.cs", 7));
        Value? kept = null;
        var y = x.WithGradient(ct => kept = ct);
        Assert.Equal("SGC1008", Assert.Throws<GraphException>(() => y + kept!).Code);
        Assert.Equal(["x", "i"], _graph.Parameters.Select(p => p.Name));
    }

    private static Dictionary<string, double[]> At(string name) => new() { [name] = [1] };

    private GraphException Refused(string code, string message, Action action)
    {
        var before = _graph.Operations.Count;
        var error = Assert.Throws<GraphException>(action);
        Assert.Equal(code, error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal("Model.cs(7)", error.Diagnostics[0].Location.ToString());
        Assert.Equal(before, _graph.Operations.Count);
        return error;
    }

    private void Check(Value[] values, double[] at, params double[][] expected)
    {
        var function = _graph.Snapshot(values);
        Literal[] arguments = [new(_graph.Parameters[0].Type, at)];
        var (interpreted, compiled) = (ReferenceInterpreter.Run(function, arguments), JitFunction.Run(function, arguments));
        for (var r = 0; r < expected.Length; r++)
            for (var i = 0; i < expected[r].Length; i++)
            {
                Assert.Equal(expected[r][i], (double)interpreted[r][i], 1e-12);
                Assert.Equal(expected[r][i], (double)compiled[r][i], 1e-12);
            }
    }
}
