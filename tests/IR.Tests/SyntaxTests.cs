using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.IR.Tests;

/// <summary>Operators and fluent calls that are made of others: values against ones worked out by hand or by loops, and errors at the
/// user's line.</summary>
public sealed class SyntaxTests
{
    private readonly FunctionBuilder _b = new("f");
    private readonly Value _x, _row, _integers;

    public SyntaxTests() =>
        (_x, _row, _integers) = (_b.Parameter("x", F32[4, 3]), _b.Parameter("row", F32[3]), _b.Parameter("integers", I32[4, 3]));

    private static double[] Run(Func<FunctionBuilder, Value> declare)
    {
        var builder = new FunctionBuilder("f");
        return ReferenceInterpreter.Run(builder.Build(declare(builder)))[0].ToArray();
    }

    private void Fails(string code, Action call, string says, [CallerLineNumber] int line = 0)
    {
        var before = _b.Operations.Count;
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal((code, line), (error.Code, error.Diagnostics[0].Location.Line));
        Assert.EndsWith("SyntaxTests.cs", error.Diagnostics[0].Location.File, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, _b.Operations.Count);
    }

    [Fact]
    public void Comparisons()
    {
        double[] numbers = [-1, -0.0, 0, 2, double.NaN], others = [0, 0, -1, 2, 2];
        foreach (var (apply, holds) in new (Func<Value, Value, Value>, Func<double, double, bool>)[]
        {
            ((x, y) => x < y, (a, b) => a < b), ((x, y) => x > y, (a, b) => a > b),
            ((x, y) => x <= y, (a, b) => a <= b), ((x, y) => x >= y, (a, b) => a >= b),
            ((x, _) => x < 0, (a, _) => a < 0), ((x, _) => x > 0, (a, _) => a > 0),
            ((x, _) => x <= 0, (a, _) => a <= 0), ((x, _) => x >= 0, (a, _) => a >= 0),
            ((x, _) => 0.5 < x, (a, _) => 0.5 < a), ((x, _) => 0.5 > x, (a, _) => 0.5 > a),
            ((x, _) => 2 <= x, (a, _) => 2 <= a), ((x, _) => 2 >= x, (a, _) => 2 >= a),
            ((x, _) => x.Equal(0), (a, _) => a == 0), ((x, _) => x.NotEqual(2), (a, _) => a != 2),
        })
            Assert.Equal(numbers.Zip(others, (a, b) => holds(a, b) ? 1.0 : 0), Run(g => apply(g.Constant(numbers), g.Constant(others))));
        Assert.Equal(Bool[4, 3], (_x > 0).Type);
        Assert.False(_x == _x + 0);
        Fails("SGC1001", () => _ = _x > _integers, "i32[4,3]");
    }

    [Fact]
    public void Powers_and_limits()
    {
        Assert.Equal([9.0, 4], Run(g => g.Constant([-3.0, 2]).Square()));
        foreach (var n in Enumerable.Range(0, 8))
            Assert.Equal([Math.Pow(-3, n), Math.Pow(0.5, n), Math.Pow(0, n)], Run(g => g.Constant([-3.0, 0.5, 0]).Pow(n)));
        Assert.Equal([1.0 / 9, 4], Run(g => g.Constant([-3.0, 0.5]).Pow(-2)));
        Assert.Equal([3.0], Run(g => g.Constant([9.0]).Pow(0.5)));
        Assert.Equal([-2187.0, 128], Run(g => g.Constant([-3, 2]).Pow(7)));
        Assert.DoesNotContain(_x.Pow(4).Builder.Operations, o => o.Op == Power.Instance);
        Assert.Equal([2.0, 3], Run(g => g.Constant([1, 3]).Maximum(2)));
        Assert.Equal([1.0, 2], Run(g => g.Constant([1, 3]).Minimum(2)));
        Assert.Equal([-1, 0.5, 2], Run(g => g.Constant([-7.0, 0.5, 9]).Clip(-1, 2)));
        Fails("SGC1005", () => _integers.Pow(0), "no integer");
    }

    [Fact]
    public void Reductions_name_axes()
    {
        double[,] numbers = { { 1, 2, 3 }, { 4, 5, 6 } };
        Assert.Equal([5.0, 7, 9], Run(g => g.Constant(numbers).Sum(0)));
        Assert.Equal([2.0, 5], Run(g => g.Constant(numbers).Mean(-1)));
        Assert.Equal([21.0], Run(g => g.Constant(numbers).Sum(0, 1)));
        Assert.Equal([3.5], Run(g => g.Constant(numbers).Mean(1, 0)));
        Assert.Equal([6.0], Run(g => g.Constant(numbers).Max(0, 1)));
        Assert.Equal([1.0], Run(g => g.Constant(numbers).Min(-1, -2)));
        Assert.Equal([720.0], Run(g => g.Constant(numbers).Prod(0, 1)));
        Assert.Equal([1.0, 2, 3, 4, 5, 6], Run(g => g.Constant(numbers).Sum([])));
        var cube = _b.Parameter("cube", F32[2, 3, 4]);
        Assert.Equal(F32[1, 3, 1], cube.Max([0, 2], keepAxes: true).Type);
        Assert.Equal(F32.Scalar, cube.Sum(0, 1, 2).Type);
        Fails("SGC1004", () => _x.Sum(0, 2), "axis 2");
        Fails("SGC1004", () => _x.Mean(0, 0), "axes");
        Fails("SGC1004", () => _x.Max(2), "axis 2");
        Fails("SGC1001", () => _integers.Mean(0, 1), "ConvertTo(F32)");
    }

    [Fact]
    public void Subscripts()
    {
        static int[] At(params int[] rows) => rows;
        foreach (var (apply, type, elements) in new (Func<Value, Value>, TensorType, int[])[]
        {
            (x => x[0], I32[3], At(0, 1, 2)), (x => x[^1], I32[3], At(9, 10, 11)), (x => x[1, 2], I32.Scalar, At(5)),
            (x => x[..2], I32[2, 3], At(0, 1, 2, 3, 4, 5)), (x => x[.., 1], I32[4], At(1, 4, 7, 10)),
            (x => x[1..^1, ..], I32[2, 3], At(3, 4, 5, 6, 7, 8)), (x => x[^2.., ^1], I32[2], At(8, 11)),
            (x => x[.., 1..2], I32[4, 1], At(1, 4, 7, 10)), (x => x[4..], I32[0, 3], At()), (x => x[2..2, 0], I32[0], At()),
        })
        {
            var builder = new FunctionBuilder("f");
            var part = apply(builder.Constant([.. Enumerable.Range(0, 12)], new Shape(4, 3)));
            Assert.Equal(type, part.Type);
            Assert.Equal(elements.Select(e => (double)e), ReferenceInterpreter.Run(builder.Build(part))[0].ToArray());
        }
        Fails("SGC1005", () => _ = _x[4], "axis 0 of %x : f32[4,3]");
        Fails("SGC1005", () => _ = _x[-1], "[-1]");
        Fails("SGC1005", () => _ = _x[.., ^4], "axis 1");
        Fails("SGC1005", () => _ = _x[2..1], "[2..1]");
        Fails("SGC1005", () => _ = _x[..5], "[0..5]");
        Fails("SGC1005", () => _ = _x[int.MaxValue], "axis 0");
        Fails("SGC1003", () => _ = _x[0, 0, 0], "3 subscripts");
    }

    [Fact]
    public void Joining_and_reshaping()
    {
        Assert.Equal([1.0, 2, 3], Run(g => g.Constant([1f, 2]).Concat(g.Constant([3f]))));
        Assert.Equal([1.0, 3, 5, 2, 4, 6], Run(g => g.Constant([1, 2]).Stack([g.Constant([3, 4]), g.Constant([5, 6])], axis: -1)));
        Assert.Equal([1.0, 2, 3, 4], Run(g => g.Constant([1, 2]).Stack(g.Constant([3, 4]))));
        Assert.Equal(F32[4, 1, 3], _x.ExpandDims(1).Type);
        Assert.Equal(F32[4, 3, 1], _x.ExpandDims(-1).Type);
        Assert.Equal(F32[1, 4, 3], _x.ExpandDims(-3).Type);
        var thin = _b.Parameter("thin", F32[1, 4, 1]);
        Assert.Equal((F32[4], F32[4, 1], F32[1, 4]), (thin.Squeeze().Type, thin.Squeeze(0).Type, thin.Squeeze(-1).Type));
        Assert.Equal(F32.Scalar, thin.Sum(1).Squeeze([0, 1]).Type);
        Fails("SGC1004", () => _x.ExpandDims(3), "f32[4,3]");
        Fails("SGC1004", () => _x.ExpandDims(-4), "f32[4,3]");
        Fails("SGC1002", () => _x.Squeeze(0), "axis 0 of size 1");
        Fails("SGC1004", () => _x.Squeeze(5), "axis 5");
        Fails("SGC1002", () => _x.Stack(_row), "beside axis");
        var other = new FunctionBuilder("other");
        var foreign = other.Parameter("x", F32[4, 3]);
        Fails("SGC1008", () => _x.Stack(foreign), "\"other\"");
        Assert.Empty(other.Operations);
    }

    [Fact]
    public void Statistics()
    {
        double[,] numbers = { { 1, 2, 6 }, { 4, 4, 4 } };
        Assert.Equal([14.0 / 3, 0], Run(g => g.Constant(numbers).Variance(1)), Near);
        Assert.Equal([7.0, 0], Run(g => g.Constant(numbers).Variance(1, correction: 1)), Near);
        Assert.Equal([Math.Sqrt(7), 0], Run(g => g.Constant(numbers).Std(1, correction: 1)), Near);
        Assert.Equal([double.NaN], Run(g => g.Constant([2.0]).Variance(correction: 1)));
        Assert.Equal([double.NaN], Run(g => g.Constant([2.0, double.NaN]).Std()));
        Assert.Equal([1000 + Math.Log(2), -1000], Run(g => g.Constant(new[,] { { 1000, 1000.0 }, { -1000, -2000 } }).LogSumExp(1)), Near);
        double[,] extremes = { { Infinity, 1 }, { -Infinity, -Infinity }, { -Infinity, 3 }, { double.NaN, Infinity } };
        Assert.Equal([Infinity, -Infinity, 3, double.NaN], Run(g => g.Constant(extremes).LogSumExp(-1)));
        Assert.Equal(F32[4, 1], _x.LogSumExp(1, keepAxes: true).Type);
        Fails("SGC1001", () => _integers.Std(), "ConvertTo(F32)");
        Fails("SGC1004", () => _x.LogSumExp(2), "axis 2");
    }

    private const double Infinity = double.PositiveInfinity;

    private static bool Near(double x, double y) => x.Equals(y) || Math.Abs(x - y) <= 1e-14 * Math.Max(1, Math.Abs(x));

    [Fact]
    public void Positions_of_extremes_are_the_first()
    {
        double[,] numbers =
            { { 3, 7, 7 }, { double.NaN, 1, double.NaN }, { -Infinity, -Infinity, -Infinity }, { -0.0, 0, -1 }, { 1, double.NaN, 9 } };
        Assert.Equal([1.0, 0, 0, 0, 1], Run(g => g.Constant(numbers).ArgMax(1)));
        Assert.Equal([0.0, 0, 0, 2, 1], Run(g => g.Constant(numbers).ArgMin(-1)));
        int[,] integers = { { 1, -2, 5 }, { 9, -2, 5 }, { 9, int.MaxValue, int.MinValue } };
        Assert.Equal([1.0, 2, 0], Run(g => g.Constant(integers).ArgMax(0)));
        Assert.Equal(I32[3], _x.ArgMax(0).Type);
        Fails("SGC1004", () => _x.ArgMax(2), "axis 2");
        var (mask, none) = (_x > 0, _x[4..]);
        Fails("SGC1001", () => mask.ArgMax(0), "bool");
        Fails("SGC1002", () => none.ArgMax(0), "no elements");
    }

    [Fact]
    public void Constants_have_the_type_of_their_elements()
    {
        var half = (Half)0.5f;
        Assert.Equal([F32, F64, F16, I8, I32, I64, U8, U32, Bool], new[] { _b.Constant(1f), _b.Constant(1.0), _b.Constant(half),
            _b.Constant((sbyte)-1), _b.Constant(1), _b.Constant(1L), _b.Constant((byte)1), _b.Constant(1u), _b.Constant(true) }
            .Select(c => c.DType));
        Assert.Equal([-1.0], Run(g => g.Constant((sbyte)-1)));
        Assert.Equal([1.0, 0], Run(g => g.Constant([true, false])));
        Assert.Equal(long.MaxValue, (long)Constant.LiteralOf(_b.Constant(long.MaxValue).Definition!)[0]);
        Assert.Equal((F32[2, 1], F32[0], F32[0, 2]), (_b.Constant(new[,] { { 1f }, { 2 } }).Type, _b.Constant(Array.Empty<float>()).Type,
            _b.Constant(new float[0, 2]).Type));
        ReadOnlySpan<int> six = [1, 2, 3, 4, 5, 6];
        Assert.Equal(I32[1, 3, 2], _b.Constant(six, new Shape(1, 3, 2)).Type);
        Assert.Equal(F32.Scalar, _b.Parameter("scalar", F32).Type);
        Fails("SGC1001", () => _b.Constant(1m), "Decimal");
        Fails("SGC1001", () => _b.Constant(new[,] { { 'a' } }), "Char");
        Fails("SGC1002", () => _b.Constant([1, 2, 3], new Shape(2, 2)), "given 3");
    }

    [Theory]
    [InlineData(new[] { 2, 3, 4, 5 }, new[] { 5, 2 })]
    [InlineData(new[] { 4, 5 }, new[] { 3, 5, 2 })]
    [InlineData(new[] { 2, 1, 4, 5 }, new[] { 3, 5, 2 })]
    [InlineData(new[] { 1, 1, 5 }, new[] { 2, 3, 5, 1 })]
    [InlineData(new[] { 0, 4, 5 }, new[] { 1, 5, 2 })]
    public void Matmuls_broadcast_batch_axes(int[] left, int[] right)
    {
        var random = new Random(1);
        var (xs, ys) = (new Shape(left), new Shape(right));
        double[] x = [.. Enumerable.Range(0, (int)xs.ElementCount).Select(_ => (double)random.Next(-9, 9))];
        double[] y = [.. Enumerable.Range(0, (int)ys.ElementCount).Select(_ => (double)random.Next(-9, 9))];
        var builder = new FunctionBuilder("f");
        var product = builder.Constant(x, xs).MatMul(builder.Constant(y, ys));
        var found = ReferenceInterpreter.Run(builder.Build(product))[0];
        var index = new int[product.Rank];
        for (var i = 0L; i < product.Shape.ElementCount; i++)
        {
            product.Shape.Unravel(i, index);
            var sum = 0.0;
            for (var k = 0; k < 5; k++) sum += x[At(xs, index, index[^2], k)] * y[At(ys, index, k, index[^1])];
            Assert.Equal(sum, (double)found[i]);
        }
    }

    private static int At(Shape shape, int[] index, int row, int column)
    {
        int[] own = [.. index[^shape.Rank..^2].Select((n, i) => shape[i] == 1 ? 0 : n), row, column];
        return (int)shape.Ravel(own);
    }

    [Fact]
    public void Matmuls_that_do_not_fit()
    {
        var (batches, others) = (_b.Parameter("a", F32[2, 3, 4]), _b.Parameter("b", F32[3, 4, 5]));
        Fails("SGC1002", () => batches.MatMul(others), "do not broadcast");
        Fails("SGC1007", () => _x.MatMul(others), "contracting sizes differ");
        Fails("SGC1003", () => _x.MatMul(_row), "rank 2 or more");
    }

    [Fact]
    public void A_builder_prints_what_it_holds()
    {
        _ = _x * 2;
        Assert.Equal("""
            func @f(%x: f32[4,3], %row: f32[3], %integers: i32[4,3]) -> () {
              %0 = constant {dtype=f32, shape=[4,3], value=2} : f32[4,3]
              %1 = multiply %x, %0 : f32[4,3]
              return
            }

            """.ReplaceLineEndings("\n"), _b.ToString());
        _b.Build(_x);
        Assert.StartsWith("func @f(", _b.ToString(), StringComparison.Ordinal);
    }
}
