using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Splitting;

/// <summary>Which elementwise operations move into the domain of a split reduction, so that they are still fused with it: what feeds it,
/// and what reads the same elements before any split reduction is done.</summary>
/// <remarks>A kernel has one domain, so what stays behind is written to memory between the two; a reshape of memory copies nothing.
/// O(operations).</remarks>
internal sealed class MovedOperations
{
    private readonly Dictionary<Operation, ReductionSplit> _splits;
    private readonly HashSet<Shape> _shapes;
    private readonly ValueReaders _readers;
    private readonly HashSet<Operation> _late = [];
    private readonly HashSet<Operation> _ofRows = [];
    private readonly Dictionary<Operation, AxisSplit> _moved = [];

    public MovedOperations(Function function)
    {
        _splits = function.Operations.Where(o => o.Op is IReductionOp { GivesIndex: false })
            .Select(o => (Operation: o, Split: ReductionSplit.Of(o.Operands[0].Shape, Reduction.Axes(o))))
            .Where(s => s.Split is not null).ToDictionary(s => s.Operation, s => s.Split!);
        var moving = _splits.Where(s => s.Value is { IsByRows: true, Axis: not null }).ToList();
        _shapes = [.. moving.Select(s => s.Value.Axis!.Shape)];
        _readers = new(function);
        if (moving.Count == 0) return;
        foreach (var operation in function.Operations) Visit(operation);
        foreach (var (reduction, split) in moving) Move(reduction.Operands[0].Definition, split.Axis!);
    }

    /// <summary>The split of the domain that an operation moves into; null where it stays.</summary>
    public AxisSplit? SplitOf(Operation operation) => _moved.GetValueOrDefault(operation);

    private void Visit(Operation operation)
    {
        var sources = operation.Operands.Select(o => o.Definition).OfType<Operation>().ToArray();
        if (_splits.ContainsKey(operation) || sources.Any(_late.Contains)) _late.Add(operation);
        if (IsWholeReduction(operation) || (operation.Op is IElementOp or Broadcast or Reshape && sources.Any(_ofRows.Contains)))
            _ofRows.Add(operation);
    }

    // A reduction of the same elements that is not split: it keeps its kernel, and what follows it there.
    private bool IsWholeReduction(Operation operation) =>
        operation.Op is IReductionOp && _shapes.Contains(operation.Operands[0].Shape) && !_splits.ContainsKey(operation);

    private void Move(Operation? first, AxisSplit split)
    {
        var stack = new Stack<Operation>();
        void Push(Operation? operation)
        {
            if (operation is not null && operation.Results[0].Shape == split.Shape && CanMove(operation) && _moved.TryAdd(operation, split))
                stack.Push(operation);
        }
        Push(first);
        while (stack.TryPop(out var operation))
        {
            foreach (var operand in operation.Operands) Push(operand.Definition);
            foreach (var reader in _readers[operation.Result])
                if (!_late.Contains(reader) && !reader.Operands.Any(IsOfContraction)) Push(reader);
        }
    }

    private bool CanMove(Operation operation)
    {
        if (operation.Op is not IElementOp || operation.Op is IIndexedOp || operation.Results.Length > 1 || _ofRows.Contains(operation))
            return false;
        var readers = _readers[operation.Result];
        // Index maps of other elements are repeated by their reader, and a contraction's epilogue may have several readers.
        return !operation.Operands.Any(IsMapped) && !readers.Any(IsWholeReduction)
            && !(readers.Count > 1 && operation.Operands.Any(IsOfContraction));
    }

    private static bool IsMapped(Value value) => value.Definition is { Op: IIndexedOp and not (Broadcast or Constant or Reshape) };
    private static bool IsOfContraction(Value value) => value.Definition is { Op: DotGeneral };
}
