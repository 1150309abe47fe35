using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>The chain rule on examples that are worked out by hand.</summary>
public sealed class ChainRuleTests
{
    private static double[] Run(Function f, params double[] arguments) =>
        [.. ReferenceInterpreter.Run(f, [.. arguments.Select(a => new Literal(F64.Scalar, a))]).Select(r => (double)r[0])];

    private static Value[] Scalars(FunctionBuilder b, params string[] names) => [.. names.Select(n => b.Parameter(n, F64.Scalar))];

    [Theory]
    [InlineData(2, 0.5, -1, 3)]
    [InlineData(-1.5, 0.25, 0.75, -0.5)]
    public void Squared_error_of_a_line(double w, double x, double b, double y)
    {
        var f = new FunctionBuilder("line");
        var v = Scalars(f, "w", "x", "b", "y");
        var error = v[0] * v[1] + v[2] - v[3];
        var gradients = Run(f.Build(Adjoint.AppendDense(f, error * error, v)), w, x, b, y);
        var e = w * x + b - y;
        double[] byHand = [2 * e * x, 2 * e * w, 2 * e, -2 * e];
        for (var i = 0; i < byHand.Length; i++) Assert.Equal(byHand[i], gradients[i], 1e-14);
    }

    [Theory]
    [InlineData(0.7, 1.5, -0.3, 1)]
    [InlineData(-2, 0.4, 0.1, 0)]
    public void Squared_error_of_a_sigmoid_neuron(double w, double x, double b, double y)
    {
        var f = new FunctionBuilder("neuron");
        var v = Scalars(f, "w", "x", "b", "y");
        var error = (v[0] * v[1] + v[2]).Sigmoid() - v[3];
        var gradients = Run(f.Build(Adjoint.AppendDense(f, 0.5 * (error * error), [v[0], v[2]])), w, x, b, y);
        var a = 1 / (1 + Math.Exp(-(w * x + b)));
        var delta = (a - y) * a * (1 - a);
        Assert.Equal(delta * x, gradients[0], 1e-14);
        Assert.Equal(delta, gradients[1], 1e-14);
    }

    [Fact]
    public void A_variable_on_two_paths_gets_the_sum_of_both()
    {
        var f = new FunctionBuilder("paths");
        var x = f.Parameter("x", F64.Scalar);
        var gradient = Adjoint.AppendDense(f, x.Tanh() * x.Exp() + x * x, [x])[0];
        var actual = Run(f.Build(gradient), 0.6)[0];
        var tanh = Math.Tanh(0.6);
        Assert.Equal((1 - tanh * tanh) * Math.Exp(0.6) + tanh * Math.Exp(0.6) + 1.2, actual, 1e-14);
    }

    private static Value Network(Value[] inputs)
    {
        var sum = inputs[0].Tanh();
        for (var i = 1; i < inputs.Length; i++) sum = (sum + inputs[i] * inputs[i - 1]).Tanh();
        return sum;
    }

    private static Function Reverse(int n)
    {
        var b = new FunctionBuilder("reverse");
        var x = Scalars(b, [.. Enumerable.Range(0, n).Select(i => $"x{i}")]);
        return b.Build(Adjoint.AppendDense(b, Network(x), x));
    }

    private static Function Forward(int n)
    {
        var b = new FunctionBuilder("forward");
        var x = Scalars(b, [.. Enumerable.Range(0, n).Select(i => $"x{i}")]);
        var y = Network(x);
        var one = x[0].Constant(1);
        return b.Build([.. x.Select(input => Jvp.Append(b, [y], [input], [one])[0]!)]);
    }

    [Fact]
    public void Forward_and_reverse_agree()
    {
        var x = Enumerable.Range(1, 6).Select(i => 0.2 * i - 0.5).ToArray();
        var (forward, reverse) = (Run(Forward(6), x), Run(Reverse(6), x));
        for (var i = 0; i < x.Length; i++) Assert.Equal(reverse[i], forward[i], 1e-14);
    }

    [Fact]
    public void Reverse_mode_costs_a_constant_factor_and_forward_mode_a_run_for_each_input()
    {
        static int Simplified(Function f) =>
            new DeadCodeElimination().Run(new CommonSubexpressions().Run(new Canonicalize().Run(f, new()), new()), new()).Operations.Length;
        var primal = (int n) => 1 + 3 * (n - 1);
        Assert.InRange(Simplified(Reverse(32)), primal(32), 5 * primal(32));
        Assert.InRange((double)Simplified(Reverse(64)) / Simplified(Reverse(32)), 1.8, 2.2);
        Assert.InRange((double)Simplified(Forward(64)) / Simplified(Forward(32)), 3, 4.2);
        Assert.True(Simplified(Forward(96)) > 4 * Simplified(Reverse(96)));
    }

    private static double EndToEnd(int depth, double x, Func<Value, Value> layer)
    {
        var b = new FunctionBuilder("chain");
        var input = b.Parameter("x", F64.Scalar);
        var y = input;
        for (var i = 0; i < depth; i++) y = layer(y);
        return Run(b.Build(Adjoint.AppendDense(b, y, [input])), x)[0];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(20)]
    public void Local_gradients_multiply_so_sigmoid_chains_vanish_and_relu_chains_do_not(int depth)
    {
        var (product, y) = (1.0, 0.3);
        for (var i = 0; i < depth; i++)
        {
            y = 1 / (1 + Math.Exp(-y));
            product *= y * (1 - y);
        }
        var sigmoid = EndToEnd(depth, 0.3, v => v.Sigmoid());
        Assert.Equal(1, sigmoid / product, 1e-12);
        Assert.InRange(sigmoid, 0, Math.Pow(0.25, depth));
        Assert.Equal(1, EndToEnd(depth, 0.3, v => v.Maximum(v.Constant(0))));
    }
}
