using System.Runtime.CompilerServices;

namespace GraphCompiler.Tests.Shared;

/// <summary>The project's own files, as the tests were compiled from.</summary>
internal static class SourceTree
{
    /// <summary>The path of a file or folder, given from the project's root.</summary>
    public static string PathOf(params ReadOnlySpan<string> parts) => Path.GetFullPath(Path.Combine([Folder(), "..", "..", .. parts]));

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
