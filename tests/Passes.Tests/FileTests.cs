using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>Runs every file of tests/filetests. <c>SGC_BLESS=1</c> rewrites the expect blocks; read them before committing.</summary>
public class FileTests
{
    private static readonly string s_root = SourceTree.PathOf("tests", "filetests");

    /// <summary>What evaluates functions besides the reference interpreter; null for what an executor does not take.</summary>
    public static IReadOnlyList<Func<Function, Literal[], Literal[]?>> Executors { get; } = [Compiled];

    public static TheoryData<string> Files() =>
        [.. Directory.EnumerateFiles(s_root, "*.gir", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(s_root, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void File_behaves_as_it_says(string file)
    {
        var path = Path.Combine(s_root, file);
        var text = File.ReadAllText(path);
        var bless = Environment.GetEnvironmentVariable("SGC_BLESS") == "1";
        var updated = new FileTest(text, file).Run(Executors, bless);
        if (bless && updated != text.ReplaceLineEndings("\n")) File.WriteAllText(path, updated);
    }

    [Fact]
    public void Every_op_has_a_file()
    {
        var missing = OpRegistry.All.Select(o => o.Name).Where(n => !File.Exists(Path.Combine(s_root, "ops", $"{n}.gir")));
        Assert.Empty(missing);
    }

    // The pipeline ends with fusion, so it takes no function that is partly fused; a wholly fused one is lowered as it is.
    private static Literal[]? Compiled(Function function, Literal[] arguments)
    {
        var isFused = function.Operations.Any(o => o.Op is Fusion);
        if (isFused && !function.Operations.All(o => o.Op is Fusion or Constant or Reshape or IKernelOp)) return null;
        return isFused ? JitFunction.RunFused(function, arguments) : JitFunction.Run(function, arguments, workers: 2);
    }
}
