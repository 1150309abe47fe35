using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;
using Microsoft.ML.Tokenizers;

namespace GraphCompiler.Training.Formats;

/// <summary>Texts as examples of a language model: windows of tokens, and the tokens that come next.</summary>
public static class TokenWindows
{
    /// <summary>Windows one after another over all texts, of which each ends with a token of its own; what does not fill a last window is
    /// left out.</summary>
    /// <param name="tokenizer">Any of Microsoft.ML.Tokenizers.</param>
    /// <param name="texts">Gives the texts for each epoch, the same each time; one at a time is in memory.</param>
    /// <param name="length">Tokens of a window, at least 1.</param>
    /// <param name="end">The token after each text; none when null.</param>
    /// <param name="inputs">The name of the step's input of tokens, i32[rows, length].</param>
    /// <param name="targets">The name of the step's input of those that come next, i32[rows, length].</param>
    /// <exception cref="RuntimeException">SGC5011: a length below 1, or names that are missing or equal.</exception>
    public static Examples Of(Tokenizer tokenizer, Func<IEnumerable<string>> texts, int length, int? end = null,
        string inputs = "tokens", string targets = "targets")
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(texts);
        if (length < 1) throw new RuntimeException(RuntimeCode.BadArgument, $"windows of {length} tokens; at least 1 is needed");
        return Examples.From(() => Windows(tokenizer, texts(), length, end), c => c
            .Add<int>(inputs, length, (window, to) => window.AsSpan(0, length).CopyTo(to))
            .Add<int>(targets, length, (window, to) => window.AsSpan(1, length).CopyTo(to)));
    }

    private static IEnumerable<int[]> Windows(Tokenizer tokenizer, IEnumerable<string> texts, int length, int? end)
    {
        var open = new List<int>();
        foreach (var text in texts)
        {
            open.AddRange(tokenizer.EncodeToIds(text));
            if (end is { } token) open.Add(token);
            var at = 0;
            for (; at + length < open.Count; at += length) yield return [.. open.Skip(at).Take(length + 1)];
            open.RemoveRange(0, at);
        }
    }
}
