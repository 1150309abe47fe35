using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>The project's text: no line of a source file, script or document is longer than <see cref="MostColumns"/>.</summary>
[Trait("Category", "AnyLevel")]
public sealed class SourceTextTests
{
    private const int MostColumns = 140;

    private static readonly HashSet<string> s_extensions = [".cs", ".md", ".c", ".h", ".sh", ".props", ".csproj"];

    // Build output, and what tools download or write.
    private static readonly HashSet<string> s_generated = ["bin", "obj", "artifacts", "TestResults", ".git"];

    [Fact]
    public void No_line_is_longer_than_140_columns()
    {
        var root = SourceTree.PathOf();
        var tooLong = Files(new DirectoryInfo(root)).SelectMany(f => File.ReadLines(f.FullName)
            .Select((line, i) => (Columns: line.EnumerateRunes().Count(), Location: $"{Path.GetRelativePath(root, f.FullName)}({i + 1})")))
            .Where(l => l.Columns > MostColumns).Select(l => $"{l.Location}: {l.Columns} columns").ToList();
        Assert.True(tooLong.Count == 0, string.Join('\n', tooLong));
    }

    private static IEnumerable<FileInfo> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles().Where(f => s_extensions.Contains(f.Extension))
            .Concat(folder.EnumerateDirectories().Where(d => !s_generated.Contains(d.Name)).SelectMany(Files));
}
