using System.Runtime.InteropServices;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>The C# compiler of the SDK that runs the tests.</summary>
internal static class CSharp
{
    /// <summary>Compiles one file to a library; every warning is an error.</summary>
    public static void Compile(string source, string output, params string[] references)
    {
        var framework = RuntimeEnvironment.GetRuntimeDirectory();
        var sdks = Path.Combine(Path.GetFullPath(Path.Combine(framework, "..", "..", "..")), "sdk");
        var compiler = Directory.GetDirectories(sdks).Order(StringComparer.Ordinal)
            .Select(s => Path.Combine(s, "Roslyn", "bincore", "csc.dll")).Last(File.Exists);
        var system = Directory.GetFiles(framework, "System*.dll").Where(f => !f.EndsWith(".Native.dll", StringComparison.Ordinal));
        var result = BuiltModel.Run("dotnet", ["exec", compiler, "-nologo", "-noconfig", "-nostdlib", "-target:library", "-warnaserror",
            "-langversion:latest", $"-out:{output}", source, .. system.Concat(references).Select(r => $"-r:{r}")]);
        Assert.Equal((0, ""), result);
    }
}
