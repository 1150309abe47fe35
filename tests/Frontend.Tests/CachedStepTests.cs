using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>What the compiler finds in its cache is what it would have made, or is not used.</summary>
[Collection(nameof(RunsAlone))]
public sealed class CachedStepTests : IDisposable
{
    private const string Variable = "GRAPHCOMPILER_CACHE";

    private readonly string? _before = Environment.GetEnvironmentVariable(Variable);
    private readonly string _folder = Directory.CreateTempSubdirectory("cached_step").FullName;

    public CachedStepTests() => Environment.SetEnvironmentVariable(Variable, _folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Variable, _before);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void EntriesThatWereSwappedDoNotRun()
    {
        Assert.Equal((2, 3), (LossOf(2), LossOf(3)));
        var entries = Entries();
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
        var entry = Assert.Single(Entries());
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

    private string[] Entries() => [.. Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

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
