using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Hints of operands that a loop over vectors will read some vectors later: with arithmetic between two loads, or several places
/// that are read in turn, the processor's own prefetchers run too late.</summary>
internal static class Prefetching
{
    /// <summary>How far ahead: half a page, some 30 vectors.</summary>
    private const int AheadBytes = 2048;

    /// <summary>Hints of the operands of a loop over all elements in the order of memory, which reads each at the loop's own position: all,
    /// if together they exceed the first-level cache (exp over 1M elements takes a fifth less time).</summary>
    /// <param name="body">The kernel.</param>
    /// <param name="position">The loop's variable.</param>
    /// <param name="lanes">Of a vector.</param>
    /// <param name="target">Caches.</param>
    public static IEnumerable<Statement> OfFlat(KernelBody body, ScalarExpr position, int lanes, TargetTraits target)
    {
        LoopBuffer[] operands = [.. body.Function.Parameters.Select(body.BufferOf)];
        return operands.Sum(o => o.Bytes) <= target.L1Bytes ? []
            : operands.SelectMany(o => Lines(o, position, AheadBytes / o.DType.Bytes, lanes, level: 1));
    }

    /// <summary>Hints of every operand of more than a quarter of the second-level cache that a loop's body reads along its vectors, outside
    /// of loops within it: what is smaller, and read at several places, is near.</summary>
    /// <param name="body">The kernel.</param>
    /// <param name="lane">The loop's variable.</param>
    /// <param name="lanes">Of a vector.</param>
    /// <param name="statements">The loop's body.</param>
    /// <param name="target">Caches.</param>
    public static IEnumerable<Statement> Of(
        KernelBody body, LoopVariable lane, int lanes, IReadOnlyList<Statement> statements, TargetTraits target)
    {
        var most = target.L2Bytes / 4;
        var far = body.Function.Parameters.Select(body.BufferOf).Where(b => b.Bytes > most).ToHashSet();
        if (far.Count == 0 || body.Function.Operations.Any(DefeatsHints)) yield break;
        var loads = statements.SelectMany(s => s.Operands.ToArray()).SelectMany(Loads)
            .Where(l => far.Contains(l.Buffer) && IsAlong(l.Position, lane));
        foreach (var places in loads.GroupBy(l => l.Buffer, l => l.Position))
        {
            // Rows of a window are read in turn: those of the next lie behind them. Halves of a tensor have each their own.
            var (buffer, offsets) = (places.Key, places.Distinct().ToLookup(AtZero));
            var reach = 2 * (offsets.Max(o => o.Key) - offsets.Min(o => o.Key)) * buffer.DType.Bytes;
            var ahead = reach > most ? AheadBytes : Math.Max(AheadBytes, reach);
            // What is read until then must not push it out again.
            var level = ahead <= target.L1Bytes / 4 ? 1 : 2;
            foreach (var position in offsets.Select(o => o.First()))
                foreach (var hint in Lines(buffer, position, ahead / buffer.DType.Bytes, lanes, level)) yield return hint;
        }
    }

    private static IEnumerable<Statement> Lines(LoopBuffer buffer, ScalarExpr position, long ahead, int lanes, int level)
    {
        for (var at = 0; at < lanes; at += TargetTraits.LineBytes / buffer.DType.Bytes)
            yield return new PrefetchStatement(buffer, position + (ahead + at), level);
    }

    // Where windows overlap, or sums have several terms, most of what is hinted of is near: nine hints for nine elements take longer than
    // they save. What is transposed is not read in the order of memory.
    private static bool DefeatsHints(Operation operation) => operation.Op is Transpose
        || operation.Op is IIndexedOp op && op.DisjointTerms(operation) > 1
        || operation.Op is Window && Window.Geometry.Of(operation) is var w
            && Enumerable.Range(0, w.Axes.Length).Any(i => w.Extent(i) > w.Stride[i]);

    private static IEnumerable<LoadExpr> Loads(ScalarExpr expression) => expression is LoadExpr load ? [load]
        : expression.Operands.ToArray().SelectMany(Loads);

    // Whether an index counts with a variable, whatever else it is of but elements: those of the next vector are not known.
    private static bool IsAlong(ScalarExpr index, LoopVariable variable) => index switch
    {
        VariableExpr v => v.Variable == variable,
        BinaryExpr { Kind: BinaryKind.Add } sum => IsAlong(sum.X, variable) ? IsOfLoops(sum.Y) && !IsAlong(sum.Y, variable)
            : IsOfLoops(sum.X) && IsAlong(sum.Y, variable),
        _ => false,
    };

    private static bool IsOfLoops(ScalarExpr index) => index is not (LoadExpr or LocalExpr) && index.Operands.ToArray().All(IsOfLoops);

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
