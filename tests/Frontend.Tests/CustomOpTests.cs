using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Operations of the user's own: values, rules in both modes and to second order, their check, and what is refused.</summary>
public sealed class CustomOpTests
{
    private static readonly CustomOp s_soft = new("soft_clip", x => x.Tanh(), (x, y, ct) => ct * (1 - y * y));

    // Rows of a table times weights: an operand of integers, and two by which it is differentiated.
    private static readonly CustomOp s_rows = new("weighted_rows", 3, x => x[0].Take(x[1]) * x[2], (x, _, ct) =>
        [x[0].Constant(0).ScatterNd(x[1].ExpandDims(-1), ct * x[2]), null, (ct * x[0].Take(x[1])).Sum(1, keepAxes: true)]);

    private readonly GraphBuilder _graph = new("custom");

    [Fact]
    public void Values_and_derivatives_are_those_of_what_it_stands_for()
    {
        var x = _graph.Input("x", F64[2]);
        var (own, plain) = (x.Apply(s_soft) * x, x.Tanh() * x);
        Value[] Of(Value y) => [y, y.Sum().Gradient(x), y.Jvp(x, x), y.Jacobian(x), y.Sum().Hessian(x), y.Sum().HessianVectorProduct(x, x)];
        var results = ReferenceInterpreter.Run(_graph.Snapshot([.. Of(own), .. Of(plain)]), new Literal(F64[2], 0.3, -1.2));
        for (var i = 0; i < results.Length / 2; i++)
            foreach (var (a, b) in results[i].ToArray().Zip(results[i + results.Length / 2].ToArray())) Assert.Equal(b, a, 1e-12);
    }

    [Fact]
    public void The_rule_alone_is_what_flows_back_and_nothing_by_what_is_read_besides()
    {
        var (x, w) = (_graph.Input("x", F64[2]), _graph.Input("w", F64[2]));
        var op = new CustomOp("scaled", v => v * w, (_, _, ct) => ct * 10, (_, y, t) => y + t);
        var y = x.Apply(op);
        var none = x.Apply(new CustomOp("none", v => v * v, (_, _, _) => null));
        var results = ReferenceInterpreter.Run(
            _graph.Snapshot([y, .. y.Sum().Gradient([x, w]), y.Jvp(x, x), none.Sum().Gradient(x), x.Apply(new("greater", 1, v => v[0] > 2,
                (_, _, _) => [null])).ConvertTo(F64)]), new Literal(F64[2], 2, 3), new Literal(F64[2], 5, 7));
        Assert.Equal([[10, 21], [10, 10], [0, 0], [12, 24], [0, 0], [0, 1]], results.Select(r => r.ToArray()));
    }

    [Fact]
    public void Rules_are_checked_against_central_differences()
    {
        Assert.InRange(s_soft.Check([F32[2, 3]]), 0, 1e-8);
        var indices = new Dictionary<string, double[]> { ["x1"] = [2, 0, 2, 1] };
        Assert.InRange(s_rows.Check([F32[3, 2], I32[4], F32[4, 1]], at: indices), 0, 1e-8);
        var wrong = new CustomOp("wrong", x => x * x, (x, _, ct) => 3 * x * ct);
        Refused("SGC1014", "central differences", () => wrong.Check([F64[2]], file: "Model.cs", line: 7));
        var wrongForward = new CustomOp("wrong", x => x * x, (x, _, ct) => 2 * x * ct, (_, _, t) => t);
        Refused("SGC1014", "forward mode", () => wrongForward.Check([F64[2]], file: "Model.cs", line: 7));
        Refused("SGC1009", "soft_clip: takes 1 operands, given 2", () => s_soft.Check([F64[2], F64[2]], file: "Model.cs", line: 7));
    }

    [Fact]
    public void A_step_trains_as_with_what_it_stands_for()
    {
        float[] Train(Func<Value, Value> activation)
        {
            var g = new GraphBuilder("step", seed: 4);
            var x = g.Input("x", F32[8, 3]);
            var table = g.Variable("table", F32[3, 2], Initializer.XavierUniform);
            var weight = g.Variable("w", F32[2, 2], Initializer.HeNormal);
            var loss = (activation(x.MatMul(table)).MatMul(weight) - 1).Square().Mean();
            using var step = g.Minimize(loss, new Adam(0.05)).Compile();
            float[] at = [.. Enumerable.Range(0, 24).Select(i => MathF.Sin(i))];
            for (var i = 0; i < 20; i++) step.Run<float>(at);
            return [.. step.Variable<float>("table").ToArray(), .. step.Variable<float>("w").ToArray(), step.Loss];
        }
        var (own, plain) = (Train(h => h.Apply(s_soft)), Train(h => h.Tanh()));
        for (var i = 0; i < own.Length; i++) Assert.Equal(plain[i], own[i], 2e-4f);
    }

    [Fact]
    public void Bad_rules_are_refused_at_the_call_which_takes_back_what_it_declared()
    {
        var (x, i, w) = (_graph.Input("x", F32[3, 2]), _graph.Input("i", I32[4]), _graph.Input("w", F32[4, 1]));
        var foreign = new GraphBuilder("other").Input("x", F32[3, 2]);
        void With(string code, string text, Func<Value, Value, Value, Value?> vjp) =>
            Refused(code, text, () => x.Apply(new CustomOp("mine", v => v.Exp(), vjp), "Model.cs", 7));
        void All(string code, string text, Func<Value[], Value, Value, Value?[]> vjp) => Refused(code, text,
            () => x.Apply(new CustomOp("mine", 3, v => v[0].Take(v[1]) * v[2], vjp), [i, w], "Model.cs", 7));
        With("SGC1010", "mine: the cotangent of operand 0 is f32[], and the operand f32[3,2]", (_, _, ct) => ct.Sum());
        With("SGC1008", "the cotangent of operand 0", (_, _, _) => foreign);
        With("SGC1011", "declared within", (_, _, ct) => ct * _graph.Input("late", F32[3, 2]));
        With("SGC1002", "do not broadcast", (v, _, ct) => ct * v.Transpose());
        All("SGC1010", "gives 1 cotangents for 3 operands", (v, _, _) => [v[0]]);
        All("SGC1010", "operand 1 is i32[4] and has no cotangent", (v, _, _) => [v[0], v[1], v[2]]);
        All("SGC1010", "the cotangent of operand 2 is f32[4,2]", (v, _, ct) => [v[0], null, ct]);
        All("SGC1011", "its vjp gives null", (_, _, _) => null!);
        Refused("SGC1010", "mine: a rule gives (f32[])", () => x.Apply(new CustomOp("mine", v => v.Exp(), (_, _, ct) => ct,
            (_, _, t) => t.Sum()), "Model.cs", 7));
        Refused("SGC1011", "its value is null", () => x.Apply(new CustomOp("mine", _ => null!, (_, _, ct) => ct), "Model.cs", 7));
        Refused("SGC1008", "its value", () => x.Apply(new CustomOp("mine", _ => foreign, (_, _, ct) => ct), "Model.cs", 7));
        Refused("SGC1008", "belongs to", () => x.Apply(s_rows, [i, foreign], "Model.cs", 7));
        Refused("SGC1009", "weighted_rows: takes 3 operands, given 1", () => x.Apply(s_rows, "Model.cs", 7));
        Assert.Equal("SGC1006", Assert.Throws<IR.Diagnostics.GraphException>(() => new CustomOp("", v => v, (_, _, ct) => ct)).Code);
        Assert.Equal("SGC1011", Assert.Throws<IR.Diagnostics.GraphException>(() => new CustomOp("n", 0, v => v[0], (_, _, _) => [])).Code);
    }

    private void Refused(string code, string text, Action call)
    {
        var before = _graph.Operations.Count;
        var error = Assert.Throws<IR.Diagnostics.GraphException>(call);
        Assert.Equal(code, error.Code);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("Model.cs(7)", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, _graph.Operations.Count);
    }
}
