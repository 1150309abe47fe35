using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Batch normalization: training against a reference written by hand, running statistics, inference, state that is
/// saved.</summary>
[Trait("Category", "Target")]
public sealed class BatchNormTests
{
    private const int Batch = 6, Features = 5, Channels = 3;

    private static TrainingPlan Model(out Value output, double? momentum = 0.1)
    {
        var g = new GraphBuilder("model", seed: 3);
        var (x, t) = (g.Input("x", F64[Batch, Features]), g.Input("t", F64[Batch, Channels]));
        output = x.Dense(Channels, "dense", bias: false).BatchNorm("norm", momentum);
        return g.Minimize(output.MeanSquaredError(t), new Sgd(0.1));
    }

    private static double[] Drawn(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 4 - 1)];
    }

    /// <summary>A step of x·w, normalized, against t, in f64: forward, the derivatives of Ioffe and Szegedy (2015), gradient
    /// descent.</summary>
    private sealed class Reference(double[] kernel, double? momentum)
    {
        private const double Epsilon = 1e-5;
        private int _steps;
        public double[] Kernel { get; } = [.. kernel];
        public double[] Scale { get; } = [1, 1, 1];
        public double[] Bias { get; } = [0, 0, 0];
        public double[] Mean { get; } = [0, 0, 0];
        public double[] Variance { get; } = [1, 1, 1];

        public double Step(double[] x, double[] t)
        {
            var (z, loss) = (new double[Batch, Channels], 0.0);
            for (var i = 0; i < Batch; i++)
                for (var c = 0; c < Channels; c++)
                    for (var k = 0; k < Features; k++) z[i, c] += x[i * Features + k] * Kernel[k * Channels + c];
            var gradient = new double[Kernel.Length];
            var rate = momentum ?? 1.0 / ++_steps;
            for (var c = 0; c < Channels; c++)
            {
                double[] column = [.. Enumerable.Range(0, Batch).Select(i => z[i, c])];
                var mean = column.Average();
                var squares = column.Sum(v => (v - mean) * (v - mean));
                var deviation = Math.Sqrt(squares / Batch + Epsilon);
                double[] normal = [.. column.Select(v => (v - mean) / deviation)];
                double[] error = [.. normal.Select((v, i) => v * Scale[c] + Bias[c] - t[i * Channels + c])];
                loss += error.Sum(e => e * e) / (Batch * Channels);
                double[] back = [.. error.Select(e => 2 * e / (Batch * Channels))];
                var (scale, bias) = (back.Zip(normal, (b, v) => b * v).Sum(), back.Sum());
                for (var i = 0; i < Batch; i++)
                {
                    var dz = Scale[c] / deviation / Batch * (Batch * back[i] - bias - normal[i] * scale);
                    for (var k = 0; k < Features; k++) gradient[k * Channels + c] += x[i * Features + k] * dz;
                }
                (Scale[c], Bias[c]) = (Scale[c] - 0.1 * scale, Bias[c] - 0.1 * bias);
                Mean[c] += rate * (mean - Mean[c]);
                Variance[c] += rate * (squares / (Batch - 1) - Variance[c]);
            }
            for (var i = 0; i < Kernel.Length; i++) Kernel[i] -= 0.1 * gradient[i];
            return loss;
        }

        public double[] Predict(double[] x) => [.. from i in Enumerable.Range(0, Batch)
            from c in Enumerable.Range(0, Channels)
            let z = Enumerable.Range(0, Features).Sum(k => x[i * Features + k] * Kernel[k * Channels + c])
            select (z - Mean[c]) / Math.Sqrt(Variance[c] + Epsilon) * Scale[c] + Bias[c]];
    }

    private static void Same(double[] expected, ReadOnlySpan<double> found, double tolerance = 1e-12)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i], tolerance * Math.Max(1, Math.Abs(expected[i])));
    }

    [Theory, InlineData(0.1), InlineData(0.75), InlineData(null)]
    public void Twenty_steps_equal_those_of_a_reference_and_inference_reads_the_running_statistics(double? momentum)
    {
        var plan = Model(out var output, momentum);
        using var step = plan.Compile();
        var reference = new Reference(step.Variable<double>("dense/kernel").ToArray(), momentum);
        for (var i = 0; i < 20; i++)
        {
            var (x, t) = (Drawn(Batch * Features, i), Drawn(Batch * Channels, 100 + i));
            var loss = reference.Step(x, t);
            step.Run<double, double>(x, t);
            Assert.Equal(loss, step.LossAs<double>(), 1e-12);
            Same(reference.Mean, step.Variable<double>("norm/running_mean"));
            Same(reference.Variance, step.Variable<double>("norm/running_variance"));
        }
        Same(reference.Kernel, step.Variable<double>("dense/kernel"));
        Same(reference.Scale, step.Variable<double>("norm/scale"));
        Same(reference.Bias, step.Variable<double>("norm/bias"));
        if (momentum is null) Assert.Equal(20, step.Variable<long>("norm/count")[0]);
        using var predictor = step.Predictor(output);
        Assert.Equal(["x"], predictor.Inputs);
        var at = Drawn(Batch * Features, 1000);
        Same(reference.Predict(at), predictor.Run<double, double>(at));
    }

    /// <summary>A layer that is applied twice moves its statistics twice, in order; both predictions read the same.</summary>
    [Theory, InlineData(0.1), InlineData(null)]
    public void A_layer_that_is_applied_twice_moves_its_statistics_twice(double? momentum)
    {
        var g = new GraphBuilder("twice");
        var (a, b) = (g.Input("a", F64[4, 1]), g.Input("b", F64[4, 1]));
        var norm = new BatchNorm("norm", momentum);
        var loss = norm.Apply(a).Square().Sum();
        var second = norm.Apply(b);
        // A call that fails takes back what it declared, and leaves the statistics of those before.
        Assert.Throws<GraphException>(() => g.Compose(default, () => norm.Apply(a).Reshape([3])));
        using var step = g.Minimize(loss + second.Square().Sum(), new Sgd(0)).Compile();
        step.Run<double, double>([1, 3, 1, 3], [10, 14, 10, 14]);
        var (first, then) = momentum is { } m ? (m, m) : (1.0, 0.5);
        double Moved(double from, double one, double two) => (from + first * (one - from)) is var between
            ? between + then * (two - between) : 0;
        Same([Moved(0, 2, 12)], step.Variable<double>("norm/running_mean"));
        Same([Moved(1, 4.0 / 3, 16.0 / 3)], step.Variable<double>("norm/running_variance"));
        if (momentum is null) Assert.Equal(2, step.Variable<long>("norm/count")[0]);
    }

    [Fact]
    public void Steps_carry_out_the_assignments_that_they_are_told_to()
    {
        var g = new GraphBuilder("frozen");
        var x = g.Input("x", F64[4, 2]);
        var y = x.Dense(2).BatchNorm("norm", trainable: false);
        using var step = g.Minimize(y.Square().Sum(), new Sgd(0.1), assignments: []).Compile();
        step.Run<double>(Drawn(8, 1));
        Same([0, 0], step.Variable<double>("norm/running_mean"));
        Same([1, 1], step.Variable<double>("norm/running_variance"));
        Same([1, 1], step.Variable<double>("norm/scale"));
        Assert.Equal(["norm/running_mean", "norm/running_variance"], g.Assignments.Select(a => a.Variable.Value.Name!));
    }

    [Fact]
    public void Statistics_are_saved_and_loaded()
    {
        var path = Path.GetTempFileName();
        try
        {
            var plan = Model(out var output);
            using var step = plan.Compile();
            for (var i = 0; i < 3; i++) step.Run<double, double>(Drawn(Batch * Features, i), Drawn(Batch * Channels, i));
            step.Variables.Save(path);
            using var other = plan.Compile();
            other.Variables.Load(path);
            Same(step.Variable<double>("norm/running_variance").ToArray(), other.Variable<double>("norm/running_variance"), 0);
            using var predictor = step.Predictor(output);
            using var loaded = other.Predictor(output);
            var at = Drawn(Batch * Features, 9);
            Assert.Equal(predictor.Run<double, double>(at).ToArray(), loaded.Run<double, double>(at).ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Second_derivatives_equal_central_differences(bool affine)
    {
        var g = new GraphBuilder("second");
        var x = g.Input("x", F64[3, 2, 2]);
        var y = x.BatchNorm(epsilon: 0.1, scale: affine, bias: affine, scaleInitializer: affine ? Initializer.Uniform(1, 2) : null);
        var weights = g.Constant(new Literal(x.Type, Drawn(12, 4)));
        var gradient = (weights * y.Sin()).Sum().Gradient(x);
        foreach (var wrt in g.ModelParameters.Where(p => p.IsTrainable).Select(p => p.Value).Append(x))
            (gradient * weights.Sin()).Sum().CheckGradient(wrt, 1e-6);
    }

    /// <summary>A derivative in inference passes statistics that do not depend on x.</summary>
    [Fact]
    public void The_derivative_in_inference_is_the_factor()
    {
        var g = new GraphBuilder("inference");
        var x = g.Input("x", F64[2, 1]);
        var y = x.BatchNorm(epsilon: 3, scaleInitializer: Initializer.Constant(5));
        using var function = g.Compile(y.Sum().Gradient(x));
        function.Run<double>([7, 9]);
        Same([2.5, 2.5], function.Output<double>("output"));
    }
}
