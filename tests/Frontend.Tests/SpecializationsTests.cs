using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>One declaration for batches of any number of rows, over one store.</summary>
public sealed class SpecializationsTests
{
    private const int Features = 5;

    // w of the mean squared error of x·w, by gradient descent.
    private static TrainingPlan Regression(int rows)
    {
        var g = new GraphBuilder("regression", seed: 3);
        var (x, y) = (g.Input("x", F64[rows, Features]), g.Input("y", F64[rows, 1]));
        return g.Minimize(x.Dense(1, "w").MeanSquaredError(y), new Sgd(0.05));
    }

    private static FunctionPlan Prediction(int rows)
    {
        var g = new GraphBuilder("regression", seed: 3);
        return g.Function(("y", g.Input("x", F64[rows, Features]).Dense(1, "w")));
    }

    private static (double[] X, double[] Y) Batch(int rows, int seed)
    {
        var random = new Random(seed);
        double[] x = [.. Enumerable.Range(0, rows * Features).Select(_ => random.NextDouble() - 0.5)];
        return (x, [.. Enumerable.Range(0, rows).Select(i => x[i * Features] - 2 * x[i * Features + 3] + 1)]);
    }

    [Fact]
    public void RaggedBatchesTrainAsIfWrittenByHand()
    {
        using var steps = Specializations.ByRows(Regression);
        var kernel = new double[Features];
        var bias = 0.0;
        int[] sizes = [8, 8, 3, 8, 1, 7, 3, 8];
        for (var i = 0; i < sizes.Length; i++)
        {
            var (x, y) = Batch(sizes[i], i);
            var step = steps[sizes[i]];
            if (i == 0)
            {
                steps.Variables.Variable<double>("w/kernel").CopyTo(kernel);
                bias = steps.Variables.Variable<double>("w/bias")[0];
            }
            step.Run<double, double>(x, y);
            // The same step by hand: a mean over the rows that are there.
            var errors = Enumerable.Range(0, sizes[i])
                .Select(r => Enumerable.Range(0, Features).Sum(f => x[r * Features + f] * kernel[f]) + bias - y[r]).ToArray();
            Assert.Equal(errors.Average(e => e * e), step.LossAs<double>(), 1e-12);
            for (var f = 0; f < Features; f++)
                kernel[f] -= 0.05 * errors.Select((e, r) => 2 * e * x[r * Features + f]).Average();
            bias -= 0.05 * errors.Average(e => 2 * e);
            var found = steps.Variables.Variable<double>("w/kernel").ToArray();
            for (var f = 0; f < Features; f++) Assert.Equal(kernel[f], found[f], 1e-12);
            Assert.Equal(bias, steps.Variables.Variable<double>("w/bias")[0], 1e-12);
        }
        Assert.Equal([8, 3, 7, 1], steps.Compiled);
    }

    [Fact]
    public void PredictionsOfAnySizeReadTheVariablesOfTheSteps()
    {
        using var steps = Specializations.ByRows(Regression);
        using var predictions = Specializations.ByRows(Prediction, store: steps.Variables);
        var (x, y) = Batch(6, 1);
        for (var i = 0; i < 20; i++) steps[6].Run<double, double>(x, y);
        predictions[6].Run<double>(x);
        var whole = predictions[6].Output<double>("y").ToArray();
        for (var row = 0; row < 6; row++)
        {
            predictions[1].Run<double>(x.AsSpan(row * Features, Features));
            Assert.Equal(whole[row], predictions[1].Output<double>("y")[0], 1e-14);
        }
    }

    [Fact]
    public void NoMoreAreKeptThanWanted()
    {
        using var steps = Specializations.ByRows(Regression, most: 2);
        var (two, three) = (steps[2], steps[3]);
        Assert.Same(two, steps[2]);
        _ = steps[4]; // In place of three, which was not asked for the longest.
        Assert.Equal([4, 2], steps.Compiled);
        var (x, y) = Batch(3, 0);
        Assert.Equal("SGC5002", Assert.Throws<RuntimeException>(() => three.Run<double, double>(x, y)).Code);
        steps[3].Run<double, double>(x, y);
        Assert.Equal([3, 4], steps.Compiled);
    }

    [Fact]
    public void VariablesDependOnNoNumberOfRows()
    {
        using var steps = Specializations.ByRows(rows =>
        {
            var g = new GraphBuilder("rows", seed: 1);
            var x = g.Input("x", F64[rows, 2]);
            var w = g.Variable("w", F64[rows], Initializer.Zeros);
            var loss = (x.Sum(1) * w).Sum();
            return g.Minimize(loss, new Sgd(1));
        });
        steps[2].Run<double>([1, 2, 3, 4]);
        var error = Assert.Throws<RuntimeException>(() => steps[3]);
        Assert.Equal("SGC5006", error.Code);
        Assert.Contains("'w' is f64[2] in the declaration for 2 rows and f64[3] in that for 3", error.Message, StringComparison.Ordinal);
        using var again = Specializations.ByRows(Regression, store: steps.Variables);
        _ = again[1]; // Another model's variables beside them.
        steps[2].Run<double>([1, 2, 3, 4]);
        Assert.Equal([-6.0, -14.0], steps.Variables.Variable<double>("w").ToArray());
        Assert.Equal([2], steps.Compiled);
    }

    [Fact]
    public void AVariableOfOneSizeAloneIsRefused()
    {
        using var steps = Specializations.ByRows(rows =>
        {
            var g = new GraphBuilder("rows", seed: 1);
            var loss = g.Input("x", F64[rows]).Sum() * g.Variable("w", F64[1], Initializer.Zeros).Sum();
            return g.Minimize(rows == 2 ? loss : loss + g.Variable("more", F64[1], Initializer.Zeros).Sum(), new Sgd(1));
        });
        _ = steps[2];
        var error = Assert.Throws<RuntimeException>(() => steps[3]);
        Assert.Contains("'more' is missing in the declaration for 2 rows and f64[1] in that for 3", error.Message,
            StringComparison.Ordinal);
        Assert.False(steps.Variables.Contains("more"));
    }

    [Fact]
    public void BadNumbersAndUseAfterDisposeHaveCodes()
    {
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => Specializations.ByRows(Regression, most: 0)).Code);
        var steps = Specializations.ByRows(Regression);
        foreach (var rows in new[] { 0, -1 })
            Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => steps[rows]).Code);
        var step = steps[2];
        steps.Dispose();
        steps.Dispose();
        Assert.Equal("SGC5002", Assert.Throws<RuntimeException>(() => steps[2]).Code);
        var (x, y) = Batch(2, 0);
        Assert.Equal("SGC5002", Assert.Throws<RuntimeException>(() => step.Run<double, double>(x, y)).Code);
        Assert.Equal(Features, steps.Variables.Variable<double>("w/kernel").Length);
    }
}
