using Xunit;

namespace GraphCompiler.Training.Tests;

/// <summary>What the loop is made of.</summary>
[Trait("Category", "AnyLevel")]
public sealed class ArchitectureTests
{
    [Fact]
    public void Training_names_no_backend_and_no_passes()
    {
        var references = typeof(FitSyntax).Assembly.GetReferencedAssemblies().Select(a => a.Name!)
            .Where(n => n.StartsWith("GraphCompiler.", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(["GraphCompiler.Diagnostics", "GraphCompiler.Frontend", "GraphCompiler.Runtime"], references);
    }
}
