using System.Collections.Immutable;
using GraphCompiler.IR;

namespace GraphCompiler.Passes;

/// <summary>Computes equal operations once: same op, operands and attributes.</summary>
/// <remarks>All ops are pure. Operations with regions are left. Ensures: no two of the others are equal. O(operations).</remarks>
public sealed class CommonSubexpressions : IPass
{
    private readonly record struct Key(IR.Ops.Op Op, string Operands, AttributeMap Attributes);

    /// <inheritdoc/>
    public string Name => "cse";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        var known = new Dictionary<Key, ImmutableArray<Value>>();
        return Rewriter.Rebuild(function, (operation, builder, operands) =>
        {
            if (operation.Body is not null) return null;
            var key = new Key(operation.Op, string.Join(',', operands.Select(o => o.Id)), operation.Attributes);
            if (known.TryGetValue(key, out var earlier) && context.Budget.TryTake()) return earlier;
            var results = builder.EmitAll(operation.Op, operands.AsSpan(), operation.Attributes, operation.Location);
            known[key] = results;
            return results;
        });
    }
}
