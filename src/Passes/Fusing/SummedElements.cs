using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Fusing;

/// <summary>What only a sum of disjoint elements reads (concatenate, overlap_add, pad): it reads each element once, so computing it there
/// is no more work, and spares a round trip through memory. So do sums of such sums, as long as what one kernel computes is of a bounded
/// size: a concatenation of thousands of parts, which is a tree of some, would be one choice among thousands.</summary>
internal static class SummedElements
{
    /// <summary>Most elements that one element of an index map is a sum of, each computed anew from memory.</summary>
    private const int MostSummed = 16;

    /// <summary>The operations that their readers compute. O(operations).</summary>
    public static HashSet<Operation> Of(Function function, HashSet<Operation> guarded)
    {
        var weights = new KernelWeights(function.Operations.Length);
        foreach (var operation in function.Operations) weights.Add(operation);
        // How many elements of each one element of what is stored is computed from.
        var read = new Dictionary<Operation, long>();
        var others = function.Results.Select(r => r.Definition).OfType<Operation>().ToHashSet();
        foreach (var operation in function.Operations.Reverse())
        {
            long? own = operation.Op is IIndexedOp op ? op.DisjointTerms(operation) : operation.Op is IElementOp ? 1 : null;
            if (guarded.Contains(operation)) own = null;
            if (others.Contains(operation) || !(read.GetValueOrDefault(operation) * own <= MostSummed)) read.Remove(operation);
            var terms = read.TryGetValue(operation, out var times) ? times * own : operation.Op is IIndexedOp ? own : null;
            // An index map that leaves the shape as it is (a concatenation with nothing) reads its kernel's own elements.
            bool IsOwn(Operation operand) => operation.Op is IIndexedOp && operand.Result.Shape == operation.Result.Shape;
            foreach (var operand in operation.Operands.Select(o => o.Definition).OfType<Operation>())
                if (terms is <= MostSummed and var n && !IsOwn(operand) && weights.Holds(operation, operand))
                    read[operand] = Math.Max(read.GetValueOrDefault(operand), n);
                else others.Add(operand);
        }
        return [.. read.Keys];
    }
}
