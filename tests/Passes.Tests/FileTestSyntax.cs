using System.Text;

namespace GraphCompiler.Passes.Tests;

/// <summary>Small grammars of filetests: lists with brackets, passes with arguments, and differences of texts.</summary>
public static class FileTestSyntax
{
    /// <summary>The trimmed parts between separators outside of all brackets; none for an empty text.</summary>
    public static List<string> Split(string text, char separator)
    {
        var parts = new List<string>();
        var (depth, start) = (0, 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is '(' or '[') depth++;
            if (i < text.Length && text[i] is ')' or ']') depth--;
            if (i < text.Length && (text[i] != separator || depth > 0)) continue;
            parts.Add(text[start..i].Trim());
            start = i + 1;
        }
        return parts is [""] ? [] : parts;
    }

    /// <summary>A pass's name and arguments: <c>adjoint(wrt=[x,w])</c>.</summary>
    public static (string Name, Dictionary<string, string> Arguments) ParsePass(string command)
    {
        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        var open = command.IndexOf('(', StringComparison.Ordinal);
        if (open < 0) return (command, arguments);
        if (!command.EndsWith(')')) throw new FileTestException($"expected ')' at the end of {command}");
        foreach (var argument in Split(command[(open + 1)..^1], ','))
        {
            var pair = argument.Split('=', 2);
            if (pair.Length != 2) throw new FileTestException($"expected name=value, found {argument} in {command}");
            arguments.Add(pair[0].Trim(), pair[1].Trim());
        }
        return (command[..open], arguments);
    }

    /// <summary>Fails with a line-by-line difference unless the texts are equal.</summary>
    public static void Compare(string expected, string actual, string what)
    {
        if (expected == actual) return;
        throw new FileTestException($"{what} differs (- expected, + actual; SGC_BLESS=1 accepts an expect block):\n"
            + Difference(expected.Split('\n'), actual.Split('\n')));
    }

    // Longest common subsequence: texts are short, so the quadratic table is fine.
    private static string Difference(string[] a, string[] b)
    {
        var common = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
            for (var j = b.Length - 1; j >= 0; j--)
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        var text = new StringBuilder();
        var (x, y) = (0, 0);
        while (x < a.Length || y < b.Length)
        {
            if (x < a.Length && y < b.Length && a[x] == b[y])
            {
                text.Append("  ").Append(a[x++]).Append('\n');
                y++;
            }
            else if (y == b.Length || (x < a.Length && common[x + 1, y] >= common[x, y + 1])) text.Append("- ").Append(a[x++]).Append('\n');
            else text.Append("+ ").Append(b[y++]).Append('\n');
        }
        return text.ToString();
    }
}
