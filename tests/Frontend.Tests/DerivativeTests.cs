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

/// <summary>Derivatives as values of the graph: each against one derived by hand or central differences, interpreted and
/// compiled.</summary>
public sealed class DerivativeTests
{
    private readonly GraphBuilder _graph = new("derivatives");

    [Fact]
    public void Gradients_by_inputs_variables_and_intermediate_results()
    {
        var x = _graph.Input("x", F64[3]);
        var square = x * x;
        var y = (square.Sin() + square).Sum();
        Value[] all = [y.Gradient(x), y.Gradient(square), .. y.Gradient([square, x, y])];
        double[] at = [0.3, -1.2, 2];
        var bySquare = at.Select(v => Math.Cos(v * v) + 1).ToArray();
        var byX = at.Zip(bySquare, (v, g) => 2 * v * g).ToArray();
        Check(all, [at], byX, bySquare, bySquare, byX, [1]);
    }

    [Fact]
    public void A_value_and_its_gradient()
    {
        var (x, w) = (_graph.Input("x", F64[2]), _graph.Input("w", F64[2]));
        var y = (x * w).Sum();
        var (value, gradient) = y.ValueAndGradient(x);
        var (same, gradients) = y.ValueAndGradient([x, w]);
        Assert.Same(y, value);
        Assert.Same(y, same);
        Check([value, gradient, .. gradients], [[1, 2], [3, 5]], [13], [3, 5], [3, 5], [1, 2]);
    }

    [Fact]
    public void Products_with_a_Jacobian_from_both_sides()
    {
        var (x, w) = (_graph.Input("x", F64[1, 2]), _graph.Input("w", F64[2, 3]));
        var (v, ct) = (_graph.Input("v", F64[1, 2]), _graph.Input("ct", F64[1, 3]));
        var y = x.MatMul(w);
        Check([y.Vjp(x, ct), y.Jvp(x, v), y.Jvp([x, w], [v, w]), .. y.Vjp([x, w], ct)],
            [[1, 2], [1, 2, 3, 4, 5, 6], [10, 20], [1, 0, -1]],
            [-2, -2], [90, 120, 150], [90 + 9, 120 + 12, 150 + 15], [-2, -2], [1, 0, -1, 2, 0, -2]);
    }

    [Fact]
    public void A_Jacobian_has_both_shapes_in_either_mode()
    {
        var x = _graph.Input("x", F64[3]);
        var tall = x.Concat([x * x], 0);
        var wide = x.Slice([1], [3]) * x.Slice([0], [1]);
        var scalar = (x * x).Sum();
        Check([tall.Jacobian(x), wide.Jacobian(x), scalar.Jacobian(x), scalar.Jacobian(scalar), (scalar * x).Jacobian(scalar)], [[2, 3, 5]],
            [1, 0, 0, 0, 1, 0, 0, 0, 1, 4, 0, 0, 0, 6, 0, 0, 0, 10], [3, 2, 0, 5, 0, 2], [4, 6, 10], [1], [2, 3, 5]);
        Assert.Equal([F64[6, 3], F64[2, 3], F64[3]],
            [tall.Jacobian(x).Type, wide.Jacobian(x).Type, scalar.Jacobian(x).Type]);
    }

    [Fact]
    public void A_Hessian_and_its_products()
    {
        var (x, v) = (_graph.Input("x", F64[2]), _graph.Input("v", F64[2]));
        var (a, b) = (x.Slice([0], [1]), x.Slice([1], [2]));
        var y = (a * a * b + b.Exp()).Sum();
        double[] hessian = [2 * 3, 2 * 2, 2 * 2, Math.Exp(3)];
        Check([y.Hessian(x), y.HessianVectorProduct(x, v), y.HessianVectorProduct([x, v], [v, x])[0]], [[2, 3], [1, -1]],
            hessian, [6 - 4, 4 - Math.Exp(3)], [6 - 4, 4 - Math.Exp(3)]);
    }

    [Fact]
    public void Derivatives_nest_to_any_order()
    {
        var x = _graph.Input("x", F64.Scalar);
        var y = (2 * x).Sin();
        var third = y.Gradient(x).Gradient(x).Gradient(x);
        var mixed = y.Hessian(x).Jacobian(x);
        var one = x.Constant(1);
        var forward = y.Jvp(x, one).Jvp(x, one).Jvp(x, one).Jvp(x, one);
        var at = 0.7;
        Check([third, mixed, forward, third.Jvp(x, one)], [[at]], [-8 * Math.Cos(2 * at)], [-8 * Math.Cos(2 * at)],
            [16 * Math.Sin(2 * at)], [16 * Math.Sin(2 * at)]);
    }

    [Fact]
    public void A_third_derivative_of_a_network_is_the_difference_of_its_Hessian()
    {
        var x = _graph.Input("x", F64[1, 3]);
        var w = _graph.Input("w", F64[3, 4]);
        var y = x.MatMul(w).Tanh().LogSoftmax().Sum();
        var hessian = y.Hessian(x);
        CheckDifferences(hessian.Jacobian(x), hessian, x, [[0.3, -0.2, 0.5], [.. Enumerable.Range(0, 12).Select(i => Math.Sin(i))]]);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(5)]
    public void Empty_and_unit_sizes(int size)
    {
        var x = _graph.Input("x", F64[size, 1]);
        var y = (x * x * x).Sum();
        var v = Enumerable.Range(1, size).Select(i => (double)i).ToArray();
        Check([y.Gradient(x), y.Hessian(x), (x * x).Jacobian(x), y.HessianVectorProduct(x, x), x.Sum([0]).Jacobian(x)], [v],
            [.. v.Select(e => 3 * e * e)], Diagonal(v, e => 6 * e), Diagonal(v, e => 2 * e), [.. v.Select(e => 6 * e * e)],
            [.. v.Select(_ => 1.0)]);
    }

    [Fact]
    public void What_does_not_depend_has_zeros()
    {
        var (x, other, labels) = (_graph.Input("x", F64[2]), _graph.Input("other", F64[3]), _graph.Input("labels", I32[2]));
        var y = (x.StopGradient() * x + labels.ConvertTo(F64)).Sum();
        Check([y.Gradient(other), x.Jvp(other, other), y.Hessian(x), x.Jacobian(other), y.HessianVectorProduct(other, other)],
            [[1, 2], [1, 2, 3], [4, 5]], [0, 0, 0], [0, 0], [0, 0, 0, 0], new double[6], [0, 0, 0]);
    }

    [Fact]
    public void A_gradient_penalty_is_minimised()
    {
        var x = _graph.Input("x", F64[4, 2]);
        var critic = x.Dense(3, "hidden", activation: h => h.Tanh()).Dense(1, "out");
        var slopes = critic.Sum().Gradient(x);
        var norms = (slopes * slopes).Sum([1]).Sqrt();
        var penalty = (norms - 1).MeanSquaredError(norms.Constant(0));
        double[] at = [0.3, -0.4, 1, 0.2, -0.7, 0.1, 0.5, 0.9];
        CheckGradientOf(penalty, at);
        var training = new Interpreted(_graph.Minimize(penalty, new Sgd(0.1)));
        var first = training.Step(at)[0];
        for (var i = 0; i < 50; i++) training.Step(at);
        Assert.InRange(training.Step(at)[0], 0, first / 4);
    }

    [Fact]
    public void A_physics_informed_loss_has_the_gradient_of_its_differences()
    {
        var x = _graph.Input("x", F64[5, 2]);
        var u = x.Dense(4, "first", activation: h => h.Tanh()).Dense(4, "second", activation: h => h.Tanh()).Dense(1, "out");
        var residual = Laplacian(u, x) + u;
        CheckGradientOf((residual * residual).Mean(), [.. Enumerable.Range(0, 10).Select(i => Math.Cos(i))]);
    }

    [Fact]
    public void A_Newton_step_reaches_the_minimum_of_a_quadratic()
    {
        var x = _graph.Input("x", F64[2]);
        var scaled = x * x.Builder.Constant(new Literal(F64[2], 2, 0.5)) - 1;
        var y = (scaled * scaled).Sum();
        var (hessian, gradient) = (y.Hessian(x), y.Gradient(x));
        // The Hessian is diagonal here, so its inverse is that of its diagonal.
        var step = gradient / (hessian * x.Builder.Constant(new Literal(F64[2, 2], 1, 0, 0, 1))).Sum([1]);
        Check([x - step], [[7, -3]], [0.5, 2]);
    }

    [Fact]
    public void A_derivative_is_located_at_its_call()
    {
        var x = _graph.Input("x", F64[2]);
        var gradient = (x * x).Sum().Gradient(x, "Model.cs", 12);
        Assert.Equal("Model.cs(12)", gradient.Location.ToString());
    }

    [Fact]
    public void What_cannot_be_differentiated_is_refused_at_the_call_which_takes_back_what_it_declared()
    {
        var (x, i, v) = (_graph.Input("x", F32[2]), _graph.Input("i", I32[2]), _graph.Input("v", F64[2]));
        var y = (x * x).Sum();
        var foreign = new GraphBuilder("other").Input("x", F32[2]);
        Refused("SGC1010", "reduce it with Sum() or Mean()", () => x.Gradient(x, "Model.cs", 7));
        Refused("SGC1010", "only floating-point", () => y.Gradient(i, "Model.cs", 7));
        Refused("SGC1010", "only floating-point", () => i.Jacobian(x, "Model.cs", 7));
        Refused("SGC1010", "nothing to differentiate", () => y.Gradient([], "Model.cs", 7));
        Refused("SGC1010", "tangent", () => y.Jvp(x, v, "Model.cs", 7));
        Refused("SGC1010", "cotangent", () => x.Vjp(x, v, "Model.cs", 7));
        Refused("SGC1010", "as many tangents", () => y.Jvp([x], [x, x], "Model.cs", 7));
        Refused("SGC1010", "only floating-point", () => i.Jvp(x, x, "Model.cs", 7));
        Refused("SGC1010", "tangent", () => y.HessianVectorProduct(x, v, "Model.cs", 7));
        Refused("SGC1010", "reduce it", () => x.Hessian(x, "Model.cs", 7));
        Refused("SGC1008", "other", () => y.Gradient(foreign, "Model.cs", 7));
        Refused("SGC1008", "other", () => y.Jvp(x, foreign, "Model.cs", 7));
        Refused("SGC1008", "other", () => x.Vjp(x, foreign, "Model.cs", 7));
        Refused("SGC1008", "other", () => foreign.Jacobian(x, "Model.cs", 7));
        Assert.Throws<ArgumentNullException>("x", () => y.Gradient([x, null!]));
        Assert.Throws<ArgumentNullException>("v", () => y.HessianVectorProduct(x, null!));
    }

    private void Refused(string code, string message, Action action)
    {
        var before = _graph.Operations.Count;
        var error = Assert.Throws<GraphException>(action);
        Assert.Equal(code, error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal("Model.cs(7)", error.Diagnostics[0].Location.ToString());
        Assert.Equal(before, _graph.Operations.Count);
    }

    private static Value Laplacian(Value u, Value x)
    {
        Value? sum = null;
        for (var axis = 0; axis < x.Shape[1]; axis++)
        {
            var direction = x.Builder.Constant(new Literal(x.Type, [.. Enumerable.Range(0, (int)x.Shape.ElementCount)
                .Select(i => i % x.Shape[1] == axis ? (Scalar)1 : 0)]));
            var second = u.Jvp(x, direction).Jvp(x, direction);
            sum = sum is null ? second : sum + second;
        }
        return sum!;
    }

    private static double[] Diagonal(double[] v, Func<double, double> of) =>
        [.. v.SelectMany((_, i) => v.Select((e, j) => i == j ? of(e) : 0))];

    // By every variable, at initial values.
    private void CheckGradientOf(Value loss, double[] input)
    {
        var variables = _graph.ModelParameters.Select(p => p.Value).ToArray();
        double[][] at = [.. _graph.Parameters.Select(p => _graph.ModelParameters.FirstOrDefault(m => m.Value == p) is { } model
            ? [.. model.InitialElements(3).Select(e => (double)e)] : input)];
        foreach (var variable in variables) CheckDifferences(loss.Gradient(variable), loss, variable, at);
    }

    private void CheckDifferences(Value derivative, Value of, Value by, double[][] at)
    {
        const double Step = 1e-5;
        var function = _graph.Snapshot(derivative, of);
        var position = function.Parameters.IndexOf(by);
        double[] Shifted(int element, double change)
        {
            double[][] moved = [.. at.Select(a => (double[])a.Clone())];
            moved[position][element] += change;
            return ReferenceInterpreter.Run(_graph.Snapshot(of), Literals(moved))[0].ToArray();
        }
        var columns = Enumerable.Range(0, at[position].Length)
            .Select(i => Shifted(i, Step).Zip(Shifted(i, -Step), (a, b) => (a - b) / (2 * Step)).ToArray()).ToArray();
        double[] expected = [.. Enumerable.Range(0, (int)of.Shape.ElementCount).SelectMany(r => columns.Select(c => c[r]))];
        Near(expected, ReferenceInterpreter.Run(function, Literals(at))[0].ToArray(), 1e-6);
        Near(expected, JitFunction.Run(function, Literals(at))[0].ToArray(), 1e-6);
    }

    private void Check(Value[] values, double[][] at, params double[][] expected)
    {
        var function = _graph.Snapshot(values);
        var (interpreted, compiled) = (ReferenceInterpreter.Run(function, Literals(at)), JitFunction.Run(function, Literals(at)));
        Assert.Equal(expected.Length, interpreted.Length);
        for (var r = 0; r < expected.Length; r++)
        {
            Near(expected[r], interpreted[r].ToArray(), 1e-12);
            Near(expected[r], compiled[r].ToArray(), 1e-12);
        }
    }

    private Literal[] Literals(double[][] at) => [.. _graph.Parameters.Select((p, i) => new Literal(p.Type, at[i]))];

    private static void Near(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])),
                $"element {i}: {actual[i]} instead of {expected[i]}");
    }
}
