using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.IR.Tests;

/// <summary>Derivative rules of each differentiable op, by a table, in f64: against finite differences, forward against
/// reverse, and second order.</summary>
public sealed class OpGradientTests
{
    private const double Step = 1e-5;

    // Elements are drawn from Low to High with a fixed seed, so that they stay away from kinks and poles.
    private sealed record Case(TensorType[] Operands, Func<Value[], Value> Apply, double Low = -2, double High = 2, double Tolerance = 1e-7);

    private static Case Unary(Func<Value, Value> apply, double low = -2, double high = 2) => new([F64[2, 3]], x => apply(x[0]), low, high);
    private static Case Binary(Func<Value, Value, Value> apply, double low = -2, double high = 2) =>
        new([F64[2, 3], F64[2, 3]], x => apply(x[0], x[1]), low, high);
    private static Value Indices(Value x, params double[] rows) => x.Builder.Constant(new Literal(I32[rows.Length], rows));

    private static readonly Dictionary<string, Case> s_cases = new()
    {
        ["abs"] = Unary(x => x.Abs(), 0.1), ["add"] = Binary((x, y) => x + y), ["subtract"] = Binary((x, y) => x - y),
        ["multiply"] = Binary((x, y) => x * y), ["divide"] = Binary((x, y) => x / y, 0.5), ["negate"] = Unary(x => -x),
        ["maximum"] = Binary((x, y) => x.Maximum(y)), ["minimum"] = Binary((x, y) => x.Minimum(y)),
        ["power"] = Binary((x, y) => x.Power(y), 0.3), ["power_square"] = Unary(x => x.Power(2)), ["power_one"] = Unary(x => x.Power(1)),
        ["power_zero"] = Unary(x => x.Power(0)), ["power_cube"] = Unary(x => x.Power(3)), ["power_half"] = Unary(x => x.Power(0.5), 0.5),
        ["exponential"] = Unary(x => x.Exp()), ["log"] = Unary(x => x.Log(), 0.5), ["log_plus_one"] = Unary(x => x.Log1p(), -0.5),
        ["exponential_minus_one"] = Unary(x => x.Expm1()), ["sqrt"] = Unary(x => x.Sqrt(), 0.5), ["rsqrt"] = Unary(x => x.Rsqrt(), 0.5),
        ["tanh"] = Unary(x => x.Tanh()), ["logistic"] = Unary(x => x.Sigmoid()), ["sine"] = Unary(x => x.Sin()),
        ["cosine"] = Unary(x => x.Cos()), ["erf"] = Unary(x => x.Erf()), ["sign"] = Unary(x => x.Sign(), 0.1),
        ["floor"] = Unary(x => x.Floor(), 0.1, 0.9), ["ceil"] = Unary(x => x.Ceil(), 0.1, 0.9), ["round"] = Unary(x => x.Round(), 0.6, 0.9),
        ["select"] = Binary((x, y) => x.Less(y).Select(x * x, y)), ["select_broadcast"] = new([F64[3], F64[2, 1]],
            x => x[0].Less(x[0].Constant(0.5)).Select(x[0], x[1])),
        ["clamp"] = Unary(x => x.Clamp(-0.73, 0.91)), ["convert"] = Unary(x => x.ConvertTo(F64)),
        ["broadcast"] = new([F64[2, 1, 3], F64[4, 1]], x => x[0] * x[1]),
        ["reshape"] = Unary(x => x.Reshape([3, -1])), ["transpose"] = new([F64[2, 3, 2]], x => x[0].Transpose([1, 2, 0])),
        ["slice"] = new([F64[5, 4]], x => x[0].Slice([1, 0], [5, 3], [3, 2])),
        ["pad"] = Unary(x => x.Pad([1, 0], [0, 2], 5, [2, 1])), ["pad_transpose"] = new([F64[7]], x => x[0].Slice([1], [6], [2])),
        ["concatenate"] = new([F64[2, 1], F64[2, 0], F64[2, 2]], x => x[0].Concatenate([x[1], x[2]], -1)),
        ["dot_general"] = new([F64[2, 3, 4], F64[2, 4, 2]], x => x[0].MatMul(x[1])),
        ["reduce_sum"] = new([F64[2, 3, 2]], x => x[0].Sum([0, 2])), ["reduce_max"] = new([F64[2, 3, 2]], x => x[0].Max([1])),
        ["reduce_min"] = new([F64[2, 3, 2]], x => x[0].Min([0, 2], keepAxes: true)),
        ["reduce_prod"] = new([F64[2, 3, 2]], x => x[0].Prod([0, 2])),
        ["gather"] = new([F64[3, 2]], x => x[0].Take(Indices(x[0], 2, 0, 2, -5, 9))),
        ["scatter_add"] = new([F64[3, 2], F64[4, 2]],
            x => x[0].Emit(ScatterAdd.Instance, default, AttributeMap.Empty, Indices(x[0], 1, 1, -3, 7), x[1])),
        ["softmax"] = new([F64[2, 3, 2]], x => x[0].Softmax()), ["softmax_middle"] = new([F64[2, 3, 2]], x => x[0].Softmax(1)),
        ["log_softmax"] = new([F64[2, 3, 2]], x => x[0].LogSoftmax()), ["log_softmax_middle"] = new([F64[2, 3, 2]], x => x[0].LogSoftmax(1)),
        ["scalar"] = new([F64[[]]], x => x[0].Tanh() * x[0]), ["one"] = new([F64[1, 1]], x => x[0].Softmax() + x[0].Max([0])),
    };

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    // The squares make a second derivative even of linear ops.
    private static Value Scalar(Value y) => (y * y * Weights(y) + y).Sum();

    private static Value Weights(Value y) =>
        y.Builder.Constant(new Literal(y.Type, [.. Enumerable.Range(0, (int)y.Shape.ElementCount).Select(i => 0.3 + 0.2 * i)]));

    private static Literal[] Draw(IEnumerable<TensorType> types, double low, double high, int seed)
    {
        var random = new Random(seed);
        return [.. types.Select(t => new Literal(t, [.. Enumerable.Range(0, (int)t.Shape.ElementCount).Select(_ => low + (high - low) * random.NextDouble())]))];
    }

    private static (FunctionBuilder Builder, Value[] X, Value Y) Start(Case c)
    {
        var builder = new FunctionBuilder("f");
        Value[] x = [.. c.Operands.Select((t, i) => builder.Parameter($"x{i}", t))];
        return (builder, x, c.Apply(x));
    }

    private static void CheckDifferences(Function value, Function gradient, Literal[] at, double tolerance)
    {
        var actual = ReferenceInterpreter.Run(gradient, at);
        for (var k = 0; k < at.Length; k++)
            for (var i = 0; i < at[k].Type.Shape.ElementCount; i++)
            {
                double Shifted(double by)
                {
                    var elements = at[k].ToArray();
                    elements[i] += by;
                    Literal[] moved = [.. at];
                    moved[k] = new Literal(at[k].Type, elements);
                    return (double)ReferenceInterpreter.Run(value, moved)[0][0];
                }
                var expected = (Shifted(Step) - Shifted(-Step)) / (2 * Step);
                Assert.True(Math.Abs(expected - (double)actual[k][i]) <= tolerance * Math.Max(1, Math.Abs(expected)),
                    $"d/dx{k}[{i}]: differences give {expected}, the rule {actual[k][i]}\n{gradient}");
            }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Vjp_equals_finite_differences(string name)
    {
        var c = s_cases[name];
        var (builder, x, y) = Start(c);
        var loss = Scalar(y);
        var value = builder.Snapshot(loss);
        CheckDifferences(value, builder.Build(OpGradient.Vjp(loss, loss.Constant(1), x)), Draw(c.Operands, c.Low, c.High, 1), c.Tolerance);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Second_order_equals_finite_differences_of_the_first(string name)
    {
        var c = s_cases[name];
        var (builder, x, y) = Start(c);
        var loss = Scalar(y);
        var first = OpGradient.Vjp(loss, loss.Constant(1), x);
        var sum = first.Select(Scalar).Aggregate((a, b) => a + b);
        var value = builder.Snapshot(sum);
        CheckDifferences(value, builder.Build(OpGradient.Vjp(sum, sum.Constant(1), x)), Draw(c.Operands, c.Low, c.High, 2), 100 * c.Tolerance);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Forward_mode_is_the_transpose_of_reverse_mode(string name)
    {
        var c = s_cases[name];
        var (builder, x, y) = Start(c);
        Value[] v = [.. c.Operands.Select((t, i) => builder.Parameter($"v{i}", t))];
        var ct = builder.Parameter("ct", y.Type);
        var forward = (ct * OpGradient.Jvp(y, x, v)).Sum();
        var reverse = OpGradient.Vjp(y, ct, x).Zip(v, (g, t) => (g * t).Sum()).Aggregate((a, b) => a + b);
        var f = builder.Build(forward, reverse);
        var results = ReferenceInterpreter.Run(f, [.. Draw(c.Operands, c.Low, c.High, 3), .. Draw([.. c.Operands, y.Type], -1, 1, 4)]);
        var (expected, actual) = ((double)results[0][0], (double)results[1][0]);
        Assert.Equal(expected, actual, 1e-12 * Math.Max(1, Math.Abs(expected)));
    }

    [Theory]
    [InlineData("softmax")]
    [InlineData("softmax_middle")]
    [InlineData("log_softmax")]
    [InlineData("log_softmax_middle")]
    public void A_composite_and_its_decomposition_have_one_value_and_one_vjp(string name)
    {
        var c = s_cases[name];
        var (builder, x, y) = Start(c);
        var same = ((OpaqueOp)y.Definition!.Op).Decompose(y.Definition, y.Definition.Operands.AsSpan())!;
        var (a, b) = (OpGradient.Vjp(y, Weights(y), x)[0], OpGradient.Vjp(same, Weights(y), x)[0]);
        var results = ReferenceInterpreter.Run(builder.Build(y, same, a, b), Draw(c.Operands, c.Low, c.High, 5));
        for (var i = 0; i < results[0].Type.Shape.ElementCount; i++)
        {
            Assert.Equal((double)results[0][i], (double)results[1][i], 1e-12);
            Assert.Equal((double)results[2][i], (double)results[3][i], 1e-12);
        }
    }

    public static TheoryData<string, double[], double[]> Kinks => new()
    {
        { "max", [1, 3, 3], [0, 0.5, 0.5] },
        { "min", [1, 1, 1], [1.0 / 3, 1.0 / 3, 1.0 / 3] },
        { "prod", [0, 2, 3], [6, 0, 0] },
        { "prod", [0, 2, 0], [0, 0, 0] },
        { "maximum", [2, -1, 5], [0.5, 0, 1] },
        { "minimum", [2, -1, 5], [0.5, 1, 0] },
        { "abs", [-2, 0, 3], [-1, 0, 1] },
        { "clamp", [0, 2, 2.5], [1, 1, 0] },
        { "power", [0, 1, 2], [0, 1, 1] },
        { "square", [0, -1, 2], [0, -2, 4] },
        { "nought", [0, -1, 2], [0, 0, 0] },
    };

    [Theory, MemberData(nameof(Kinks))]
    public void Ties_zeros_and_bounds_follow_the_documented_rule(string name, double[] at, double[] expected)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", F64[3]);
        var two = x.Constant(2);
        var y = name switch
        {
            "max" => x.Max(), "min" => x.Min(), "prod" => x.Prod(), "maximum" => x.Maximum(two), "minimum" => x.Minimum(two),
            "abs" => x.Abs(), "clamp" => x.Clamp(0, 2), "square" => x.Power(2), "nought" => x.Power(0),
            _ => x.Power(builder.Constant(new Literal(F64[3], 0, 1, 1))),
        };
        var f = builder.Build(OpGradient.Vjp(y, y.Constant(1), x));
        Assert.Equal(expected, ReferenceInterpreter.Run(f, new Literal(F64[3], at))[0].ToArray());
    }
}
