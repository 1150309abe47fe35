using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Every op of the registry goes through everything: it stands in the tables of all tests that take ops one by one, and here is
/// applied to every element type that it takes, interpreted and compiled.</summary>
[Trait("Category", "Target")]
public sealed class CatalogueTests
{
    public static TheoryData<string> Types => [.. DType.All.Select(t => t.Name)];

    /// <summary>What takes each op through the rest reads its own table: a missing row fails here by name.</summary>
    [Fact]
    public void Every_op_is_in_every_table()
    {
        static string Text(params string[] path) => File.ReadAllText(SourceTree.PathOf(path));
        string gradients = string.Concat(Directory.GetFiles(SourceTree.PathOf("tests", "Passes.Tests"), "GradientTable*.cs")
            .Select(File.ReadAllText)), spec = Text("docs", "spec.md");
        foreach (var op in OpRegistry.All)
        {
            var name = op.Name;
            Assert.True(op is Fusion || Catalogue.All.ContainsKey(name), $"{name} has no row of element types");
            Assert.True(op is Fusion || RandomProgram.Rules.ContainsKey(op), $"{name} is not drawn in random programs");
            // With derivatives: finite differences, forward against reverse, second order; without: why there are none.
            Assert.True(gradients.Contains($"[\"{name}\"]", StringComparison.Ordinal), $"{name} has no row of gradients");
            var values = Text("tests", "filetests", "ops", $"{name}.gir");
            Assert.True(op is Fusion || values.Contains("// run: ", StringComparison.Ordinal), $"{name} has no values");
            Assert.True(spec.Contains($"\n- `{name}`: ", StringComparison.Ordinal), $"{name} is not in docs/spec.md");
        }
        Assert.All(Catalogue.All.Keys, name => Assert.NotNull(OpRegistry.Find(name)));
    }

    [Fact]
    public void Each_op_takes_the_types_of_its_row_and_refuses_others()
    {
        string[] wrong = [.. from row in Catalogue.All from type in DType.All
            where Catalogue.Has(row.Value.Types, type) == Catalogue.IsRefused(row.Key, type) select $"{row.Key} of {type}"];
        Assert.Empty(wrong);
    }

    [Theory, MemberData(nameof(Types))]
    public void Compiled_ops_of_a_type_are_those_of_the_interpreter(string name)
    {
        var type = DType.Find(name)!;
        var (function, arguments) = Catalogue.Of(type);
        var expected = ReferenceInterpreter.Run(function, arguments);
        var found = JitFunction.Run(function, arguments, workers: 2);
        for (var r = 0; r < expected.Length; r++)
            for (var i = 0L; i < expected[r].Type.Shape.ElementCount; i++)
                if (!Agree(type, expected[r][i], found[r][i]))
                    Assert.Fail($"{function.Results[r].Definition} [{i}] is {found[r][i]}, not {expected[r][i]}");
    }

    // Intermediate results of narrow floats are rounded in the interpreter too, but not where a kernel sums.
    private static bool Agree(DType type, Scalar expected, Scalar found)
    {
        if (expected.Equals(found) || expected == found) return true;
        var tolerance = !type.IsFloating ? 0 : type.Bits switch { 64 => 1e-12, 32 => 2e-5, _ => type == DType.F16 ? 4e-3 : 3e-2 };
        return Scalar.Abs(expected - found) <= tolerance * Scalar.Max(1, Scalar.Abs(expected));
    }
}
