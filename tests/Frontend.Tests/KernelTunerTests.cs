using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>A step whose schedules were measured is the step: its bits, and its variables as they are declared.</summary>
[Collection(nameof(RunsAlone))]
public sealed class KernelTunerTests : IDisposable
{
    private readonly CacheFolder _cache = new();

    public void Dispose() => _cache.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void TunedStepsHaveTheSameBits(int threads)
    {
        var lines = new Lines();
        var expected = Losses(new CompileOptions { Threads = threads });
        Assert.Equal(expected, Losses(new CompileOptions { Threads = threads, Tune = true, Logger = lines }));
        var entries = _cache.Entries.Length;
        Assert.Equal(expected, Losses(new CompileOptions { Threads = threads, Tune = true, Logger = lines }));
        Assert.Equal(entries, _cache.Entries.Length);
        Assert.Equal(2, lines.Informed.Count(l => l.StartsWith("tuned ", StringComparison.Ordinal) && l.Contains(" kernels in ")));
    }

    [Fact]
    public void WhatHasNoChoiceIsNotTuned()
    {
        var graph = new GraphBuilder("sum");
        using var sum = graph.Function(("total", graph.Input("x", DType.F32[3]).Sum())).Compile(new CompileOptions { Tune = true });
        sum.Run<float>([1, 2, 3]);
        Assert.Equal([6], sum.Output<float>("total").ToArray());
    }

    private static float[] Losses(CompileOptions options)
    {
        var graph = new GraphBuilder("tuned");
        var (x, labels) = (graph.Input("x", DType.F32[48, 300]), graph.Input("labels", DType.I32[48]));
        var logits = x.Dense(160).Relu().Dense(7);
        using var step = graph.Minimize(logits.SoftmaxCrossEntropy(labels).Mean(), new Adam(0.01)).Compile(options);
        var random = new Random(5);
        float[] images = [.. Enumerable.Range(0, 48 * 300).Select(_ => (float)random.NextDouble() - 0.5f)];
        int[] classes = [.. Enumerable.Range(0, 48).Select(i => i % 7)];
        var losses = new float[6];
        for (var i = 0; i < losses.Length; i++)
        {
            step.Run<float, int>(images, classes);
            losses[i] = step.Loss;
        }
        return losses;
    }
}
