using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Lowers an <see cref="Attention"/> of one query, as a model that generates with a cache of keys and values has: a worker that
/// has a head passes over the blocks of keys once. Lanes are elements of the head, and keys between the products.</summary>
internal sealed class AttentionRow : AttentionKernel
{
    private readonly LoopBuffer _scores, _sums;

    public AttentionRow(Operation operation, TargetTraits target) : base(operation, target, Attention.Always) =>
        (_scores, _sums) = (Scratch("scores", Wide, KeyBlocks.Size), Scratch("sums", Wide, Width));

    /// <summary>Whether an attention has such a kernel.</summary>
    public static bool Fits(AttentionShape shape) => shape is { Queries: 1, Dropout: null, IsEmpty: false };

    protected override string[] OperandNames => ["q", "k", "v"];
    protected override string[] ResultNames => ["output", "logsumexp"];

    /// <summary>The kernel.</summary>
    public Kernel Build() => Kernel(2, Parallel("unit", (long)Shape.Batch * Shape.Heads, unit =>
    {
        Position at = new(unit / ScalarExpr.Index(Shape.Heads), Remainder(unit, Shape.Heads), ScalarExpr.Index(0));
        var (largest, sum) = (NewLocal("m", Wide), NewLocal("l", Wide));
        return [new LetStatement(largest, Nothing), new LetStatement(sum, Zero),
            Vector("d", Width, d => [new StoreStatement(_sums, d, Zero)]),
            Serial("keys", KeyBlocks.Count, block => Visit(at, block, largest, sum), Shape.IsCausal ? KeyBlocksSeen(at.Queries) : null),
            .. End(at, largest, sum)];
    }));

    private IEnumerable<Statement> Visit(Position at, ScalarExpr block, Local largest, Local sum)
    {
        var (before, factor, shift) = (NewLocal("b", Wide), NewLocal("f", Wide), NewLocal("x", Wide));
        LoadExpr Element(string name, ScalarExpr key, ScalarExpr d) =>
            new(Argument(name), KeyAt(at.Sequence, at.Head / ScalarExpr.Index(Shape.Group), block, key) + d);
        return [new LetStatement(before, new LocalExpr(largest)),
            Serial("key", KeyBlocks.Size, key =>
            {
                var score = NewLocal("s", Wide);
                return [new LetStatement(score, Zero), Vector("d", Width, d => [new AccumulateStatement(score, ReductionKind.Sum,
                    Query(at, d) * Element("k", key, d).ConvertTo(Wide))]), new StoreStatement(_scores, key, new LocalExpr(score))];
            }),
            Vector("key", KeyBlocks.Size, key =>
            {
                var score = NewLocal("s", Wide);
                var scaled = new LoadExpr(_scores, key) * ScalarExpr.Constant(Wide, Shape.Scale);
                return [new LetStatement(score, Masked(scaled, at, block, key, ScalarExpr.Index(0))),
                    new StoreStatement(_scores, key, new LocalExpr(score)),
                    new AccumulateStatement(largest, ReductionKind.Max, new LocalExpr(score))];
            }),
            // Where nothing is seen yet, every exponential is e^-∞.
            new LetStatement(shift, ScalarExpr.Select(IsNothing(largest), Zero, new LocalExpr(largest))),
            new LetStatement(factor, Exp(new LocalExpr(before) - new LocalExpr(shift))),
            new AssignStatement(sum, 0, new LocalExpr(sum) * new LocalExpr(factor)),
            Vector("key", KeyBlocks.Size, key =>
            {
                var p = NewLocal("p", Wide);
                return [new LetStatement(p, Own(block, key, Exp(new LoadExpr(_scores, key) - new LocalExpr(shift)))),
                    new StoreStatement(_scores, key, new LocalExpr(p)),
                    new AccumulateStatement(sum, ReductionKind.Sum, new LocalExpr(p))];
            }),
            Vector("d", Width, d =>
            {
                var c = NewLocal("c", Wide);
                return [new LetStatement(c, new LoadExpr(_sums, d) * new LocalExpr(factor)),
                    Serial("key", KeyBlocks.Size, key => [new AssignStatement(c, 0, new MultiplyAddExpr(new LoadExpr(_scores, key),
                        Element("v", key, d).ConvertTo(Wide), new LocalExpr(c)))]),
                    new StoreStatement(_sums, d, new LocalExpr(c))];
            })];
    }

    private IEnumerable<Statement> End(Position at, Local largest, Local sum)
    {
        var (factor, l) = (NewLocal("f", Wide), new LocalExpr(sum));
        return [new LetStatement(factor, ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Eq, l, Zero), Zero,
                ScalarExpr.Constant(Wide, 1) / l)),
            new StoreStatement(Argument("logsumexp"), RowAt(at, ScalarExpr.Index(0)), ScalarExpr.Select(IsNothing(largest), Zero,
                new LocalExpr(largest)) + ScalarExpr.Call(MathFunction.Log, l)),
            Vector("d", Width, d => [new StoreStatement(Argument("output"), QueryAt(at, ScalarExpr.Index(0)) + d,
                (new LoadExpr(_sums, d) * new LocalExpr(factor)).ConvertTo(Shape.DType))])];
    }

    private ScalarExpr Query(Position at, ScalarExpr d) =>
        new LoadExpr(Argument("q"), QueryAt(at, ScalarExpr.Index(0)) + d).ConvertTo(Wide);

    private ScalarExpr IsNothing(Local largest) => ScalarExpr.Compare(CompareKind.Eq, new LocalExpr(largest), Nothing);
}
