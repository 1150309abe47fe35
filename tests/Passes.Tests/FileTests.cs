using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>Runs every file of tests/filetests. <c>SGC_BLESS=1</c> rewrites the expect blocks; read them before committing.</summary>
public class FileTests
{
    private static readonly string s_root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "filetests"));

    /// <summary>What evaluates functions besides the reference interpreter; a compiled path adds itself here.</summary>
    public static IList<Func<Function, Literal[], Literal[]>> Executors { get; } = [];

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
        var missing = IR.Ops.OpRegistry.All.Select(o => o.Name).Where(n => !File.Exists(Path.Combine(s_root, "ops", $"{n}.gir")));
        Assert.Empty(missing);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
