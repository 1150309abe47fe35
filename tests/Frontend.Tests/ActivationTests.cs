using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.Frontend.Tests.ClosedForm;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Activations made of other ops against closed forms: at their kinks, where they saturate, at infinities and NaN.</summary>
public sealed class ActivationTests
{
    private const double Infinity = double.PositiveInfinity;
    private const double NaN = double.NaN;

    // Neighbours of kinks, which all of them are at numbers that f32 has.
    private static readonly double[] s_points = [0, -0.0, 1e-30, -1e-30, 0.5, -0.5, 1, -1, -1.1924609375, 3, -3, 2.75, -2.75, 6, 6.25, -6,
        12, -12, 30, -30, 1e4, -1e4, Infinity, -Infinity, NaN];

    private static double Sech2(double x) => 4 * Sigma(2 * x) * Sigma(-2 * x);

    private static double TanhGelu(double x) => Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

    private static readonly Dictionary<string, (Func<Value, Value> Apply, Func<double, double> Value, Func<double, double> Derivative)>
        s_functions = new()
    {
        ["relu6"] = (x => x.Relu6(), x => x <= 0 ? 0 : x >= 6 ? 6 : x, x => x is <= 0 or >= 6 ? 0 : 1),
        ["leaky_relu"] = (x => x.LeakyRelu(), x => x > 0 ? x : 0.01 * x, x => x > 0 ? 1 : 0.01),
        ["leaky_relu:steep"] = (x => x.LeakyRelu(-2), x => x > 0 ? x : -2 * x, x => x > 0 ? 1 : -2),
        ["elu"] = (x => x.Elu(), x => x > 0 ? x : Expm1(x), x => x > 0 ? 1 : Math.Exp(x)),
        ["elu:alpha"] = (x => x.Elu(0.5), x => x > 0 ? x : 0.5 * Expm1(x), x => x > 0 ? 1 : 0.5 * Math.Exp(x)),
        ["selu"] = (x => x.Selu(), x => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Expm1(x)),
            x => 1.0507009873554805 * (x > 0 ? 1 : 1.6732632423543772 * Math.Exp(x))),
        ["celu"] = (x => x.Celu(2), x => x > 0 ? x : 2 * Expm1(x / 2), x => x > 0 ? 1 : Math.Exp(x / 2)),
        ["hard_tanh"] = (x => x.HardTanh(), x => x <= -1 ? -1 : x >= 1 ? 1 : x, x => x is <= -1 or >= 1 ? 0 : 1),
        ["hard_sigmoid"] = (x => x.HardSigmoid(), x => x <= -3 ? 0 : x >= 3 ? 1 : (x + 3) / 6, x => x is <= -3 or >= 3 ? 0 : 1.0 / 6),
        ["hard_swish"] = (x => x.HardSwish(), x => x * (x <= -3 ? 0 : x >= 3 ? 1 : (x + 3) / 6),
            x => x <= -3 ? 0 : x >= 3 ? 1 : double.IsNaN(x) ? NaN : (x + 3) / 6 + x / 6),
        ["softsign"] = (x => x.Softsign(), x => x / (1 + Math.Abs(x)), x => 1 / (1 + Math.Abs(x)) / (1 + Math.Abs(x))),
        ["log_sigmoid"] = (x => x.LogSigmoid(), x => -Softplus(-x), x => Sigma(-x)),
        ["silu"] = (x => x.Silu(), x => x * Sigma(x), x => Sigma(x) + x * Sigma(x) * Sigma(-x)),
        ["mish"] = (x => x.Mish(), x => x * Math.Tanh(Softplus(x)),
            x => Math.Tanh(Softplus(x)) + x * Sech2(Softplus(x)) * Sigma(x)),
        ["gelu_tanh"] = (x => x.GeluTanh(), x => 0.5 * x * (1 + Math.Tanh(TanhGelu(x))),
            x => 0.5 * (1 + Math.Tanh(TanhGelu(x))) + 0.5 * x * Sech2(TanhGelu(x)) * Math.Sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x)),
    };

    // Sums whose terms cancel: mish and silu have a minimum near -1.2, and 1 + tanh loses what is left of a negative x.
    private static readonly Dictionary<string, double> s_absolute = new()
        { ["mish"] = 2e-7, ["silu"] = 2e-7, ["gelu_tanh"] = 4e-7, ["hard_swish"] = 2e-7 };

    public static TheoryData<string> Names => [.. s_functions.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Values_and_derivatives_are_the_closed_forms(string name)
    {
        var (apply, value, derivative) = s_functions[name];
        var (y, dy) = Interpret(apply, s_points);
        for (var i = 0; i < s_points.Length; i++)
        {
            CloseTo(value(s_points[i]), y[i], 1e-13, 2e-9, name, $"{name}({s_points[i]})");
            if (HasDerivative(name, s_points[i])) CloseTo(derivative(s_points[i]), dy[i], 1e-13, 2e-9, name, $"{name}'({s_points[i]})");
        }
    }

    [Theory, MemberData(nameof(Names))]
    [Trait("Category", "Target")]
    public void Compiled_values_and_derivatives_are_the_closed_forms(string name)
    {
        var (apply, value, derivative) = s_functions[name];
        var (y, dy) = Compile(apply, s_points);
        for (var i = 0; i < s_points.Length; i++)
        {
            var x = (double)(float)s_points[i];
            CloseTo((float)value(x), y[i], 1e-6, 1, name, $"{name}({x})");
            if (HasDerivative(name, x)) CloseTo(derivative(x), dy[i], 1e-6, 1, name, $"{name}'({x})");
        }
    }

    // ∞ - ∞ or 0 · ∞ within a derivative is NaN, as PyTorch's; of NaN it is whatever the choice at the kink leaves.
    private static bool HasDerivative(string name, double x) => double.IsFinite(x)
        || (name is not ("softsign" or "mish" or "silu" or "gelu_tanh" or "hard_swish") && !double.IsNaN(x));

    // The f32 bound of a sum that cancels is of its terms, 2^29 times that of f64.
    private static void CloseTo(double expected, double actual, double relative, double absolute, string name, string what)
    {
        if (Math.Abs(expected - actual) <= absolute * s_absolute.GetValueOrDefault(name)) return;
        if (Math.Abs(expected) < 1.2e-38 && Math.Abs(actual) < 1.2e-38) return;
        Close(expected, actual, relative, what);
    }

    [Fact]
    public void NaN_stays_NaN()
    {
        foreach (var (name, (apply, _, _)) in s_functions) Assert.True(double.IsNaN(Interpret(apply, [NaN]).Value[0]), name);
    }

    [Fact]
    public void A_learned_slope_has_the_negative_elements_as_its_derivative()
    {
        double[] at = [-2, 0, 3, -1];
        double[] Slope(Value x, Value slope) =>
            ReferenceInterpreter.Run(x.Builder.Build(Passes.Adjoint.AppendDense(x.Builder, x.PRelu(slope).Sum(), [slope])),
                new Literal(x.Type, at), new Literal(slope.Type, 0.5))[0].ToArray();
        var one = new FunctionBuilder("one");
        Assert.Equal([-3.0], Slope(one.Parameter("x", F64[2, 2]), one.Parameter("slope", F64)));
        var each = new FunctionBuilder("each");
        Assert.Equal([-2.0, -1], Slope(each.Parameter("x", F64[2, 2]), each.Parameter("slope", F64[2])));

        var g = new GraphBuilder("layer");
        var layer = new PRelu(perChannel: true);
        var y = layer.Apply(layer.Apply(g.Input("x", F32[2, 2])));
        Assert.Equal("prelu/slope", layer.Slope.Name);
        Assert.Equal((F32[2], F32[2, 2]), (layer.Slope.Type, y.Type));
        var other = new GraphBuilder("other");
        Assert.Equal(F32[3], other.Input("z", F32[3]).PRelu().Type);
        Assert.Equal(F32, other.ModelParameters[0].Value.Type);
        using var step = g.Minimize(y.Sum(), new Sgd(1)).Compile();
        // x = -2 goes to 2·s² and -1 to s²: slopes of 2·s·x.
        step.Run<float>([-2, 1, -2, -1]);
        Assert.Equal([0.25f + 2 * 0.5f * 2, 0.25f + 0.5f], step.Variable<float>("prelu/slope").ToArray());
    }

    [Fact]
    public void A_gated_unit_multiplies_its_halves()
    {
        var b = new FunctionBuilder("glu");
        var x = b.Parameter("x", F64[2, 4]);
        double[] at = [1, 2, 0, -1, 3, 4, 1, 0];
        var f = b.Build(x.Glu(), x.Glu(0, g => g.Relu()), x.Glu(activation: g => g.Silu()));
        var found = ReferenceInterpreter.Run(f, new Literal(x.Type, at));
        Assert.Equal([0.5, 2 * Sigma(-1), 3 * Sigma(1), 2], found[0].ToArray(), (p, q) => Math.Abs(p - q) < 1e-15);
        Assert.Equal([3.0, 8, 0, 0], found[1].ToArray());
        Assert.Equal([0, -2 * Sigma(-1), 3 * Sigma(1), 0], found[2].ToArray(), (p, q) => Math.Abs(p - q) < 1e-15);
        Assert.Equal(F64[2, 0], new FunctionBuilder("none").Parameter("x", F64[2, 0]).Glu().Type);
    }

    [Fact]
    public void Wrong_arguments_are_refused_at_the_call()
    {
        var g = new GraphBuilder("bad");
        var (x, i, four) = (g.Input("x", F32[4, 3]), g.Input("i", I32[4]), g.Input("four", F32[4]));
        var sum = x.Sum();
        g.Refuses("SGC1001", () => i.LeakyRelu(), "i32[4]");
        g.Refuses("SGC1001", () => i.Mish(), "i32[4]");
        g.Refuses("SGC1001", () => i.HardSigmoid(), "i32[4]");
        g.Refuses("SGC1001", () => x.PRelu(i), "i32[4]");
        g.Refuses("SGC1002", () => x.PRelu(four), "f32[4]");
        g.Refuses("SGC1002", () => sum.PRelu(x), "f32[4,3]");
        g.Refuses("SGC1011", () => x.LeakyRelu(NaN), "slope");
        g.Refuses("SGC1011", () => x.Elu(Infinity), "alpha");
        g.Refuses("SGC1011", () => x.Celu(0), "alpha");
        g.Refuses("SGC1011", () => x.HardTanh(1, -1), "low = 1");
        g.Refuses("SGC1001", () => i.HardTanh(0.5, 2), "0.5");
        g.Refuses("SGC1002", () => x.Glu(), "two halves");
        g.Refuses("SGC1004", () => x.Glu(2), "axis 2");
        g.Refuses("SGC1002", () => x.Glu(0, v => v.Sum()), "the activation gives f32[]");
        g.Refuses("SGC1011", () => x.Glu(0, _ => null!), "null");
        g.Refuses("SGC1003", () => sum.PRelu(perChannel: true), "channels");
    }
}
