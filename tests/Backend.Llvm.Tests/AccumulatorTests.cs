using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Accumulators wider than the elements, and those of an element and its index, by every route that kernels take; the same bits
/// for any number of workers.</summary>
[Trait("Category", "Target")]
public sealed class AccumulatorTests
{
    /// <summary>Operands packed or not, vectors, many blocks of K.</summary>
    [Theory]
    [InlineData("bf16", 1, 300, 1)]
    [InlineData("bf16", 5, 300, 7)]
    [InlineData("bf16", 70, 700, 70)]
    [InlineData("f16", 33, 300, 17)]
    [InlineData("f16", 1, 300, 40)]
    [InlineData("f32", 5, 300, 7)]
    [InlineData("f32", 70, 700, 70)]
    [InlineData("f32", 1, 2_000, 40)]
    [InlineData("f32", 3, 40_000, 2)]
    public void Contractions_round_once(string name, int m, int k, int n)
    {
        var (dtype, accumulate) = TypesOf(name);
        var builder = new FunctionBuilder("dots");
        var (x, y, z) = (builder.Parameter("x", dtype[m, k]), builder.Parameter("y", dtype[k, n]), builder.Parameter("z", dtype[n, k]));
        var function = builder.Build(x.MatMul(y, accumulate), x.MatMul(z.Transpose(), accumulate).Abs());
        var arguments = Draw(function, k);
        double Sum(int r, int i, int j) => Enumerable.Range(0, k).Sum(c =>
            (double)arguments[0][i * k + c] * (double)(r == 0 ? arguments[1][c * n + j] : arguments[2][j * k + c]));
        CheckRounding(function, arguments, (r, i) => Sum(r, i / n, i % n));
    }

    /// <summary>Rows, columns and everything, of short rows and of what is split.</summary>
    [Theory]
    [InlineData("f32", 2, 5)]
    [InlineData("f32", 40, 9)]
    [InlineData("f32", 3, 5_000)]
    [InlineData("f32", 1, 40_960)]
    [InlineData("bf16", 40, 9)]
    [InlineData("bf16", 1, 40_960)]
    public void Sums_round_once(string name, int rows, int columns)
    {
        var (dtype, accumulate) = TypesOf(name);
        var builder = new FunctionBuilder("sums");
        var x = builder.Parameter("x", dtype[rows, columns]);
        var function = builder.Build(x.Sum(1, accumulate: accumulate), x.Sum(0, accumulate: accumulate), x.Sum(accumulate: accumulate));
        var arguments = Draw(function, columns);
        double[][] sums = [new double[rows], new double[columns], new double[1]];
        for (var e = 0; e < rows * columns; e++)
            foreach (var (r, i) in ((int, int)[])[(0, e / columns), (1, e % columns), (2, 0)]) sums[r][i] += (double)arguments[0][e];
        CheckRounding(function, arguments, (r, i) => sums[r][i]);
    }

    /// <summary>Many ties, and a NaN in some rows: long and short rows, columns, two axes with one between them.</summary>
    [Theory]
    [InlineData(1, 3, 1_000)]
    [InlineData(1, 1_000, 3)]
    [InlineData(1, 1, 40_000)]
    [InlineData(1, 40_000, 1)]
    [InlineData(1, 40, 9)]
    [InlineData(5, 3, 70)]
    public void The_first_extremum_is_chosen(params int[] sizes)
    {
        foreach (var dtype in (DType[])[F32, F64, I32, BF16])
        {
            var builder = new FunctionBuilder("chosen");
            var x = builder.Parameter("x", dtype[sizes]);
            int[][] reduced = [[2], [1], [0, 2], [0, 1, 2]];
            var pairs = reduced.SelectMany(a => ((Value, Value)[])[x.MaxWithIndex(a), x.MinWithIndex(a)]).ToArray();
            var function = builder.Build([.. pairs.SelectMany(p => (Value[])[p.Item1, p.Item2]), x - pairs[0].Item1.ExpandDims(2)]);
            var random = new Random(sizes[2]);
            Literal[] arguments = [new(x.Type, [.. Enumerable.Range(0, (int)x.Shape.ElementCount).Select(_ =>
                (Scalar)(dtype.IsFloating && random.Next(800) == 0 ? double.NaN : random.Next(-9, 10)))])];
            var results = RunOnAll(function, arguments);
            for (var p = 0; p < pairs.Length; p++)
                CheckChoice(arguments[0], reduced[p / 2], isMax: p % 2 == 0, results[2 * p], results[2 * p + 1]);
        }
    }

    private static void CheckChoice(Literal x, int[] axes, bool isMax, Literal values, Literal chosen)
    {
        var shape = x.Type.Shape;
        int[] kept = [.. Enumerable.Range(0, shape.Rank).Except(axes)], index = new int[shape.Rank];
        var best = new (double Value, int At)[values.Type.Shape.ElementCount];
        var seen = new int[best.Length];
        for (var i = 0L; i < shape.ElementCount; i++)
        {
            shape.Unravel(i, index);
            var to = values.Type.Shape.Ravel([.. kept.Select(a => index[a])]);
            var (value, at) = ((double)x[i], seen[to]++);
            var isBetter = at == 0 || (!double.IsNaN(best[to].Value)
                && (double.IsNaN(value) || (isMax ? value > best[to].Value : value < best[to].Value)));
            if (isBetter) best[to] = (value, at);
        }
        Assert.Equal(best.Select(b => b.At), Enumerable.Range(0, best.Length).Select(i => (int)(long)chosen[i]));
        Assert.Equal(best.Select(b => b.Value), Enumerable.Range(0, best.Length).Select(i => (double)values[i]));
    }

    private static (DType DType, DType? Accumulate) TypesOf(string name) => (Find(name)!, name == "f32" ? F64 : null);

    private static Literal[] Draw(Function function, int seed)
    {
        var random = new Random(seed);
        return [.. function.Parameters.Select(p => Literal.Rounded(p.Type,
            [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => (Scalar)(random.NextDouble() + 0.25))]))];
    }

    // The sum in f64 is exact enough: a result is a half unit in its last place away, and a little for what f32 rounds where that is
    // the accumulator of a narrower type.
    private static void CheckRounding(Function function, Literal[] arguments, Func<int, int, double> sum)
    {
        var results = RunOnAll(function, arguments);
        for (var r = 0; r < results.Length; r++)
            for (var i = 0; i < results[r].Type.Shape.ElementCount; i++)
            {
                var (exact, found, dtype) = (sum(r, i), (double)results[r][i], results[r].Type.DType);
                var bits = dtype == F32 ? 23 : dtype == F16 ? 10 : 7;
                var units = Math.Abs(found - exact) / Math.Pow(2, Math.ILogB(exact) - bits);
                if (units > (dtype == F32 ? 0.5001 : 0.51))
                    Assert.Fail($"result {r}[{i}] is {found:R}, {units} units from {exact:R}\n{function}");
            }
    }

    private static Literal[] RunOnAll(Function function, Literal[] arguments)
    {
        var alone = JitFunction.Run(function, arguments, workers: 1, parallelWork: 0);
        foreach (var workers in (int[])[3, 8])
        {
            var shared = JitFunction.Run(function, arguments, workers, parallelWork: 0);
            for (var r = 0; r < alone.Length; r++) Assert.Equal(alone[r].ToBytes(), shared[r].ToBytes());
        }
        return alone;
    }
}
