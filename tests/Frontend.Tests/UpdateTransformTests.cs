using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.Frontend.Tests.UpdateTrial;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>What surrounds a rule: transforms of gradients before it, and of parameters after it.</summary>
public sealed class UpdateTransformTests
{
    private const double Rate = 0.1;

    private static double Norm(IEnumerable<double> x) => Math.Sqrt(x.Sum(e => e * e));

    private static Sgd Descent(params GradientTransform[] transforms) => new(Rate) { Gradients = [.. transforms] };

    private static Sgd Constrained(params ParameterTransform[] transforms) => new(Rate) { Parameters = [.. transforms] };

    // Descent on what each gradient becomes.
    private static void Descend(GradientTransform transform, Func<double[], double[], double[]> becomes) =>
        Compare(Descent(transform), (_, p, g, _) =>
        {
            var d = becomes(p, g);
            for (var i = 0; i < p.Length; i++) p[i] -= Rate * d[i];
        });

    private static void Constrain(ParameterTransform transform, Func<double[], double[]> becomes) =>
        Compare(Constrained(transform), (_, p, g, _) => becomes([.. p.Select((e, i) => e - Rate * g[i])]).CopyTo(p, 0));

    [Fact]
    public void ClipByValue() => Descend(new ClipByValue(0.7), (_, g) => [.. g.Select(e => Math.Clamp(e, -0.7, 0.7))]);

    [Theory]
    [InlineData(0.5), InlineData(1.5), InlineData(100)]
    public void ClipByNorm(double limit) =>
        Descend(new ClipByNorm(limit), (_, g) => [.. g.Select(e => e * Math.Min(1, limit / (Norm(g) + 1e-6)))]);

    [Theory]
    [InlineData(0.5), InlineData(2.5), InlineData(100)]
    public void ClipByGlobalNorm(double limit) => CompareJointly(Descent(new ClipByGlobalNorm(limit)), (_, p, g, _) =>
    {
        var factor = Math.Min(1, limit / (Norm(g.SelectMany(e => e)) + 1e-6));
        for (var k = 0; k < 2; k++)
            for (var i = 0; i < p[k].Length; i++) p[k][i] -= Rate * factor * g[k][i];
    });

    [Fact]
    public void A_gradient_that_is_not_a_number_is_not_hidden()
    {
        foreach (var transform in (GradientTransform[])[new ClipByValue(1), new ClipByNorm(1), new ClipByGlobalNorm(1)])
        {
            using var step = UpdateTrial.Compile(Descent(transform), F32);
            step.Run<float, float>([float.NaN, 1, 1, 1, 1, 1], [1, 1]);
            Assert.True(float.IsNaN(step.Variable<float>("w")[0]), $"{transform}");
        }
    }

    [Fact]
    public void WeightDecay() => Descend(new WeightDecay(0.3), (p, g) => [.. g.Select((e, i) => e + 0.3 * p[i])]);

    [Fact]
    public void L1Penalty() => Descend(new L1Penalty(0.3), (p, g) => [.. g.Select((e, i) => e + 0.3 * Math.Sign(p[i]))]);

    private static double[] OfColumns(double[] w, Func<double[], double[]> change)
    {
        if (w.Length == Columns) return w; // The bias.
        var result = new double[w.Length];
        for (var c = 0; c < Columns; c++)
        {
            var column = change([.. Enumerable.Range(0, Rows).Select(r => w[r * Columns + c])]);
            for (var r = 0; r < Rows; r++) result[r * Columns + c] = column[r];
        }
        return result;
    }

    [Fact]
    public void Centralize() => Descend(new Centralize(), (_, g) => OfColumns(g, c => [.. c.Select(e => e - c.Average())]));

    /// <summary>The order of a chain is what is written: clipped after the decay is added, not before.</summary>
    [Fact]
    public void A_chain_is_applied_in_its_order() =>
        Compare(Descent(new WeightDecay(5), new ClipByValue(0.5)), (_, p, g, _) =>
        {
            for (var i = 0; i < p.Length; i++) p[i] -= Rate * Math.Clamp(g[i] + 5 * p[i], -0.5, 0.5);
        });

    [Fact]
    public void Noise_is_normal_new_in_each_step_and_the_same_in_each_run()
    {
        var g = new GraphBuilder("noise", seed: 5);
        var p = g.Variable("p", F32[100_000], Initializer.Zeros);
        var q = g.Variable("q", F64[1000], Initializer.Zeros);
        var loss = 0 * (p.Sum() + q.Sum().ConvertTo(F32));
        var plan = g.Minimize(loss, new Sgd(1) { Gradients = [new GradientNoise(0.5)] });
        using var step = plan.Compile(new CompileOptions { Threads = 1 });
        step.Run();
        var first = step.Variable<float>("p").ToArray();
        Assert.Equal(0, first.Average(), 0.01); // Six deviations of a mean of 100,000.
        Assert.Equal(0.25, first.Average(e => (double)e * e), 0.01);
        Assert.Equal(1000, step.Variable<double>("q").ToArray().Distinct().Count());
        Assert.NotEqual(first[..1000], step.Variable<double>("q").ToArray().Select(e => (float)e));
        step.Run();
        var second = step.Variable<float>("p").ToArray().Zip(first, (a, b) => a - b).ToArray();
        Assert.InRange(second.Zip(first, (a, b) => (double)a * b).Average(), -0.01, 0.01); // Uncorrelated.
        using var again = plan.Compile(new CompileOptions { Threads = 2 });
        again.Run();
        Assert.Equal(first, again.Variable<float>("p").ToArray());
    }

    [Fact]
    public void BoxConstraint() => Constrain(new BoxConstraint(-0.2, 0.4), p => [.. p.Select(e => Math.Clamp(e, -0.2, 0.4))]);

    [Fact]
    public void MaxNorm() => Constrain(new MaxNorm(0.6), p => OfColumns(p, c => [.. c.Select(e => e * Math.Min(1, 0.6 / Norm(c)))]));

    [Fact]
    public void ProximalL1() =>
        Constrain(new ProximalL1(0.8), p => [.. p.Select(e => Math.Sign(e) * Math.Max(Math.Abs(e) - Rate * 0.8, 0))]);

    /// <summary>Its threshold follows the rate: L = ½(p - a)² with a penalty ends where |p - a| = λ, or at 0 exactly.</summary>
    [Fact]
    public void Proximal_descent_finds_the_soft_threshold()
    {
        var g = new GraphBuilder("lasso");
        var p = g.Variable("p", F64[4], Initializer.Ones);
        var difference = p - g.Constant(new Literal(F64[4], [2.0, 0.5, -3, -0.9]));
        var loss = 0.5 * (difference * difference).Sum();
        using var step = g.Minimize(loss, new Sgd(Schedule.Linear(0.5, 0.1, 20)) { Parameters = [new ProximalL1(1)] }).Compile();
        for (var t = 0; t < 400; t++) step.Run();
        double[] wanted = [1, 0, -2, 0];
        Assert.Equal(wanted, step.Variable<double>("p").ToArray(), (a, b) => a == 0 ? b == 0 : Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void A_transform_that_needs_a_rate_says_so_where_there_is_none()
    {
        var optimizer = new ParameterGroups(new Sgd()) { Parameters = [new ProximalL1(1)] };
        var error = Assert.Throws<GraphException>(() => UpdateTrial.Compile(optimizer, F32));
        Assert.Equal("SGC1011", error.Code);
        Assert.Contains("ParameterGroups has no LearningRate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Averages_follow_the_parameters_and_a_predictor_reads_them()
    {
        var g = new GraphBuilder("averaged", seed: 3);
        var x = g.Input("x", F64[2]);
        var w = g.Variable("w", F64[2], Initializer.Uniform(-1, 1));
        var scale = g.Variable("scale", F64[2], Initializer.Constant(3), trainable: false);
        var y = w * x * scale;
        var plan = g.Minimize(y.Sum(), new Adam(0.1) { Parameters = [new ExponentialMovingAverage(0.8)] });
        using var step = plan.Compile();
        double[] average = step.Variable<double>("w").ToArray();
        Assert.Equal(average, step.Variable<double>("adam/average/w").ToArray());
        using var latest = step.Predictor(y);
        using var averaged = step.Predictor(y, averaged: true);
        for (var t = 0; t < 20; t++)
        {
            step.Run<double>([1, -0.5]);
            for (var i = 0; i < 2; i++) average[i] = 0.8 * average[i] + 0.2 * step.Variable<double>("w")[i];
        }
        Agree(average, step.Variable<double>("adam/average/w").ToArray(), 1e-14, "average");
        Agree([.. average.Select(a => 3 * a)], averaged.Run<double, double>([1, 1]).ToArray(), 1e-14, "averaged");
        Agree([.. step.Variable<double>("w").ToArray().Select(a => 3 * a)], latest.Run<double, double>([1, 1]).ToArray(), 1e-14, "latest");
    }

    [Fact]
    public void Where_nothing_is_averaged_a_predictor_of_averages_is_refused_at_its_line()
    {
        var g = new GraphBuilder("none");
        var p = g.Variable("p", F32.Scalar, Initializer.Zeros);
        using var step = g.Minimize(p, new Sgd()).Compile();
        var error = Assert.Throws<GraphException>(() => step.Predictor(p, averaged: true));
        Assert.Equal("SGC1011", error.Code);
        Assert.Equal("UpdateTransformTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
    }

    public static TheoryData<string> Refused =>
        ["value", "norm", "global norm", "decay", "penalty", "noise", "box", "NaN box", "max norm", "proximal", "average", "accumulate"];

    [Theory]
    [MemberData(nameof(Refused))]
    public void Arguments_out_of_range_are_refused_at_their_line(string argument)
    {
        var error = Assert.Throws<GraphException>(object? () => argument switch
        {
            "value" => new ClipByValue(0),
            "norm" => new ClipByNorm(-1),
            "global norm" => new ClipByGlobalNorm(double.PositiveInfinity),
            "decay" => new WeightDecay(-1),
            "penalty" => new L1Penalty(double.NaN),
            "noise" => new GradientNoise(-1),
            "box" => new BoxConstraint(1, 0),
            "NaN box" => new BoxConstraint(double.NaN, 0),
            "max norm" => new MaxNorm(0),
            "proximal" => new ProximalL1(-1),
            "average" => new ExponentialMovingAverage(1),
            _ => new Accumulate(0, new Sgd()),
        });
        Assert.Equal("SGC1011", error.Code);
        Assert.Equal("UpdateTransformTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
    }
}
