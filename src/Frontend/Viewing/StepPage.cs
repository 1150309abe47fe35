using System.Net;
using System.Reflection;
using System.Text.Json;

namespace GraphCompiler.Frontend.Viewing;

/// <summary>One page of HTML with its style, scripts and data inside, which loads nothing.</summary>
internal static class StepPage
{
    private static readonly string[] s_scripts = ["dom.js", "graph.js", "edges.js", "kernels.js", "memory.js", "passes.js", "page.js"];

    /// <summary>The page of a view.</summary>
    public static string Write(StepView view)
    {
        var parts = new Dictionary<string, string>
        {
            ["title"] = WebUtility.HtmlEncode(view.Name),
            ["style"] = Read("page.css"),
            ["script"] = string.Concat(s_scripts.Select(Read)),
            ["data"] = JsonSerializer.Serialize(view, StepViewJson.Default.StepView),
        };
        // In one walk: what is put in is not searched.
        return string.Concat(Read("page.html").Split("{{").SelectMany((piece, i) => i == 0 ? (string[])[piece] : Filled(piece, parts)));
    }

    private static string[] Filled(string piece, Dictionary<string, string> parts)
    {
        var end = piece.IndexOf("}}", StringComparison.Ordinal);
        return [parts[piece[..end]], piece[(end + 2)..]];
    }

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"step/{name}")!;
        return new StreamReader(stream).ReadToEnd();
    }
}
