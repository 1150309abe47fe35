using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The kernel of a cumulative op.</summary>
/// <remarks>Scans run side by side in the lanes of vectors: those of neighbours behind the axis, or of short rows. A longer row is cut into
/// blocks of as many segments as there are lanes: a block is transposed, its segments are scanned side by side, and what is before each of
/// them is added before it is transposed back. Where there are few rows, workers share each: the totals of ranges of blocks come first, and
/// the scan of a range starts from those before it. Ranges, blocks and segments depend on the shape and the lanes alone, and so do the
/// bits. O(elements).</remarks>
internal sealed class CumulativeKernel
{
    /// <summary>Most elements of a segment: a block and its transpose fit half of a first-level cache.</summary>
    private const int MostOfSegment = 64;

    /// <summary>Least elements of a segment; shorter rows are scanned beside each other.</summary>
    private const int LeastOfSegment = 4;

    /// <summary>As many rows keep all workers busy.</summary>
    private const int ManyRows = 16;

    /// <summary>Blocks of a range at least.</summary>
    private const int BlocksOfRange = 8;

    private readonly Operation _operation;
    private readonly TargetTraits _target;
    private readonly ReductionKind _kind;
    private readonly LoopBuffer _from, _to;
    private readonly DType _wide;
    private readonly bool _isReverse, _isExclusive;
    private readonly int _n, _segments;
    private readonly long _rows;
    private readonly List<LoopBuffer> _scratch = [];

    public CumulativeKernel(Operation operation, TargetTraits target, ReductionKind kind)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        (_operation, _target, _kind) = (operation, target, kind);
        var type = operation.Result.Type;
        (_from, _to) = (LoopBuffer.Argument("x", type), LoopBuffer.Argument("r0", type, isWritten: true));
        (_isReverse, _isExclusive) = (Cumulative.IsReverse(operation), Cumulative.IsExclusive(operation));
        _wide = kind is ReductionKind.Sum or ReductionKind.Product ? Wide(type.DType)
            : type.DType is { IsFloating: true, Bits: < 32 } ? DType.F32 : type.DType;
        (_n, _segments) = (type.Shape[Cumulative.Axis(operation)], Math.Min(target.Lanes(_wide) * 2, ScanLanes.Most));
        _rows = _n == 0 ? 0 : type.Shape.ElementCount / _n;
    }

    /// <summary>The type that numbers are added and multiplied in: rounding once is all that an f32 has to lose.</summary>
    public static DType Wide(DType type) => type.IsFloating ? DType.F64 : type;

    public Kernel Build()
    {
        var isLast = Cumulative.Axis(_operation) == _operation.Result.Rank - 1
            || _operation.Result.Shape.Skip(Cumulative.Axis(_operation) + 1).All(s => s == 1);
        // A product of a segment may be infinite where that of all elements up to it is not.
        var isCut = isLast && _kind != ReductionKind.Product && _n >= LeastOfSegment * _segments && _rows > 0;
        Statement[] body = [.. isCut ? Cut() : SideBySide()];
        return new(_operation.Op.Name, [_from, _to], [.. _scratch], [.. body],
            _operation.Location.IsKnown ? [_operation.Location] : [], 3.0 * _to.Elements);
    }

    private ScalarExpr Identity => ScalarExpr.Constant(_wide, _kind switch
    {
        ReductionKind.Sum => 0,
        ReductionKind.Product => 1,
        ReductionKind.Max => _wide.Lowest,
        _ => _wide.Highest,
    });

    private ScalarExpr Combine(ScalarExpr x, ScalarExpr y) => ScalarExpr.Binary(_kind switch
    {
        ReductionKind.Sum => BinaryKind.Add,
        ReductionKind.Product => BinaryKind.Mul,
        ReductionKind.Max => BinaryKind.Max,
        _ => BinaryKind.Min,
    }, x, y);

    private ScalarExpr InOrder(ScalarExpr k, long count) => _isReverse ? ScalarExpr.Index(count - 1) - k : k;

    private IEnumerable<Statement> SideBySide() =>
        new ScanLanes(_operation.Result.Shape, Cumulative.Axis(_operation), _target.Lanes(_wide) * 4).Each((position, n) =>
        {
            var sum = new Local("sum", _wide);
            return [new LetStatement(sum, Identity), Scalars(sum, n, position)];
        });

    // Elements one after another, from what a local has on.
    private ForStatement Scalars(Local sum, long count, Func<ScalarExpr, ScalarExpr> position, ScalarExpr? times = null)
    {
        var next = new Local("next", _wide);
        return Serial("k", count, k =>
        {
            var place = position(InOrder(k, count));
            var store = new StoreStatement(_to, place, new LocalExpr(sum).ConvertTo(_to.DType));
            var add = new AssignStatement(sum, 0, Combine(new LocalExpr(sum), new LocalExpr(next)));
            return [new LetStatement(next, new LoadExpr(_from, place).ConvertTo(_wide)),
                .. _isExclusive ? (Statement[])[store, add] : [add, store]];
        }, times);
    }

    // In the scan's order a row is blocks and then less than an element for each of their segments.
    private IEnumerable<Statement> Cut()
    {
        long Blocks(long ranges) => (_n + _segments * MostOfSegment * ranges - 1) / (_segments * MostOfSegment * ranges) * ranges;
        var ranges = _rows >= ManyRows || Blocks(ManyRows) < ManyRows * BlocksOfRange ? 1 : ManyRows;
        var blocks = Blocks(ranges);
        var (perRange, size) = (blocks / ranges, _n / (blocks * _segments));
        var (elements, rest) = (size * _segments, _n - blocks * size * _segments);
        var totals = ranges > 1 ? Scratch("totals", _rows * ranges, BufferScope.Shared) : null;
        ScalarExpr First(ScalarExpr unit, ScalarExpr block) => unit / ScalarExpr.Index(ranges) * _n + (_isReverse ? rest : 0)
            + InOrder(Remainder(unit, ranges) * perRange + block, blocks) * elements;
        if (totals is not null)
        {
            yield return Parallel("range", _rows * ranges, unit => Total(perRange, elements, b => First(unit, b), totals, unit));
            yield return new BarrierStatement();
        }
        var scan = new SegmentScan(this, size);
        yield return Parallel("range", _rows * ranges, unit =>
        {
            var (sum, range) = (new Local("sum", _wide), Remainder(unit, ranges));
            var row = unit / ScalarExpr.Index(ranges);
            List<Statement> body = [new LetStatement(sum, Identity)];
            if (totals is not null)
                body.Add(Serial("earlier", ranges, r => [new AssignStatement(sum, 0, Combine(new LocalExpr(sum),
                    new LoadExpr(totals, row * ranges + r)))], range));
            body.Add(Serial("block", perRange, b => scan.Block(First(unit, b), sum)));
            // The range that is last goes on to the end of the row.
            if (rest > 0)
                body.Add(Scalars(sum, rest, k => row * _n + (_isReverse ? 0 : _n - rest) + k,
                    ranges == 1 ? null : (range + 1) / ScalarExpr.Index(ranges) * rest));
            return body;
        });
    }

    // A sum for each block and then of these.
    private IEnumerable<Statement> Total(long blocks, long elements, Func<ScalarExpr, ScalarExpr> first, LoopBuffer totals, ScalarExpr at)
    {
        var (total, own) = (new Local("total", _wide), new Local("own", _wide));
        yield return new LetStatement(total, Identity);
        yield return Serial("block", blocks, b =>
        [
            new LetStatement(own, Identity),
            Vector("i", elements, i => [new AccumulateStatement(own, _kind, new LoadExpr(_from, first(b) + i).ConvertTo(_wide))]),
            new AssignStatement(total, 0, Combine(new LocalExpr(total), new LocalExpr(own))),
        ]);
        yield return new StoreStatement(totals, at, new LocalExpr(total));
    }

    // The scan of a block, whose segments are the columns of a transposed copy.
    private sealed class SegmentScan(CumulativeKernel kernel, long size)
    {
        private readonly int _count = kernel._segments;
        private readonly DType _wide = kernel._wide;
        private readonly LoopBuffer _block = kernel.Scratch("block", size * kernel._segments),
            _totals = kernel.Scratch("own", kernel._segments), _before = kernel.Scratch("before", kernel._segments);
        private readonly LoopBuffer? _rows = kernel._wide == kernel._to.DType ? null : kernel.Scratch("rows", size * kernel._segments);

        public IEnumerable<Statement> Block(ScalarExpr first, Local sum)
        {
            var zero = ScalarExpr.Index(0);
            yield return new TransposeStatement(_block, zero, _count, kernel._from, first, size, _count, size);
            yield return kernel.Vector("s", _count, Segments);
            yield return Serial("s", _count, j =>
            {
                var s = kernel.InOrder(j, _count);
                return
                [
                    new StoreStatement(_before, s, new LocalExpr(sum)),
                    new AssignStatement(sum, 0, kernel.Combine(new LocalExpr(sum), new LoadExpr(_totals, s))),
                ];
            });
            yield return kernel.Vector("s", _count, s =>
            {
                var before = new Local("before", _wide);
                return
                [
                    new LetStatement(before, new LoadExpr(_before, s)),
                    Serial("k", size, k => [new StoreStatement(_block, k * _count + s,
                        kernel.Combine(new LocalExpr(before), new LoadExpr(_block, k * _count + s)))]),
                ];
            });
            yield return new TransposeStatement(_rows ?? kernel._to, _rows is null ? first : zero, size, _block, zero, _count,
                size, _count);
            if (_rows is not null)
                yield return kernel.Vector("i", size * _count, i =>
                    [new StoreStatement(kernel._to, first + i, new LoadExpr(_rows, i).ConvertTo(kernel._to.DType))]);
        }

        private IEnumerable<Statement> Segments(ScalarExpr s)
        {
            var (own, next) = (new Local("own", _wide), new Local("next", _wide));
            yield return new LetStatement(own, kernel.Identity);
            yield return Serial("k", size, k =>
            {
                var at = kernel.InOrder(k, size) * _count + s;
                var store = new StoreStatement(_block, at, new LocalExpr(own));
                var add = new AssignStatement(own, 0, kernel.Combine(new LocalExpr(own), new LocalExpr(next)));
                return [new LetStatement(next, new LoadExpr(_block, at)),
                    .. kernel._isExclusive ? (Statement[])[store, add] : [add, store]];
            });
            yield return new StoreStatement(_totals, s, new LocalExpr(own));
        }
    }

    private LoopBuffer Scratch(string name, long elements, BufferScope scope = BufferScope.Worker)
    {
        var buffer = new LoopBuffer(name, _wide, elements, scope, isWritten: true);
        _scratch.Add(buffer);
        return buffer;
    }

    private static ScalarExpr Remainder(ScalarExpr x, long by) => ScalarExpr.Binary(BinaryKind.Rem, x, ScalarExpr.Index(by));

    private ForStatement Vector(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, LoopKind.Vector, _segments, [.. body(variable.Value)]);
    }

    private static ForStatement Parallel(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, LoopKind.Parallel, 1, [.. body(variable.Value)]);
    }

    private static ForStatement Serial(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body, ScalarExpr? count = null)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, LoopKind.Serial, 1, [.. body(variable.Value)], count);
    }
}
