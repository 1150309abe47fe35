using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>Each row of <see cref="GradientTable"/> in f64: against finite differences, forward against reverse,
/// and second order.</summary>
public sealed class GradientTests
{
    public static TheoryData<string> Rows => [.. GradientTable.Rows.Keys];

    public static TheoryData<string> Composites =>
        [.. GradientTable.Rows.Keys.Where(k => k is "softmax" or "softmax:middle" or "log_softmax" or "log_softmax:middle" or "attention"
            or "attention:causal" or "attention:grouped" or "attention:added" or "attention:hidden" or "attention:dropped")];

    // Rows whose gradients are zero by the function's meaning: it jumps, does not depend on its operand, or has one value only.
    private static readonly string[] s_flat = ["ceil", "floor", "power:zero", "round_nearest_even", "sign"];

    [Fact]
    public void Every_differentiable_op_has_a_row_and_each_row_has_its_op()
    {
        Assert.NotEmpty(OpRegistry.All);
        string[] ops = [.. GradientTable.Rows.Keys.Select(GradientTable.OpOf).Distinct()];
        Assert.Equal(OpRegistry.All.Select(o => o.Name).Order(StringComparer.Ordinal),
            ops.Concat(GradientTable.NotDifferentiable.Keys).Order(StringComparer.Ordinal));
        foreach (var op in ops)
        {
            // The op's own row depends on its parameters by the op; those of a family may have it in their derivative alone.
            Assert.True(GradientTable.Rows.TryGetValue(op, out var own) && OpsOf(Start(own).Y).Contains(op), $"no row \"{op}\" of {op}");
        }
        foreach (var (name, row) in GradientTable.Rows)
        {
            var (builder, _, y) = Start(row);
            _ = Adjoint.Append(builder, Scalar(y), [.. builder.Parameters]);
            Assert.Contains(GradientTable.OpOf(name), builder.Operations.Select(o => o.Op.Name));
        }
    }

    /// <summary>A row whose gradients are all zero shows nothing: there is none but where that is the point.</summary>
    [Fact]
    public void Each_row_has_a_gradient_but_those_over_nothing_and_of_steps()
    {
        foreach (var (name, row) in GradientTable.Rows)
        {
            var (builder, x, y) = Start(row);
            var isEmpty = y.Shape.ElementCount == 0 || x[0].Shape.ElementCount == 0;
            var gradients = ReferenceInterpreter.Run(builder.Build(Adjoint.AppendDense(builder, (y * Weights(y)).Sum(), x)),
                Draw(row.Operands, row.Low, row.High, 1));
            Assert.True(gradients.SelectMany(g => g.ToArray()).Any(g => Math.Abs(g) > 1e-6) == !(isEmpty || s_flat.Contains(name)), name);
        }
    }

    /// <summary>Shapes that are awkward in the ways that a family of functions knows, each of which the row really has.</summary>
    [Fact]
    public void Every_family_has_its_awkward_shapes()
    {
        foreach (var (family, variants) in GradientTable.DemandedVariants)
            foreach (var variant in variants)
            {
                var (name, row) = GradientTable.Rows.Single(r => GradientTable.FamilyOf(r.Key) == family && r.Key.EndsWith(":" + variant,
                    StringComparison.Ordinal));
                var (builder, x, y) = Start(row);
                Window.Geometry[] windows = [.. builder.Operations.Where(o => o.Op is Window or OverlapAdd).Select(Window.Geometry.Of)];
                bool AnyAxis(Func<Window.Geometry, int, bool> has) =>
                    windows.Any(w => Enumerable.Range(0, w.Axes.Length).Any(i => has(w, i)));
                Assert.True(variant switch
                {
                    "empty" => x.Append(y).Any(v => v.Shape.ElementCount == 0),
                    "one" => x[0].Shape.SkipLast(1).All(s => s == 1),
                    "channels" => builder.Operations.Any(o => o.Op is Reshape && o.Result.Shape[^1] == 1),
                    "stride" => AnyAxis((w, i) => w.Stride[i] > w.Extent(i)) || builder.Operations.Any(o => o.Op is Pad
                        && AnyAxis((w, i) => o.Ints("interior")[w.Axes[i]] + 1 > w.Extent(i))),
                    "dilated" => AnyAxis((w, i) => w.Dilation[i] > 1 && w.Size[i] > 1),
                    "remainder" => builder.Operations.Any(o => o.Op is Window or OverlapAdd && HasRemainder(o)),
                    _ => false,
                }, name);
            }
    }

    // Whether elements of the windowed tensor are in no window, behind the last.
    private static bool HasRemainder(Operation operation)
    {
        var (w, tensor) = (Window.Geometry.Of(operation), operation.Op is Window ? operation.Operands[0] : operation.Result);
        return Enumerable.Range(0, w.Axes.Length).Any(i => (tensor.Shape[w.Axes[i]] - w.Extent(i)) % w.Stride[i] != 0);
    }

    private static HashSet<string> OpsOf(Value y)
    {
        var (found, open) = (new HashSet<string>(), new Stack<Value>([y]));
        while (open.TryPop(out var value))
            if (value.Definition is { } operation)
            {
                found.Add(operation.Op.Name);
                foreach (var operand in operation.Operands) open.Push(operand);
            }
        return found;
    }

    [Theory, MemberData(nameof(Rows))]
    public void Reverse_mode_equals_finite_differences(string name)
    {
        var row = GradientTable.Rows[name];
        var (builder, x, y) = Start(row);
        var loss = Scalar(y);
        var value = builder.Snapshot(loss);
        Numeric.GradientIsDifference(value, builder.Build(Adjoint.AppendDense(builder, loss, x)),
            Draw(row.Operands, row.Low, row.High, 1), 1e-7);
    }

    [Theory, MemberData(nameof(Rows))]
    public void Second_order_equals_finite_differences_of_the_first(string name)
    {
        var row = GradientTable.Rows[name];
        var (builder, x, y) = Start(row);
        var sum = Adjoint.AppendDense(builder, Scalar(y), x).Select(Scalar).Aggregate((a, b) => a + b);
        var value = builder.Snapshot(sum);
        Numeric.GradientIsDifference(value, builder.Build(Adjoint.AppendDense(builder, sum, x)),
            Draw(row.Operands, row.Low, row.High, 2), 1e-5);
    }

    [Theory, MemberData(nameof(Rows))]
    public void Forward_mode_is_the_transpose_of_reverse_mode(string name)
    {
        var row = GradientTable.Rows[name];
        var (builder, x, y) = Start(row);
        Value[] v = [.. row.Operands.Select((t, i) => builder.Parameter($"v{i}", t))];
        var ct = builder.Parameter("ct", y.Type);
        var forward = (ct * (Jvp.Append(builder, [y], x, v)[0] ?? y.Constant(0))).Sum();
        var reverse = Adjoint.AppendDense(builder, y, x, ct).Zip(v, (g, t) => (g * t).Sum()).Aggregate((a, b) => a + b);
        Agree(builder.Build(forward, reverse), [.. Draw(row.Operands, row.Low, row.High, 3), .. Draw([.. row.Operands, y.Type], -1, 1, 4)]);
    }

    [Theory, MemberData(nameof(Rows))]
    public void Forward_over_reverse_is_reverse_over_reverse(string name)
    {
        var row = GradientTable.Rows[name];
        var (builder, x, y) = Start(row);
        Value[] v = [.. row.Operands.Select((t, i) => builder.Parameter($"v{i}", t))];
        var gradients = Adjoint.AppendDense(builder, Scalar(y), x);
        Value Along(IEnumerable<Value?> values) =>
            values.Zip(v, (g, t) => g is null ? t.Sum() * 0 : (g * t).Sum()).Aggregate((a, b) => a + b);
        var forward = Along(Jvp.Append(builder, gradients, x, v));
        var reverse = Along(Adjoint.Append(builder, Along(gradients), x));
        Agree(builder.Build(forward, reverse), [.. Draw(row.Operands, row.Low, row.High, 5), .. Draw(row.Operands, -1, 1, 6)]);
    }

    [Theory, MemberData(nameof(Composites))]
    public void A_composite_and_its_decomposition_have_one_value_and_one_derivative(string name)
    {
        var row = GradientTable.Rows[name];
        var (builder, x, y) = Start(row);
        var same = ((OpaqueOp)y.Definition!.Op).DecomposeAll(y.Definition, y.Definition.Operands.AsSpan())![0];
        var (a, b) = (Adjoint.AppendDense(builder, y, x, Weights(y))[0], Adjoint.AppendDense(builder, same, x, Weights(y))[0]);
        var results = ReferenceInterpreter.Run(builder.Build(y, same, a, b), Draw(row.Operands, row.Low, row.High, 5));
        for (var i = 0; i < results[0].Type.Shape.ElementCount; i++)
        {
            Assert.Equal((double)results[0][i], (double)results[1][i], 1e-12);
            Assert.Equal((double)results[2][i], (double)results[3][i], 1e-12);
        }
    }

    // The squares make a second derivative even of linear ops, and different weights let no element's gradient hide another's.
    private static Value Scalar(Value y) => (y * y * Weights(y) + y).Sum();

    private static Value Weights(Value y) =>
        y.Builder.Constant(new Literal(y.Type, [.. Enumerable.Range(0, (int)y.Shape.ElementCount).Select(i => 0.3 + 0.2 * i)]));

    internal static (FunctionBuilder Builder, Value[] X, Value Y) Start(GradientRow row)
    {
        var builder = new FunctionBuilder("f");
        Value[] x = [.. row.Operands.Select((t, i) => builder.Parameter($"x{i}", t))];
        return (builder, x, row.Apply(x));
    }

    internal static Literal[] Draw(IEnumerable<TensorType> types, double low, double high, int seed)
    {
        var random = new Random(seed);
        return [.. types.Select(t =>
            new Literal(t, [.. Enumerable.Range(0, (int)t.Shape.ElementCount).Select(_ => low + (high - low) * random.NextDouble())]))];
    }

    private static void Agree(Function f, Literal[] arguments)
    {
        var results = ReferenceInterpreter.Run(f, arguments);
        Assert.Equal((double)results[0][0], (double)results[1][0], 1e-12 * Math.Max(1, Math.Abs((double)results[0][0])));
    }
}
