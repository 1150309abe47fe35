using CsCheck;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>What the pass for bf16 ensures of any function, and gradients of what it makes against those of f64.</summary>
public sealed class MixedPrecisionTests
{
    private static readonly MixedPrecision s_pass = new(Precision.BFloat16);

    private static PassEntry[] WithoutFusion => [.. Pipeline.For(Precision.BFloat16).Where(e => e.Name != "fuse")];

    [Fact]
    public void Random_functions_keep_what_the_pass_promises() => Gen.Int[0, 1_000_000].Sample(seed =>
    {
        var graph = RandomGraph.Create(seed, F32);
        var b = new FunctionBuilder("f");
        Value[] parameters = [.. graph.Parameters.Select(p => b.Parameter(p.Name!, p.Type))];
        var loss = b.Inline(graph, parameters).Where(r => r.DType.IsFloating).Select(r => r.Mean()).Aggregate((s, t) => s + t);
        var before = b.Build([loss, .. Adjoint.AppendDense(b, loss, [.. parameters.Where(p => p.DType.IsFloating)])]);
        var after = new PassRunner(WithoutFusion).Run(before, new PassContext { VerifyEach = true });
        Assert.Equal(before.Results.Select(r => r.Type), after.Results.Select(r => r.Type));
        Assert.Equal(after.ToString(), s_pass.Run(after, new PassContext()).ToString());
        var (readers, whole) = (new ValueReaders(after), after.Results.Select(Source).ToHashSet());
        foreach (var operation in after.Operations)
        {
            if (operation.Op is IContractionOp) Assert.NotEqual(F32, operation.Operands[0].DType);
            var isRounding = operation.Op is IR.Ops.Convert && operation.Result.DType == BF16;
            if (isRounding && operation.Operands[0] is { Definition.Operands.Length: > 0 } x && !whole.Contains(x))
                Assert.Single(readers[x]);
        }
    }, iter: 100);

    [Fact]
    public void Fused_and_compiled_it_gives_the_same()
    {
        // Whole numbers up to some hundreds: sums are exact in f32, and rounding to bf16 is not.
        Gen.Int[0, 1_000_000].Sample(seed =>
        {
            var random = new Random(seed);
            var b = new FunctionBuilder("whole");
            int[] sizes = [.. Enumerable.Range(0, 4).Select(_ => random.Next(1, 20))];
            var (x, v, w) = (b.Parameter("x", F32[sizes[0], sizes[1]]), b.Parameter("v", F32[sizes[1], sizes[2]]),
                b.Parameter("w", F32[sizes[2], sizes[3]]));
            var z = x.MatMul(v);
            var h = z.Maximum(z.Constant(0));
            var y = h.MatMul(w) + (random.Next(2) == 0 ? x.Sum(1, keepAxes: true) : h.Max([1], keepAxes: true));
            var loss = (y * y.Constant(0.5)).Sum();
            var function = b.Build([h, y, .. Adjoint.AppendDense(b, loss, [x, v, w])]);
            var expected = new PassRunner(WithoutFusion).Run(function, new PassContext());
            Literal[] arguments = [.. function.Parameters.Select(p => new Literal(p.Type,
                [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => (Scalar)random.Next(-9, 10))]))];
            var wanted = ReferenceInterpreter.Run(expected, arguments);
            var fused = JitFunction.Optimized(function, Pipeline.For(Precision.BFloat16));
            foreach (var workers in (int[])[1, 3])
            {
                var given = JitFunction.RunFused(fused, arguments, workers, 0);
                for (var r = 0; r < wanted.Length; r++)
                    if (!wanted[r].ToBytes().AsSpan().SequenceEqual(given[r].ToBytes()))
                        Assert.Fail($"seed {seed}, {workers} workers, result {r}:\n{wanted[r]}\n{given[r]}\n{fused}");
            }
        }, iter: 12);
    }

    /// <summary>Models by name, each of an input and variables of the given types, and how far a gradient may be off, of its largest
    /// element: a few units in the last place of bf16, 2⁻⁸, that one product after another adds.</summary>
    private static readonly Dictionary<string, (int[][] Shapes, Func<Value[], Value> Loss, double Bound)> s_models = new()
    {
        ["mlp"] = ([[6, 5], [5, 7], [7], [7, 3]], x => (x[0].MatMul(x[1]) + x[2]).Tanh().MatMul(x[3]).Tanh().Square().Mean(), 0.03),
        ["softmax"] = ([[4, 6], [4, 6], [4, 6]],
            x => x[0].MatMul(x[1].Transpose()).Softmax().MatMul(x[2]).Square().Mean(), 0.03),
        ["normalized"] = ([[8, 5], [5, 6], [6], [6, 3]], x => Normalized(x[0].MatMul(x[1]) * (x[2] + 2)).MatMul(x[3]).Tanh().Mean(), 0.06),
        ["convolution"] = ([[2, 5, 6, 2], [3, 3, 2, 4], [4]],
            x => (Convolved(x[0].Pad([0, 1, 1, 0], [0, 1, 1, 0]), x[1]) + x[2]).Sigmoid().Square().Mean(), 0.03),
        ["deep"] = ([[5, 5], [5, 5], [5, 5]],
            x => Enumerable.Range(0, 6).Aggregate(x[0], (h, i) => h + h.MatMul(x[1 + i % 2]).Tanh()).Square().Mean(), 0.06),
    };

    public static TheoryData<string> Models => [.. s_models.Keys];

    [Theory]
    [MemberData(nameof(Models))]
    public void Gradients_are_those_of_f64_within_bounds(string name)
    {
        var (shapes, loss, bound) = s_models[name];
        Function Build(DType dtype, bool differentiates)
        {
            var b = new FunctionBuilder(name);
            Value[] x = [.. shapes.Select((s, i) => b.Parameter($"x{i}", dtype[s]))];
            var y = loss(x);
            return b.Build(differentiates ? [y, .. Adjoint.AppendDense(b, y, x)] : [y]);
        }
        var exact = Build(F64, false);
        var mixed = new PassRunner(WithoutFusion).Run(Build(F32, true), new PassContext { VerifyEach = true });
        Assert.Contains(mixed.Operations, o => o.Op is IContractionOp && o.Operands[0].DType == BF16);
        Literal[] arguments = [.. Numeric.Arguments(mixed, 7)];
        Literal[] wide = [.. exact.Parameters.Select((p, i) => new Literal(p.Type, arguments[i].ToArray()))];
        var actual = ReferenceInterpreter.Run(mixed, arguments);
        Assert.Equal((double)ReferenceInterpreter.Run(exact, wide)[0][0], (double)actual[0][0], 0.02);
        for (var p = 0; p < wide.Length; p++)
        {
            double[] expected = [.. Enumerable.Range(0, (int)wide[p].Type.Shape.ElementCount).Select(i => Difference(exact, wide, p, i))];
            var scale = expected.Max(Math.Abs);
            for (var i = 0; i < expected.Length; i++)
                if (!(Math.Abs(expected[i] - (double)actual[1 + p][i]) <= bound * scale))
                    Assert.Fail($"d/dx{p}[{i}]: differences give {expected[i]}, bf16 {actual[1 + p][i]}, the largest is {scale}\n{mixed}");
        }
    }

    [Fact]
    public void Sums_as_they_are_have_derivatives()
    {
        var b = new FunctionBuilder("f");
        var (x, y) = (b.Parameter("x", BF16[2, 3]), b.Parameter("y", BF16[3, 2]));
        var z = b.Emit(DotGeneral.Instance, [x, y], new DotGeneral.Axes([], [], [1], [0]) { Result = F32 }.Attributes);
        var wide = x.ConvertTo(F32).MatMul(y.ConvertTo(F32));
        var gradients = Adjoint.AppendDense(b, (z * z).Sum(), [x, y]);
        var expected = Adjoint.AppendDense(b, (wide * wide).Sum(), [x, y]);
        var f = b.Build([.. gradients, .. expected]);
        var arguments = Numeric.Arguments(f, 3).Select(a => Literal.Rounded(a.Type, [.. a.Values])).ToArray();
        var results = ReferenceInterpreter.Run(f, arguments);
        for (var r = 0; r < 2; r++) Assert.Equal(results[r + 2].ToBytes(), results[r].ToBytes());
        Assert.Equal(BF16, gradients[0].DType);
    }

    [Fact]
    public void No_precision_is_refused()
    {
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => new MixedPrecision((Precision)7)).Code);
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => Pipeline.For((Precision)(-1))).Code);
        Assert.Equal("SGC3001", Assert.Throws<GraphException>(() =>
            PassRegistry.Create("mixed_precision", new Dictionary<string, string> { ["precision"] = "f16" })).Code);
        Assert.Same(Pipeline.Training, Pipeline.For(Precision.Float32));
    }

    private static Value Source(Value value)
    {
        while (value.Definition is { Op: IAffineOp or Pad } map) value = map.Operands[0];
        return value;
    }

    private static double Difference(Function f, Literal[] x, int operand, int element)
    {
        const double Step = 1e-5;
        double At(double by)
        {
            var elements = x[operand].ToArray();
            elements[element] += by;
            Literal[] moved = [.. x];
            moved[operand] = new Literal(x[operand].Type, elements);
            return (double)ReferenceInterpreter.Run(f, moved)[0][0];
        }
        return (At(Step) - At(-Step)) / (2 * Step);
    }

    private static Value Normalized(Value x)
    {
        var centred = x - x.Mean([0], keepAxes: true);
        return centred * (centred.Square().Mean([0], keepAxes: true) + 0.1).Rsqrt();
    }

    private static Value Convolved(Value x, Value kernel) => x.Window([1, 2], [3, 3])
        .Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, kernel);
}
