namespace GraphCompiler.IR.Loops;

/// <summary>How often loops run whose count is an expression of the loops around them, on average over what those run.</summary>
internal sealed class LoopCounts
{
    /// <summary>Values of the variables around a loop that are tried: all of them if there are no more, or so many that are
    /// spread evenly, which leaves an error of a few percent where counts spread from nothing to all.</summary>
    private const int MostPoints = 512;

    private readonly List<ForStatement> _around = [];

    /// <summary>Begins the body of a loop.</summary>
    public void Enter(ForStatement loop) => _around.Add(loop);

    /// <summary>Ends it.</summary>
    public void Leave() => _around.RemoveAt(_around.Count - 1);

    /// <summary>Iterations of a loop, each time that it is reached. Half of all where the count is of something beside variables.</summary>
    public double MeanOf(ForStatement loop)
    {
        if (loop.Count is not { } count) return loop.Extent;
        ForStatement[] relevant = [.. Relevant(count)];
        var (sum, reached) = (0.0, 0L);
        foreach (var values in Points(relevant))
        {
            if (relevant.Any(l => l.Count is { } c && Evaluate(c, values) <= values[l.Variable])) continue;
            if (Evaluate(count, values) is not { } iterations) return (loop.Extent + 1) / 2.0;
            (sum, reached) = (sum + iterations, reached + 1);
        }
        return reached > 0 ? sum / reached : 0;
    }

    // The loops around whose variables a count is of, or the count of a loop between; that one weighs them.
    private IEnumerable<ForStatement> Relevant(ScalarExpr count)
    {
        var named = new HashSet<LoopVariable>();
        AddVariables(count, named);
        for (var i = _around.Count - 1; i >= 0; i--)
        {
            if (_around[i].Count is { } outer) AddVariables(outer, named);
            else if (!named.Contains(_around[i].Variable)) continue;
            yield return _around[i];
        }
    }

    private static void AddVariables(ScalarExpr expression, HashSet<LoopVariable> found)
    {
        if (expression is VariableExpr variable) found.Add(variable.Variable);
        foreach (var operand in expression.Operands) AddVariables(operand, found);
    }

    private static IEnumerable<Dictionary<LoopVariable, long>> Points(ForStatement[] loops)
    {
        var values = new Dictionary<LoopVariable, long>();
        var all = loops.Aggregate(1.0, (product, loop) => product * loop.Extent);
        var g = Base(loops.Length);
        for (var point = 0; point < Math.Min(all, MostPoints); point++)
        {
            var (rest, distance) = ((long)point, 1.0);
            foreach (var loop in loops)
            {
                distance /= g;
                var fraction = (0.5 + (point + 1) * distance) % 1;
                values[loop.Variable] = all <= MostPoints ? rest % loop.Extent : (long)(fraction * loop.Extent);
                rest /= loop.Extent;
            }
            yield return values;
        }
    }

    // Multiples of the powers of 1/g, where g to the power d + 1 is g + 1, are spread evenly over d dimensions (Roberts, "The unreasonable
    // effectiveness of quasirandom sequences", 2018).
    private static double Base(int dimensions)
    {
        var g = 2.0;
        for (var i = 0; i < 64; i++) g = Math.Pow(1 + g, 1.0 / (dimensions + 1));
        return g;
    }

    // Null for what is not of constants and variables.
    private static long? Evaluate(ScalarExpr expression, Dictionary<LoopVariable, long> values) => expression switch
    {
        ConstantExpr c => (long)c.Value,
        VariableExpr v => values.TryGetValue(v.Variable, out var value) ? value : null,
        BinaryExpr b when Evaluate(b.X, values) is { } x && Evaluate(b.Y, values) is { } y => Evaluate(b.Kind, x, y),
        CompareExpr c when Evaluate(c.X, values) is { } x && Evaluate(c.Y, values) is { } y => Evaluate(c.Kind, x, y) ? 1 : 0,
        SelectExpr s when Evaluate(s.Condition, values) is { } condition =>
            Evaluate(condition != 0 ? s.WhenTrue : s.WhenFalse, values),
        _ => null,
    };

    private static long? Evaluate(BinaryKind kind, long x, long y) => kind switch
    {
        BinaryKind.Add => x + y,
        BinaryKind.Sub => x - y,
        BinaryKind.Mul => x * y,
        BinaryKind.Div => y == 0 ? null : x / y,
        BinaryKind.Rem => y == 0 ? null : x % y,
        BinaryKind.Min => Math.Min(x, y),
        BinaryKind.Max => Math.Max(x, y),
        _ => null,
    };

    private static bool Evaluate(CompareKind kind, long x, long y) => kind switch
    {
        CompareKind.Eq => x == y,
        CompareKind.Ne => x != y,
        CompareKind.Lt => x < y,
        CompareKind.Le => x <= y,
        CompareKind.Gt => x > y,
        _ => x >= y,
    };
}
