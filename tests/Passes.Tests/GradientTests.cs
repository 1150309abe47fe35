using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>Every differentiable op: reverse mode against finite differences in f64, and again of its own gradient (second order).</summary>
public sealed class GradientTests
{
    private const double Step = 1e-5;

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    private static readonly Dictionary<string, Func<Value, Value>> s_cases = new()
    {
        ["add"] = x => x + x * 2,
        ["subtract"] = x => 3 * x - x * x,
        ["divide"] = x => 1 / x + x / 3,
        ["negate"] = x => -x * x,
        ["abs"] = x => x.Abs() * x,
        ["exponential"] = x => x.Exp(),
        ["exponential_minus_one"] = x => x.Expm1(),
        ["log"] = x => x.Log(),
        ["log_plus_one"] = x => x.Log1p(),
        ["sqrt"] = x => x.Sqrt(),
        ["rsqrt"] = x => x.Rsqrt(),
        ["tanh"] = x => x.Tanh(),
        ["logistic"] = x => x.Sigmoid(),
        ["erf"] = x => x.Erf(),
        ["sine"] = x => x.Sin(),
        ["cosine"] = x => x.Cos(),
        ["power"] = x => x.Power(x * 2),
        ["maximum"] = x => x.Maximum(x.Constant(1)) * x,
        ["minimum"] = x => x.Minimum(x.Constant(1)) * x,
        ["select"] = x => x.Less(x.Constant(1)).Select(x * x, x.Exp()),
        ["clamp"] = x => x.Clamp(0.6, 1.2) * x,
        ["broadcast"] = x => x * x.Sum([0]),
        ["reshape"] = x => x.Reshape([3, 2]).Exp(),
        ["transpose"] = x => x.Transpose().MatMul(x),
        ["dot_general"] = x => x.MatMul(x.Transpose()).Tanh(),
        ["slice"] = x => x.Slice([0, 1], [2, 3], [1, 2]).Exp(),
        ["pad"] = x => x.Pad([1, 0], [0, 2], 5).Exp(),
        ["concatenate"] = x => x.Concatenate([x * x], 1).Exp(),
        ["reduce_sum"] = x => x.Sum([1]) * x.Sum([1]),
        ["mean"] = x => x.Mean([0]).Exp(),
        ["reduce_max"] = x => x.Max([1]).Exp(),
        ["reduce_min"] = x => x.Min([0]).Exp(),
        ["reduce_prod"] = x => x.Prod([1]),
        ["softmax"] = x => x.Softmax() * x,
        ["softmax_0"] = x => x.Softmax(0) * x,
        ["log_softmax"] = x => x.LogSoftmax() * x,
        ["gather"] = x => x.Take(x.Builder.Constant(new Literal(I32[3], 1, 0, 1))).Exp(),
        ["scatter_add"] = x => x.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, x.Builder.Constant(new Literal(I32[2], 1, 1)), x * x).Exp(),
    };

    private static readonly double[] s_point = [0.55, 1.31, 0.93, 0.71, 1.13, 0.82];

    // Σ wᵢ·f(x)ᵢ with different weights, so that no element's gradient can hide another's.
    private static Value Weighted(Value y)
    {
        var weights = new double[y.Shape.ElementCount];
        for (var i = 0; i < weights.Length; i++) weights[i] = 0.3 + 0.2 * i;
        return (y * y.Builder.Constant(new Literal(y.Type, weights))).Sum();
    }

    private static double[] Run(Function f, double[] x) => ReferenceInterpreter.Run(f, new Literal(F64[2, 3], x))[0].ToArray();

    private static void CheckAgainstDifferences(Function value, Function gradient, double tolerance)
    {
        var actual = Run(gradient, s_point);
        for (var i = 0; i < s_point.Length; i++)
        {
            double[] low = [.. s_point], high = [.. s_point];
            low[i] -= Step;
            high[i] += Step;
            var expected = (Run(value, high)[0] - Run(value, low)[0]) / (2 * Step);
            Assert.True(Math.Abs(expected - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected)), $"d/dx[{i}]: expected {expected}, got {actual[i]}\n{gradient}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ReverseModeEqualsFiniteDifferences(string name)
    {
        Function Build(bool differentiate)
        {
            var b = new FunctionBuilder("f");
            var x = b.Parameter("x", F64[2, 3]);
            var y = Weighted(s_cases[name](x));
            return b.Build(differentiate ? Adjoint.AppendDense(b, y, [x])[0] : y);
        }
        CheckAgainstDifferences(Build(false), Build(true), 1e-7);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SecondOrderEqualsFiniteDifferencesOfTheGradient(string name)
    {
        Function Build(bool differentiate)
        {
            var b = new FunctionBuilder("f");
            var x = b.Parameter("x", F64[2, 3]);
            var first = Adjoint.AppendDense(b, Weighted(s_cases[name](x)), [x])[0];
            var y = Weighted(first * first);
            return b.Build(differentiate ? Adjoint.AppendDense(b, y, [x])[0] : y);
        }
        CheckAgainstDifferences(Build(false), Build(true), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ForwardModeIsTheTransposeOfReverseMode(string name)
    {
        var b = new FunctionBuilder("f");
        var (x, t) = (b.Parameter("x", F64[2, 3]), b.Parameter("t", F64[2, 3]));
        var y = Weighted(s_cases[name](x));
        var gradient = Adjoint.AppendDense(b, y, [x])[0];
        var tangent = Jvp.Append(b, [y], [x], [t])[0]!;
        var f = b.Build((gradient * t).Sum(), tangent);
        var results = ReferenceInterpreter.Run(f, new Literal(F64[2, 3], s_point), new Literal(F64[2, 3], 0.3, -0.7, 1.1, 0.2, -0.4, 0.9));
        var (expected, actual) = ((double)results[0][0], (double)results[1][0]);
        Assert.Equal(expected, actual, 1e-9 * Math.Max(1, Math.Abs(expected)));
    }
}
