using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes;

/// <summary>Moves cheap operations from the kernel that made their operand to the one kernel that reads their result, where the operand is in
/// memory anyway: so a ReLU's mask is told from its result in the backward kernel and never stored.</summary>
/// <remarks>Needs: groups that each can be one kernel. Keeps that. O(operations).</remarks>
internal sealed class FusionSink
{
    private readonly Function _function;
    private readonly FusionPlan _plan;
    private readonly Dictionary<Value, List<Operation>> _readers = [];

    public FusionSink(Function function, FusionPlan plan)
    {
        (_function, _plan) = (function, plan);
        foreach (var operation in function.Operations)
            foreach (var operand in operation.Operands.Distinct())
                (_readers.TryGetValue(operand, out var readers) ? readers : _readers[operand] = []).Add(operation);
    }

    // Readers come first, so that a chain sinks as a whole.
    public void Run()
    {
        foreach (var operation in _function.Operations.Reverse())
            if (TargetOf(operation) is { } target && ReadsOneStored(operation)) _plan.Move(operation, target);
    }

    private FusionGroup? TargetOf(Operation operation)
    {
        if (operation.Op is not IElementOp or IIndexedOp || ElementKernel.IsFunction(operation.Op)) return null;
        var result = operation.Result;
        if (_plan.GroupOf(operation) is not { } own || _function.Results.Contains(result) || !_readers.TryGetValue(result, out var readers)) return null;
        var target = _plan.GroupOf(readers[0]);
        var fits = target is not null && target != own && target.Domain == result.Shape
            && readers.All(r => _plan.GroupOf(r) == target && r.Op is IElementOp and not IIndexedOp && r.Result.Shape == result.Shape);
        return fits ? target : null;
    }

    // Of constants, and of one operand that another kernel has to store in any case.
    private bool ReadsOneStored(Operation operation)
    {
        Value[] stored = [.. operation.Operands.Distinct().Where(o => o.Definition is not { Op: Constant } constant || !FusionPlan.IsInlined(constant))];
        return stored is [var only] && _plan.GroupOf(only) is { } group && _readers[only].Any(r => r != operation && _plan.GroupOf(r) is { } reader && reader != group);
    }
}
