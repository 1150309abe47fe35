using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
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
        var at = Drawn(Batch * Features, 1000);
        Same(reference.Predict(at), predictor.Run<double, double>(at));
        Assert.Equal(20.0, 20 + reference.Predict(at).Zip(predictor.Run<double, double>(at).ToArray(), (a, b) => a - b).Max(), 1e-12);
    }
}
