using GraphCompiler.IR;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>The runner itself: it must fail where a file's expectation does not hold.</summary>
public class FileTestRunnerTests
{
    private const string Negate = "func @f(%x: f32[2]) -> f32[2] {\n  %0 = negate %x : f32[2]\n  return %0\n}\n";

    [Theory]
    [InlineData("// test: run\n" + Negate + "// run: @f([1,2]) ~= [-1,-3]\n", "element 1 is -2, expected -3")]
    [InlineData("// test: run\n" + Negate + "// run: @f([1,2,3]) ~= 0\n", "2 elements, the run line gives 3")]
    [InlineData("// test: run\n" + Negate + "// run: @g([1,2]) ~= 0\n", "there is no @g")]
    [InlineData("// test: run\n" + Negate, "needs a line")]
    [InlineData("// test: roundtrip\n" + Negate + "// expect:\n// func @f() -> () {\n//   return\n// }\n", "- func @f() -> () {")]
    [InlineData("// test: verify\nfunc @f(%x: f32[2]) -> f32[2] { // error: SGC2002\n  return %x\n}\n", "but nothing was raised")]
    [InlineData("// test: verify\nfunc @f() -> f32[2] {\n  return %x // error: SGC2002\n}\n", "but line 3 raises")]
    [InlineData("// test: verify\nfunc @f() -> f32[2] { // error: SGC2001 expected\n  return %x\n}\n", "but line 3 raises")]
    [InlineData("func @f() -> () {\n}", "the first line must be")]
    public void Fails(string text, string message)
    {
        var error = Assert.Throws<FileTestException>(() => new FileTest(text, "t.gir").Run([]));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Executors_are_compared_too()
    {
        var test = new FileTest("// test: run\n" + Negate + "// run: @f([1,2]) == [-1,-2]\n", "t.gir");
        test.Run([(f, x) => ReferenceInterpreter.Run(f, x)]);
        var error = Assert.Throws<FileTestException>(() => test.Run([(_, x) => x]));
        Assert.Contains("executor 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blessing_writes_the_expect_block_and_is_stable()
    {
        var text = "// test: roundtrip\n" + Negate.Replace("%0", "%y", StringComparison.Ordinal) + "// expect:\n// old\n";
        var blessed = new FileTest(text, "t.gir").Run([], bless: true);
        Assert.EndsWith("// expect:\n// func @f(%x: f32[2]) -> f32[2] {\n//   %0 = negate %x : f32[2]\n//   return %0\n// }\n", blessed,
            StringComparison.Ordinal);
        Assert.Equal(blessed, new FileTest(blessed, "t.gir").Run([]));
    }

    [Fact]
    public void Commands_split_outside_of_brackets()
    {
        Assert.Equal(["adjoint(wrt=[x,w])", "dce"], new FileTest("// test: adjoint(wrt=[x,w]), dce\n", "t.gir").Commands);
        var (name, arguments) = FileTestSyntax.ParsePass("adjoint(wrt=[x,w])");
        Assert.Equal(("adjoint", "[x,w]"), (name, arguments["wrt"]));
    }
}
