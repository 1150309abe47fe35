using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
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
