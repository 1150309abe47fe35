using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Einstein's summation convention.</summary>
public static class EinsumSyntax
{
    extension(Value x)
    {
        /// <summary>Products of elements, summed over axes: <c>x.Einsum("ij,jk->ik", y)</c> is a matmul. Each operand's axes are named by
        /// letters; an axis that the result does not name is summed over, and one that several operands name is the same index in
        /// all.</summary>
        /// <param name="equation">Letters for the axes of x, and of each of the others behind a comma; then <c>-></c> and those of the
        /// result. Without them the result has the letters that occur once, in alphabetical order. A letter that an operand names twice
        /// takes its diagonal. <c>...</c> stands for leading axes that all have in common, and that broadcast. Spaces do not
        /// count.</param>
        /// <param name="others">Further operands, of x's element type.</param>
        /// <remarks>Operands are contracted from left to right, two at a time: each is a reduction, a product of elements, or
        /// <c>dot_general</c>.</remarks>
        /// <exception cref="GraphException">SGC1001: element types differ, or are bool. SGC1002: a letter has axes of different sizes, or
        /// those of <c>...</c> do not broadcast. SGC1003: an operand has another number of axes than letters. SGC1005: the equation cannot
        /// be read, or has another number of operands. SGC1008: an operand is of another builder.</exception>
        public Value Einsum(string equation, params ReadOnlySpan<Value> others)
        {
            ArgumentNullException.ThrowIfNull(equation);
            Value[] more = [.. others];
            foreach (var other in more) ArgumentNullException.ThrowIfNull(other, nameof(others));
            var call = new SyntaxCall($"Einsum \"{equation}\"", x, Value.CallSite(x));
            foreach (var other in more)
            {
                call.Own(other, nameof(others)).Require(other.DType == x.DType, DiagnosticCode.DTypeMismatch,
                    () => $"element types differ: {x.Type} and {other.Type}");
            }
            call.Require(x.DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => $"needs numbers, got {x.Type}");
            var equationOf = EinsumEquation.Parse(call, equation, [x, .. more]);
            return call.Compose(() => Contracted(call, equationOf, [x, .. more]));
        }
    }

    private static Value Contracted(SyntaxCall call, EinsumEquation equation, Value[] operands)
    {
        var terms = new Term[operands.Length];
        for (var i = 0; i < terms.Length; i++) terms[i] = OfDistinct(call, new(operands[i], equation.Operands[i]));
        terms = Broadcast(call, equation, terms);
        var result = terms[0];
        for (var i = 0; i < terms.Length; i++)
        {
            // What neither the result nor a later operand names is summed over as soon as it is there.
            var needed = equation.Result + string.Concat(terms.Skip(i + 1).Select(t => t.Axes));
            if (i > 0) result = Product(result, terms[i], needed);
            result = SummedTo(result, needed);
        }
        return InOrder(result, equation.Result);
    }

    private sealed record Term(Value Value, string Axes);

    // The diagonal of axes that have one letter.
    private static Term OfDistinct(SyntaxCall call, Term term)
    {
        while (term.Axes.FirstOrDefault(a => term.Axes.Count(b => b == a) > 1) is var twice and not '\0')
        {
            var (first, second) = (term.Axes.IndexOf(twice, StringComparison.Ordinal), term.Axes.LastIndexOf(twice));
            var (m, n) = (term.Value.Shape[first], term.Value.Shape[second]);
            call.Require(m == n, DiagnosticCode.ShapeMismatch, () => $"\"{twice}\" has sizes {m} and {n}");
            int[] rest = [.. Enumerable.Range(0, term.Axes.Length).Where(a => a != first && a != second)];
            var diagonal = MovementSyntax.OnDiagonal(term.Value.Transpose([.. rest, first, second]), 0);
            term = new(diagonal, string.Concat(rest.Select(a => term.Axes[a])) + twice);
        }
        return term;
    }

    // Axes of the ellipsis, which have letters of their own, may be of size 1 in one operand and not in another.
    private static Term[] Broadcast(SyntaxCall call, EinsumEquation equation, Term[] terms)
    {
        var sizes = new Dictionary<char, int>();
        foreach (var (value, axes) in terms)
            foreach (var (axis, letter) in axes.Index())
                if (!sizes.TryGetValue(letter, out var size) || (size == 1 && EinsumEquation.IsOfEllipsis(letter)))
                    sizes[letter] = value.Shape[axis];
        return [.. terms.Select(term =>
        {
            for (var axis = 0; axis < term.Axes.Length; axis++)
            {
                var (letter, size, wanted) = (term.Axes[axis], term.Value.Shape[axis], sizes[term.Axes[axis]]);
                call.Require(size == wanted || (size == 1 && EinsumEquation.IsOfEllipsis(letter)), DiagnosticCode.ShapeMismatch,
                    () => EinsumEquation.IsOfEllipsis(letter) ? $"sizes {wanted} and {size} of \"...\" do not broadcast"
                        : $"\"{letter}\" has sizes {wanted} and {size}");
            }
            int[] shape = [.. term.Axes.Select(a => sizes[a])];
            return term with { Value = Broadcasting.To(term.Value, new Shape(shape)) };
        })];
    }

    private static Term SummedTo(Term term, string needed)
    {
        int[] dropped = [.. term.Axes.Index().Where(a => !needed.Contains(a.Item, StringComparison.Ordinal)).Select(a => a.Index)];
        return dropped.Length == 0 ? term
            : new(term.Value.Sum(dropped), string.Concat(term.Axes.Where(a => needed.Contains(a, StringComparison.Ordinal))));
    }

    private static Term Product(Term x, Term y, string needed)
    {
        // An axis of one operand alone that nobody needs is summed first.
        (x, y) = (SummedTo(x, needed + y.Axes), SummedTo(y, needed + x.Axes));
        string common = string.Concat(x.Axes.Where(a => y.Axes.Contains(a, StringComparison.Ordinal))),
            batch = string.Concat(common.Where(a => needed.Contains(a, StringComparison.Ordinal))),
            summed = string.Concat(common.Where(a => !needed.Contains(a, StringComparison.Ordinal)));
        string freeX = Without(x.Axes, common), freeY = Without(y.Axes, common), axes = batch + freeX + freeY;
        // With no axis of one operand alone nothing is read twice; products of narrow floats are contracted, which does not round them.
        if (summed.Length > 0 && batch.Length > 0 && freeX.Length + freeY.Length == 0
            && x.Value.DType is not { IsFloating: true, Bits: < 32 })
            return SummedTo(new(InOrder(x, batch + summed) * InOrder(y, batch + summed), batch + summed), needed);
        if (summed.Length > 0)
        {
            var pairs = new DotGeneral.Axes(AxesOf(x, batch), AxesOf(y, batch), AxesOf(x, summed), AxesOf(y, summed));
            return new(x.Value.Emit(DotGeneral.Instance, default, pairs.Attributes, y.Value), axes);
        }
        var (left, right) = (InOrder(x, batch + freeX), InOrder(y, batch + freeY));
        for (var i = 0; i < freeY.Length; i++) left = left.ExpandDims(-1);
        for (var i = 0; i < freeX.Length; i++) right = right.ExpandDims(batch.Length);
        return new(left * right, axes);
    }

    private static Value InOrder(Term term, string axes) => term.Axes == axes ? term.Value : term.Value.Transpose(AxesOf(term, axes));

    private static int[] AxesOf(Term term, string letters) => [.. letters.Select(a => term.Axes.IndexOf(a, StringComparison.Ordinal))];

    private static string Without(string axes, string others) =>
        string.Concat(axes.Where(a => !others.Contains(a, StringComparison.Ordinal)));
}
