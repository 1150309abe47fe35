using System.Collections.Immutable;
using GraphCompiler.IR;

namespace GraphCompiler.Passes;

/// <summary>Computes equal operations once: same op, operands and attributes.</summary>
/// <remarks>All ops are pure. Operations with regions are left. Ensures: no two of the others are equal. O(operations).</remarks>
public sealed class CommonSubexpressions : IPass
{
    /// <summary>What equal operations have in common.</summary>
    private readonly record struct Key(IR.Ops.Op Op, ImmutableArray<Value> Operands, AttributeMap Attributes)
    {
        public bool Equals(Key other) =>
            Op == other.Op && Operands.AsSpan().SequenceEqual(other.Operands.AsSpan()) && Attributes.Equals(other.Attributes);

        public override int GetHashCode()
        {
            var hash = HashCode.Combine(Op, Attributes);
            foreach (var operand in Operands) hash = HashCode.Combine(hash, operand.Id);
            return hash;
        }
    }

    /// <inheritdoc/>
    public string Name => "cse";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        var known = new Dictionary<Key, ImmutableArray<Value>>();
        return Rewriter.Rebuild(function, (operation, builder, operands) =>
        {
            if (operation.Body is not null) return null;
            var key = new Key(operation.Op, operands, operation.Attributes);
            if (known.TryGetValue(key, out var earlier) && context.Budget.TryTake()) return earlier;
            var results = builder.Clone(operation, operands);
            known[key] = results;
            return results;
        });
    }
}
