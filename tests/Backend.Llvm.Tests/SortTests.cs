using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Sorts and top-k, compiled, beside .NET's stable sort: rows of every length about those of runs and merges, along every axis, of
/// every element type, on any number of workers.</summary>
[Trait("Category", "Target")]
public sealed class SortTests
{
    public static TheoryData<int[], int> Shapes => new()
    {
        { [1], 0 }, { [2], 0 }, { [15], 0 }, { [16], 0 }, { [17], 0 }, { [31], 0 }, { [33], 0 }, { [97], 0 }, { [1000], 0 }, { [4096], 0 },
        { [5003], 0 }, { [7, 19], 1 }, { [19, 7], 0 }, { [3, 37, 2], 1 }, { [2, 5000], 1 }, { [0, 3], 1 }, { [3, 0], 1 }, { [40, 100], 1 },
        { [700, 3], 0 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void Compiled_sorts_are_stable_sorts(int[] shape, int axis)
    {
        foreach (var type in (DType[])[F32, F64, I32, I64, BF16, U8])
        {
            if (type != F32 && shape[axis] > 1000) continue;
            var b = new FunctionBuilder("sorts");
            var (x, n) = (b.Parameter("x", type[shape]), shape[axis]);
            var some = x.TopK(Math.Min(n, 3), axis);
            var most = x.TopK(n - n / 4, axis, largest: false);
            var (up, down) = (x.SortWithIndex(axis), x.SortWithIndex(axis, descending: true));
            var function = b.Build(up.Value, up.Index, down.Value, down.Index, some.Value, some.Index, most.Value, most.Index);
            var random = new Random(n);
            // Many equals, and special numbers.
            var argument = Literal.Rounded(x.Type, [.. Enumerable.Range(0, (int)x.Shape.ElementCount).Select(_ => random.Next(20) switch
            {
                0 when type.IsFloating => double.NaN, 1 when type.IsFloating => double.PositiveInfinity,
                2 when type.IsFloating => double.NegativeInfinity, 3 when type.IsFloating => -0.0,
                _ => (Scalar)(double)random.Next(type == U8 ? 0 : -50, 50),
            })]);
            var expected = ReferenceInterpreter.Run(function, argument);
            Assert.Equal(Sorted(argument, axis), expected[1].ToArray());
            foreach (var workers in (int[])[1, 3])
            {
                var found = JitFunction.Run(function, [argument], workers);
                for (var i = 0; i < expected.Length; i++)
                    if (!found[i].ToArray().SequenceEqual(expected[i].ToArray()))
                        Assert.Fail($"{type}[{string.Join(",", shape)}] axis {axis}, result {i}, {workers} workers");
            }
        }
    }

    // The places of the elements in ascending order, by .NET's doubles, which have NaN below all others.
    private static double[] Sorted(Literal x, int axis)
    {
        var (n, stride) = (x.Type.Shape[axis], x.Type.Shape.Strides()[axis]);
        var places = new double[x.Type.Shape.ElementCount];
        for (var first = 0L; first < places.Length; first++)
        {
            if (first / stride % n != 0) continue;
            double At(int k) => (double)x[first + k * stride];
            int[] order = [.. Enumerable.Range(0, n).OrderBy(k => double.IsNaN(At(k))).ThenBy(k => At(k) + 0)];
            for (var k = 0; k < n; k++) places[first + k * stride] = order[k];
        }
        return places;
    }

    /// <summary>Rows of which few elements are kept, in orders that leave a filter nothing to drop: candidates in every group, or all in
    /// one.</summary>
    [Theory]
    [InlineData("ascending"), InlineData("descending"), InlineData("equal")]
    [InlineData("lowest"), InlineData("undefined"), InlineData("zeros")]
    public void Few_of_many_are_those_that_sorting_leaves(string order)
    {
        const int n = 9_001;
        var b = new FunctionBuilder("few");
        Value[] x = [.. ((DType[])[F32, F64, I32, BF16]).Select((t, i) => b.Parameter($"x{i}", t[2, n]))];
        (Value, Value)[] kept = [x[0].TopK(50), x[0].TopK(50, largest: false), x[1].TopK(20), x[1].TopK(20, largest: false), x[2].TopK(1),
            x[2].TopK(50), x[2].TopK(7, largest: false), x[3].TopK(9)];
        var function = b.Build([.. kept.SelectMany(k => new[] { k.Item1, k.Item2 })]);
        var arguments = x.Select(v =>
            Literal.Rounded(v.Type, [.. Enumerable.Range(0, 2 * n).Select(i => Element(i % n, v.DType))])).ToArray();
        var expected = ReferenceInterpreter.Run(function, arguments);
        foreach (var workers in (int[])[1, 2])
        {
            var found = JitFunction.Run(function, arguments, workers);
            for (var i = 0; i < expected.Length; i++)
                if (!found[i].ToArray().SequenceEqual(expected[i].ToArray())) Assert.Fail($"{order}, result {i}, {workers} workers");
        }

        Scalar Element(int i, DType type) => order switch
        {
            "ascending" => i, "descending" => n - i, "equal" => 7,
            "lowest" => i % 4000 == 3 ? (Scalar)1 : type.Lowest,
            "undefined" => !type.IsFloating ? i % 5 : i % 700 == 5 ? (Scalar)3 : double.NaN,
            _ => i % 3 == 0 && type.IsFloating ? -0.0 : (Scalar)0,
        };
    }

    /// <summary>Rows that are long enough for digits, of every width of a key, along either axis.</summary>
    [Fact]
    public void Long_rows_of_every_type_are_stable_sorts()
    {
        var b = new FunctionBuilder("digits");
        Value[] x = [b.Parameter("f32", F32[2, 9001]), b.Parameter("i32", I32[9001, 1]), b.Parameter("u32", U32[2, 9001]),
            b.Parameter("i8", I8[5000]), b.Parameter("u8", U8[2, 5000]), b.Parameter("bf16", BF16[9001]), b.Parameter("i64", I64[150_000])];
        var sorts = x.Select((v, i) => v.SortWithIndex(i == 1 ? 0 : -1, descending: i % 2 == 0)).Append(x[0].TopK(6000)).ToArray();
        var function = b.Build([.. sorts.SelectMany(s => new[] { s.Value, s.Index })]);
        var random = new Random(3);
        var arguments = x.Select(v => Literal.Rounded(v.Type, [.. Enumerable.Range(0, (int)v.Shape.ElementCount).Select(i => (i % 11) switch
        {
            0 when v.DType.IsFloating => double.NaN, 1 when v.DType.IsFloating => -0.0, 2 when v.DType.IsFloating => 0.0,
            3 => v.DType.IsFloating ? double.NegativeInfinity : v.DType.Lowest, 4 => v.DType.IsFloating ? -1e-3 : v.DType.Highest,
            _ => v.DType.IsFloating ? random.NextDouble() * 4 - 2 : v.DType.Round((Scalar)random.NextInt64(long.MinValue, long.MaxValue)),
        })])).ToArray();
        var expected = ReferenceInterpreter.Run(function, arguments);
        foreach (var workers in (int[])[1, 3])
        {
            var found = JitFunction.Run(function, arguments, workers);
            for (var i = 0; i < expected.Length; i++)
                if (!found[i].ToBytes().SequenceEqual(expected[i].ToBytes()))
                    Assert.Fail($"{function.Results[i].Type}, result {i}, {workers} workers");
        }
    }

    /// <summary>Random numbers without equals: each element once, in order.</summary>
    [Fact]
    public void A_long_row_is_sorted_by_all_workers()
    {
        const int n = 70_001;
        var b = new FunctionBuilder("long");
        var x = b.Parameter("x", F32[n]);
        var (sorted, top) = (x.SortWithIndex(), x.TopK(50));
        var function = b.Build(sorted.Value, sorted.Index, top.Value, top.Index);
        var argument = JitFunction.Draw(function, 5);
        var (one, three) = (JitFunction.Run(function, argument, 1), JitFunction.Run(function, argument, 3));
        var order = Enumerable.Range(0, n).OrderBy(i => (double)argument[0][i]).Select(i => (double)i).ToArray();
        Assert.Equal(order, one[1].ToArray());
        Assert.Equal(order.Select(i => (double)argument[0][(long)i]), one[0].ToArray());
        var largest = Enumerable.Range(0, n).OrderByDescending(i => (double)argument[0][i]).Take(50).Select(i => (double)i);
        Assert.Equal(largest, one[3].ToArray());
        for (var i = 0; i < 4; i++) Assert.Equal(one[i].ToArray(), three[i].ToArray());
    }
}
