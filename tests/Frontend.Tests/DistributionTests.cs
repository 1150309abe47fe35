using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Compiled draws: moments, distribution functions and independence, at fixed seeds; beside the reference interpreter; and the
/// same bits for any number of threads.</summary>
/// <remarks>A statistic of n samples is within a few standard errors; the bounds are those that a right generator passes with probability
/// above 0.9999, and seeds are fixed, so a test that passes passes always.</remarks>
[Trait("Category", "Target")]
public sealed class DistributionTests
{
    private const int Count = 1 << 16;
    private const double Sigmas = 4;

    public static TheoryData<string> Types => ["f32", "f64", "bf16", "f16"];

    private static TensorType Of(string type, params int[] sizes) => Find(type)![sizes];

    // 0.5 at most where the type's own rounding is coarse.
    private static double Unit(string type) => type switch { "bf16" => 1.0 / 256, "f16" => 1.0 / 2048, _ => 1e-6 };

    [Theory, MemberData(nameof(Types))]
    public void Uniform_numbers_have_its_distribution(string type)
    {
        using var drawn = new Drawn(g => g.Uniform(Of(type, 256, 256), -3, 5));
        var x = drawn.At(0);
        Assert.All(x, v => Assert.InRange(v, -3, BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(5.0) - 1)));
        AssertMoments(x, 1, 64.0 / 12, Unit(type));
        AssertKolmogorov(x, v => (v + 3) / 8, Unit(type));
    }

    [Theory, MemberData(nameof(Types))]
    public void Normal_numbers_have_its_distribution(string type)
    {
        using var drawn = new Drawn(g => g.Normal(Of(type, 256, 256), 0.5, 2));
        var x = drawn.At(0);
        AssertMoments(x, 0.5, 4, Unit(type));
        AssertKolmogorov(x, v => Phi((v - 0.5) / 2), Unit(type));
        // The fourth moment of a standard normal is 3; its estimate's variance is (105 - 9) / n.
        Assert.Equal(3, x.Average(v => Math.Pow((v - 0.5) / 2, 4)), Sigmas * Math.Sqrt(96.0 / Count) + 10 * Unit(type));
    }

    [Theory, MemberData(nameof(Types))]
    public void Truncated_normal_numbers_have_its_distribution(string type)
    {
        using var drawn = new Drawn(g => g.TruncatedNormal(Of(type, 256, 256)));
        var x = drawn.At(0);
        Assert.All(x, v => Assert.InRange(v, -2, 2));
        AssertMoments(x, 0, 0.7737413035499232, Unit(type));
        var (low, high) = (Phi(-2), Phi(2));
        AssertKolmogorov(x, v => (Phi(v) - low) / (high - low), Unit(type));
    }

    [Theory]
    [InlineData(0.0), InlineData(1e-3), InlineData(0.25), InlineData(0.9), InlineData(1.0)]
    public void Bernoulli_is_true_as_often_as_it_says(double p)
    {
        using var number = new Drawn(g => g.Bernoulli(new Shape(256, 256), p));
        Assert.Equal(p, number.At(0).Average(), Sigmas * Math.Sqrt(p * (1 - p) / Count));
        using var value = new Drawn(g => g.Bernoulli(new Shape(1, 1), 1).Select(g.Constant(new Literal(F32[256, 256], p)),
            g.Constant(new Literal(F32[256, 256], p))).Bernoulli());
        Assert.Equal(p, value.At(0).Average(), Sigmas * Math.Sqrt(p * (1 - p) / Count));
    }

    [Fact]
    public void Categorical_draws_each_class_as_often_as_softmax_says()
    {
        double[] logits = [0.3, -1, 2, double.NegativeInfinity, 0.5];
        using var drawn = new Drawn(g => Broadcasting.To(g.Constant(new Literal(F32[5], logits)), new Shape(Count, 5)).Categorical());
        var counts = new double[5];
        foreach (var v in drawn.At(2)) counts[(int)v]++;
        Assert.Equal(0, counts[3]);
        var sum = logits.Sum(Math.Exp);
        double[] expected = [.. logits.Select(l => Math.Exp(l) / sum * Count)];
        // 99.99 % of chi-square with 3 degrees of freedom.
        Assert.InRange(counts.Zip(expected).Where(p => p.Second > 0).Sum(p => Square(p.First - p.Second) / p.Second), 0, 21.1);
        using var one = new Drawn(g => g.Constant(new Literal(F32[3, 1], double.NegativeInfinity)).Categorical());
        Assert.Equal([0, 0, 0], one.At(0));
        using var nan = new Drawn(g => g.Constant(new Literal(F64[2, 3], double.NaN)).Categorical());
        Assert.Equal([2, 2], nan.At(0));
    }

    [Fact]
    public void Bytes_of_the_words_are_equally_frequent()
    {
        for (var word = 0; word < 2; word++)
        {
            using var drawn = new Drawn(g => g.Parameter("n", I64.Scalar).RandomBits(new Shape(Count), 7, 3, word));
            var words = drawn.At(5).Select(v => (uint)v).ToArray();
            for (var shift = 0; shift < 32; shift += 8)
            {
                var counts = new double[256];
                foreach (var w in words) counts[(w >> shift) & 255]++;
                // Chi-square with 255 degrees of freedom: mean 255, deviation √510.
                var chi = counts.Sum(c => Square(c - Count / 256.0) / (Count / 256.0));
                Assert.InRange(chi, 255 - Sigmas * Math.Sqrt(510), 255 + Sigmas * Math.Sqrt(510));
            }
        }
    }

    [Fact]
    public void Draws_of_streams_words_steps_seeds_and_neighbours_are_not_correlated()
    {
        double[] At(ulong seed, uint stream, long step, int word)
        {
            using var drawn = new Drawn(g => g.Parameter("n", I64.Scalar).RandomBits(new Shape(Count), seed, stream, word));
            return drawn.At(step);
        }
        double[][] all = [At(1, 0, 0, 0), At(1, 0, 0, 1), At(1, 1, 0, 0), At(1, 2, 0, 0), At(1, 0, 1, 0), At(1, 0, 2, 0),
            At(1, 0, 1L << 32, 0), At(2, 0, 0, 0), At(1UL << 32, 0, 0, 0), At(1, uint.MaxValue, 0, 0)];
        for (var i = 0; i < all.Length; i++)
        {
            for (var j = 0; j < i; j++) Assert.InRange(Correlation(all[i], all[j]), -Sigmas / 256, Sigmas / 256);
            foreach (var lag in (int[])[1, 2, 16, 256])
                Assert.InRange(Correlation(all[i][lag..], all[i][..^lag]), -Sigmas / 255, Sigmas / 255);
        }
    }

    public static TheoryData<string> Draws => ["uniform", "normal", "truncated", "bernoulli", "categorical", "normal f64", "uniform bf16"];

    private static Value Declare(GraphBuilder g, string draw, params int[] sizes) => draw switch
    {
        "uniform" => g.Uniform(F32[sizes], -1),
        "normal" => g.Normal(F32[sizes]),
        "truncated" => g.TruncatedNormal(F32[sizes], 1, 0.5),
        "bernoulli" => g.Bernoulli(new Shape(sizes), 0.3),
        "categorical" => g.Uniform(F32[sizes]).Categorical(),
        "normal f64" => g.Normal(F64[sizes]),
        _ => g.Uniform(BF16[sizes]),
    };

    [Theory, MemberData(nameof(Draws))]
    public void Compiled_draws_are_those_of_the_interpreter(string draw)
    {
        foreach (var sizes in (int[][])[[3, 37], [1, 1], [5, 1, 2], [2, 0]])
        {
            if (draw == "categorical" && sizes[^1] == 0) continue;
            using var drawn = new Drawn(g => Declare(g, draw, sizes));
            foreach (var step in (long[])[0, 1, -1, 1L << 40])
            {
                var expected = drawn.Interpreted(step);
                var tolerance = draw.EndsWith("f64", StringComparison.Ordinal) ? 1e-12 : draw == "uniform bf16" ? 0.004 : 2e-5;
                Assert.All(expected.Zip(drawn.At(step)), p => Assert.Equal(p.First, p.Second, tolerance));
            }
        }
    }

    [Theory, MemberData(nameof(Draws))]
    public void The_bits_are_the_same_for_any_number_of_threads(string draw)
    {
        using var one = new Drawn(g => Declare(g, draw, 300, 130));
        var expected = one.At(3);
        Assert.NotEqual(expected, one.At(4));
        for (var threads = 2; threads <= 8; threads++)
        {
            using var drawn = new Drawn(g => Declare(g, draw, 300, 130), threads);
            Assert.Equal(expected, drawn.At(3));
        }
    }

    [Fact]
    public void Two_draws_of_a_model_differ_and_seeds_count()
    {
        using var both = new Drawn(g => g.Normal(F32[64]).Concat([g.Normal(F32[64])]));
        var x = both.At(0);
        Assert.Empty(x[..64].Intersect(x[64..]));
        using var other = new Drawn(g => g.Normal(F32[64]).Concat([g.Normal(F32[64])]), seed: 12);
        Assert.Empty(x.Intersect(other.At(0)));
    }

    [Fact]
    public void What_is_rounded_stays_below_the_end_of_the_range()
    {
        // One of 256 numbers of bf16 would be rounded to the end.
        using var drawn = new Drawn(g => g.Uniform(BF16[Count], 1, 2));
        Assert.InRange(drawn.At(0).Max(), 1.9, 1.9999);
        using var narrow = new Drawn(g => g.Uniform(F32[64], 1e8, 1e8 + 8));
        Assert.Equal([1e8], narrow.At(0).Distinct());
        using var negative = new Drawn(g => g.Uniform(F32[64], -1e-3, 0));
        Assert.All(negative.At(0), v => Assert.True(v < 0));
    }

    [Fact]
    public void Refused_draws_say_why_and_declare_nothing()
    {
        var g = new GraphBuilder("g");
        var x = g.Input("x", F32[2]);
        foreach (var (code, call) in ((string, Func<Value>)[])[
            ("SGC1001", () => g.Uniform(I32[2])), ("SGC1011", () => g.Uniform(F32[2], 1, 1)),
            ("SGC1011", () => g.Uniform(F32[2], 0, double.NaN)), ("SGC1011", () => g.Uniform(F32[2], -3e38, 3e38)),
            ("SGC1011", () => g.Uniform(F32[2], 1, 1 + 1e-9)),
            ("SGC1011", () => g.Normal(F32[2], 0, -1)), ("SGC1011", () => g.Normal(F16[2], 1e6)), ("SGC1001", () => g.Normal(Bool[2])),
            ("SGC1011", () => g.TruncatedNormal(F32[2], double.NaN)), ("SGC1011", () => g.Bernoulli(new Shape(2), 1.5)),
            ("SGC1011", () => g.Bernoulli(new Shape(2), double.NaN)), ("SGC1001", () => g.Input("n", I32[2]).Bernoulli()),
            ("SGC1003", () => x.Sum().Categorical()), ("SGC1002", () => g.Input("e", F32[2, 0]).Categorical()),
            ("SGC1008", () => new FunctionBuilder("f").Parameter("p", F32[2]).Categorical())])
        {
            var error = Assert.Throws<GraphException>(call);
            Assert.Equal(code, error.Code);
            Assert.Equal("DistributionTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
        }
        Assert.Empty(g.ModelParameters);
        g.Uniform(F32[2]);
        Assert.Equal("random/step", Assert.Single(g.ModelParameters).Value.Name);
    }

    private static void AssertMoments(double[] x, double mean, double variance, double unit)
    {
        Assert.Equal(mean, x.Average(), Sigmas * Math.Sqrt(variance / x.Length) + unit);
        // The variance of the square is at most twice that of a normal's.
        Assert.Equal(variance, x.Average(v => Square(v - mean)), Sigmas * variance * Math.Sqrt(2.0 / x.Length) + variance * unit);
    }

    // The largest distance of the empirical distribution from the expected one; 2.23/√n is passed once in ten thousand times.
    private static void AssertKolmogorov(double[] x, Func<double, double> distribution, double unit)
    {
        var (sorted, largest) = (x.Order().ToArray(), 0.0);
        for (var i = 0; i < sorted.Length; i++)
        {
            // Of equal numbers, as rounding makes them, the function's step is between the first and the last.
            if (i + 1 < sorted.Length && sorted[i + 1] == sorted[i]) continue;
            largest = Math.Max(largest, Math.Abs(distribution(sorted[i]) - (i + 1.0) / sorted.Length));
        }
        Assert.InRange(largest, 0, 2.23 / Math.Sqrt(x.Length) + 2 * unit);
    }

    // By Simpson's rule of the density: no code is shared with erf.
    private static double Phi(double x)
    {
        const int Steps = 200;
        var (h, sum) = (x / Steps, 0.0);
        for (var i = 0; i <= Steps; i++)
            sum += (i == 0 || i == Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-Square(i * h) / 2);
        return 0.5 + sum * h / 3 / Math.Sqrt(2 * Math.PI);
    }

    private static double Correlation(double[] x, double[] y)
    {
        var (mx, my) = (x.Average(), y.Average());
        var (vx, vy) = (x.Sum(v => Square(v - mx)), y.Sum(v => Square(v - my)));
        return x.Zip(y).Sum(p => (p.First - mx) * (p.Second - my)) / Math.Sqrt(vx * vy);
    }

    private static double Square(double x) => x * x;
}
