using System.Text;

namespace GraphCompiler.Aot;

/// <summary>Identifiers for the names of one scope, such as the arguments of a model's functions: a different one for each.</summary>
/// <remarks>
/// A name has a plain form, which reads well but which several names may share or a language may reserve, and an escaped form, which is
/// its own. A name is written in its plain form if that is not reserved and either no other name of the scope has it, or it is the name
/// itself; otherwise it is escaped. The escaped form is the name with each run of other characters than ASCII letters and digits, and a
/// digit at the start, written as '_', two hexadecimal digits for each byte of UTF-8, '_'; at the end '_', unless there is one. So
/// <c>asm</c> is <c>asm_</c>, and beside <c>layer1_weight</c> <c>layer1.weight</c> is <c>layer1_2e_weight_</c>. Plain forms have no '_' at
/// their end, so none equals an escaped form, and from the escaped form the name can be read back.
/// </remarks>
internal sealed class Identifiers
{
    private readonly Dictionary<string, string> _identifiers = [];

    /// <summary>Assigns an identifier to each name.</summary>
    /// <param name="names">Names of the scope; those given twice count once.</param>
    /// <param name="plain">The plain form of a name, or null if it has none: <see cref="Snake"/> or <see cref="Pascal"/>.</param>
    /// <param name="isReserved">Whether a plain form cannot be used.</param>
    public Identifiers(IEnumerable<string> names, Func<string, string?> plain, Func<string, bool> isReserved)
    {
        string[] distinct = [.. names.Distinct()];
        var sharing = distinct.Select(plain).OfType<string>().CountBy(p => p).ToDictionary();
        foreach (var name in distinct)
            _identifiers[name] = plain(name) is { } p && !isReserved(p) && (sharing[p] == 1 || p == name) ? p : Escape(name);
    }

    /// <summary>The identifier of a name of the scope.</summary>
    public string this[string name] => _identifiers[name];

    /// <summary>An argument: the name with each run of '_', '.', '/', '-' and blanks as one '_', none of them at its ends.</summary>
    public static string? Snake(string name) => Parts(name) is { } parts ? string.Join('_', parts) : null;

    /// <summary>A member in C#'s casing: the parts that those characters separate, each with a capital.</summary>
    public static string? Pascal(string name) =>
        Parts(name) is { } parts ? string.Concat(parts.Select(p => char.ToUpperInvariant(p[0]) + p[1..])) : null;

    /// <summary>The class of a model, whatever other models there are.</summary>
    /// <remarks>A name of lower-case letters, digits and single '_' between them in C#'s casing, '_' kept before digits: <c>res_net_50</c>
    /// is <c>ResNet_50</c> and <c>res_net50</c> <c>ResNet50</c>. Any other name is escaped.</remarks>
    public static string ClassOf(string model)
    {
        var parts = model.Split('_');
        var isSnake = parts.All(p => p.Length > 0 && p.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)));
        return !isSnake ? Escape(model)
            : string.Concat(parts.Select(p => char.IsAsciiDigit(p[0]) ? "_" + p : char.ToUpperInvariant(p[0]) + p[1..]));
    }

    /// <summary>The escaped form.</summary>
    public static string Escape(string name)
    {
        var text = new StringBuilder();
        var isOpen = false;
        foreach (var rune in name.EnumerateRunes())
        {
            var isKept = rune.IsAscii && (char.IsAsciiLetter((char)rune.Value) || char.IsAsciiDigit((char)rune.Value) && text.Length > 0);
            if (isKept == isOpen) text.Append('_');
            isOpen = !isKept;
            if (isKept) text.Append((char)rune.Value);
            else text.Append(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(rune.ToString())));
        }
        if (isOpen || text.Length == 0 || text[^1] != '_') text.Append('_');
        return text.ToString();
    }

    private static string[]? Parts(string name)
    {
        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '/' or '-' or ' ')) return null;
        var parts = name.Split(['_', '.', '/', '-', ' '], StringSplitOptions.RemoveEmptyEntries);
        return parts.Length > 0 && char.IsAsciiLetter(parts[0][0]) ? parts : null;
    }
}
