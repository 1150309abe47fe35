using System.Text.RegularExpressions;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Links of the documents to files and headings of this tree.</summary>
[Trait("Category", "AnyLevel")]
public sealed partial class DocumentLinkTests
{
    [Fact]
    public void Each_link_leads_somewhere()
    {
        string[] documents = [SourceTree.PathOf("README.md"), SourceTree.PathOf("CONTRIBUTING.md"), SourceTree.PathOf("CHANGELOG.md"),
            .. Directory.EnumerateFiles(SourceTree.PathOf("docs"), "*.md", SearchOption.AllDirectories)];
        (string Document, string Target)[] links =
            [.. documents.SelectMany(d => Link().Matches(WithoutCode(d)).Select(m => (d, m.Groups[1].Value)))];
        Assert.True(links.Length > 30, $"only {links.Length} links were found");
        var broken = links.Where(l => !l.Target.StartsWith("http", StringComparison.Ordinal) && !Leads(l.Document, l.Target))
            .Select(l => $"{Path.GetFileName(l.Document)}: {l.Target}");
        Assert.Empty(broken);
    }

    private static bool Leads(string document, string target)
    {
        var (file, heading) = target.Split('#') is [var f, var h] ? (f, h) : (target, null);
        var path = file.Length == 0 ? document : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document)!, file));
        return heading is null ? File.Exists(path) || Directory.Exists(path)
            : File.Exists(path) && File.ReadLines(path).Where(l => l.StartsWith('#')).Any(l => Anchor(l) == heading);
    }

    // As GitHub makes it of a heading.
    private static string Anchor(string heading) =>
        NotInAnchors().Replace(heading.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-');

    private static string WithoutCode(string path) => Code().Replace(File.ReadAllText(path), "");

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("(?s)```.*?```|`[^`\n]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
