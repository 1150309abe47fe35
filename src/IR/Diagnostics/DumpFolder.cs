using System.Globalization;
using System.Text;

namespace GraphCompiler.IR.Diagnostics;

/// <summary>Writes intermediate results to the folder that <c>SGC_DUMP</c> names. Every dump goes through here.</summary>
public static class DumpFolder
{
    /// <summary>Writes <c>folder/FUNCTION.SUFFIX</c>; the folder is made when missing.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="function">The function's name. A character other than ASCII letters, digits, '_', '.' and '-' is written as %XXXX,
    /// its UTF-16 code, so that different names are different files, all in this folder.</param>
    /// <param name="suffix">What is written, such as <c>03_cse.gir</c>: part of a file name.</param>
    /// <param name="text">The content.</param>
    /// <exception cref="GraphException">SGC3002: the folder or file cannot be written.</exception>
    public static void Write(string folder, string function, string suffix, string text)
    {
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, $"{FileNameOf(function)}.{suffix}"), text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GraphException(DiagnosticCode.CannotWrite, $"SGC_DUMP: \"{folder}\" cannot be written: {e.Message}");
        }
    }

    private static string FileNameOf(string function)
    {
        var name = new StringBuilder(function.Length);
        foreach (var c in function)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-') name.Append(c);
            else name.Append(CultureInfo.InvariantCulture, $"%{(int)c:X4}");
        }
        return name.ToString();
    }
}
