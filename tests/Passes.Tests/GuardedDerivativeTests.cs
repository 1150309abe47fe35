using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>What a select does not choose passes nothing, of any order and in any mode, though it be infinite or undefined; and a
/// derivative stays finite where the chain rule, factor by factor, does.</summary>
public sealed class GuardedDerivativeTests
{
    // Each is undefined, or has no derivative, where the guard does not hold.
    private static readonly Dictionary<string, (Func<Value, Value> Guard, Func<Value, Value> Guarded)> s_guards = new()
    {
        ["sqrt"] = (Positive, x => x.Sqrt()), ["log"] = (Positive, x => x.Log()), ["rsqrt"] = (Positive, x => x.Rsqrt()),
        ["power"] = (Positive, x => x.Pow(x.Constant(1.5))), ["self_power"] = (Positive, x => x.Pow(x)),
        ["divide"] = (x => x.NotEqual(x.Constant(0)).And(x.Greater(x.Constant(-0.5))), x => 1 / x),
        ["log_plus_one"] = (x => x.Greater(x.Constant(0)), x => (x - 1).Log1p()),
        ["chain"] = (Positive, x => (x.Sqrt().Log() * x.Log()).Sqrt()),
        ["overflow"] = (Positive, x => (x * -1e6).Exp() * x.Log()),
        ["two_guards"] = (Positive, x => x.Greater(x.Constant(1)).Select((x - 1).Sqrt(), x.Log())),
        ["twice"] = (Positive, x => x.Sqrt() + Positive(x).Select(x.Log(), x.Sqrt())),
    };

    private static readonly double[] s_points = [-1, -2, -0.75, 0];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in s_guards.Keys)
                foreach (var modes in (string[])["R", "F", "RR", "RF", "FR", "FF", "RRR", "RRF", "RFR", "FRR", "FFR", "FRF", "RFF", "FFF"])
                    data.Add(name, modes);
            return data;
        }
    }

    private static Value Positive(Value x) => x.Greater(x.Constant(0));

    /// <summary>(x² + 1)² where nothing else is chosen, and its derivatives: 4x(x² + 1), 12x² + 4, 24x.
    /// R is a reverse derivation, F a forward one.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void What_was_not_chosen_does_not_count(string name, string modes)
    {
        var f = Derivative(name, modes);
        var found = ReferenceInterpreter.Run(f, new Literal(F64[4], s_points))[0];
        for (var i = 0; i < s_points.Length; i++) Assert.Equal(Expected(modes.Length, s_points[i]), (double)found[i], 1e-12);
    }

    [Theory]
    [InlineData("sqrt")]
    [InlineData("two_guards")]
    [InlineData("overflow")]
    public void Compiled_code_agrees(string name)
    {
        foreach (var modes in (string[])["R", "RR", "FR", "RRR"])
        {
            var found = JitFunction.Run(Derivative(name, modes), [new Literal(F64[4], s_points)])[0];
            for (var i = 0; i < s_points.Length; i++) Assert.Equal(Expected(modes.Length, s_points[i]), (double)found[i], 1e-12);
        }
    }

    private static double Expected(int order, double x) => order switch { 1 => 4 * x * (x * x + 1), 2 => 12 * x * x + 4, _ => 24 * x };

    private static Function Derivative(string name, string modes)
    {
        var builder = new FunctionBuilder(name);
        var x = builder.Parameter("x", F64[4]);
        var (guard, guarded) = s_guards[name];
        // Two guards by one predicate, and a product that mixes their derivatives.
        var p = guard(x);
        var y = p.Select(guarded(x), x * x + 1) * p.Select(2 * guarded(x), x * x + 1);
        foreach (var mode in modes)
            y = mode == 'R' ? Adjoint.AppendDense(builder, y, [x], y.Constant(1))[0] : Jvp.Append(builder, [y], [x], [x.Constant(1)])[0]!;
        return builder.Build(y);
    }

    public static TheoryData<double[], double, double> Factors => new()
    {
        { [1e-200, 1e200, 1e200], 1e-150, 1e50 },
        { [1e200, 1e-200, 1e200], 1e-150, 1e50 },
        { [1e200, 1e-200, 1e-200], 1e250, 1e50 },
        { [1e150, 1e-100, 1e200, 1e-200, 1e-200], 1e260, 1e110 },
        { [0.5, 2, 1e300, 4], 1e-10, 4e290 },
    };

    /// <summary>x·c₁·c₂·… has the cotangent ct·…·c₂·c₁, in this order; constants, and tensors of which nothing is known.</summary>
    [Theory, MemberData(nameof(Factors))]
    public void A_derivative_stays_finite_where_the_cotangent_keeps_it_so(double[] factors, double cotangent, double expected)
    {
        foreach (var areKnown in (bool[])[true, false])
        {
            var builder = new FunctionBuilder("f");
            var (x, ct) = (builder.Parameter("x", F64.Scalar), builder.Parameter("ct", F64.Scalar));
            var y = x;
            for (var i = 0; i < factors.Length; i++) y *= areKnown ? x.Constant(factors[i]) : builder.Parameter($"c{i}", F64.Scalar);
            var f = builder.Build(Adjoint.AppendDense(builder, y, [x], ct)[0]);
            double[] arguments = [1, cotangent, .. areKnown ? [] : factors];
            var found = ReferenceInterpreter.Run(f, [.. arguments.Select(a => new Literal(F64.Scalar, a))])[0][0];
            Assert.Equal(1, (double)(found / expected), 1e-12);
        }
    }

    /// <summary>What preaccumulation is for stays: one factor of unknown range times any number of small ones is one tensor of primal
    /// values.</summary>
    [Fact]
    public void The_derivative_of_gelu_and_of_swish_meets_the_cotangent_once()
    {
        foreach (var activation in (Func<Value, Value>[])[x => 0.5 * x * (1 + (x * 0.7).Erf()), x => x * x.Sigmoid(),
            x => x * x.Softplus().Tanh()])
        {
            var builder = new FunctionBuilder("f");
            var (x, ct) = (builder.Parameter("x", F32[8]), builder.Parameter("ct", F32[8]));
            var y = activation(x);
            var f = builder.Build(Adjoint.AppendDense(builder, y, [x], ct)[0]);
            Assert.Single(f.Operations, o => o.Operands.Contains(ct));
        }
    }
}
