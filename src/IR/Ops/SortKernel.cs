using System.Numerics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The kernel of <see cref="Sort"/>: a merge sort of pairs of an element and its index.</summary>
/// <remarks>Runs of at most sixteen elements are ordered by counting what comes before each of them. Then runs of equal length are merged
/// by pairs, from both ends at once: as many elements as a run has come from each end, so that neither end leaves its run, and no branch
/// depends on the elements. Where less is kept than a run has, only the beginning of each run is merged. A row is filled up to runs of
/// equal length with elements that come last. The order does not depend on who merges what, so rows are workers', or where there are few,
/// the merges of a level are.</remarks>
internal sealed class SortKernel
{
    private const int MostOfRun = 16;

    /// <summary>Shorter rows are not worth the barriers between levels.</summary>
    private const int LongRow = 4096;

    private readonly Operation _operation;
    private readonly TargetTraits _target;
    private readonly LoopBuffer _from, _values, _indices;
    private readonly LoopBuffer[] _keys, _places;
    private readonly DType _key;
    private readonly SortOrder _order;
    private readonly bool _isByLevel;
    private readonly int _n, _count, _run, _levels;
    private readonly long _rows, _padded;

    public SortKernel(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        (_operation, _target, _order) = (operation, target, new SortOrder(operation));
        var (axis, type) = (Cumulative.Axis(operation), operation.Operands[0].Type);
        (_n, _count) = (type.Shape[axis], operation.Results[0].Shape[axis]);
        _rows = _count == 0 ? 0 : operation.Results[0].Shape.ElementCount / _count;
        while (((long)_n + (1L << _levels) - 1) >> _levels > MostOfRun) _levels++;
        _run = (int)(((long)_n + (1L << _levels) - 1) >> _levels);
        _padded = (long)_run << _levels;
        _isByLevel = target.Workers > 1 && _rows < 2 * target.Workers && _n >= LongRow;
        (_key, _from) = (_order.DType, _order.From);
        _values = LoopBuffer.Argument("r0", operation.Results[0].Type, isWritten: true);
        _indices = LoopBuffer.Argument("r1", operation.Results[1].Type, isWritten: true);
        LoopBuffer Scratch(string name, DType dtype) => new(name, dtype, Math.Max(_padded * (_isByLevel ? _rows : 1), 1),
            _isByLevel ? BufferScope.Shared : BufferScope.Worker, isWritten: true);
        _keys = [Scratch("keys", _key), Scratch("merged", _key)];
        _places = [Scratch("places", DType.I32), Scratch("merged_places", DType.I32)];
    }

    /// <summary>How many elements all merges of a row of n move, of which so many are kept.</summary>
    public static double MergedElements(int n, int count)
    {
        var elements = 0.0;
        for (long length = MostOfRun; length < n; length *= 2) elements += (double)n / (2 * length) * Math.Min(2 * length, count);
        return elements;
    }

    public Kernel Build() => new(_operation.Op.Name, [_from, _values, _indices], [.. _keys, .. _places], [.. Body()],
        _operation.Location.IsKnown ? [_operation.Location] : [], (double)_rows * _n * (MostOfRun + 8 * _levels));

    private IEnumerable<Statement> Body()
    {
        if (_rows == 0) yield break;
        var runs = 1L << _levels;
        if (!_isByLevel)
        {
            yield return Parallel("row", _rows, row =>
            [
                Serial("run", runs, r => Ordered(row, r * _run, ScalarExpr.Index(0))),
                .. Enumerable.Range(0, _levels).Select(level =>
                    Serial("pair", runs >> (level + 1), pair => Merged(level, pair * ((long)_run << (level + 1))))),
                Kept(row, ScalarExpr.Index(0)),
            ]);
            yield break;
        }
        yield return Parallel("run", _rows * runs, unit =>
            Ordered(unit / ScalarExpr.Index(runs), Remainder(unit, runs) * _run, unit / ScalarExpr.Index(runs) * _padded));
        for (var level = 0; level < _levels; level++)
        {
            yield return new BarrierStatement();
            var (number, length) = (level, (long)_run << (level + 1));
            yield return Parallel("pair", _rows * (runs >> (level + 1)), pair => Merged(number, pair * length));
        }
        yield return new BarrierStatement();
        yield return Parallel("row", _rows, row => [Kept(row, row * _padded)]);
    }

    // Elements of a row, filled up with what comes last.
    private ScalarExpr Key(ScalarExpr row, ScalarExpr place) => _padded == _n ? _order.Key(row, place) : _order.KeyOrLast(row, place);

    // A run in order: an element's place is how many come before it.
    private IEnumerable<Statement> Ordered(ScalarExpr row, ScalarExpr first, ScalarExpr scratch)
    {
        var (lane, j) = (new LoopVariable("i", _run), new LoopVariable("j", _run));
        var (own, before, other) = (new Local("own", _key), new Local("before", DType.I32), new Local("other", _key));
        ScalarExpr x = new LocalExpr(own), y = new LocalExpr(other);
        var isEarlier = ScalarExpr.Compare(CompareKind.Lt, j.Value.ConvertTo(DType.I32), lane.Value.ConvertTo(DType.I32));
        var counts = ScalarExpr.Select(isEarlier, ScalarExpr.Unary(UnaryKind.Not, _order.IsBefore(x, y)), _order.IsBefore(y, x));
        ScalarExpr one = ScalarExpr.Constant(DType.I32, 1), zero = ScalarExpr.Constant(DType.I32, 0);
        var at = scratch + first + Within(new LocalExpr(before).ConvertTo(DType.I64), _run);
        yield return new ForStatement(lane, _run, LoopKind.Vector, (int)BitOperations.RoundUpToPowerOf2((uint)_run),
        [
            new LetStatement(own, Key(row, first + lane.Value)),
            new LetStatement(before, zero),
            new ForStatement(j, _run, LoopKind.Serial, 1,
            [
                new LetStatement(other, Key(row, first + j.Value)),
                new AssignStatement(before, 0, new LocalExpr(before) + ScalarExpr.Select(counts, one, zero)),
            ]),
            new StoreStatement(_keys[0], at, x),
            new StoreStatement(_places[0], at, (first + lane.Value).ConvertTo(DType.I32)),
        ]);
    }

    // Two runs in the place of both, in the other buffers.
    private IEnumerable<Statement> Merged(int level, ScalarExpr start)
    {
        var length = (long)_run << level;
        var isWhole = length < _count;
        var (front, back) = (new Merge(this, level, fromBack: false), new Merge(this, level, fromBack: true));
        foreach (var let in front.Begin(start, start + length)) yield return let;
        if (isWhole)
            foreach (var let in back.Begin(start + (length - 1), start + (2 * length - 1))) yield return let;
        yield return Serial("k", isWhole ? length : _count, k =>
        [
            .. front.Step(start + k),
            .. isWhole ? back.Step(start + (2 * length - 1) - k) : [],
        ]);
    }

    // One end of a merge: the next element of each run, of which one is taken.
    private sealed class Merge(SortKernel kernel, int level, bool fromBack)
    {
        private readonly Local _i = new(fromBack ? "last_left" : "left", DType.I64), _j = new(fromBack ? "last_right" : "right", DType.I64);
        private readonly Local _x = new("x", kernel._key), _y = new("y", kernel._key), _takes = new("takes", DType.Bool);
        private readonly LoopBuffer _keys = kernel._keys[level % 2], _places = kernel._places[level % 2];
        private readonly LoopBuffer _toKeys = kernel._keys[(level + 1) % 2], _toPlaces = kernel._places[(level + 1) % 2];

        public IEnumerable<Statement> Begin(ScalarExpr left, ScalarExpr right) => [new LetStatement(_i, left), new LetStatement(_j, right)];

        public IEnumerable<Statement> Step(ScalarExpr to)
        {
            ScalarExpr i = new LocalExpr(_i), j = new LocalExpr(_j), takesRight = new LocalExpr(_takes);
            var isRightFirst = kernel._order.IsBefore(new LocalExpr(_y), new LocalExpr(_x));
            yield return new LetStatement(_x, new LoadExpr(_keys, Within(i, _keys.Elements)));
            yield return new LetStatement(_y, new LoadExpr(_keys, Within(j, _keys.Elements)));
            // From the back the right one is taken unless it comes first; the left one is before its equals.
            yield return new LetStatement(_takes, fromBack ? ScalarExpr.Unary(UnaryKind.Not, isRightFirst) : isRightFirst);
            yield return new StoreStatement(_toKeys, to, ScalarExpr.Select(takesRight, new LocalExpr(_y), new LocalExpr(_x)));
            yield return new StoreStatement(_toPlaces, to,
                new LoadExpr(_places, Within(ScalarExpr.Select(takesRight, j, i), _places.Elements)));
            ScalarExpr step = ScalarExpr.Index(fromBack ? -1 : 1), none = ScalarExpr.Index(0);
            yield return new AssignStatement(_i, 0, i + ScalarExpr.Select(takesRight, none, step));
            yield return new AssignStatement(_j, 0, j + ScalarExpr.Select(takesRight, step, none));
        }
    }

    // The first elements of a sorted row as results.
    private ForStatement Kept(ScalarExpr row, ScalarExpr scratch)
    {
        var (k, from) = (new LoopVariable("k", _count), _levels % 2);
        var at = _order.At(row, k.Value, _count);
        Statement[] stores =
        [
            new StoreStatement(_values, at, new LoadExpr(_keys[from], scratch + k.Value).ConvertTo(_values.DType)),
            new StoreStatement(_indices, at, new LoadExpr(_places[from], scratch + k.Value)),
        ];
        var lanes = Math.Max(_target.Lanes(DType.I32), 1);
        return _order.IsContiguous ? new(k, _count, LoopKind.Vector, lanes, [.. stores]) : new(k, _count, LoopKind.Serial, 1, [.. stores]);
    }

    // A place that is within anyway, in a form that says so.
    internal static ScalarExpr Within(ScalarExpr place, long count) => ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(0),
        ScalarExpr.Binary(BinaryKind.Min, place, ScalarExpr.Index(count - 1)));

    private static ScalarExpr Remainder(ScalarExpr x, long by) => ScalarExpr.Binary(BinaryKind.Rem, x, ScalarExpr.Index(by));

    private static ForStatement Serial(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, LoopKind.Serial, 1, [.. body(variable.Value)]);
    }

    private static ForStatement Parallel(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, LoopKind.Parallel, 1, [.. body(variable.Value)]);
    }
}
