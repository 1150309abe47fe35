using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Lowers <see cref="Attention"/>: a block of queries passes over the blocks of keys, and keeps for each query the largest score
/// so far, the sum of exponentials less it, and the sum of values, which are scaled anew as the largest grows (M. Milakov and N.
/// Gimelshein, "Online normalizer calculation for softmax", 2018).</summary>
internal sealed class AttentionForward : AttentionKernel
{
    private readonly LoopBuffer _queries, _scores, _output, _rows, _largest, _before, _sum, _factor;
    private readonly LoopBuffer? _narrow, _keys, _values;

    public AttentionForward(Operation operation, TargetTraits target) : base(operation, target, Attention.Always)
    {
        var (queries, block) = (QueryBlocks.Size, KeyBlocks.Size * Width);
        _queries = Scratch("queries", Wide, Width * queries);
        _scores = Scratch("scores", Wide, KeyBlocks.Size * queries);
        _output = Scratch("sums", Wide, Width * queries);
        _rows = Scratch("rows", Wide, Width * queries);
        (_largest, _before) = (Scratch("largest", Wide, queries), Scratch("before", Wide, queries));
        (_sum, _factor) = (Scratch("sum", Wide, queries), Scratch("factor", Wide, queries));
        if (!IsNarrow) return;
        _narrow = Scratch("narrow", Shape.DType, Width * queries);
        (_keys, _values) = (Scratch("keys", Wide, block), Scratch("values", Wide, block));
    }

    protected override string[] OperandNames => ["q", "k", "v"];
    protected override string[] ResultNames => ["output", "logsumexp"];

    /// <summary>The kernel.</summary>
    public Kernel Build()
    {
        if (Shape.IsEmpty) return Kernel(0, Fill(0, 0), Fill(1, double.NegativeInfinity));
        var units = (long)Shape.Batch * Shape.Heads * QueryBlocks.Count;
        return Kernel(2, Parallel("unit", units, unit =>
        {
            var rows = unit / ScalarExpr.Index(QueryBlocks.Count);
            Position at = new(rows / ScalarExpr.Index(Shape.Heads), Remainder(rows, Shape.Heads),
                InOrder(Remainder(unit, QueryBlocks.Count)));
            var seen = Shape.IsCausal ? KeyBlocksSeen(at.Queries) : null;
            return [.. Prepare(), .. Begin(at), Serial("keys", KeyBlocks.Count, block => Visit(at, block), seen), .. End(at)];
        }));
    }

    // Late queries see more keys than early ones: an early and a late block alternate, so that workers' ranges take as long.
    private ScalarExpr InOrder(ScalarExpr number)
    {
        if (!Shape.IsCausal || QueryBlocks.Count == 1) return number;
        var half = number / ScalarExpr.Index(2);
        var isEarly = ScalarExpr.Compare(CompareKind.Eq, Remainder(number, 2), ScalarExpr.Index(0));
        return ScalarExpr.Select(isEarly, half, ScalarExpr.Index(QueryBlocks.Count - 1) - half);
    }

    private IEnumerable<Statement> Begin(Position at)
    {
        foreach (var statement in ReadTransposed(Argument("q"), at, _queries, _narrow, Shape.Scale)) yield return statement;
        yield return Vector("n", QueryBlocks.Size, n => [new StoreStatement(_largest, n, Nothing), new StoreStatement(_sum, n, Zero)]);
        yield return Vector("i", Width * QueryBlocks.Size, i => [new StoreStatement(_output, i, Zero)]);
    }

    private IEnumerable<Statement> Visit(Position at, ScalarExpr block)
    {
        if (IsNarrow)
            yield return Serial("key", KeyBlocks.Size, key =>
                [Vector("d", Width, d => [Widen(_keys!, "k", key, d), Widen(_values!, "v", key, d)])]);
        foreach (var statement in ReadMask(at, block)) yield return statement;
        yield return Vector("n", QueryBlocks.Size, n => [new StoreStatement(_before, n, new LoadExpr(_largest, n))]);
        foreach (var statement in Scores(at, block)) yield return statement;
        yield return Exponentials(at, block);
        foreach (var statement in Sums(at, block)) yield return statement;

        StoreStatement Widen(LoopBuffer to, string from, ScalarExpr key, ScalarExpr d) => new(to, key * Width + d,
            new LoadExpr(Argument(from), KeyAt(at.Sequence, KeyHead(at), block, key) + d).ConvertTo(Wide));
    }

    // scores[key, query], and the largest of each query.
    private IEnumerable<Statement> Scores(Position at, ScalarExpr block) => Product(KeyBlocks.Size, QueryBlocks.Size, Width,
        (key, d) => Element(_keys, "k", at, block, key, d), (d, n) => new LoadExpr(_queries, d * QueryBlocks.Size + n), (sums, n) =>
        {
            var largest = NewLocal("m", Wide);
            List<Statement> statements = [new LetStatement(largest, new LoadExpr(_largest, n))];
            foreach (var (key, sum) in sums)
            {
                var (score, m) = (NewLocal("s", Wide), new LocalExpr(largest));
                statements.Add(new LetStatement(score, Masked(sum, at, block, key, n)));
                statements.Add(new StoreStatement(_scores, key * QueryBlocks.Size + n, new LocalExpr(score)));
                // A NaN is none: it makes the sum of exponentials NaN.
                statements.Add(new AssignStatement(largest, 0,
                    ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Gt, new LocalExpr(score), m), new LocalExpr(score), m)));
            }
            return [.. statements, new StoreStatement(_largest, n, new LocalExpr(largest))];
        }, new(RowsOf: KeysSeen(at, block)));

    // Scores become e^(score - largest); their sum goes on from that of the blocks before, scaled to the new largest.
    private ForStatement Exponentials(Position at, ScalarExpr block) => EachQuery(KeysSeen(at, block), (n, seen) =>
    {
        var (largest, factor, sum) = (NewLocal("m", Wide), NewLocal("f", Wide), NewLocal("l", Wide));
        var m = new LoadExpr(_largest, n);
        // Where nothing is seen yet, every exponential is e^-∞.
        var isNothing = ScalarExpr.Compare(CompareKind.Eq, m, Nothing);
        return [new LetStatement(largest, ScalarExpr.Select(isNothing, Zero, m)),
            new LetStatement(factor, Exp(new LoadExpr(_before, n) - new LocalExpr(largest))),
            new StoreStatement(_factor, n, new LocalExpr(factor)),
            new LetStatement(sum, new LoadExpr(_sum, n) * new LocalExpr(factor)),
            Serial("key", KeyBlocks.Size, key =>
            {
                var (p, to) = (NewLocal("p", Wide), key * QueryBlocks.Size + n);
                return [new LetStatement(p, Own(block, key, Exp(new LoadExpr(_scores, to) - new LocalExpr(largest)))),
                    new StoreStatement(_scores, to, Kept(new LocalExpr(p), at, block, key, n)),
                    new AssignStatement(sum, 0, new LocalExpr(sum) + new LocalExpr(p))];
            }, seen),
            new StoreStatement(_sum, n, new LocalExpr(sum))];
    });

    // output[d, query]
    private IEnumerable<Statement> Sums(Position at, ScalarExpr block) => Product(Width, QueryBlocks.Size, KeyBlocks.Size,
        (d, key) => Element(_values, "v", at, block, key, d), (key, n) => new LoadExpr(_scores, key * QueryBlocks.Size + n), (sums, n) =>
        {
            var factor = NewLocal("f", Wide);
            return [new LetStatement(factor, new LoadExpr(_factor, n)), .. sums.Select(s =>
                new StoreStatement(_output, s.Row * QueryBlocks.Size + n, new MultiplyAddExpr(
                    new LoadExpr(_output, s.Row * QueryBlocks.Size + n), new LocalExpr(factor), s.Sum)))];
        }, new(DepthOf: KeysSeen(at, block)));

    private IEnumerable<Statement> End(Position at)
    {
        yield return Vector("n", QueryBlocks.Size, n =>
        {
            var (sum, factor) = (NewLocal("l", Wide), NewLocal("f", Wide));
            var (l, isNothing) = (new LocalExpr(sum), ScalarExpr.Compare(CompareKind.Eq, new LoadExpr(_largest, n), Nothing));
            var inverse = ScalarExpr.Constant(Wide, Shape.Dropout?.Scale ?? 1) / l;
            return [new LetStatement(sum, new LoadExpr(_sum, n)),
                // A NaN among the scores is in the sum alone.
                new LetStatement(factor, ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Eq, l, Zero), Zero, inverse)),
                new StoreStatement(_largest, n,
                    ScalarExpr.Select(isNothing, Zero, new LoadExpr(_largest, n)) + ScalarExpr.Call(MathFunction.Log, l)),
                Serial("d", Width, d => [new StoreStatement(_output, d * QueryBlocks.Size + n,
                    new LoadExpr(_output, d * QueryBlocks.Size + n) * new LocalExpr(factor))])];
        });
        yield return new TransposeStatement(_rows, ScalarExpr.Index(0), Width, _output, ScalarExpr.Index(0), QueryBlocks.Size, Width,
            QueryBlocks.Size);
        yield return EachOwnQuery(at, query => [new StoreStatement(Argument("logsumexp"), RowAt(at, query), new LoadExpr(_largest, query)),
            Vector("d", Width, d => [new StoreStatement(Argument("output"), QueryAt(at, query) + d,
                new LoadExpr(_rows, query * Width + d).ConvertTo(Shape.DType))])]);
    }

    private LoadExpr Element(LoopBuffer? wide, string name, Position at, ScalarExpr block, ScalarExpr key, ScalarExpr d) =>
        wide is not null ? new(wide, key * Width + d) : new(Argument(name), KeyAt(at.Sequence, KeyHead(at), block, key) + d);

    private ScalarExpr KeyHead(Position at) => at.Head / ScalarExpr.Index(Shape.Group);
}
