using GraphCompiler.IR;

namespace GraphCompiler.Passes;

/// <summary>Which values a derivative passes through: reached from what is differentiated AND reaching a result.</summary>
/// <remarks>Only differentiable operands count, so integer operands, stopped gradients and frozen parameters end a path.
/// O(operations).</remarks>
public sealed class NeedsGradient
{
    private readonly HashSet<Value> _values;

    private NeedsGradient(HashSet<Value> values) => _values = values;

    /// <summary>Number of values a derivative passes through.</summary>
    public int Count => _values.Count;

    /// <summary>Whether a derivative passes through <paramref name="value"/>.</summary>
    public bool Contains(Value value) => _values.Contains(value);

    /// <summary>Whether a derivative passes through operand <paramref name="index"/> of <paramref name="operation"/>.</summary>
    public bool Wants(Operation operation, int index) =>
        _values.Contains(operation.Operands[index]) && operation.Op.IsDifferentiable(operation, index);

    /// <summary>Whether a derivative passes through a result of <paramref name="operation"/>.</summary>
    public bool ContainsResult(Operation operation)
    {
        foreach (var result in operation.Results)
            if (_values.Contains(result)) return true;
        return false;
    }

    /// <summary>Analyses <paramref name="operations"/>, which are in execution order.</summary>
    public static NeedsGradient Of(IReadOnlyList<Operation> operations, IEnumerable<Value> wrt, IEnumerable<Value> results)
    {
        var reached = ReachedFrom(operations, wrt);
        var needed = new HashSet<Value>(results.Where(reached.Contains));
        for (var i = operations.Count - 1; i >= 0; i--)
        {
            var operation = operations[i];
            if (!operation.Results.Any(needed.Contains)) continue;
            for (var k = 0; k < operation.Operands.Length; k++)
                if (reached.Contains(operation.Operands[k]) && operation.Op.IsDifferentiable(operation, k))
                    needed.Add(operation.Operands[k]);
        }
        return new NeedsGradient(needed);
    }

    private static HashSet<Value> ReachedFrom(IReadOnlyList<Operation> operations, IEnumerable<Value> wrt)
    {
        var reached = new HashSet<Value>(wrt);
        foreach (var operation in operations)
        {
            for (var k = 0; k < operation.Operands.Length; k++)
            {
                if (!reached.Contains(operation.Operands[k]) || !operation.Op.IsDifferentiable(operation, k)) continue;
                reached.UnionWith(operation.Results.Where(r => r.DType.IsFloating));
                break;
            }
        }
        return reached;
    }
}
