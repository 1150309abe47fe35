using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Lowers <see cref="AttentionGradient"/>: a worker that has a head of keys passes over the blocks of queries, and for each over
/// the blocks of keys, computes both blocks' scores anew, and adds what they give to dQ, dK and dV: five products in all.</summary>
/// <remarks>Where there are few heads, every so many blocks of keys are a unit of work, and each unit has a part of dQ, which are added in
/// order at the end: how many depends on shapes alone, so the bits do not depend on the number of workers.</remarks>
internal sealed class AttentionBackward : AttentionKernel
{
    /// <summary>Units of work from which heads of keys are not split.</summary>
    private const int FewUnits = 8;

    private readonly long _split, _blocks;
    private readonly LoopBuffer _keys, _values, _dk, _dv, _queries, _cotangents, _p, _ds, _dq, _rows, _logsumexp, _delta;
    private readonly LoopBuffer? _narrow, _wideQueries, _wideCotangents, _parts;

    public AttentionBackward(Operation operation, TargetTraits target) : base(operation, target, AttentionGradient.Always)
    {
        long heads = Math.Max(Shape.Batch * Shape.KeyHeads, 1), queries = QueryBlocks.Size, pairs = KeyBlocks.Size * queries;
        _split = Shape.IsEmpty ? 1 : Math.Min((FewUnits + heads - 1) / heads, KeyBlocks.Count);
        _blocks = (KeyBlocks.Count + _split - 1) / _split;
        var ofKeys = _blocks * KeyBlocks.Size * Width;
        (_keys, _values) = (Scratch("keys", Wide, ofKeys), Scratch("values", Wide, ofKeys));
        (_dk, _dv) = (Scratch("key_sums", Wide, ofKeys), Scratch("value_sums", Wide, ofKeys));
        (_queries, _cotangents) = (Scratch("queries", Wide, Width * queries), Scratch("cotangents", Wide, Width * queries));
        (_p, _ds) = (Scratch("p", Wide, pairs), Scratch("ds", Wide, pairs));
        (_dq, _rows) = (Scratch("query_sums", Wide, Width * queries), Scratch("rows", Wide, Width * queries));
        (_logsumexp, _delta) = (Scratch("logsumexps", Wide, queries), Scratch("deltas", Wide, queries));
        if (_split > 1) _parts = Scratch("parts", Wide, _split * operation.Results[0].Shape.ElementCount, BufferScope.Shared);
        if (!IsNarrow) return;
        _narrow = Scratch("narrow", Shape.DType, Width * queries);
        _wideQueries = Scratch("wide_queries", Wide, Width * queries);
        _wideCotangents = Scratch("wide_cotangents", Wide, Width * queries);
    }

    protected override string[] OperandNames => ["q", "k", "v", "logsumexp", "delta", "cotangent"];
    protected override string[] ResultNames => ["dq", "dk", "dv"];

    /// <summary>The kernel.</summary>
    public Kernel Build()
    {
        if (Shape.IsEmpty) return Kernel(0, Enumerable.Range(0, ResultNames.Length).Select(r => Fill(r, 0)));
        var units = (long)Shape.Batch * Shape.KeyHeads * _split;
        return Kernel(5, [Parallel("unit", units, number =>
        {
            var heads = number / ScalarExpr.Index(_split);
            Unit unit = new(heads / ScalarExpr.Index(Shape.KeyHeads), Remainder(heads, Shape.KeyHeads), Remainder(number, _split));
            return [.. Prepare(), EachKey(unit, KeyBlocks.Size, (block, key) => ReadKey(unit, block, key)),
                Serial("head", Shape.Group, head => [Serial("queries", QueryBlocks.Count, block =>
                    VisitQueries(unit, new(unit.Sequence, unit.KeyHead * Shape.Group + head, block)))]),
                Serial("keys", _blocks, n => [EachOwn(KeyBlocks, BlockOf(unit, n), "key", key => StoreKey(unit, n, key))], BlocksOf(unit))];
        }), .. AddParts()]);
    }

    /// <summary>A head of keys, and which of its blocks: every so many from a first one.</summary>
    private sealed record Unit(ScalarExpr Sequence, ScalarExpr KeyHead, ScalarExpr First);

    private ScalarExpr BlockOf(Unit unit, ScalarExpr number) => number * _split + unit.First;

    // Of a unit's blocks those below a number.
    private ScalarExpr BlocksBelow(Unit unit, ScalarExpr end) => _split == 1 ? end
        : (end + (_split - 1) - unit.First) / ScalarExpr.Index(_split);

    private ScalarExpr? BlocksOf(Unit unit) =>
        KeyBlocks.Count % _split == 0 ? null : BlocksBelow(unit, ScalarExpr.Index(KeyBlocks.Count));

    private ForStatement EachKey(Unit unit, long keys, Func<ScalarExpr, ScalarExpr, IEnumerable<Statement>> body) =>
        Serial("keys", _blocks, n => [Serial("key", keys, key => body(n, key))], BlocksOf(unit));

    private IEnumerable<Statement> ReadKey(Unit unit, ScalarExpr number, ScalarExpr key)
    {
        var from = KeyAt(unit.Sequence, unit.KeyHead, BlockOf(unit, number), key);
        yield return Vector("d", Width, d =>
        {
            var at = KeyOf(number, key, d);
            return [new StoreStatement(_keys, at, new LoadExpr(Argument("k"), from + d).ConvertTo(Wide)),
                new StoreStatement(_values, at, new LoadExpr(Argument("v"), from + d).ConvertTo(Wide)),
                new StoreStatement(_dk, at, Zero), new StoreStatement(_dv, at, Zero)];
        });
    }

    private ScalarExpr KeyOf(ScalarExpr number, ScalarExpr key, ScalarExpr d) => (number * KeyBlocks.Size + key) * Width + d;

    private IEnumerable<Statement> StoreKey(Unit unit, ScalarExpr number, ScalarExpr key)
    {
        var to = KeyAt(unit.Sequence, unit.KeyHead, BlockOf(unit, number), key);
        yield return Vector("d", Width, d =>
        [
            new StoreStatement(Argument("dk"), to + d, (new LoadExpr(_dk, KeyOf(number, key, d)) * Scale).ConvertTo(Shape.DType)),
            new StoreStatement(Argument("dv"), to + d, new LoadExpr(_dv, KeyOf(number, key, d)).ConvertTo(Shape.DType)),
        ]);
    }

    private IEnumerable<Statement> VisitQueries(Unit unit, Position at)
    {
        IEnumerable<Statement> read = [.. ReadTransposed(Argument("q"), at, _queries, _narrow, Shape.Scale),
            .. ReadTransposed(Argument("cotangent"), at, _cotangents, _narrow, 1), .. ReadRows(at)];
        var seen = Shape.IsCausal ? BlocksBelow(unit, KeyBlocksSeen(at.Queries)) : BlocksOf(unit);
        return [.. read, Vector("i", Width * QueryBlocks.Size, i => [new StoreStatement(_dq, i, Zero)]),
            Serial("keys", _blocks, number => VisitKeys(unit, at, number), seen),
            new TransposeStatement(_rows, ScalarExpr.Index(0), Width, _dq, ScalarExpr.Index(0), QueryBlocks.Size, Width, QueryBlocks.Size),
            EachOwnQuery(at, query => [Vector("d", Width, d => [StoreQuery(unit, QueryAt(at, query) + d, query * Width + d)])])];
    }

    private StoreStatement StoreQuery(Unit unit, ScalarExpr to, ScalarExpr from)
    {
        var sum = new LoadExpr(_rows, from) * Scale;
        return _parts is null ? new(Argument("dq"), to, sum.ConvertTo(Shape.DType))
            : new(_parts, unit.First * (_parts.Elements / _split) + to, sum);
    }

    // Queries that the block before has too get the logsumexp ∞, with which every weight is 0; those that see nothing have 0 for it.
    private IEnumerable<Statement> ReadRows(Position at)
    {
        yield return Vector("n", QueryBlocks.Size, n =>
        {
            var read = new LoadExpr(Argument("logsumexp"), RowAt(at, n));
            var logsumexp = ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Eq, read, Nothing), Zero, read);
            if (QueryBlocks.Overlaps)
                logsumexp = ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Ge, n, QueryBlocks.Skipped(at.Queries)), logsumexp,
                    ScalarExpr.Constant(Wide, double.PositiveInfinity));
            return [new StoreStatement(_logsumexp, n, logsumexp),
                new StoreStatement(_delta, n, new LoadExpr(Argument("delta"), RowAt(at, n)))];
        });
        if (!IsNarrow) yield break;
        yield return Serial("query", QueryBlocks.Size, query => [Vector("d", Width, d =>
            [Widen(_wideQueries!, "q", query, d), Widen(_wideCotangents!, "cotangent", query, d)])]);

        StoreStatement Widen(LoopBuffer to, string from, ScalarExpr query, ScalarExpr d) => new(to, query * Width + d,
            new LoadExpr(Argument(from), QueryAt(at, query) + d).ConvertTo(Wide));
    }

    private IEnumerable<Statement> VisitKeys(Unit unit, Position at, ScalarExpr number)
    {
        var block = BlockOf(unit, number);
        var (keys, queries) = (KeyBlocks.Size, QueryBlocks.Size);
        LoadExpr Pair(LoopBuffer buffer, ScalarExpr key, ScalarExpr n) => new(buffer, key * queries + n);
        LoadExpr Key(LoopBuffer buffer, ScalarExpr key, ScalarExpr d) => new(buffer, KeyOf(number, key, d));
        LoadExpr Query(LoopBuffer? wide, string name, ScalarExpr query, ScalarExpr d) =>
            wide is not null ? new(wide, query * Width + d) : new(Argument(name), QueryAt(at, query) + d);
        StoreStatement Add(LoopBuffer to, ScalarExpr position, ScalarExpr sum) => new(to, position, new LoadExpr(to, position) + sum);

        var (seen, before) = (KeysSeen(at, block), QueriesBefore(at, block));
        ProductPart ofPairs = new(RowsOf: seen), ofKeys = new(DepthFrom: before);
        return [.. ReadMask(at, block),
            .. Product(keys, queries, Width, (key, d) => Key(_keys, key, d), (d, n) => Pair(_queries, d, n), (sums, n) =>
                sums.Select(s => new StoreStatement(_p, s.Row * queries + n, Masked(s.Sum, at, block, s.Row, n))), ofPairs),
            Exponentials(at, block, seen),
            .. Product(keys, queries, Width, (key, d) => Key(_values, key, d), (d, n) => Pair(_cotangents, d, n), (sums, n) =>
            {
                var delta = NewLocal("delta", Wide);
                return [new LetStatement(delta, new LoadExpr(_delta, n)),
                    .. sums.SelectMany(s => OfPair(s.Row * queries + n, s.Sum, new LocalExpr(delta)))];
            }, ofPairs),
            .. Product(keys, Width, queries, (key, n) => Pair(_p, key, n), (n, d) => Query(_wideCotangents, "cotangent", n, d),
                (sums, d) => sums.Select(s => Add(_dv, KeyOf(number, s.Row, d), s.Sum)), ofKeys),
            .. Product(keys, Width, queries, (key, n) => Pair(_ds, key, n), (n, d) => Query(_wideQueries, "q", n, d),
                (sums, d) => sums.Select(s => Add(_dk, KeyOf(number, s.Row, d), s.Sum)), ofKeys),
            .. Product(Width, queries, keys, (d, key) => Key(_keys, key, d), (key, n) => Pair(_ds, key, n),
                (sums, n) => sums.Select(s => Add(_dq, s.Row * queries + n, s.Sum)), new(DepthOf: seen))];
    }

    // dS from a weight and its cotangent. With dropout the place of dS holds what weight and cotangent are multiplied by.
    private IEnumerable<Statement> OfPair(ScalarExpr at, ScalarExpr cotangent, ScalarExpr delta)
    {
        if (Shape.Dropout is null)
            return [new StoreStatement(_ds, at, new LoadExpr(_p, at) * (cotangent - delta))];
        var (p, factor) = (NewLocal("p", Wide), NewLocal("f", Wide));
        return [new LetStatement(p, new LoadExpr(_p, at)), new LetStatement(factor, new LoadExpr(_ds, at)),
            new StoreStatement(_ds, at, new LocalExpr(p) * (new LocalExpr(factor) * cotangent - delta)),
            new StoreStatement(_p, at, new LocalExpr(p) * new LocalExpr(factor))];
    }

    // Scores become weights: e^(score - logsumexp), and 0 for keys that no query of a vector sees.
    private ForStatement Exponentials(Position at, ScalarExpr block, Func<ScalarExpr, ScalarExpr>? seen) => EachQuery(seen, (n, count) =>
    {
        var logsumexp = NewLocal("l", Wide);
        ScalarExpr Of(ScalarExpr key) => key * QueryBlocks.Size + n;
        List<Statement> statements = [new LetStatement(logsumexp, new LoadExpr(_logsumexp, n)), Serial("key", KeyBlocks.Size, key =>
        {
            var to = Of(key);
            var weight = new StoreStatement(_p, to, Own(block, key, Exp(new LoadExpr(_p, to) - new LocalExpr(logsumexp))));
            return Shape.Dropout is not { } dropout ? [weight]
                : [weight, new StoreStatement(_ds, to, Kept(ScalarExpr.Constant(Wide, dropout.Scale), at, block, key, n))];
        }, count)];
        if (count is null) return statements;
        var size = ScalarExpr.Index(KeyBlocks.Size);
        return [.. statements, Serial("rest", KeyBlocks.Size, r =>
        {
            var to = Of(size - r + -1);
            return [new StoreStatement(_p, to, Zero), new StoreStatement(_ds, to, Zero)];
        }, size - count)];
    });

    private IEnumerable<Statement> AddParts()
    {
        if (_parts is null) yield break;
        var (dq, count) = (Argument("dq"), _parts.Elements / _split);
        yield return new BarrierStatement();
        yield return ForAll(count, i =>
        {
            ScalarExpr sum = new LoadExpr(_parts, i);
            for (var part = 1L; part < _split; part++) sum += new LoadExpr(_parts, i + part * count);
            return [new StoreStatement(dq, i, sum.ConvertTo(Shape.DType))];
        });
    }

    private ScalarExpr Scale => ScalarExpr.Constant(Wide, Shape.Scale);
}
