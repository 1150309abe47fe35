using CsCheck;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>Reverse and forward mode on compositions; what they do not build; what they refuse.</summary>
public sealed class AdjointTests
{
    private static readonly TensorType s_type = F64[2, 3];

    // Smooth everywhere, and of moderate size, so that central differences are good to 1e-6.
    private static Value Composition(Value x, int seed)
    {
        var random = new Random(seed);
        List<Value> pool = [x];
        for (var i = 0; i < 7; i++)
        {
            var (a, b) = (pool[random.Next(pool.Count)], pool[random.Next(pool.Count)]);
            pool.Add(random.Next(9) switch
            {
                0 => a + b,
                1 => (a * b).Tanh(),
                2 => a.Tanh(),
                3 => a.Sigmoid() - b,
                4 => a.Transpose().MatMul(b).Sum([0]).Tanh() + b,
                5 => a.Softmax(random.Next(2)),
                6 => a.Mean([random.Next(2)], keepAxes: true) + b,
                7 => a.Tanh().Exp().Reshape([3, 2]).Reshape([2, 3]),
                _ => a / (1 + b * b),
            });
        }
        return (pool[^1] * pool[^2].Sigmoid()).Mean();
    }

    private static Function Build(int seed, Func<FunctionBuilder, Value, Value> result)
    {
        var b = new FunctionBuilder($"f{seed}");
        return b.Build(result(b, b.Parameter("x", s_type)));
    }

    private static Value Gradient(FunctionBuilder b, Value x, Value y) => Adjoint.AppendDense(b, y, [x])[0];

    [Fact]
    public void Random_compositions_have_the_gradient_of_finite_differences() => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        var value = Build(seed, (_, x) => Composition(x, seed));
        var gradient = Build(seed, (b, x) => Gradient(b, x, Composition(x, seed)));
        Numeric.GradientIsDifference(value, gradient, Numeric.Arguments(value, seed)[0], 1e-7);
    }, iter: 100);

    [Fact]
    public void Forward_mode_is_the_transpose_of_reverse_mode() => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        var value = Build(seed, (_, x) => Composition(x, seed));
        var forward = new Jvp(["x"]).Run(value, new PassContext());
        var reverse = new Adjoint(["x"]).Run(value, new PassContext());
        var arguments = Numeric.Arguments(forward, seed);
        var gradient = ReferenceInterpreter.Run(reverse, arguments[0])[0].ToArray();
        var tangent = (double)ReferenceInterpreter.Run(forward, arguments)[1][0];
        var product = Enumerable.Range(0, 6).Sum(i => gradient[i] * (double)arguments[1][i]);
        Assert.Equal(product, tangent, 1e-12);
    }, iter: 100);

    private static Value Mlp(Value x)
    {
        var b = x.Builder;
        var w1 = b.Constant(new Literal(F64[3, 4], [.. Enumerable.Range(0, 12).Select(i => Math.Sin(i))]));
        var w2 = b.Constant(new Literal(F64[4, 1], 0.4, -0.9, 0.3, 0.7));
        return x.MatMul(w1).Tanh().MatMul(w2).Tanh().Sum();
    }

    [Fact]
    public void Second_order_of_tanh_and_of_an_mlp_equals_differences_of_the_gradient()
    {
        foreach (var f in (Func<Value, Value>[])[x => x.Tanh().Sum(), Mlp])
        {
            var first = Build(0, (b, x) => { var g = Gradient(b, x, f(x)); return (g * g.Sin()).Sum(); });
            var second = Build(0, (b, x) => { var g = Gradient(b, x, f(x)); return Gradient(b, x, (g * g.Sin()).Sum()); });
            Numeric.GradientIsDifference(first, second, Numeric.Arguments(first, 3)[0], 1e-7);
        }
    }

    [Fact]
    public void Forward_over_reverse_equals_reverse_over_reverse()
    {
        var gradient = new Adjoint(["x"]).Run(Build(0, (_, x) => Mlp(x)), new PassContext());
        var forward = new Jvp(["x"]).Run(gradient, new PassContext());
        var reverse = new Adjoint(["x"]).Run(gradient, new PassContext());
        var a = Numeric.Arguments(forward, 5);
        var product = ReferenceInterpreter.Run(forward, a)[1];
        var transposed = ReferenceInterpreter.Run(reverse, a)[0];   // a Hessian is symmetric
        for (var i = 0; i < 6; i++) Assert.Equal((double)transposed[i], (double)product[i], 1e-12);
    }

    private static int Count(Function f) => new DeadCodeElimination().Run(f, new PassContext()).Operations.Length;

    [Fact]
    public void A_frozen_parameter_and_an_unused_input_cost_nothing()
    {
        static Function Make(bool isFrozen, bool hasUnused)
        {
            var b = new FunctionBuilder("f");
            var (x, w) = (b.Parameter("x", F32[4, 3]), b.Parameter("w", F32[3, 2]));
            var frozen = isFrozen ? b.Parameter("frozen", F32[4, 2]) : b.Constant(new Literal(F32[4, 2], 2));
            Value[] wrt = hasUnused ? [w, b.Parameter("unused", F32[9])] : [w];
            var gradients = Adjoint.Append(b, (x.MatMul(w) * frozen).Tanh().Sum(), wrt);
            Assert.Equal(hasUnused, gradients.Contains(null));
            return b.Build(gradients[0]!);
        }
        var plain = Make(false, false).Operations.Length;
        Assert.Equal(plain - 1, Make(true, false).Operations.Length);
        Assert.Equal(plain, Make(false, true).Operations.Length);
    }

    [Fact]
    public void Nothing_dead_is_built()
    {
        var b = new FunctionBuilder("f");
        var (x, w) = (b.Parameter("x", F32[4, 3]), b.Parameter("w", F32[3, 2]));
        var side = x.Exp();
        var gradient = Adjoint.AppendDense(b, (side.MatMul(w) + 1.0).Sum(), [w])[0];
        var f = b.Build(gradient);
        var forward = f.Operations.TakeWhile(o => o.Op is not ReduceSum).Count() + 1;
        Assert.Equal(f.Operations.Length - forward, Count(f) - 1);
    }

    [Fact]
    public void Fan_in_adds_once_for_each_further_path()
    {
        var b = new FunctionBuilder("f");
        var x = b.Parameter("x", F64.Scalar);
        var y = x.Exp() + x.Tanh() + x.Sin();
        var before = b.Operations.Count;
        Adjoint.Append(b, y, [x]);
        Assert.Equal(2, b.Operations.Skip(before).Count(o => o.Op is Add));
    }

    [Fact]
    public void A_gradient_by_an_intermediate_value_stops_there()
    {
        var b = new FunctionBuilder("f");
        var x = b.Parameter("x", F64.Scalar);
        var h = x.Exp();
        var gradients = Adjoint.AppendDense(b, h * h, [h, x]);
        var results = ReferenceInterpreter.Run(b.Build(gradients), new Literal(F64.Scalar, 0.5));
        Assert.Equal(2 * Math.Exp(0.5), (double)results[0][0], 1e-14);
        Assert.Equal(2 * Math.Exp(1), (double)results[1][0], 1e-14);
    }

    [Fact]
    public void Gradients_are_located_at_the_primal_operation()
    {
        var b = new FunctionBuilder("f");
        var x = b.Parameter("x", F64.Scalar);
        var y = x.Exp("Model.cs", 7).Sin("Model.cs", 8);
        var before = b.Operations.Count;
        Adjoint.Append(b, y, [x]);
        Assert.All(b.Operations.Skip(before), o => Assert.Contains(o.Location.Line, (int[])[7, 8]));
    }

    [Fact]
    public void What_has_no_gradient_is_refused_with_SGC1010()
    {
        var b = new FunctionBuilder("f");
        var (x, i) = (b.Parameter("x", F32[2]), b.Parameter("i", I32.Scalar));
        Action[] refused =
        [
            () => Adjoint.Append(b, x, [x]), () => Adjoint.Append(b, i, [x]), () => Adjoint.Append(b, x.Sum(), [i]),
            () => Adjoint.Append(b, x.Sum(), []), () => Adjoint.Append(b, x, [x], x.Sum()), () => Jvp.Append(b, [x], [x], [x.Sum()]),
            () => Jvp.Append(b, [x], [x], []),
        ];
        foreach (var action in refused) Assert.Equal("SGC1010", Assert.Throws<GraphException>(action).Code);
        var other = new FunctionBuilder("g").Parameter("x", F32.Scalar);
        Assert.Equal("SGC1008", Assert.Throws<GraphException>(() => Adjoint.Append(b, other, [x])).Code);
    }
}
