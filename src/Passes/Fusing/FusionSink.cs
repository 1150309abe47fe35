using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Fusing;

/// <summary>Moves cheap operations from the kernel that computes their operand to the only kernel that reads their result, where the
/// operand is in memory anyway, or small. A ReLU's mask is then derived from its result in the backward kernel and never stored, and the
/// squares of a gradient for its norm are taken where they are summed. Two operands that are parameters do as well where columns are
/// summed.</summary>
/// <remarks>Keeps the invariants of the plan. O(operations).</remarks>
internal sealed class FusionSink
{
    /// <summary>Most operations of a chain that moves as a whole.</summary>
    private const int MostInChain = 8;

    private readonly Function _function;
    private readonly FusionPlan _plan;
    private readonly ValueReaders _readers;
    private readonly HashSet<Value> _results;

    public FusionSink(Function function, FusionPlan plan)
    {
        (_function, _plan, _results) = (function, plan, [.. function.Results]);
        _readers = plan.Readers;
    }

    // Readers come first, so that a chain sinks as a whole.
    public void Run()
    {
        var targets = new HashSet<FusionGroup>();
        foreach (var operation in _function.Operations.Reverse())
        {
            if (OnlyReader(operation) is not { } target || StoredLeaves(operation, target, MostInChain) is not { } leaves) continue;
            Value[] full = [.. leaves.Where(l => l.Shape.ElementCount >= operation.Result.Shape.ElementCount)];
            if (!_plan.ReadsNoMore(operation, full, target)) continue;
            _plan.Move(operation, target);
            targets.Add(target);
        }
        foreach (var target in targets.Where(t => t.Current == t)) _plan.AbsorbSiblings(target);
    }

    private FusionGroup? OnlyReader(Operation operation)
    {
        FusionGroup? only = null;
        foreach (var result in operation.Results)
            for (var (readers, i) = (_readers[result], 0); i < readers.Count; i++)
            {
                if (_plan.GroupOf(readers[i]) is not { } group || (only ?? group) != group) return null;
                only = group;
            }
        return only;
    }

    private bool CanSink(Operation operation, FusionGroup target) =>
        operation.Op is IElementOp and not IIndexedOp && !ElementKernel.IsFunction(operation) && _plan.CanTake(target, operation)
        && _plan.GroupOf(operation) is { } own && own != target && target.Domain == operation.Result.Shape
        && !_results.Contains(operation.Result)
        && _readers[operation.Result].All(r => r.Op is IReductionOp
            || (r.Op is IElementOp and not IIndexedOp && r.Result.Shape == operation.Result.Shape));

    /// <summary>The values in memory that an operation is computed from, through others that can sink with it; null if it cannot sink, or
    /// if other values that are not small would have to be stored for it.</summary>
    private HashSet<Value>? StoredLeaves(Operation operation, FusionGroup target, int length)
    {
        if (length == 0 || !CanSink(operation, target)) return null;
        var leaves = new HashSet<Value>();
        foreach (var leaf in _plan.Leaves(operation).Distinct())
        {
            if (IsStoredWithout(operation, leaf) || FusionPlan.IsSmall(leaf, operation)) leaves.Add(leaf);
            else if (!operation.Operands.Contains(leaf) || _readers[leaf].Count > 1) return null;
            else if (StoredLeaves(leaf.Definition!, target, length - 1) is { } inner) leaves.UnionWith(inner);
            else return null;
        }
        return leaves;
    }

    private bool IsStoredWithout(Operation reader, Value value) => value.Definition is null || _results.Contains(value)
        || (_plan.GroupOf(value) is { } group && _plan.IsReadElsewhere(value, group, reader));
}
