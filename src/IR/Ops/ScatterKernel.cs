using System.Numerics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The kernel of <see cref="ScatterAdd"/>: sums the updates of each row, then adds the sums to the rows.</summary>
/// <remarks>The sums are in a buffer of as many rows as the table has, or as there are updates if those are fewer: then a row's sum is
/// at its number among the rows that have updates, in the order of their first, and rows that no index names are not touched at all. One
/// worker owns a range of columns and adds in the order of the indices, so no bit depends on the number of workers. O(updates), and O(rows)
/// where there are no more rows than updates, or where they are copied.</remarks>
internal sealed class ScatterKernel
{
    private readonly Operation _operation;
    private readonly TargetTraits _target;
    private readonly LoopBuffer _from, _at, _add, _to;
    private readonly ScatterSums _adding;
    private readonly int _rows, _lanes;
    private readonly long _columns, _count;

    public ScatterKernel(Operation operation, TargetTraits target)
    {
        (_operation, _target) = (operation, target);
        var (operand, indices, updates) = (operation.Operands[0], operation.Operands[1], operation.Operands[2]);
        (_from, _at, _add, _to) = (LoopBuffer.Argument("operand", operand.Type), LoopBuffer.Argument("indices", indices.Type),
            LoopBuffer.Argument("updates", updates.Type), LoopBuffer.Argument("r0", operation.Result.Type, isWritten: true));
        (_rows, _count) = (operand.Shape[0], indices.Shape.ElementCount);
        _columns = operand.Shape.ElementCount / _rows;
        // Types narrower than f32 have too few bits to add in.
        _adding = new ScatterSums(operand.DType is { IsFloating: true, Bits: < 32 } ? DType.F32 : operand.DType,
            _count > ScatterSums.MostPlain);
        _lanes = (int)Math.Min((ulong)target.Lanes(_adding.DType) * 2, BitOperations.RoundUpToPowerOf2((ulong)Math.Max(_columns, 1)));
    }

    private bool IsByRow => _rows <= _count;

    public Kernel Build()
    {
        if (!_adding.DType.IsFloating) return Whole(true) with { InPlace = Whole(false) };
        return IsByRow ? Summed(true) : Summed(true) with { InPlace = Summed(false) };
    }

    /// <summary>The kernel of a <see cref="Scatter"/>, in the order of the indices too.</summary>
    /// <param name="kind">set, max or min.</param>
    public Kernel Replaced(string kind)
    {
        Kernel Of(bool copies) => Whole(copies, (old, update) => kind == "set" ? update
            : ScalarExpr.Binary(kind == "max" ? BinaryKind.Max : BinaryKind.Min, old, update));
        return Of(true) with { InPlace = Of(false) };
    }

    // Integers may be added in any order.
    private Kernel Whole(bool copies) => Whole(copies, (old, update) => old + update);

    private Kernel Whole(bool copies, Func<ScalarExpr, ScalarExpr, ScalarExpr> combine)
    {
        var lane = new LoopVariable("i");
        ScalarExpr At(ScalarExpr n) => Row(n) * _columns + lane.Value;
        var adds = Each("n", _count, n =>
            [new StoreStatement(_to, At(n), combine(new LoadExpr(_to, At(n)), new LoadExpr(_add, n * _columns + lane.Value)))]);
        return Kernel(copies, [],
            [.. copies ? Copied() : [], new ForStatement(lane, _columns, LoopKind.ParallelVector, _lanes, [adds])]);
    }

    private Kernel Summed(bool copies)
    {
        // Of a worker's columns, or of all of them where that is less.
        var isShared = (long)_lanes * _target.Workers > _columns;
        var (width, slots) = (isShared ? _columns : _lanes, IsByRow ? _rows : _count);
        LoopBuffer Scratch(string name) => new(name, _adding.DType, Math.Max(slots * width, 1),
            isShared ? BufferScope.Shared : BufferScope.Worker, isWritten: true);
        var (sums, lost) = (Scratch("sums"), Scratch("lost"));
        var named = new NamedRows(PerWorker("first", _rows), PerWorker("slot", _count), PerWorker("rows", _count), new("named", DType.I64));
        var used = IsByRow ? null : SortKernel.Within(new LocalExpr(named.Count), slots + 1);

        ForStatement Columns(ScalarExpr start, long extent)
        {
            var lane = new LoopVariable("i");
            var (column, own) = (start + lane.Value, isShared ? start + lane.Value : lane.Value);
            var clear = Each("s", slots, s => _adding.Clear(sums, lost, s * width + own)) with { Count = used };
            var adds = Each("n", _count, n =>
                _adding.Add(sums, lost, Slot(n) * width + own, new LoadExpr(_add, n * _columns + column)));
            var ends = IsByRow ? Each("row", _rows, row => [Sum(row * _columns + column, row * width + own)])
                : Each("s", slots, s => [Sum(Gather.RowAt(named.Rows, s, _rows) * _columns + column, s * width + own)]) with
                {
                    Count = used,
                };
            return new(lane, extent, LoopKind.Vector, _lanes, [clear, adds, ends]);
        }
        StoreStatement Sum(ScalarExpr position, ScalarExpr at) => new(_to, position,
            (new LoadExpr(_from, position).ConvertTo(_adding.DType) + new LoadExpr(sums, at)).ConvertTo(_to.DType));
        ScalarExpr Slot(ScalarExpr n) => IsByRow ? Row(n) : Gather.RowAt(named.Slot, n, (int)_count);

        var (block, full, remainder) = (new LoopVariable("block"), _columns / _lanes, _columns % _lanes);
        List<Statement> statements = IsByRow ? [] : [.. FindSlots(named), .. copies ? Copied() : []];
        if (full > 0) statements.Add(new ForStatement(block, full, LoopKind.Parallel, 1, [Columns(block.Value * _lanes, _lanes)]));
        if (remainder > 0)
            statements.Add(new ForStatement(new LoopVariable("last"), 1, LoopKind.Parallel, 1,
                [Columns(ScalarExpr.Index(full * _lanes), remainder)]));
        LoopBuffer[] scratch = [sums, .. _adding.IsCompensated ? [lost] : (LoopBuffer[])[],
            .. IsByRow ? [] : (LoopBuffer[])[named.First, named.Slot, named.Rows]];
        return Kernel(copies || IsByRow, scratch, [.. statements]);
    }

    /// <summary>For each row where its first update is, for each update the number of its row among the named ones, those rows, and how
    /// many they are.</summary>
    private sealed record NamedRows(LoopBuffer First, LoopBuffer Slot, LoopBuffer Rows, Local Count);

    // Each worker for itself. From the last index to the first, so that a row's last store is that of its first index; rows that no index
    // names hold anything.
    private IEnumerable<Statement> FindSlots(NamedRows named)
    {
        var (first, slot, count) = (new Local("first", DType.I64), new Local("slot", DType.I64), new LocalExpr(named.Count));
        yield return Each("n", _count, n =>
        {
            var position = ScalarExpr.Index(_count - 1) - n;
            return [new StoreStatement(named.First, Row(position), position.ConvertTo(DType.I32))];
        });
        yield return new LetStatement(named.Count, ScalarExpr.Index(0));
        yield return Each("n", _count, n =>
        {
            var isNew = ScalarExpr.Compare(CompareKind.Eq, new LocalExpr(first), n);
            return
            [
                new LetStatement(first, Gather.RowAt(named.First, Row(n), (int)_count)),
                new LetStatement(slot, ScalarExpr.Select(isNew, count,
                    new LoadExpr(named.Slot, SortKernel.Within(new LocalExpr(first), _count)).ConvertTo(DType.I64))),
                new StoreStatement(named.Slot, n, new LocalExpr(slot).ConvertTo(DType.I32)),
                new StoreStatement(named.Rows, SortKernel.Within(new LocalExpr(slot), _count), Row(n).ConvertTo(DType.I32)),
                new AssignStatement(named.Count, 0, count + ScalarExpr.Select(isNew, ScalarExpr.Index(1), ScalarExpr.Index(0))),
            ];
        });
    }

    private ScalarExpr Row(ScalarExpr n) => Gather.RowAt(_at, n, _rows);

    // In the order of memory, whatever columns a worker adds to: a column's elements alone are on lines of their own.
    private IEnumerable<Statement> Copied()
    {
        var element = new LoopVariable("element");
        yield return new ForStatement(element, _rows * _columns, LoopKind.ParallelVector, Math.Max(_target.Lanes(_to.DType) * 2, 1),
            [new StoreStatement(_to, element.Value, new LoadExpr(_from, element.Value))]);
        yield return new BarrierStatement();
    }

    private Kernel Kernel(bool touchesAll, LoopBuffer[] scratch, Statement[] body) => new(_operation.Op.Name, [_from, _at, _add, _to],
        [.. scratch], [.. body], _operation.Location.IsKnown ? [_operation.Location] : [],
        (touchesAll ? (double)_rows * _columns : 0) + 2.0 * _count * _columns);

    private static LoopBuffer PerWorker(string name, long elements) =>
        new(name, DType.I32, Math.Max(elements, 1), BufferScope.Worker, isWritten: true);

    private static ForStatement Each(string name, long extent, Func<ScalarExpr, Statement[]> body)
    {
        var variable = new LoopVariable(name);
        return new(variable, extent, LoopKind.Serial, 1, [.. body(variable.Value)]);
    }
}
