using System.Text.RegularExpressions;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>docs/diagnostics.md has a section for every code, and for nothing else.</summary>
[Trait("Category", "AnyLevel")]
public sealed partial class DiagnosticsDocumentTests
{
    [Fact]
    public void Every_code_has_a_section()
    {
        var quoted = Directory.EnumerateFiles(SourceTree.PathOf("src"), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(SourceTree.PathOf("packaging"), "*.targets", SearchOption.AllDirectories))
            .SelectMany(f => QuotedCode().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value));
        var declared = Enum.GetValues<DiagnosticCode>().Select(c => $"SGC{(int)c}");
        var sections = File.ReadLines(SourceTree.PathOf("docs", "diagnostics.md"))
            .Where(l => l.StartsWith("## ", StringComparison.Ordinal)).Select(l => l[3..]).ToArray();
        Assert.Equal(declared.Concat(quoted).Distinct().Order(StringComparer.Ordinal), sections);
    }

    [GeneratedRegex("\"(SGC[0-9]{4})\"")]
    private static partial Regex QuotedCode();
}
