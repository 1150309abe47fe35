using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Hints of operands that a loop over vectors will read some vectors later: with arithmetic between two loads, or several places
/// that are read in turn, the processor's own prefetchers run too late.</summary>
internal static class Prefetching
{
    /// <summary>How far ahead: half a page, some 30 vectors.</summary>
    public const int AheadBytes = 2048;

    /// <summary>Hints for every operand of more than a quarter of the second-level cache that a loop's body reads along its vectors,
    /// outside of loops within it.</summary>
    /// <param name="body">The kernel.</param>
    /// <param name="lane">The loop's variable.</param>
    /// <param name="lanes">Of a vector.</param>
    /// <param name="statements">The loop's body.</param>
    /// <param name="target">Caches.</param>
    public static IEnumerable<Statement> Of(
        KernelBody body, LoopVariable lane, int lanes, IReadOnlyList<Statement> statements, TargetTraits target)
    {
        var far = body.Function.Parameters.Select(body.BufferOf).Where(b => b.Bytes > target.L2Bytes / 4).ToHashSet();
        if (far.Count == 0 || body.Function.Operations.Any(IsReadAgain)) yield break;
        var loads = statements.SelectMany(s => s.Operands.ToArray()).SelectMany(Loads)
            .Where(l => far.Contains(l.Buffer) && IsAlong(l.Position, lane));
        foreach (var places in loads.GroupBy(l => l.Buffer, l => l.Position))
        {
            // Rows of a window are read in turn: those of the next lie behind them.
            var offsets = places.Distinct().ToLookup(AtZero);
            var line = TargetTraits.LineBytes / places.Key.DType.Bytes;
            var ahead = Math.Max(AheadBytes / places.Key.DType.Bytes, 2 * (offsets.Max(o => o.Key) - offsets.Min(o => o.Key)));
            // What is read until then must not push it out again.
            var level = ahead * places.Key.DType.Bytes <= target.L1Bytes / 4 ? 1 : 2;
            foreach (var position in offsets.Select(o => o.First()))
                for (var at = 0; at < lanes; at += line) yield return new PrefetchStatement(places.Key, position + (ahead + at), level);
        }
    }

    // Where windows overlap most of what is hinted of is near: nine hints for nine elements take longer than they save.
    private static bool IsReadAgain(Operation operation) => operation.Op is IIndexedOp op && op.DisjointTerms(operation) > 1
        || operation.Op is Window && Window.Geometry.Of(operation) is var w && w.Size.Zip(w.Stride).Any(axis => axis.First > axis.Second);

    private static IEnumerable<LoadExpr> Loads(ScalarExpr expression) => expression is LoadExpr load ? [load]
        : expression.Operands.ToArray().SelectMany(Loads);

    // Whether an index counts with a variable.
    private static bool IsAlong(ScalarExpr index, LoopVariable variable) => index switch
    {
        VariableExpr v => v.Variable == variable,
        BinaryExpr { Kind: BinaryKind.Add } sum => IsAlong(sum.X, variable) != IsAlong(sum.Y, variable),
        _ => false,
    };

    // Where all variables are 0.
    private static long AtZero(ScalarExpr index) => index switch
    {
        ConstantExpr c => (long)c.Value,
        BinaryExpr { Kind: BinaryKind.Add } b => AtZero(b.X) + AtZero(b.Y),
        BinaryExpr { Kind: BinaryKind.Sub } b => AtZero(b.X) - AtZero(b.Y),
        BinaryExpr { Kind: BinaryKind.Mul } b => AtZero(b.X) * AtZero(b.Y),
        _ => 0,
    };
}
