using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>Derivatives where there is a choice: ties, bounds, zeros of both signs, infinities and NaN,
/// as docs/spec.md states them.</summary>
public sealed class KinkTests
{
    private const double Infinity = double.PositiveInfinity;
    private const double NaN = double.NaN;

    private static readonly Dictionary<string, Func<Value, Value>> s_functions = new()
    {
        ["max"] = x => x.Max(), ["min"] = x => x.Min(), ["prod"] = x => x.Prod(),
        ["maximum"] = x => x.Maximum(x.Constant(2)), ["maximum_second"] = x => x.Constant(2).Maximum(x),
        ["minimum"] = x => x.Minimum(x.Constant(2)), ["minimum_second"] = x => x.Constant(2).Minimum(x),
        ["abs"] = x => x.Abs(), ["clamp"] = x => x.Clip(0, 2), ["sqrt"] = x => x.Sqrt(), ["rsqrt"] = x => x.Rsqrt(),
        ["log"] = x => x.Log(), ["square"] = x => x.Pow(x.Constant(2)), ["zero"] = x => x.Pow(0), ["one"] = x => x.Pow(x.Constant(1)),
        ["power_0_1_2"] = x => x.Pow(Numbers(x, 0, 1, 2)), ["power_0"] = x => x.Pow(Numbers(x, 0, 0, 0)),
        ["exponent_of_0"] = x => Numbers(x, 0, 0, 0).Pow(x), ["exponent_of_2"] = x => Numbers(x, 2, 2, 2).Pow(x),
        ["std"] = x => x.Std(), ["log_sum_exp"] = x => x.LogSumExp(), ["fourth"] = x => x.Pow(4),
        ["softplus"] = x => x.Softplus(), ["logistic"] = x => x.Sigmoid(), ["tanh"] = x => x.Tanh(),
        ["relu"] = x => x.LessOrEqual(x.Constant(0)).Select(x.Constant(0), x),
        ["relu_strict"] = x => x.Greater(x.Constant(0)).Select(x, x.Constant(0)),
        ["least"] = x => x.GreaterOrEqual(x.Constant(2)).Select(x.Constant(2), x),
        ["least_strict"] = x => x.Less(x.Constant(2)).Select(x, x.Constant(2)),
    };

    public static TheoryData<string, double[], double[]> Points => new()
    {
        { "max", [1, 3, 3], [0, 0.5, 0.5] }, { "max", [1, NaN, 3], [NaN, NaN, NaN] },
        { "max", [-Infinity, -Infinity, -Infinity], [1.0 / 3, 1.0 / 3, 1.0 / 3] },
        { "min", [1, 1, 1], [1.0 / 3, 1.0 / 3, 1.0 / 3] }, { "min", [NaN, 1, 2], [NaN, NaN, NaN] },
        { "prod", [0, 2, 3], [6, 0, 0] }, { "prod", [0, 2, 0], [0, 0, 0] },
        { "maximum", [2, -1, 5], [0.5, 0, 1] }, { "maximum", [NaN, Infinity, -Infinity], [1, 1, 0] },
        { "maximum_second", [2, NaN, 5], [0.5, 1, 1] },
        { "minimum", [2, -1, 5], [0.5, 1, 0] }, { "minimum", [NaN, Infinity, -Infinity], [1, 0, 1] },
        { "minimum_second", [2, NaN, 5], [0.5, 1, 0] },
        { "abs", [-2, 0, 3], [-1, 0, 1] }, { "abs", [NaN, -Infinity, Infinity], [NaN, -1, 1] },
        { "clamp", [0, 2, 2.5], [1, 1, 0] }, { "clamp", [NaN, -1, Infinity], [0, 0, 0] },
        { "sqrt", [0, 4, -1], [Infinity, 0.25, NaN] }, { "rsqrt", [0, -0.0, 4], [-Infinity, Infinity, -1.0 / 16] },
        { "rsqrt", [Infinity, -1, NaN], [-0.0, NaN, NaN] }, { "log", [0, -0.0, Infinity], [Infinity, -Infinity, 0] },
        { "power_0_1_2", [0, 1, 2], [0, 1, 4] }, { "power_0", [0, NaN, Infinity], [0, 0, 0] },
        { "square", [0, -1, 2], [0, -2, 4] }, { "zero", [0, NaN, 2], [0, 0, 0] }, { "one", [0, NaN, 2], [1, 1, 1] },
        { "exponent_of_0", [0, 2, -1], [0, 0, -Infinity] }, { "exponent_of_2", [0, 1, NaN], [0.6931471805599453, 1.3862943611198906, NaN] },
        { "std", [2, 2, 2], [0, 0, 0] }, { "std", [2, NaN, 2], [NaN, NaN, NaN] }, { "fourth", [0, -1, 2], [0, -4, 32] },
        { "log_sum_exp", [0, -Infinity, 0], [0.5, 0, 0.5] },
        { "softplus", [0, Infinity, -Infinity], [0.5, 1, 0] }, { "softplus", [-0.0, NaN, 800], [0.5, NaN, 1] },
        { "logistic", [0, Infinity, -Infinity], [0.25, 0, 0] }, { "tanh", [0, Infinity, -Infinity], [1, 0, 0] },
        { "relu", [0, NaN, 2], [0, 1, 1] }, { "relu", [-0.0, -1, Infinity], [0, 0, 1] }, { "relu_strict", [0, NaN, 2], [0, 0, 1] },
        { "least", [2, NaN, 1], [0, 1, 1] }, { "least_strict", [2, NaN, 1], [0, 0, 1] },
    };

    private static Value Numbers(Value x, params double[] values) => x.Builder.Constant(new Literal(x.Type, values));

    [Theory, MemberData(nameof(Points))]
    public void Reverse_mode_follows_the_documented_rule(string name, double[] at, double[] expected)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", F64[3]);
        var y = s_functions[name](x);
        var f = builder.Build(Adjoint.AppendDense(builder, y, [x], y.Constant(1)));
        Assert.Equal(expected, ReferenceInterpreter.Run(f, new Literal(F64[3], at))[0].ToArray());
    }

    [Theory, MemberData(nameof(Points))]
    public void Forward_mode_follows_the_documented_rule(string name, double[] at, double[] expected)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", F64[3]);
        var y = s_functions[name](x);
        // One element at a time where the result is one number, else all at once.
        for (var i = 0; i < 3; i++)
        {
            var direction = Numbers(x, i == 0 ? 1 : 0, i == 1 ? 1 : 0, i == 2 ? 1 : 0);
            var tangent = Jvp.Append(builder, [y], [x], [y.Rank == 0 ? direction : x.Constant(1)])[0] ?? y.Constant(0);
            var found = ReferenceInterpreter.Run(builder.Snapshot(tangent), new Literal(F64[3], at))[0];
            Assert.Equal(expected[i], (double)(y.Rank == 0 ? found[0] : found[i]), 1e-15);
        }
    }
}
