using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>The letters of an einsum's axes, those of an ellipsis being numbered characters that no equation has.</summary>
/// <param name="Operands">A letter for each axis of each operand.</param>
/// <param name="Result">A letter for each axis of the result, each once.</param>
internal sealed record EinsumEquation(string[] Operands, string Result)
{
    private const string Ellipsis = "...";

    // A private use area of Unicode; the last axis of an ellipsis is the first of it.
    private const char FirstOfEllipsis = '\uE000';

    public static bool IsOfEllipsis(char letter) => letter >= FirstOfEllipsis;

    public static EinsumEquation Parse(SyntaxCall call, string equation, Value[] operands)
    {
        var text = equation.Replace(" ", "", StringComparison.Ordinal);
        var sides = text.Split("->");
        call.Require(sides.Length <= 2, DiagnosticCode.BadAttribute, () => "more than one \"->\"");
        var terms = sides[0].Split(',');
        call.Require(terms.Length == operands.Length, DiagnosticCode.BadAttribute,
            () => $"names {terms.Length} operands, given {operands.Length}");
        var longest = 0;
        for (var i = 0; i < terms.Length; i++)
        {
            Check(call, terms[i]);
            var (term, operand, letters) = (terms[i], operands[i], Letters(terms[i]).Length);
            call.Require(HasEllipsis(term) ? letters <= operand.Rank : letters == operand.Rank, DiagnosticCode.RankMismatch,
                () => $"\"{term}\" names {letters} axes of {operand} : {operand.Type}");
            if (HasEllipsis(term)) longest = Math.Max(longest, operand.Rank - letters);
        }
        string[] expanded = [.. terms.Zip(operands, (t, o) => Expanded(t, o.Rank - Letters(t).Length))];
        var all = string.Concat(expanded);
        if (sides.Length == 1)
            return new(expanded, OfEllipsis(longest)
                + string.Concat(all.Where(c => !IsOfEllipsis(c) && all.Count(d => d == c) == 1).Order()));
        Check(call, sides[1]);
        var letter = Letters(sides[1]);
        call.Require(letter.Distinct().Count() == letter.Length, DiagnosticCode.BadAttribute, () => $"\"{sides[1]}\" names an axis twice");
        foreach (var c in letter)
            call.Require(all.Contains(c, StringComparison.Ordinal), DiagnosticCode.BadAttribute, () => $"no operand has the axis \"{c}\"");
        return new(expanded, Expanded(sides[1], longest));
    }

    private static void Check(SyntaxCall call, string term)
    {
        var dots = term.IndexOf(Ellipsis, StringComparison.Ordinal);
        var rest = dots < 0 ? term : term.Remove(dots, Ellipsis.Length);
        foreach (var c in rest)
            call.Require(char.IsAsciiLetter(c), DiagnosticCode.BadAttribute, () => $"\"{term}\" is not letters and at most one \"...\"");
    }

    private static bool HasEllipsis(string term) => term.Contains(Ellipsis, StringComparison.Ordinal);

    private static string Letters(string term) => term.Replace(Ellipsis, "", StringComparison.Ordinal);

    private static string Expanded(string term, int axes) =>
        HasEllipsis(term) ? term.Replace(Ellipsis, OfEllipsis(axes), StringComparison.Ordinal) : term;

    // Aligned at the last axis, as NumPy broadcasts.
    private static string OfEllipsis(int axes) =>
        string.Concat(Enumerable.Range(0, axes).Select(i => (char)(FirstOfEllipsis + axes - 1 - i)));
}
