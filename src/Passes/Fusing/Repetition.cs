using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Fusing;

/// <summary>Repeats cheap elementwise operations in each kernel that reads their result, where what they are computed from is in memory
/// anyway, or small beside it: a tensor less its channels' means, for the variance and for what is normalized, is then never
/// written.</summary>
/// <remarks>A copy reads at most one tensor of its result's size, so no kernel reads more than it would have; or two parameters, where the
/// result is then computed nowhere else: the product of a cotangent and what was normalized, whose column sums are a scale's gradient.
/// O(operations).</remarks>
internal sealed class Repetition
{
    /// <summary>Most operations of a chain that is repeated as a whole.</summary>
    private const int MostInChain = 4;

    private readonly Function _function;
    private readonly FusionPlan _plan;
    private readonly ValueReaders _readers;
    private readonly HashSet<Value> _results;
    // What readers in other kernels compute anew, and what is copied on the way to it.
    private readonly HashSet<Value> _repeated = [];
    private readonly HashSet<Value> _copied = [];

    private Repetition(Function function, FusionPlan plan)
    {
        (_function, _plan, _results) = (function, plan, [.. function.Results]);
        _readers = plan.Readers;
    }

    /// <summary>The function with copies beside their readers, or the function itself where nothing is repeated.</summary>
    public static Function Apply(Function function, FusionPlan plan)
    {
        var repetition = new Repetition(function, plan);
        foreach (var operation in function.Operations) repetition.Consider(operation);
        return repetition._repeated.Count == 0 ? function : repetition.Rewrite();
    }

    private void Consider(Operation operation)
    {
        if (!IsCheap(operation) || _plan.GroupOf(operation) is not { } own || _results.Contains(operation.Result)) return;
        var others = _readers[operation.Result].Where(r => _plan.GroupOf(r) != own).ToList();
        var copied = new HashSet<Value>();
        if (others.Count == 0 || !others.All(IsOfElements) || StoredLeaves(operation, own, copied, MostInChain) is not { } leaves) return;
        Value[] full = [.. leaves.Where(l => l.Shape.ElementCount == operation.Result.Shape.ElementCount)];
        if (full.Length > 1 && !(OnlyReader(operation, others) is { } target && _plan.ReadsNoMore(operation, full, target))) return;
        _repeated.Add(operation.Result);
        _copied.UnionWith(copied);
    }

    // The one kernel that needs a result which its own does not.
    private FusionGroup? OnlyReader(Operation operation, List<Operation> others) => others.Count == _readers[operation.Result].Count
        && others.Select(_plan.GroupOf).Distinct().ToArray() is [{ } only] ? only : null;

    private static bool IsCheap(Operation operation) =>
        operation.Op is IElementOp and not IIndexedOp && operation.Results.Length == 1 && !ElementKernel.IsFunction(operation);

    // The values in memory that an operation is computed from, through cheap ones of its kernel, which are copied too; null if others
    // that are not small would have to be stored for it.
    private HashSet<Value>? StoredLeaves(Operation operation, FusionGroup own, HashSet<Value> copied, int length)
    {
        if (length == 0) return null;
        var leaves = new HashSet<Value>();
        copied.Add(operation.Result);
        foreach (var leaf in _plan.Leaves(operation))
        {
            var isStored = !_repeated.Contains(leaf) && (IsStoredWithout(operation, own, leaf) || FusionPlan.IsSmall(leaf, operation));
            if (isStored && !copied.Contains(leaf)) leaves.Add(leaf);
            else if (operation.Operands.Contains(leaf) && IsCheap(leaf.Definition!)
                && StoredLeaves(leaf.Definition!, own, copied, length - 1) is { } inner) leaves.UnionWith(inner);
            else return null;
        }
        return leaves;
    }

    private static bool IsOfElements(Operation reader) => reader.Op is IReductionOp or (IElementOp and not IIndexedOp);

    private bool IsStoredWithout(Operation reader, FusionGroup own, Value value) => value.Definition is null || _results.Contains(value)
        || _plan.GroupOf(value) != own || _plan.IsReadElsewhere(value, own, reader);

    // One copy for each kernel: its group is told by the plan that found it worth while. What is computed where it is read has no group,
    // and neither does its copy.
    private Function Rewrite()
    {
        var builder = new FunctionBuilder(_function.Name);
        var map = new Dictionary<Value, Value>();
        var copies = new Dictionary<(Value, FusionGroup?), Value>();
        foreach (var parameter in _function.Parameters)
            map[parameter] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in _function.Operations)
        {
            var inputs = operation.Operands.Distinct().ToDictionary(o => o, o => map[o]);
            foreach (var operand in operation.Operands.Where(_repeated.Contains))
                inputs[operand] = CopyFor(_plan.GroupOf(operation), operand);
            builder.Clone(operation, inputs);
            foreach (var result in operation.Results) map[result] = inputs[result];
        }
        return builder.Build([.. _function.Results.Select(r => map[r])]);

        Value CopyFor(FusionGroup? group, Value value)
        {
            if (_plan.GroupOf(value) == group) return map[value];
            if (copies.TryGetValue((value, group), out var copy)) return copy;
            var inputs = value.Definition!.Operands.Distinct().ToDictionary(o => o, o => _copied.Contains(o) ? CopyFor(group, o) : map[o]);
            builder.Clone(value.Definition, inputs);
            return copies[(value, group)] = inputs[value];
        }
    }
}
