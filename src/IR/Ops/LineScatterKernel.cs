using System.Numerics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The kernel of <see cref="ScatterAddAlongAxis"/>: sums the updates of each element of a line along the axis, then adds the sums
/// to the line. That of <see cref="ScatterAlongAxis"/> too, which updates the line itself.</summary>
/// <remarks>Lines are workers', and a line's updates are added in the order of the indices, so no bit depends on the number of workers. The
/// sums of a line stay in the nearest cache. Where the axis is not the last, neighboring lines are side by side in a vector.
/// O(operand + updates).</remarks>
internal sealed class LineScatterKernel
{
    /// <summary>Updates that stand one after another in the code: counting them takes as long as half an addition.</summary>
    private const int Together = 4;

    private readonly Operation _operation;
    private readonly LoopBuffer _from, _at, _add, _to, _sums, _lost;
    private readonly ScatterSums _adding;
    private readonly int _size, _count, _lanes, _vector;
    private readonly long _outer, _inner;

    public LineScatterKernel(Operation operation, TargetTraits target)
    {
        _operation = operation;
        var (axis, operand, indices, updates) =
            (Cumulative.Axis(operation), operation.Operands[0], operation.Operands[1], operation.Operands[2]);
        (_from, _at, _add, _to) = (LoopBuffer.Argument("operand", operand.Type), LoopBuffer.Argument("indices", indices.Type),
            LoopBuffer.Argument("updates", updates.Type), LoopBuffer.Argument("r0", operation.Result.Type, isWritten: true));
        (_size, _count) = (operand.Shape[axis], indices.Shape[axis]);
        _outer = operand.Shape.Take(axis).Aggregate(1L, (a, b) => a * b);
        _inner = operand.Shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        // A term of f32 has 29 bits to spare in f64.
        _adding = new ScatterSums(operand.DType.IsFloating && operation.Op is ScatterAddAlongAxis ? DType.F64 : operand.DType,
            operand.DType == DType.F64 && _count > ScatterSums.MostPlain);
        _vector = Math.Max(target.Lanes(_adding.DType), 1);
        _lanes = (int)Math.Min((ulong)_vector, BitOperations.RoundUpToPowerOf2((ulong)Math.Max(_inner, 1)));
        LoopBuffer Scratch(string name) => new(name, _adding.DType, (long)_size * _lanes, BufferScope.Worker, isWritten: true);
        (_sums, _lost) = (Scratch("sums"), Scratch("lost"));
    }

    public Kernel Build() => new(_operation.Op.Name, [_from, _at, _add, _to], _adding.IsCompensated ? [_sums, _lost] : [_sums],
        [.. Body(Line, Lines)], _operation.Location.IsKnown ? [_operation.Location] : [], 2.0 * _outer * _inner * (_size + _count));

    /// <summary>The kernel of a <see cref="ScatterAlongAxis"/>.</summary>
    /// <param name="kind">set, max or min.</param>
    public Kernel Replaced(string kind)
    {
        Kernel Of(bool copies) => new(_operation.Op.Name, [_from, _at, _add, _to], [], [.. Body(line => Line(line, copies, kind),
            (outer, first, extent) => Lines(outer, first, extent, copies, kind))], _operation.Location.IsKnown ? [_operation.Location] : [],
            1.0 * _outer * _inner * ((copies ? _size : 0) + 2.0 * _count));
        return Of(true) with { InPlace = Of(false) };
    }

    private IEnumerable<ForStatement> Body(Func<ScalarExpr, IEnumerable<Statement>> line,
        Func<ScalarExpr, ScalarExpr, long, ForStatement> lines)
    {
        if (_outer * _inner == 0) yield break;
        if (_inner == 1)
        {
            yield return Loop(LoopKind.Parallel, "line", _outer, line);
            yield break;
        }
        var (blocks, remainder) = Math.DivRem(_inner, _lanes);
        if (blocks > 0)
            yield return Loop(LoopKind.Parallel, "block", _outer * blocks, unit => [lines(unit / ScalarExpr.Index(blocks),
                ScalarExpr.Binary(BinaryKind.Rem, unit, ScalarExpr.Index(blocks)) * _lanes, _lanes)]);
        if (remainder > 0)
            yield return Loop(LoopKind.Parallel, "line", _outer, outer => [lines(outer, ScalarExpr.Index(blocks * _lanes), remainder)]);
    }

    private IEnumerable<Statement> Line(ScalarExpr line) =>
    [
        Loop(LoopKind.Vector, "row", _size, row => _adding.Clear(_sums, _lost, row), _vector),
        Loop(LoopKind.Serial, "n", _count, n => Added(line * _count + n, row => row)).Unrolled(Together),
        Loop(LoopKind.Vector, "row", _size, row => [Ended(line * _size + row, row)], _vector),
    ];

    private ForStatement Lines(ScalarExpr outer, ScalarExpr first, long extent) => Loop(LoopKind.Vector, "i", extent, lane =>
    [
        Loop(LoopKind.Serial, "row", _size, row => _adding.Clear(_sums, _lost, row * _lanes + lane)),
        Loop(LoopKind.Serial, "n", _count, n => Added((outer * _count + n) * _inner + first + lane, row => row * _lanes + lane)),
        Loop(LoopKind.Serial, "row", _size, row => [Ended((outer * _size + row) * _inner + first + lane, row * _lanes + lane)]),
    ], _lanes);

    private IEnumerable<Statement> Line(ScalarExpr line, bool copies, string kind) =>
    [
        .. copies ? (Statement[])[Loop(LoopKind.Vector, "row", _size, row => [Copied(line * _size + row)], _vector)] : [],
        Loop(LoopKind.Serial, "n", _count, n => [Updated(line * _count + n, row => line * _size + row, kind)]).Unrolled(Together),
    ];

    private ForStatement Lines(ScalarExpr outer, ScalarExpr first, long extent, bool copies, string kind)
    {
        ScalarExpr At(ScalarExpr row, ScalarExpr lane) => (outer * _size + row) * _inner + first + lane;
        return Loop(LoopKind.Vector, "i", extent, lane =>
        [
            .. copies ? (Statement[])[Loop(LoopKind.Serial, "row", _size, row => [Copied(At(row, lane))])] : [],
            Loop(LoopKind.Serial, "n", _count,
                n => [Updated((outer * _count + n) * _inner + first + lane, row => At(row, lane), kind)]),
        ], _lanes);
    }

    private StoreStatement Copied(ScalarExpr position) => new(_to, position, new LoadExpr(_from, position));

    private StoreStatement Updated(ScalarExpr update, Func<ScalarExpr, ScalarExpr> positionOf, string kind)
    {
        var (position, value) = (positionOf(Gather.RowAt(_at, update, _size)), new LoadExpr(_add, update));
        return new(_to, position, kind == "set" ? value
            : ScalarExpr.Binary(kind == "max" ? BinaryKind.Max : BinaryKind.Min, new LoadExpr(_to, position), value));
    }

    private Statement[] Added(ScalarExpr update, Func<ScalarExpr, ScalarExpr> sumOf) =>
        _adding.Add(_sums, _lost, sumOf(Gather.RowAt(_at, update, _size)), new LoadExpr(_add, update));

    private StoreStatement Ended(ScalarExpr position, ScalarExpr sum) => new(_to, position,
        (new LoadExpr(_from, position).ConvertTo(_adding.DType) + new LoadExpr(_sums, sum)).ConvertTo(_to.DType));

    private static ForStatement Loop(LoopKind kind, string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body, int lanes = 1)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, kind, lanes, [.. body(variable.Value)]);
    }
}
