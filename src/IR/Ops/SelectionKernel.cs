using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The kernel of a <see cref="Sort"/> that keeps a few elements of a long row.</summary>
/// <remarks>The k-th first of the first elements of groups is no earlier than the row's k-th first. So the row is reduced to the first of
/// each group, and they again, level by level. The k-th first of the last level is found by counting. A level's elements that are not after
/// it are candidates for the level's own k-th first: those before it are in fewer than k groups, and of its equals k are enough, so there
/// are less than k groups and k more of them. The row's candidates stay in their order, and an element's place among the results is how
/// many come before it. Which worker does what changes nothing: rows are workers', and where there are few, the groups of the row
/// are.</remarks>
internal sealed class SelectionKernel
{
    /// <summary>Elements of a group of the row, and of a group of a later level.</summary>
    private const int Group = 16, LaterGroup = 8;

    /// <summary>So many are counted at once; more where fewer groups would be less than twice what is kept.</summary>
    private const int FewEnough = 512, MostCounted = 2048;

    /// <summary>Shorter rows are not worth a barrier.</summary>
    private const int LongRow = 4096;

    private readonly Operation _operation;
    private readonly SortOrder _order;
    private readonly LoopBuffer _values, _indices, _candidates, _places, _thresholds;
    private readonly List<LoopBuffer> _levels = [];
    private readonly int _n, _count, _lanes;
    private readonly long _rows, _capacity;
    private readonly bool _isShared;

    private SelectionKernel(Operation operation, TargetTraits target)
    {
        (_operation, _order) = (operation, new SortOrder(operation));
        var axis = Cumulative.Axis(operation);
        (_n, _count) = (operation.Operands[0].Shape[axis], operation.Results[0].Shape[axis]);
        _rows = _count == 0 ? 0 : operation.Results[0].Shape.ElementCount / _count;
        _lanes = Math.Max(target.Lanes(_order.DType), 1);
        _isShared = target.Workers > 1 && _rows < 2 * target.Workers && _n >= LongRow;
        _capacity = CapacityOf(_count);
        _values = LoopBuffer.Argument("r0", operation.Results[0].Type, isWritten: true);
        _indices = LoopBuffer.Argument("r1", operation.Results[1].Type, isWritten: true);
        LoopBuffer Scratch(string name, DType dtype, long elements) => new(name, dtype, elements, BufferScope.Worker, isWritten: true);
        // A vector more, which what comes last fills up.
        _candidates = Scratch("candidates", _order.DType, _capacity + _lanes);
        _places = Scratch("places", DType.I32, _capacity + _lanes);
        var sizes = Sizes(_n, _count, _lanes);
        foreach (var (size, level) in sizes.Select((s, i) => (s, i)))
            _levels.Add(level == 0 && _isShared
                ? new("level1", _order.DType, size * _rows, BufferScope.Shared, isWritten: true)
                : Scratch($"level{level + 1}", _order.DType, size));
        _thresholds = Scratch("threshold", _order.DType, 1);
    }

    /// <summary>The kernel, or null where sorting is expected to take no longer.</summary>
    public static Kernel? Of(Operation operation, TargetTraits target)
    {
        var axis = Cumulative.Axis(operation);
        var (n, count) = (operation.Operands[0].Shape[axis], operation.Results[0].Shape[axis]);
        if (count == 0 || CapacityOf(count) > n / 4) return null;
        var dtype = new SortOrder(operation).DType;
        var sizes = Sizes(n, count, Math.Max(target.Lanes(dtype), 1));
        return sizes[^1] < count || sizes[^1] > MostCounted ? null : new SelectionKernel(operation, target).Build();
    }

    private static long CapacityOf(int count) => (long)(count - 1) * Group + count;

    // How many groups each level has; vectors of them, whose elements are neighbors.
    private static List<long> Sizes(long n, int count, int lanes)
    {
        List<long> sizes = [Groups(n, Group, lanes)];
        while (sizes[^1] > FewEnough && Groups(sizes[^1], LaterGroup, lanes) is var next && next >= 2 * count) sizes.Add(next);
        return sizes;
    }

    private static long Groups(long elements, int group, int lanes) => Segments(elements, group, lanes) * lanes;

    private static long Segments(long elements, int group, int lanes) => (elements + (long)group * lanes - 1) / ((long)group * lanes);

    private Kernel Build()
    {
        List<Statement> body = [];
        if (_isShared)
        {
            var (whole, rest) = Math.DivRem(_n, Group * _lanes);
            body.Add(Loop("segment", LoopKind.Parallel, _rows * whole, unit => [FirstOfRow(unit / ScalarExpr.Index(whole),
                ScalarExpr.Binary(BinaryKind.Rem, unit, ScalarExpr.Index(whole)), isWhole: true)]));
            if (rest > 0)
                body.Add(Loop("row", LoopKind.Parallel, _rows, row => [FirstOfRow(row, ScalarExpr.Index(whole), isWhole: false)]));
            body.Add(new BarrierStatement());
        }
        body.Add(Loop("row", LoopKind.Parallel, _rows, row => [.. _isShared ? [] : FirstOfRow(row), .. Later(row), .. Selected(row)]));
        return new(_operation.Op.Name, [_order.From, _values, _indices], [_candidates, _places, .. _levels, _thresholds], [.. body],
            _operation.Location.IsKnown ? [_operation.Location] : [], 2.0 * _rows * _n);
    }

    // Groups of a level in one row: the first is shared, and has those of all rows.
    private long SizeOf(int level) => _levels[level].Elements / (level == 0 && _isShared ? _rows : 1);

    private ScalarExpr FirstPlace(ScalarExpr row, ScalarExpr group) => _isShared ? row * SizeOf(0) + group : group;

    private LoadExpr Level(int level, ScalarExpr row, ScalarExpr group) =>
        new(_levels[level], level == 0 ? FirstPlace(row, group) : group);

    // Whole segments of the row, then one that ends behind it.
    private IEnumerable<Statement> FirstOfRow(ScalarExpr row)
    {
        var (whole, rest) = Math.DivRem(_n, Group * _lanes);
        yield return Loop("segment", LoopKind.Serial, whole, s => [FirstOfRow(row, s, isWhole: true)]);
        if (rest > 0) yield return FirstOfRow(row, ScalarExpr.Index(whole), isWhole: false);
    }

    private ForStatement FirstOfRow(ScalarExpr row, ScalarExpr segment, bool isWhole)
    {
        ScalarExpr At(ScalarExpr place) => segment * (Group * _lanes) + place;
        return First(Group, _levels[0], FirstPlace(row, segment * _lanes),
            place => isWhole ? _order.Key(row, At(place)) : _order.KeyOrLast(row, At(place)));
    }

    // The first of each group of a segment.
    private ForStatement First(int group, LoopBuffer to, ScalarExpr at, Func<ScalarExpr, ScalarExpr> element)
    {
        var (lane, i) = (new LoopVariable("lane", _lanes), new LoopVariable("i", group - 1));
        var (first, other) = (new Local("first", _order.DType), new Local("other", _order.DType));
        ScalarExpr x = new LocalExpr(first), y = new LocalExpr(other);
        return new(lane, _lanes, LoopKind.Vector, _lanes,
        [
            new LetStatement(first, element(lane.Value)),
            new ForStatement(i, group - 1, LoopKind.Serial, 1,
            [
                new LetStatement(other, element((i.Value + ScalarExpr.Index(1)) * _lanes + lane.Value)),
                new AssignStatement(first, 0, ScalarExpr.Select(_order.IsBefore(y, x), y, x)),
            ]),
            new StoreStatement(to, at + lane.Value, x),
        ]);
    }

    private IEnumerable<Statement> Later(ScalarExpr row)
    {
        for (var level = 1; level < _levels.Count; level++)
        {
            var (number, below) = (level, SizeOf(level - 1));
            ScalarExpr Element(ScalarExpr place) => Level(number - 1, row, place);
            // Behind the level what is its last element stands in for what comes last: it is in a group already.
            ScalarExpr Near(ScalarExpr place) => Element(ScalarExpr.Binary(BinaryKind.Min, place, ScalarExpr.Index(below - 1)));
            ScalarExpr OrLast(ScalarExpr place) => ScalarExpr.Select(
                ScalarExpr.Compare(CompareKind.Lt, place, ScalarExpr.Index(below)), Near(place), _order.Last);
            var (whole, rest) = Math.DivRem(below, LaterGroup * _lanes);
            yield return Loop("segment", LoopKind.Serial, whole,
                s => [First(LaterGroup, _levels[number], s * _lanes, place => Element(s * (LaterGroup * _lanes) + place))]);
            if (rest > 0)
                yield return First(LaterGroup, _levels[level], ScalarExpr.Index(whole * _lanes),
                    place => OrLast(ScalarExpr.Index(whole * LaterGroup * _lanes) + place));
        }
    }

    private IEnumerable<Statement> Selected(ScalarExpr row)
    {
        var top = _levels.Count - 1;
        yield return Threshold(SizeOf(top), null, place => Level(top, row, place));
        for (var level = top - 1; level >= 0; level--)
        {
            var number = level;
            foreach (var statement in Filtered(
                counts => [Loop("p", LoopKind.Serial, SizeOf(number), p => Candidate(counts, Level(number, row, p), null))],
                count => [Threshold(_capacity, count, place => new LoadExpr(_candidates, place))])) yield return statement;
        }
        foreach (var statement in Filtered(count => OfRow(row, count), count => Ranked(row, count))) yield return statement;
    }

    /// <summary>How many candidates there are, and how many of them equal the threshold.</summary>
    private sealed record Counts(Local All, Local Ties, Local Threshold);

    private IEnumerable<Statement> Filtered(Func<Counts, IEnumerable<Statement>> gather, Func<ScalarExpr, IEnumerable<Statement>> use)
    {
        Counts counts = new(new Local("count", DType.I64), new Local("equals", DType.I64), new Local("threshold", _order.DType));
        yield return new LetStatement(counts.All, ScalarExpr.Index(0));
        yield return new LetStatement(counts.Ties, ScalarExpr.Index(0));
        yield return new LetStatement(counts.Threshold, new LoadExpr(_thresholds, ScalarExpr.Index(0)));
        foreach (var statement in gather(counts)) yield return statement;
        var count = SortKernel.Within(new LocalExpr(counts.All), _capacity + 1);
        yield return Loop("fill", LoopKind.Serial, _lanes, i => [new StoreStatement(_candidates, count + i, _order.Last)]);
        foreach (var statement in use(count)) yield return statement;
    }

    private ScalarExpr IsWanted(ScalarExpr x, Counts counts, out ScalarExpr isEqual)
    {
        ScalarExpr threshold = new LocalExpr(counts.Threshold);
        var isBefore = _order.IsBefore(x, threshold);
        isEqual = And(ScalarExpr.Unary(UnaryKind.Not, ScalarExpr.Binary(BinaryKind.Or, isBefore, _order.IsBefore(threshold, x))),
            ScalarExpr.Compare(CompareKind.Lt, new LocalExpr(counts.Ties), ScalarExpr.Index(_count)));
        return ScalarExpr.Binary(BinaryKind.Or, isBefore, isEqual);
    }

    // Every element is stored, and the next one in its place unless it is wanted.
    private IEnumerable<Statement> Candidate(Counts counts, ScalarExpr value, ScalarExpr? place)
    {
        var x = new Local("x", _order.DType);
        var at = SortKernel.Within(new LocalExpr(counts.All), _capacity + 1);
        yield return new LetStatement(x, value);
        yield return new StoreStatement(_candidates, at, new LocalExpr(x));
        if (place is not null) yield return new StoreStatement(_places, at, place.ConvertTo(DType.I32));
        var isWanted = IsWanted(new LocalExpr(x), counts, out var isEqual);
        ScalarExpr Add(Local local, ScalarExpr condition) =>
            new LocalExpr(local) + ScalarExpr.Select(condition, ScalarExpr.Index(1), ScalarExpr.Index(0));
        yield return new AssignStatement(counts.All, 0, Add(counts.All, isWanted));
        yield return new AssignStatement(counts.Ties, 0, Add(counts.Ties, isEqual));
    }

    // Of segments in which a group has a candidate all elements are looked at, in order.
    private IEnumerable<Statement> OfRow(ScalarExpr row, Counts counts)
    {
        var length = (long)Group * _lanes;
        var (whole, rest) = Math.DivRem(_n, length);
        IEnumerable<Statement> Of(ScalarExpr segment, long size)
        {
            var (has, lane, p) = (new Local("has", DType.I32), new LoopVariable("lane", _lanes), new LoopVariable("p", size));
            yield return new LetStatement(has, ScalarExpr.Constant(DType.I32, 0));
            yield return new ForStatement(lane, _lanes, LoopKind.Vector, _lanes,
            [
                new AccumulateStatement(has, ReductionKind.Max, ScalarExpr.Select(
                    IsWanted(Level(0, row, segment * _lanes + lane.Value), counts, out _),
                    ScalarExpr.Constant(DType.I32, 1), ScalarExpr.Constant(DType.I32, 0))),
            ]);
            yield return new ForStatement(p, size, LoopKind.Serial, 1,
                [.. Candidate(counts, _order.Key(row, segment * length + p.Value), segment * length + p.Value)],
                SortKernel.Within(new LocalExpr(has).ConvertTo(DType.I64), 2) * size);
        }
        yield return Loop("segment", LoopKind.Serial, whole, s => Of(s, length));
        if (rest > 0)
            foreach (var statement in Of(ScalarExpr.Index(whole), rest)) yield return statement;
    }

    // The k-th first: fewer than k come before it, and k or more do not come after it. All that are it are the same number.
    private ForStatement Threshold(long size, ScalarExpr? count, Func<ScalarExpr, ScalarExpr> element)
    {
        var (before, behind, other) = (new Local("before", DType.I32), new Local("not_after", DType.I32), new Local("other", _order.DType));
        ScalarExpr y = new LocalExpr(other), kept = ScalarExpr.Constant(DType.I32, _count);
        return Each(size, count, element, x =>
        [
            new LetStatement(before, ScalarExpr.Constant(DType.I32, 0)),
            new LetStatement(behind, ScalarExpr.Constant(DType.I32, 0)),
            Counted(size, count, j =>
            [
                new LetStatement(other, element(j)),
                Increment(before, _order.IsBefore(y, x)),
                Increment(behind, ScalarExpr.Unary(UnaryKind.Not, _order.IsBefore(x, y))),
            ]),
            new StoreStatement(_thresholds, ScalarExpr.Index(0), x, And(ScalarExpr.Compare(CompareKind.Lt, new LocalExpr(before), kept),
                ScalarExpr.Compare(CompareKind.Ge, new LocalExpr(behind), kept))),
        ], _ => []);
    }

    private IEnumerable<Statement> Ranked(ScalarExpr row, ScalarExpr count)
    {
        var (before, other) = (new Local("before", DType.I32), new Local("other", _order.DType));
        yield return Each(_capacity, count, place => new LoadExpr(_candidates, place), x =>
            [new LetStatement(before, ScalarExpr.Constant(DType.I32, 0))], at =>
            {
                ScalarExpr x = at.X, y = new LocalExpr(other), rank = new LocalExpr(before).ConvertTo(DType.I64);
                var isKept = ScalarExpr.Compare(CompareKind.Lt, new LocalExpr(before), ScalarExpr.Constant(DType.I32, _count));
                var to = _order.At(row, SortKernel.Within(rank, _count), _count);
                return
                [
                    Counted(_capacity, count, j =>
                    [
                        new LetStatement(other, new LoadExpr(_candidates, j)),
                        Increment(before, ScalarExpr.Select(
                            ScalarExpr.Compare(CompareKind.Lt, j.ConvertTo(DType.I32), at.Place.ConvertTo(DType.I32)),
                            ScalarExpr.Unary(UnaryKind.Not, _order.IsBefore(x, y)), _order.IsBefore(y, x))),
                    ]),
                    new StoreStatement(_values, to, x.ConvertTo(_values.DType), isKept),
                    new StoreStatement(_indices, to, new LoadExpr(_places, at.Place), isKept),
                ];
            });
    }

    // Vectors of elements; where there is a count, of which the last is filled up behind it.
    private ForStatement Each(long size, ScalarExpr? count, Func<ScalarExpr, ScalarExpr> element, Func<ScalarExpr, Statement[]> begin,
        Func<(ScalarExpr X, ScalarExpr Place), Statement[]> then)
    {
        var vectors = (size + _lanes - 1) / _lanes;
        var (vector, lane, own) = (new LoopVariable("vector", vectors), new LoopVariable("lane", _lanes), new Local("own", _order.DType));
        var (place, x) = (vector.Value * _lanes + lane.Value, new LocalExpr(own));
        return new(vector, vectors, LoopKind.Serial, 1,
        [
            new ForStatement(lane, _lanes, LoopKind.Vector, _lanes,
                [new LetStatement(own, element(place)), .. begin(x), .. then((x, place))]),
        ], count is null ? null : (count + (_lanes - 1)) / ScalarExpr.Index(_lanes));
    }

    private static ForStatement Counted(long size, ScalarExpr? count, Func<ScalarExpr, Statement[]> body)
    {
        var j = new LoopVariable("j", size);
        return new(j, size, LoopKind.Serial, 1, [.. body(j.Value)], count);
    }

    private static AssignStatement Increment(Local local, ScalarExpr condition) => new(local, 0, new LocalExpr(local)
        + ScalarExpr.Select(condition, ScalarExpr.Constant(DType.I32, 1), ScalarExpr.Constant(DType.I32, 0)));

    private static ScalarExpr And(ScalarExpr x, ScalarExpr y) => ScalarExpr.Binary(BinaryKind.And, x, y);

    private static ForStatement Loop(string name, LoopKind kind, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, kind, 1, [.. body(variable.Value)]);
    }
}
