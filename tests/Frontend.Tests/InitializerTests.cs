using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Initial elements: moments, orthogonality, arrays kept to the bit, and what does not fit a variable.</summary>
public sealed class InitializerTests
{
    private readonly GraphBuilder _g = new("initial", seed: 3);

    // The variance of a normal distribution cut at two deviations: 1 - 2·2·φ(2) / (2·Φ(2) - 1).
    private const double Truncated = 0.7737413035499232;

    public static TheoryData<Initializer, double, double> Moments => new()
    {
        { Initializer.Normal(3, 0.5f), 3, 0.25 }, { Initializer.Normal(), 0, 1 }, { Initializer.Normal(-2, 0), -2, 0 },
        { Initializer.TruncatedNormal(1, 2), 1, 4 * Truncated }, { Initializer.LecunNormal, 0, 1.0 / 200 },
        { Initializer.LecunUniform, 0, 1.0 / 200 }, { Initializer.Ones, 1, 0 },
        { Initializer.VarianceScaling(3), 0, 3.0 / 200 },
        { Initializer.VarianceScaling(2, Initializer.Fan.Out, Initializer.Distribution.Normal), 0, 2.0 / 300 },
        { Initializer.VarianceScaling(1, Initializer.Fan.Average, Initializer.Distribution.Uniform), 0, 1.0 / 250 },
    };

    /// <summary>60,000 elements: the mean within 5 and the variance within 5 standard errors.</summary>
    [Theory]
    [MemberData(nameof(Moments))]
    public void Elements_have_the_moments_stated(Initializer initializer, double mean, double variance)
    {
        var elements = initializer.Create(new Shape(200, 300), 7, "w");
        var average = elements.Average(e => (double)e);
        Assert.InRange(Math.Abs(average - mean), 0, 5 * Math.Sqrt(variance / elements.Length) + 1e-12);
        var found = elements.Average(e => (e - average) * (e - average));
        Assert.InRange(Math.Abs(found - variance), 0, 5 * variance * Math.Sqrt(2.0 / elements.Length) + 1e-12);
    }

    /// <summary>Fans of a kernel [3, 2, 40, 50] are 240 and 300; what is truncated keeps within two deviations of the whole.</summary>
    [Fact]
    public void Fans_count_taps()
    {
        foreach (var (fan, count) in ((Initializer.Fan, int)[])[(Initializer.Fan.In, 240), (Initializer.Fan.Out, 300),
            (Initializer.Fan.Average, 270)])
        {
            var elements = Initializer.VarianceScaling(2, fan).Create(new Shape(3, 2, 40, 50), 7, "w");
            Assert.Equal(2.0 / count, elements.Average(e => (double)e * e), 5 * 2.0 / count * Math.Sqrt(2.0 / elements.Length));
            Assert.InRange(elements.Max(), 0, 2 / Math.Sqrt(Truncated) * Math.Sqrt(2.0 / count) + 1e-6);
        }
    }

    [Fact]
    public void A_truncated_normal_stays_within_two_deviations()
    {
        var elements = Initializer.TruncatedNormal(1, 2).Create(new Shape(100_000), 7, "w");
        Assert.InRange(elements.Min(), -3, -2.8f);
        Assert.InRange(elements.Max(), 4.8f, 5);
    }

    [Theory]
    [InlineData(40, 7)]
    [InlineData(7, 40)]
    [InlineData(16, 16)]
    [InlineData(1, 1)]
    [InlineData(0, 5)]
    [InlineData(5, 0)]
    public void An_orthogonal_matrix_has_orthonormal_rows_or_columns(int rows, int columns)
    {
        const float Gain = 1.5f;
        var w = Initializer.Orthogonal(Gain).Create(new Shape(rows, columns), 5, "w");
        var (count, length) = (Math.Min(rows, columns), Math.Max(rows, columns));
        float At(int vector, int i) => rows < columns ? w[vector * columns + i] : w[i * columns + vector];
        for (var a = 0; a < count; a++)
            for (var b = 0; b < count; b++)
                Assert.Equal(a == b ? Gain * Gain : 0.0, Enumerable.Range(0, length).Sum(i => (double)At(a, i) * At(b, i)), 1e-6);
    }

    [Fact]
    public void Axes_before_the_last_are_rows_of_the_orthogonal_matrix() =>
        Assert.Equal(Initializer.Orthogonal().Create(new Shape(6, 5), 1, "w"), Initializer.Orthogonal().Create(new Shape(2, 3, 5), 1, "w"));

    /// <summary>Elements of existing models: the first of each kind for this seed and name.</summary>
    [Fact]
    public void Seeds_keep_their_elements()
    {
        static float First(Initializer initializer) => initializer.Create(new Shape(3, 2), 42, "dense/kernel")[0];
        Assert.Equal([0.23477189f, -0.9793923f, 0.18185353f, -0.758634f, 0.15373254f], new[] { First(Initializer.HeNormal),
            First(Initializer.HeUniform), First(Initializer.XavierNormal), First(Initializer.XavierUniform),
            First(Initializer.Uniform(0, 1)) });
    }

    [Fact]
    public void Arrays_are_kept_to_the_bit()
    {
        _g.Variable("d", F64[2, 2], Initializer.FromArray([0.1, double.Epsilon, -0.0, 1e300]));
        Assert.Equal(new Literal(F64[4], 0.1, double.Epsilon, -0.0, 1e300).ToBytes(), _g.ModelParameters[0].InitialBytes(0));
        _g.Variable("i", I64[2], Initializer.FromArray([long.MaxValue, -1]), trainable: false);
        Assert.Equal(new Literal(I64[2], long.MaxValue, -1).ToBytes(), _g.ModelParameters[1].InitialBytes(0));
        _g.Variable("h", F16[1, 2], Initializer.FromArray(new[,] { { 0.1f, 2 } }));
        Assert.Equal(new Literal(F16[2], 0.1f, 2).ToBytes(), _g.ModelParameters[2].InitialBytes(0));
        var array = new[] { 1f, 2 };
        var kept = Initializer.FromArray(array);
        array[0] = 5;
        Assert.Equal([1f, 2], kept.Create(new Shape(2), 0, "w"));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        void Refused(string code, TensorType type, Initializer initializer, bool trainable = true)
        {
            var error = Assert.Throws<GraphException>(() => _g.Variable("v", type, initializer, trainable));
            Assert.Equal((code, "InitializerTests.cs"), (error.Code, Path.GetFileName(error.Diagnostics[0].Location.File)));
            Assert.Contains("\"v\"", error.Message, StringComparison.Ordinal);
            Assert.Empty(_g.ModelParameters);
        }
        Refused("SGC1002", F32[3], Initializer.FromArray([1f, 2]));
        Refused("SGC1002", F32[3, 2], Initializer.FromArray(new float[2, 3]));
        Refused("SGC1001", I32[2], Initializer.FromArray([1f, 2.5f]), trainable: false);
        Refused("SGC1005", U8[2], Initializer.FromArray([1, 256]), trainable: false);
        Refused("SGC1003", F32[3], Initializer.Orthogonal());
        Refused("SGC1001", I32[3, 3], Initializer.Orthogonal(), trainable: false);
        Refused("SGC1001", I32[3], Initializer.Normal(), trainable: false);
        foreach (var bad in (Action[])[() => Initializer.Normal(0, -1), () => Initializer.Normal(float.NaN),
                () => Initializer.TruncatedNormal(0, float.PositiveInfinity), () => Initializer.Orthogonal(0),
                () => Initializer.Orthogonal(float.NaN), () => Initializer.VarianceScaling(0),
                () => Initializer.VarianceScaling(double.NaN), () => Initializer.VarianceScaling(1, (Initializer.Fan)3),
                () => Initializer.VarianceScaling(1, Initializer.Fan.In, (Initializer.Distribution)(-1)),
                () => Initializer.Uniform(float.MinValue, float.MaxValue), () => Initializer.Uniform(1, 0)])
        {
            var error = Assert.Throws<GraphException>(bad);
            Assert.Equal(("SGC1011", true), (error.Code, error.Diagnostics[0].Location.IsKnown));
        }
        Assert.Equal("SGC1001", Assert.Throws<GraphException>(() => Initializer.FromArray([1m])).Code);
    }
}
