using System.Text.RegularExpressions;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>docs/spec.md: its list has every op and no other, its example is IR as the printer writes it.</summary>
[Trait("Category", "AnyLevel")]
public sealed partial class SpecificationTests
{
    private static readonly string Text = File.ReadAllText(SourceTree.PathOf("docs", "spec.md"));

    [Fact]
    public void Every_op_is_listed() =>
        Assert.Equal(OpRegistry.All.Select(o => o.Name).Order(StringComparer.Ordinal),
            OpItem().Matches(Text).Select(m => m.Groups[1].Value));

    [Fact]
    public void The_example_is_as_printed()
    {
        var example = Example().Match(Text).Groups[1].Value;
        var function = IrParser.ParseFunction(example, "spec.md");
        Verifier.Verify(function);
        Assert.Equal(example, IrPrinter.Print(function));
    }

    [GeneratedRegex("^- `([a-z0-9_]+)`: ", RegexOptions.Multiline)]
    private static partial Regex OpItem();

    [GeneratedRegex("```\n(func @.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
