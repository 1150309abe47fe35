using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>The arrows between the parts, read from the built assemblies.</summary>
[Trait("Category", "AnyLevel")]
public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("GraphCompiler.Diagnostics", "")]
    [InlineData("GraphCompiler.IR", "Diagnostics")]
    [InlineData("GraphCompiler.Passes", "IR")]
    [InlineData("GraphCompiler.Runtime", "Diagnostics")]
    [InlineData("GraphCompiler.Backend.Llvm", "Diagnostics, IR")]
    [InlineData("GraphCompiler.Frontend", "Backend.Llvm, IR, Passes, Runtime")]
    public void A_part_refers_to_no_others_than_its_own(string assembly, string expected)
    {
        var path = Path.Combine(Path.GetDirectoryName(typeof(ArchitectureTests).Assembly.Location)!, $"{assembly}.dll");
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        var references = reader.AssemblyReferences.Select(r => reader.GetString(reader.GetAssemblyReference(r).Name))
            .Where(n => n.StartsWith("GraphCompiler.", StringComparison.Ordinal)).Select(n => n["GraphCompiler.".Length..])
            .Order(StringComparer.Ordinal);
        Assert.Equal(expected, string.Join(", ", references));
    }

    /// <summary>Only the compiler names the backend, so another backend replaces one file.</summary>
    [Fact]
    public void The_backend_is_named_in_one_file_of_the_frontend()
    {
        var source = SourceTree.PathOf("src", "Frontend");
        var files = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && File.ReadAllText(f).Contains("GraphCompiler.Backend", StringComparison.Ordinal)).Select(Path.GetFileName);
        Assert.Equal(["Compiler.cs"], files);
    }
}
