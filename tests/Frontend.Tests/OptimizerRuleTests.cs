using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.Frontend.Tests.UpdateTrial;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Every rule against its formula.</summary>
public sealed class OptimizerRuleTests
{
    private const long Late = 1L << 40; // Beyond the whole numbers of f32.

    private static void Each(double[] p, Func<int, double> next)
    {
        for (var i = 0; i < p.Length; i++) p[i] = next(i);
    }

    private static double Norm(double[] x) => Math.Sqrt(x.Sum(e => e * e));

    [Theory]
    [InlineData(0.9, false, 0, 0, false), InlineData(0.9, true, 0, 0.1, false), InlineData(0.9, false, 0.3, 0.1, true)]
    [InlineData(0, false, 0, 0.1, false), InlineData(0, false, 0, 0.1, true), InlineData(0.5, true, 0, 0.2, true)]
    public void Sgd(double momentum, bool nesterov, double dampening, double decay, bool decoupled) =>
        Compare(new Sgd(0.1, momentum, nesterov, dampening, decay, decoupled), (t, p, g, state) =>
        {
            var v = state("v");
            Each(p, i =>
            {
                var d = g[i] + (decoupled ? 0 : decay * p[i]);
                var start = decoupled ? p[i] * (1 - 0.1 * decay) : p[i];
                v[i] = t == 1 ? d : momentum * v[i] + (1 - dampening) * d;
                return start - 0.1 * (nesterov ? d + momentum * v[i] : momentum > 0 ? v[i] : d);
            });
        });

    [Theory]
    [InlineData(0, 0), InlineData(0.05, 0.1)]
    public void AdaGrad(double rateDecay, double initialSum) =>
        Compare(new AdaGrad(0.1, rateDecay, initialSum), (t, p, g, state) =>
        {
            var s = state("s");
            Each(p, i =>
            {
                if (t == 1) s[i] = initialSum;
                s[i] += g[i] * g[i];
                return p[i] - 0.1 / (1 + (t - 1) * rateDecay) * g[i] / (Math.Sqrt(s[i]) + 1e-10);
            });
        });

    [Theory]
    [InlineData(0, false), InlineData(0.9, false), InlineData(0, true), InlineData(0.9, true)]
    public void RmsProp(double momentum, bool centered) =>
        Compare(new RmsProp(0.01, 0.9, momentum: momentum, centered: centered), (_, p, g, state) =>
        {
            var (v, a, b) = (state("v"), state("a"), state("b"));
            Each(p, i =>
            {
                v[i] = 0.9 * v[i] + 0.1 * g[i] * g[i];
                a[i] = 0.9 * a[i] + 0.1 * g[i];
                b[i] = momentum * b[i] + g[i] / (Math.Sqrt(centered ? v[i] - a[i] * a[i] : v[i]) + 1e-8);
                return p[i] - 0.01 * b[i];
            });
        });

    /// <summary>A gradient that never changes has no variance: rounding must not make it negative, and the parameter NaN.</summary>
    [Fact]
    public void A_centred_variance_is_never_negative()
    {
        using var step = UpdateTrial.Compile(new RmsProp(1e-9, 0.5, centered: true), IR.DType.F32);
        for (var t = 0; t < 200; t++) step.Run<float, float>([0.1f, 0.3f, 1e-3f, 7, 0.7f, 3e4f], [0.9f, 1.1f]);
        Assert.All(step.Variable<float>("w").ToArray(), w => Assert.True(float.IsFinite(w)));
    }

    [Fact]
    public void Adadelta() => Compare(new Adadelta(0.5, 0.8), (_, p, g, state) =>
    {
        var (v, u) = (state("v"), state("u"));
        Each(p, i =>
        {
            v[i] = 0.8 * v[i] + 0.2 * g[i] * g[i];
            var d = Math.Sqrt(u[i] + 1e-6) / Math.Sqrt(v[i] + 1e-6) * g[i];
            u[i] = 0.8 * u[i] + 0.2 * d * d;
            return p[i] - 0.5 * d;
        });
    });

    private static Rule AdamRule(double decay = 0, bool amsGrad = false) => (t, p, g, state) =>
    {
        var (m, v, largest) = (state("m"), state("v"), state("largest"));
        Each(p, i =>
        {
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
            largest[i] = Math.Max(largest[i], v[i]);
            var root = Math.Sqrt((amsGrad ? largest[i] : v[i]) / (1 - Math.Pow(0.99, t)));
            return p[i] * (1 - 0.01 * decay) - 0.01 * m[i] / (1 - Math.Pow(0.9, t)) / (root + 1e-8);
        });
    };

    [Theory]
    [InlineData(false), InlineData(true)]
    public void Adam(bool amsGrad) => Compare(new Adam(0.01, 0.9, 0.99, amsGrad: amsGrad), AdamRule(amsGrad: amsGrad));

    [Theory]
    [InlineData(false, 0), InlineData(true, 0.1), InlineData(false, 0.5)]
    public void AdamW(bool amsGrad, double decay) =>
        Compare(new AdamW(0.01, 0.9, 0.99, weightDecay: decay, amsGrad: amsGrad), AdamRule(decay, amsGrad));

    [Fact]
    public void Late_steps_of_AdamW() => Compare(new AdamW(0.01, 0.9, 0.99), AdamRule(0.01), ("adamw/step", Late));

    [Fact]
    public void NAdam()
    {
        var product = 1.0;
        double Momentum(long t) => 0.9 * (1 - 0.5 * Math.Pow(0.96, t * 4e-3));
        CompareJointly(new NAdam(0.01, 0.9, 0.99), (t, ps, gs, state) =>
        {
            product = t == 1 ? Momentum(1) : product * Momentum(t);
            for (var k = 0; k < 2; k++)
            {
                var (p, g, m, v) = (ps[k], gs[k], state(k, "m"), state(k, "v"));
                Each(p, i =>
                {
                    m[i] = 0.9 * m[i] + 0.1 * g[i];
                    v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
                    var root = Math.Sqrt(v[i] / (1 - Math.Pow(0.99, t))) + 1e-8;
                    return p[i] - 0.01 * (1 - Momentum(t)) / (1 - product) * g[i] / root
                        - 0.01 * Momentum(t + 1) / (1 - product * Momentum(t + 1)) * m[i] / root;
                });
            }
        });
    }

    [Theory]
    [InlineData(0), InlineData(0.1)]
    public void Lion(double decay) => Compare(new Lion(0.01, 0.9, 0.99, decay), (_, p, g, state) =>
    {
        var m = state("m");
        Each(p, i =>
        {
            var direction = Math.Sign(0.9 * m[i] + 0.1 * g[i]);
            m[i] = 0.99 * m[i] + 0.01 * g[i];
            return p[i] - 0.01 * (direction + decay * p[i]);
        });
    });

    [Theory]
    [InlineData(0), InlineData(0.1)]
    public void Lamb(double decay) => Compare(new Lamb(0.01, 0.9, 0.99, weightDecay: decay), (t, p, g, state) =>
    {
        var (m, v, r) = (state("m"), state("v"), new double[p.Length]);
        for (var i = 0; i < p.Length; i++)
        {
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
            r[i] = m[i] / (1 - Math.Pow(0.9, t)) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.99, t))) + 1e-6) + decay * p[i];
        }
        var trust = Norm(p) > 0 && Norm(r) > 0 ? Norm(p) / Norm(r) : 1;
        Each(p, i => p[i] - 0.01 * trust * r[i]);
    });

    /// <summary>Where a norm is 0 the ratio is 1: parameters that start at zero move.</summary>
    [Fact]
    public void Lamb_moves_parameters_that_are_zero()
    {
        var g = new GraphBuilder("zero");
        var p = g.Variable("p", IR.DType.F64[2], Initializer.Zeros);
        using var step = g.Minimize(p.Sum(), new Lamb(0.1)).Compile();
        step.Run();
        Assert.All(step.Variable<double>("p").ToArray(), e => Assert.Equal(-0.1, e, 1e-6));
    }

    [Theory]
    [InlineData(0, 0L), InlineData(0.1, 0L), InlineData(0, Late)]
    public void Adafactor(double decay, long start) => CompareJointly(new Adafactor(0.05, weightDecay: decay), (t, ps, gs, state) =>
    {
        for (var k = 0; k < 2; k++)
        {
            var (p, g) = (ps[k], gs[k]);
            var (weight, squares) = (Math.Pow(t, -0.8), Array.ConvertAll(g, e => e * e));
            double[] v;
            if (k == 0)
            {
                var (row, column) = (state(0, "row"), state(0, "column"));
                double At(int r, int c) => squares[r * Columns + c];
                for (var r = 0; r < Rows; r++)
                    row[r] += weight * (Enumerable.Range(0, Columns).Average(c => At(r, c)) - row[r]);
                for (var c = 0; c < Columns; c++)
                    column[c] += weight * (Enumerable.Range(0, Rows).Average(r => At(r, c)) - column[c]);
                v = [.. squares.Select((_, i) => row[i / Columns] * column[i % Columns] / row.Take(Rows).Average())];
            }
            else
            {
                v = state(1, "v");
                for (var i = 0; i < v.Length; i++) v[i] += weight * (squares[i] - v[i]);
            }
            var size = Math.Min(0.05, 1 / Math.Sqrt(t)) * Math.Max(1e-3, Norm(p) / Math.Sqrt(p.Length));
            double[] d = [.. g.Select((e, i) => e == 0 ? 0 : e / Math.Sqrt(v[i]))];
            var divisor = Math.Max(1, Norm(d) / Math.Sqrt(d.Length));
            Each(p, i => p[i] * (1 - 0.05 * decay) - size / divisor * d[i]);
        }
    }, start == 0 ? null : ("adafactor/step", start));

    [Fact]
    public void Adafactor_keeps_a_row_and_a_column_for_a_matrix()
    {
        using var step = UpdateTrial.Compile(new Adafactor(), IR.DType.F64);
        Assert.Equal((Rows, Columns, Columns), (step.Variable<double>("adafactor/row/w").Length,
            step.Variable<double>("adafactor/column/w").Length, step.Variable<double>("adafactor/v/b").Length));
    }

    public static TheoryData<string> Refused =>
        ["rate", "NaN", "momentum", "dampened Nesterov", "beta", "epsilon", "decay", "power", "threshold", "Adadelta"];

    [Theory]
    [MemberData(nameof(Refused))]
    public void Arguments_out_of_range_are_refused_at_their_line(string argument)
    {
        var error = Assert.Throws<IR.Diagnostics.GraphException>(object? () => argument switch
        {
            "rate" => new Sgd(-1),
            "NaN" => new AdamW(double.NaN),
            "momentum" => new RmsProp(momentum: 1),
            "dampened Nesterov" => new Sgd(0.1, 0.9, nesterov: true, dampening: 0.1),
            "beta" => new Lion(beta2: 1),
            "epsilon" => new NAdam(epsilon: -1e-8),
            "decay" => new Lamb(weightDecay: double.PositiveInfinity),
            "power" => new Adafactor(decayPower: 0.8),
            "threshold" => new Adafactor(threshold: 0),
            _ => new Adadelta(epsilon: 0),
        });
        Assert.Equal("SGC1011", error.Code);
        Assert.Equal("OptimizerRuleTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
    }
}
