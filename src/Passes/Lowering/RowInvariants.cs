using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>What is the same for all elements of a row, such as an index in memory that names the row: it is read once, before the vectors.
/// </summary>
/// <remarks>LLVM leaves such a load in the loop: for all that it knows, a store of the loop changes the element.</remarks>
internal sealed class RowInvariants
{
    private readonly Dictionary<ScalarExpr, LocalExpr> _known = [];
    private readonly HashSet<Local> _locals = [];

    /// <summary>The variable of the vector loop that is being built.</summary>
    public LoopVariable? Lane { get; set; }

    /// <summary>What precedes the vectors.</summary>
    public List<Statement> Statements { get; } = [];

    /// <summary>A local of the expression's value, if that is the same for all elements; else the expression.</summary>
    public ScalarExpr Once(ScalarExpr expression, Func<Local> newLocal)
    {
        if (Varies(expression)) return expression;
        if (_known.TryGetValue(expression, out var known)) return known;
        var local = newLocal();
        Statements.Add(new LetStatement(local, expression));
        _locals.Add(local);
        return _known[expression] = new LocalExpr(local);
    }

    private bool Varies(ScalarExpr expression)
    {
        if (expression is VariableExpr v && v.Variable == Lane || expression is LocalExpr l && !_locals.Contains(l.Local)) return true;
        foreach (var operand in expression.Operands)
            if (Varies(operand)) return true;
        return false;
    }
}
