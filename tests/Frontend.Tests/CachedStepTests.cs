using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>What the compiler finds in its cache is what it would have made, or is not used.</summary>
[Collection(nameof(RunsAlone))]
public sealed class CachedStepTests : IDisposable
{
    private readonly CacheFolder _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public void EntriesThatWereSwappedDoNotRun()
    {
        Assert.Equal((2, 3), (LossOf(2), LossOf(3)));
        var entries = _cache.Entries;
        Assert.Equal(2, entries.Length);
        var (first, second) = (File.ReadAllBytes(entries[0]), File.ReadAllBytes(entries[1]));
        File.WriteAllBytes(entries[0], second);
        File.WriteAllBytes(entries[1], first);
        Assert.Equal((2, 3), (LossOf(2), LossOf(3)));
        Assert.Equal(first, File.ReadAllBytes(entries[0]));
        Assert.Equal(second, File.ReadAllBytes(entries[1]));
    }

    [Fact]
    public void AnEntryWhoseCodeWasChangedDoesNotRun()
    {
        Assert.Equal(2, LossOf(2));
        var entry = Assert.Single(_cache.Entries);
        var content = File.ReadAllBytes(entry);
        for (var i = 0; i < content.Length; i += Math.Max(content.Length / 50, 1))
        {
            var changed = content.ToArray();
            changed[i] ^= 0x55;
            File.WriteAllBytes(entry, changed);
            Assert.Equal(2, LossOf(2));
            Assert.Equal(content, File.ReadAllBytes(entry));
        }
    }

    [Fact]
    public void StepsOfAnotherPrecisionHaveEntriesOfTheirOwn()
    {
        var graph = new GraphBuilder("cached");
        var (x, w) = (graph.Input("x", DType.F32[4, 8]), graph.Variable("w", DType.F32[8, 8], Initializer.Constant(1)));
        var plan = graph.Minimize((x.MatMul(w) * 0.5f).Sum(), new Sgd(0));
        float LossOf(Precision precision)
        {
            using var step = plan.Compile(new CompileOptions { Precision = precision, Threads = 1 });
            step.Run<float>([.. Enumerable.Repeat(1.00390625f, 32)]); // A tie of bf16, which goes to 1.
            return step.Loss;
        }
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal((128.5f, 128f), (LossOf(Precision.Float32), LossOf(Precision.BFloat16)));
            Assert.Equal(2, _cache.Entries.Length);
        }
    }

    // Σ x · factor of a variable that is 1: its code holds the factor.
    private static float LossOf(float factor)
    {
        var graph = new GraphBuilder("cached");
        var x = graph.Variable("x", DType.F32.Scalar, Initializer.Constant(1));
        using var step = graph.Minimize(x * factor, new Sgd(0)).Compile();
        step.Run();
        return step.Loss;
    }
}
