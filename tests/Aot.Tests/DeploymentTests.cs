using System.IO.Compression;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>The program of samples/Deploy, published as users publish it, in a folder without the compiler.</summary>
public sealed class DeploymentTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ThePublishedProgramTrainsWithoutTheCompiler(bool native)
    {
        using var built = new BuiltModel("digits", Deploy.Models.Digits(), "x86-64-v2");
        var app = built["app"];
        var project = SourceTree.PathOf("samples/Deploy/App/DeployApp.csproj");
        // A build server that it started would keep its output open, and so the test waiting, for as long as the server idles.
        // Analyzers take half a minute of processor time: they run once, with those for what is compiled ahead of time.
        var publish = BuiltModel.Run("dotnet", "publish", project, "-c", "Release", "-o", app, "--disable-build-servers",
            $"-p:ModelFolder={built.Folder}", $"-p:PublishAot={native}", "--artifacts-path", built["build"], "--verbosity", "quiet",
            $"-p:RunAnalyzers={native}");
        Assert.True(publish.ExitCode == 0, publish.Output);
        var names = Directory.GetFiles(app).Select(f => Path.GetFileName(f)).ToList();
        Assert.DoesNotContain(names, n => n.Contains("LLVM", StringComparison.OrdinalIgnoreCase)
            || n.Contains("Frontend", StringComparison.Ordinal) || n.Contains("Passes", StringComparison.Ordinal));
        var data = built["digits.csv"];
        var file = File.OpenRead(SourceTree.PathOf("samples/Digits/data/digits.csv.gz"));
        using (var zipped = new GZipStream(file, CompressionMode.Decompress))
        using (var plain = File.Create(data)) zipped.CopyTo(plain);
        var run = native ? BuiltModel.Run(Path.Combine(app, "DeployApp"), data)
            : BuiltModel.Run("dotnet", Path.Combine(app, "DeployApp.dll"), data);
        Assert.True(run.ExitCode == 0, run.Output);
        Assert.Contains("test accuracy", run.Output, StringComparison.Ordinal);
    }
}
