using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace GraphCompiler.Cli;

/// <summary>Arguments and options whose values are checked as they are parsed, so that a wrong one is an error of the command line and
/// never an exception of what it is passed to.</summary>
internal static class CommandLineArguments
{
    /// <summary>An option that takes a whole number from 1 to <paramref name="most"/>.</summary>
    public static Option<int> Count(string name, string description, int byDefault, int most)
    {
        int Parse(ArgumentResult result)
        {
            var text = result.Tokens[^1].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1 && count <= most)
                return count;
            result.AddError($"{name} is '{text}', and must be a whole number from 1 to {most}");
            return byDefault;
        }
        return new Option<int>(name) { Description = description, DefaultValueFactory = _ => byDefault, CustomParser = Parse };
    }

    /// <summary>An option that takes whole numbers from 1 to <paramref name="largest"/> with commas, each once; none when it is left
    /// out.</summary>
    public static Option<int[]> Counts(string name, string description, int largest, int most = int.MaxValue)
    {
        int[] Parse(ArgumentResult result)
        {
            var texts = result.Tokens[^1].Value.Split(',', StringSplitOptions.TrimEntries);
            var counts = new List<int>();
            foreach (var text in texts)
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1 || count > largest)
                    result.AddError($"{name} has '{text}', and takes whole numbers from 1 to {largest}");
                else if (counts.Contains(count)) result.AddError($"{name} has {count} twice");
                else counts.Add(count);
            if (texts.Length > most) result.AddError($"{name} has {texts.Length} numbers, and takes {most} here");
            return [.. counts];
        }
        return new Option<int[]>(name)
            { Description = description, Arity = ArgumentArity.ExactlyOne, DefaultValueFactory = _ => [], CustomParser = Parse };
    }

    /// <summary>An option that takes a text which is not blank.</summary>
    public static Option<string> Text(string name, string description, string? byDefault = null, bool required = false)
    {
        var option = new Option<string>(name) { Description = description, Required = required };
        if (byDefault is not null) option.DefaultValueFactory = _ => byDefault;
        option.Validators.Add(result => RefuseUnusable(result, name));
        return option;
    }

    /// <summary>An option that takes one or several texts with commas.</summary>
    public static Option<string> List(string name, string description, string byDefault)
    {
        var option = Text(name, description, byDefault);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (token.Value.Trim().Length > 0 && Split(token.Value).Length == 0)
                    result.AddError($"{name} is '{token.Value}', and names nothing");
        });
        return option;
    }

    /// <summary>An argument that names a file.</summary>
    public static Argument<string> File(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(result => RefuseUnusable(result, name));
        return argument;
    }

    /// <summary>The texts between commas, without blanks.</summary>
    public static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static void RefuseUnusable(SymbolResult result, string name)
    {
        foreach (var token in result.Tokens)
        {
            if (string.IsNullOrWhiteSpace(token.Value)) result.AddError($"{name} is empty");
            // No file and no model has such a name; what opens files throws.
            if (token.Value.Contains('\0', StringComparison.Ordinal)) result.AddError($"{name} has a null character");
        }
    }
}
