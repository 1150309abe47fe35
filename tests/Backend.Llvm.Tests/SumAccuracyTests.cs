using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Long sums against f64 by every route: the error grows with the logarithm of the length.</summary>
[Trait("Category", "Target")]
public sealed class SumAccuracyTests
{
    private const double HalfUnit = 1.0 / (1 << 24);

    /// <summary>Lengths around the levels of a cascade, a million, and some at random, others with another SGC_SEED; the seed of the terms
    /// is the length, so a test's name says all.</summary>
    public static TheoryData<int> Lengths
    {
        get
        {
            var random = new Random(Seed.Given ?? 1);
            return [65, 1_000, 4_097, 100_000, 1_000_000,
                .. Enumerable.Range(0, 3).Select(_ => (int)Math.Pow(10, 2 + 4 * random.NextDouble()))];
        }
    }

    // Equal terms are the worst: every addition of a binade rounds alike.
    private static double[] Terms(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => seed == 0 ? 0.1f : (float)random.NextDouble() - 0.25f)];
    }

    private static void Check(Function function, Literal[] arguments, Func<int, int, IEnumerable<double>> terms,
        int length, double factor = 2)
    {
        var results = JitFunction.Run(function, arguments, workers: 1, parallelWork: 0);
        var shared = JitFunction.Run(function, arguments, workers: 2, parallelWork: 0);
        for (var r = 0; r < results.Length; r++) Assert.Equal(results[r].ToBytes(), shared[r].ToBytes());
        for (var r = 0; r < results.Length; r++)
            for (var i = 0; i < results[r].Type.Shape.ElementCount; i++)
            {
                double sum = 0, size = 0;
                foreach (var term in terms(r, i)) (sum, size) = (sum + term, size + Math.Abs(term));
                var bound = factor * Math.Log2(length) * HalfUnit * size;
                var found = (double)results[r][i];
                if (Math.Abs(found - sum) > bound)
                    Assert.Fail($"{function.Name}, length {length}, result {r}[{i}]: {found:R}, in f64 {sum:R}: "
                        + $"off by {Math.Abs(found - sum) / size / HalfUnit:F1} half units");
            }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Rows(int length)
    {
        foreach (var seed in (int[])[0, length])
        {
            var builder = new FunctionBuilder("rows");
            var (x, y) = (builder.Parameter("x", F32[2, length]), builder.Parameter("y", F32[length]));
            double[] a = Terms(2 * length, seed), b = Terms(length, seed);
            Check(builder.Build(x.Sum([1]), y.Sum(), y.Reshape([length, 1]).Sum(), x.Abs().Sum([1])), [new(x.Type, a), new(y.Type, b)],
                (r, i) => r is 1 or 2 ? b : a.Skip(i * length).Take(length).Select(v => r == 0 ? v : Math.Abs(v)), length);
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Columns(int length)
    {
        foreach (var seed in (int[])[0, length])
        {
            var builder = new FunctionBuilder("columns");
            var x = builder.Parameter("x", F32[length, 3]);
            var a = Terms(3 * length, seed);
            Check(builder.Build(x.Sum([0]), x.Sum()), [new(x.Type, a)],
                (r, i) => r == 1 ? a : Enumerable.Range(0, length).Select(n => a[3 * n + i]), length);
        }
    }

    /// <summary>More columns than have their sums in registers, of which several rows are read together.</summary>
    [Theory]
    [InlineData(65)]
    [InlineData(1_000)]
    [InlineData(4_097)]
    [InlineData(30_001)]
    public void ManyColumns(int length)
    {
        const int Columns = 66;
        foreach (var seed in (int[])[0, length])
        {
            var builder = new FunctionBuilder("many_columns");
            var x = builder.Parameter("x", F32[length, Columns]);
            var a = Terms(Columns * length, seed);
            Check(builder.Build(x.Sum([0])), [new(x.Type, a)],
                (_, i) => Enumerable.Range(0, length).Select(n => a[Columns * n + i]), length);
        }
    }

    /// <summary>A thousand deviations from zero, with as much between ranges as within them, a variance is right to a few units.</summary>
    [Theory]
    [InlineData(32, 1024, 16)]
    [InlineData(1, 65536, 4)]
    [InlineData(24, 700, 3)]
    public void Variances(int ranges, int length, int channels)
    {
        var random = new Random(length);
        double[] shifts = [.. Enumerable.Range(0, ranges).Select(_ => 1000 + random.NextDouble())];
        double[] a = [.. Enumerable.Range(0, ranges * length * channels)
            .Select(i => (double)(float)(shifts[i / (length * channels)] + random.NextDouble()))];
        var builder = new FunctionBuilder("variances");
        var x = builder.Parameter("x", F32[ranges, length, channels]);
        var function = builder.Build(x.Variance([0, 1]));
        var found = JitFunction.Run(function, [new(x.Type, a)], workers: 2, parallelWork: 0)[0];
        for (var c = 0; c < channels; c++)
        {
            double[] column = [.. Enumerable.Range(0, ranges * length).Select(i => a[i * channels + c])];
            var mean = column.Average();
            var variance = column.Average(v => (v - mean) * (v - mean));
            Assert.Equal(1, (double)found[c] / variance, 1e-6);
        }
    }

    /// <summary>Dots, vectors by matrices, matrices whose K is the long axis, batches;
    /// a register sums more terms here, so its part is larger.</summary>
    [Theory]
    [MemberData(nameof(Lengths))]
    public void Dots(int length)
    {
        foreach (var seed in (int[])[0, length])
        {
            var builder = new FunctionBuilder("dots");
            var (x, y, z) = (builder.Parameter("x", F32[length]), builder.Parameter("y", F32[length, 3]),
                builder.Parameter("z", F32[length, 2]));
            double[] a = Terms(length, seed), b = Terms(3 * length, seed), c = Terms(2 * length, seed);
            var (row, matrix) = (x.Reshape([1, length]), builder.Parameter("matrix", F32[3, length]));
            Value[] results = [row.MatMul(x.Reshape([length, 1])), row.MatMul(y), y.Transpose().MatMul(z),
                y.Transpose().MatMul(x.Reshape([length, 1])), row.Reshape([1, 1, length]).MatMul(z.Reshape([1, length, 2])),
                matrix.MatMul(x.Reshape([length, 1]))];
            IEnumerable<double> Products(Func<int, double> left, Func<int, double> right) =>
                Enumerable.Range(0, length).Select(n => left(n) * right(n));
            Check(builder.Build(results), [new(x.Type, a), new(y.Type, b), new(z.Type, c), new(matrix.Type, b)], (r, i) => r switch
            {
                0 => Products(n => a[n], n => a[n]),
                1 or 3 => Products(n => a[n], n => b[3 * n + i]),
                5 => Products(n => a[n], n => b[length * i + n]),
                2 => Products(n => b[3 * n + i / 2], n => c[2 * n + i % 2]),
                _ => Products(n => a[n], n => c[2 * n + i]),
            }, length, factor: 8);
        }
    }

    /// <summary>All updates go to one row, or by turns to some.</summary>
    [Theory]
    [MemberData(nameof(Lengths))]
    public void Scatters(int length)
    {
        foreach (var seed in (int[])[0, length])
        {
            var builder = new FunctionBuilder("scatters");
            var (x, updates, one, some) = (builder.Parameter("x", F32[3, 2]), builder.Parameter("updates", F32[length, 2]),
                builder.Parameter("one", I32[length]), builder.Parameter("some", I32[length]));
            var a = Terms(2 * length, seed);
            Value To(Value indices) => x.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, indices, updates);
            Literal[] arguments = [new(x.Type, new double[6]), new(updates.Type, a), new(one.Type, 1),
                new(some.Type, [.. Enumerable.Range(0, length).Select(n => n % 3.0)])];
            Check(builder.Build(To(one), To(some)), arguments,
                (r, i) => Enumerable.Range(0, length).Where(n => r == 0 ? i / 2 == 1 : n % 3 == i / 2)
                    .Select(n => a[2 * n + i % 2]), length, factor: 0.5);
        }
    }

    /// <summary>A sum that overflows stays infinite.</summary>
    [Fact]
    public void ScattersKeepInfinity()
    {
        var builder = new FunctionBuilder("infinite");
        var (x, updates, indices) = (builder.Parameter("x", F32[2, 1]), builder.Parameter("updates", F32[100, 1]),
            builder.Parameter("indices", I32[100]));
        var result = JitFunction.Run(builder.Build(x.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, indices, updates)),
            [new(x.Type, [0, 0]), new(updates.Type, 3e38), new(indices.Type, 1)])[0];
        Assert.Equal([0, double.PositiveInfinity], result.ToArray());
    }

    /// <summary>A bias's gradient and a mean of 100,000 rows, to a millionth of f64's.</summary>
    [Fact]
    public void BiasGradientAndMean()
    {
        const int Rows = 100_000;
        var builder = new FunctionBuilder("bias");
        var x = builder.Parameter("x", F32[Rows, 4]);
        var random = new Random(1);
        var terms = Enumerable.Range(0, 4 * Rows).Select(_ => (double)(float)random.NextDouble()).ToArray();
        var results = JitFunction.Run(builder.Build(x.Sum([0]), x.Mean([0]), x.Mean()), [new Literal(x.Type, terms)]);
        for (var i = 0; i < 4; i++)
        {
            var sum = Enumerable.Range(0, Rows).Sum(n => terms[4 * n + i]);
            Assert.InRange((double)(results[0][i] / sum), 1 - 1e-6, 1 + 1e-6);
            Assert.InRange((double)(results[1][i] / (sum / Rows)), 1 - 1e-6, 1 + 1e-6);
        }
        Assert.InRange((double)(results[2][0] / terms.Average()), 1 - 1e-6, 1 + 1e-6);
    }

    /// <summary>Sums of narrow types have f32's accuracy until they are stored.</summary>
    [Theory]
    [InlineData(5_000)]
    public void OfNarrowTypes(int length)
    {
        foreach (var dtype in (DType[])[F16, BF16])
        {
            var builder = new FunctionBuilder("narrow");
            var x = builder.Parameter("x", dtype[length]);
            var literal = new Literal(x.Type, [.. Enumerable.Repeat(0.5, length)]);
            Assert.InRange((double)(JitFunction.Run(builder.Build(x.Sum()), [literal])[0][0] / (0.5 * length)), 0.99, 1.01);
        }
    }
}
