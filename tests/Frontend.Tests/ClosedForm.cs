using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Functions and their derivatives beside closed forms that lose nothing to cancellation.</summary>
internal static class ClosedForm
{
    public static double Sigma(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));
    public static double Softplus(double x) => Math.Max(x, 0) + Log1p(Math.Exp(-Math.Abs(x)));
    public static double Expm1(double x) => Math.Abs(x) < 1e-5 ? x + x * x / 2 : Math.Exp(x) - 1;
    // Exact near zero.
    public static double Log1p(double e) => 2 * Math.Atanh(e / (2 + e));

    /// <summary>A function's value and derivative at some points, by the reference interpreter in f64.</summary>
    public static (double[] Value, double[] Gradient) Interpret(Func<Value, Value> f, double[] at)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", F64[at.Length]);
        var y = f(x);
        var results = ReferenceInterpreter.Run(builder.Build(y, Adjoint.AppendDense(builder, y, [x], y.Constant(1))[0]),
            new Literal(x.Type, at));
        return (results[0].ToArray(), results[1].ToArray());
    }

    /// <summary>The same in compiled f32; the derivative is the negated step of what is added to x.</summary>
    public static (float[] Value, float[] Gradient) Compile(Func<Value, Value> f, double[] at)
    {
        var g = new GraphBuilder("compiled");
        var (x, u) = (g.Input("x", F32[at.Length]), g.Variable("u", F32[at.Length], Initializer.Zeros));
        var y = f(x + u);
        using var step = g.Minimize(y.Sum(), new Sgd(1), new Dictionary<string, Value> { ["y"] = y }).Compile();
        step.Run<float>(at.Select(p => (float)p).ToArray());
        return (step.Metric<float>("y").ToArray(), [.. step.Variable<float>("u").ToArray().Select(e => -e)]);
    }

    public static void Close(double expected, double actual, double relative, string what)
    {
        var isSame = expected.Equals(actual) || (expected == 0 && actual == 0)
            || Math.Abs(actual - expected) <= relative * Math.Abs(expected);
        Assert.True(isSame, $"{what}: expected {expected:R}, got {actual:R}");
    }
}
