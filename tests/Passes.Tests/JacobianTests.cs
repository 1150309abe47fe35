using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Passes.Tests;

/// <summary>Jacobians, made by batching one tangent or cotangent program, over the table of derivatives.</summary>
public sealed class JacobianTests
{
    private const double Step = 1e-5;

    public static TheoryData<string> Rows => GradientTests.Rows;

    [Theory, MemberData(nameof(Rows))]
    public void Both_modes_equal_finite_differences_interpreted_and_compiled(string name)
    {
        var row = GradientTable.Rows[name];
        var (builder, x, y) = GradientTests.Start(row);
        var value = builder.Snapshot(y);
        Value[] jacobians = [.. x.SelectMany(v => (Value[])[Jacobian.AppendForward(builder, y, v), Jacobian.AppendReverse(builder, y, v)])];
        var function = builder.Build(jacobians);
        var arguments = GradientTests.Draw(row.Operands, row.Low, row.High, 7);
        var (interpreted, compiled) = (ReferenceInterpreter.Run(function, arguments), JitFunction.Run(function, arguments));
        for (var k = 0; k < x.Length; k++)
        {
            var expected = Differences(value, arguments, k);
            foreach (var mode in (int[])[2 * k, 2 * k + 1])
            {
                Assert.Equal(new Shape([.. y.Shape, .. x[k].Shape]), interpreted[mode].Type.Shape);
                Near(expected, interpreted[mode].ToArray(), 1e-7);
                Near(interpreted[mode].ToArray(), compiled[mode].ToArray(), 1e-10);
            }
        }
    }

    [Theory, InlineData(4), InlineData(400)]
    public void The_graph_does_not_grow_with_the_number_of_directions(int size)
    {
        var b = new FunctionBuilder("f");
        var (x, w) = (b.Parameter("x", F32[size]), b.Parameter("w", F32[size, size]));
        var y = x.Reshape([1, size]).MatMul(w).Tanh();
        var before = b.Operations.Count;
        Jacobian.Append(b, y, x);
        Assert.InRange(b.Operations.Count - before, 1, 20);
    }

    [Fact]
    public void Empty_independent_and_same_values()
    {
        var b = new FunctionBuilder("f");
        var (x, none, other) = (b.Parameter("x", F64[2]), b.Parameter("none", F64[0, 3]), b.Parameter("other", F64[3, 1]));
        var results = ReferenceInterpreter.Run(b.Build(Jacobian.Append(b, x, x), Jacobian.Append(b, none * 2, none),
            Jacobian.Append(b, x, none), Jacobian.Append(b, x * 2, other), Jacobian.Append(b, x.Round(), x)),
            new Literal(x.Type, 1), new Literal(none.Type, 1), new Literal(other.Type, 1));
        Assert.Equal([F64[2, 2], F64[0, 3, 0, 3], F64[2, 0, 3], F64[2, 3, 1], F64[2, 2]], results.Select(r => r.Type));
        Assert.Equal([1.0, 0, 0, 1], results[0].ToArray());
        Assert.All(results[3].ToArray().Concat(results[4].ToArray()), v => Assert.Equal(0, v));
    }

    [Fact]
    public void It_has_the_element_type_of_what_is_differentiated_by()
    {
        var b = new FunctionBuilder("f");
        var (x, wide) = (b.Parameter("x", F32[2]), b.Parameter("wide", F32[5]));
        Assert.Equal([F32[3, 2], F32[2, 5]], [Jacobian.Append(b, x.Sum().ConvertTo(F64) * b.Constant(new Literal(F64[3], 1)), x).Type,
            Jacobian.Append(b, wide.Slice([0], [2]).ConvertTo(F64), wide).Type]);
    }

    [Fact]
    public void Integers_and_foreign_values_are_refused()
    {
        var b = new FunctionBuilder("f");
        var (x, i) = (b.Parameter("x", F32[2]), b.Parameter("i", I32[2]));
        var foreign = new FunctionBuilder("g").Parameter("x", F32[2]);
        Refused("SGC1010", () => Jacobian.Append(b, i, x));
        Refused("SGC1010", () => Jacobian.Append(b, x, i));
        Refused("SGC1008", () => Jacobian.Append(b, x, foreign));
        Refused("SGC1008", () => Jacobian.Append(b, foreign, x));
    }

    private static void Refused(string code, Action action) => Assert.Equal(code, Assert.Throws<GraphException>(action).Code);

    private static double[] Differences(Function value, Literal[] arguments, int operand)
    {
        var columns = Enumerable.Range(0, (int)arguments[operand].Type.Shape.ElementCount).Select(i =>
            Shifted(value, arguments, operand, i, Step).Zip(Shifted(value, arguments, operand, i, -Step), (a, b) => (a - b) / (2 * Step))
                .ToArray()).ToArray();
        var rows = (int)value.Results[0].Shape.ElementCount;
        return [.. Enumerable.Range(0, rows).SelectMany(r => columns.Select(c => c[r]))];
    }

    private static double[] Shifted(Function f, Literal[] x, int operand, int element, double by)
    {
        var elements = x[operand].ToArray();
        elements[element] += by;
        Literal[] moved = [.. x];
        moved[operand] = new Literal(x[operand].Type, elements);
        return ReferenceInterpreter.Run(f, moved)[0].ToArray();
    }

    internal static void Near(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])),
                $"element {i}: {actual[i]} instead of {expected[i]}");
    }
}
