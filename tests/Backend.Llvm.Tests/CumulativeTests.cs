using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Cumulative ops and recurrences, compiled, beside loops: along every axis of awkward shapes, where rows are scanned side by
/// side,
/// by segments and by ranges; in both directions, with and without the element itself; the same bits on any number of workers.</summary>
[Trait("Category", "Target")]
public sealed class CumulativeTests
{
    // Along the axis: less than a segment, some segments and a rest, and so many that workers share a row.
    public static TheoryData<int[], int> Shapes => new()
    {
        { [0], 0 }, { [1], 0 }, { [3], 0 }, { [31], 0 }, { [257], 0 }, { [1000], 0 }, { [16_411], 0 }, { [70_001], 0 }, { [3, 131], 1 },
        { [19, 5], 1 }, { [17, 300], 1 }, { [5, 0], 1 }, { [0, 5], 1 }, { [7, 3], 0 }, { [40, 33], 0 }, { [2, 9, 1, 1], 1 },
        { [3, 11, 19], 1 }, { [2, 70_000], 1 },
    };

    private static double[] Scanned(double[] x, int[] shape, int axis, bool reverse, bool exclusive, double identity,
        Func<double, double, double> combine)
    {
        var (n, stride) = (shape[axis], shape.Skip(axis + 1).Aggregate(1, (a, b) => a * b));
        var y = new double[x.Length];
        for (var first = 0; first < x.Length; first++)
        {
            if (first / stride % n != 0) continue;
            var sum = identity;
            for (var k = 0; k < n; k++)
            {
                var at = first + (reverse ? n - 1 - k : k) * stride;
                if (exclusive) y[at] = sum;
                sum = combine(sum, x[at]);
                if (!exclusive) y[at] = sum;
            }
        }
        return y;
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Compiled_scans_are_those_of_loops(int[] shape, int axis)
    {
        foreach (var type in (DType[])[F32, F64, I32, I64])
            foreach (var (reverse, exclusive) in ((bool, bool)[])[(false, false), (true, true)])
                Check(type, shape, axis, reverse, exclusive);
        Check(F32, shape, axis, true, false);
        Check(F32, shape, axis, false, true);
    }

    private static void Check(DType type, int[] shape, int axis, bool reverse, bool exclusive)
    {
        var b = new FunctionBuilder("scans");
        var (x, signs) = (b.Parameter("x", type[shape]), b.Parameter("signs", type[shape]));
        List<Value> results = [x.CumSum(axis, reverse, exclusive), x.CumMax(axis, reverse, exclusive), x.CumMin(axis, reverse, exclusive),
            signs.CumProd(axis, reverse, exclusive)];
        if (type.IsFloating) results.Add(x.Recurrence(signs, axis, reverse));
        var random = new Random(shape[axis] * 4 + axis);
        // Small integers, whose sums are exact in f32 too, and which the order of additions leaves as they are.
        double[] numbers = [.. Enumerable.Range(0, x.Shape is var s ? (int)s.ElementCount : 0).Select(_ => (double)random.Next(-9, 10))];
        double[] ones = [.. numbers.Select(_ => random.Next(4) == 0 ? -1.0 : 1)];
        Literal[] arguments = [new(x.Type, numbers), new(signs.Type, ones)];
        double[] Of(double[] of, double identity, Func<double, double, double> combine) =>
            Scanned(of, shape, axis, reverse, exclusive, identity, combine);
        List<double[]> expected = [Of(numbers, 0, (p, q) => p + q), Of(numbers, (double)type.Lowest, Math.Max),
            Of(numbers, (double)type.Highest, Math.Min), Of(ones, 1, (p, q) => p * q)];
        var function = b.Build([.. results]);
        if (type.IsFloating) expected.Add(ReferenceInterpreter.Run(function, arguments)[4].ToArray());
        foreach (var workers in (int[])[1, 3])
        {
            var found = JitFunction.Run(function, arguments, workers);
            for (var i = 0; i < expected.Count; i++)
                if (!found[i].ToArray().SequenceEqual(expected[i]))
                    Assert.Fail($"{type}[{string.Join(",", shape)}] axis {axis} reverse {reverse} exclusive {exclusive} result {i}, "
                        + $"{workers} workers");
        }
    }

    /// <summary>Numbers that round: an f32 is its f64 sum rounded once, an f64 has the error of a sum of so many; and the bits do not
    /// depend
    /// on the workers.</summary>
    [Theory]
    [InlineData(1000), InlineData(70_001)]
    public void Sums_are_accurate_and_have_the_same_bits_on_any_number_of_workers(int n)
    {
        var random = new Random(n);
        double[] numbers = [.. Enumerable.Range(0, n).Select(_ => random.NextDouble() * 2 - 1)];
        foreach (var type in (DType[])[F32, F64, BF16])
        {
            var b = new FunctionBuilder("sums");
            var x = b.Parameter("x", type[n]);
            var function = b.Build(x.CumSum(), x.CumSum(reverse: true, exclusive: true));
            var argument = new Literal(x.Type, numbers);
            var one = JitFunction.Run(function, [argument], 1);
            foreach (var workers in (int[])[2, 3, 5])
            {
                var many = JitFunction.Run(function, [argument], workers);
                for (var i = 0; i < 2; i++) Assert.Equal(one[i].ToArray(), many[i].ToArray());
            }
            var (exact, size) = (0m, 0.0);
            for (var i = 0; i < n; i++)
            {
                exact += (decimal)(double)argument[i];
                size += Math.Abs((double)argument[i]);
                var rounding = type == F32 ? Math.ScaleB(1.001, -24) : type == BF16 ? Math.ScaleB(1.001, -8) : 0;
                var bound = Math.Abs((double)exact) * rounding;
                Assert.True(Math.Abs((double)one[0][i] - (double)exact) <= bound + size * 100 * Math.ScaleB(1, -53), $"{type} element {i}");
            }
        }
    }

    [Fact]
    public void NaN_and_infinities_go_where_they_go_in_a_loop()
    {
        foreach (var n in (int[])[6, 900])
            foreach (var type in (DType[])[F32, F64, F16])
            {
                var b = new FunctionBuilder("special");
                var x = b.Parameter("x", type[n]);
                var function = b.Build(x.CumSum(), x.CumMax(), x.CumMin(reverse: true), x.CumProd(),
                    x.CumSum(exclusive: true, reverse: true));
                foreach (var special in (double[][])[[double.NaN, 1], [double.PositiveInfinity, double.NegativeInfinity], [-0.0, 0],
                    [0, double.PositiveInfinity]])
                {
                    var numbers = new double[n];
                    Array.Fill(numbers, 1);
                    (numbers[n / 3], numbers[2 * n / 3]) = (special[0], special[1]);
                    var argument = new Literal(x.Type, numbers);
                    var (expected, found) = (ReferenceInterpreter.Run(function, argument), JitFunction.Run(function, [argument]));
                    for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i].ToArray(), found[i].ToArray());
                }
            }
    }

    /// <summary>Among the last of equals, as libtorch's, and the element that is NaN itself.</summary>
    [Fact]
    public void The_derivative_of_an_extremum_goes_to_the_last_of_equals()
    {
        var b = new FunctionBuilder("ties");
        var x = b.Parameter("x", F64[5]);
        var y = x.CumMax();
        var function = b.Build(Passes.Adjoint.AppendDense(b, y, [x], b.Constant(new Literal(F64[5], 1, 10, 100, 1000, 10000)))[0]);
        double[] Run(params double[] at) => JitFunction.Run(function, [new Literal(x.Type, at)])[0].ToArray();
        Assert.Equal([1.0, 10, 1100, 0, 10000], Run(1, 3, 3, 2, 3));
        Assert.Equal([11.0, 0, 100, 11000, 0], Run(1, 0, double.NaN, double.NaN, 3));
    }
}
