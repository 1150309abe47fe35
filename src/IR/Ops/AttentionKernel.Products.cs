using System.Numerics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <content>Products in register tiles. Where attention is causal, a vector of queries leaves out the keys of a block that none of them
/// sees.</content>
internal abstract partial class AttentionKernel
{
    /// <summary>left[rows, depth] · right[depth, lanes], by tiles whose sums are in registers.</summary>
    /// <param name="rows">Of the left operand.</param>
    /// <param name="lanes">Of the right operand: neighbours in vectors.</param>
    /// <param name="depth">Summed over.</param>
    /// <param name="left">An element of the left operand: row, depth.</param>
    /// <param name="right">An element of the right operand: depth, lane.</param>
    /// <param name="finish">What is done with sums: row, lane, sum.</param>
    /// <param name="part">What is computed of it; all where null.</param>
    protected IEnumerable<Statement> Product(long rows, long lanes, long depth, Func<ScalarExpr, ScalarExpr, ScalarExpr> left,
        Func<ScalarExpr, ScalarExpr, ScalarExpr> right, Func<IReadOnlyList<(ScalarExpr Row, ScalarExpr Sum)>, ScalarExpr,
            IEnumerable<Statement>> finish, ProductPart? part = null)
    {
        var width = LanesOf(lanes);
        IEnumerable<Statement> Sums(Func<int, ScalarExpr> row, int size, ScalarExpr lane, ScalarExpr? steps)
        {
            var (sums, operand) = (NewLocal("c", Wide, size), NewLocal("b", Wide));
            var numbers = Enumerable.Range(0, size).ToArray();
            IEnumerable<Statement> Step(ScalarExpr d) => [new LetStatement(operand, right(d, lane)), .. numbers.Select(i =>
                new AssignStatement(sums, i, new MultiplyAddExpr(left(row(i), d), new LocalExpr(operand), new LocalExpr(sums, i))))];
            var together = _target.StepsTogether(size, width, Wide);
            return [new LetStatement(sums, Zero), Steps(depth, steps, part?.DepthFrom is not null, together, Step),
                .. finish([.. numbers.Select(i => (row(i), (ScalarExpr)new LocalExpr(sums, i)))], lane)];
        }
        IEnumerable<Statement> Rows(Func<Func<ScalarExpr, IEnumerable<Statement>>, ForStatement> vectors, ScalarExpr? seen,
            ScalarExpr? steps) => Tiles(rows, lanes).Select(t => Serial("tile", t.Count, tile =>
            {
                ScalarExpr Row(int i) => tile * t.Size + (t.First + i);
                var count = part?.DepthFrom is { } from ? ScalarExpr.Index(depth) - from(Row(0)) : steps;
                return [vectors(lane => Sums(Row, t.Size, lane, count))];
            }, seen is null ? null : ScalarExpr.Binary(BinaryKind.Min, ScalarExpr.Index(t.Count),
                (NotNegative(seen - ScalarExpr.Index(t.First)) + (t.Size - 1)) / ScalarExpr.Index(t.Size))));
        if (part?.RowsOf is null && part?.DepthOf is null) return Rows(body => Vector("n", lanes, body), null, null);
        return [Serial("lanes", lanes / width, group => Rows(body => Vector("n", width, lane => body(group * width + lane)),
            part.RowsOf?.Invoke(group), part.DepthOf?.Invoke(group)))];
    }

    /// <summary>What is computed of a product.</summary>
    /// <param name="RowsOf">From <see cref="KeysSeen"/>: how many rows, given the number of a vector of lanes; all where null.</param>
    /// <param name="DepthOf">The same of the depth.</param>
    /// <param name="DepthFrom">From <see cref="QueriesBefore"/>: where the depth begins, given a tile's first row; at 0 where null.</param>
    protected sealed record ProductPart(Func<ScalarExpr, ScalarExpr>? RowsOf = null, Func<ScalarExpr, ScalarExpr>? DepthOf = null,
        Func<ScalarExpr, ScalarExpr>? DepthFrom = null);

    // A count of steps is one of whole vectors; those that are left out at the beginning are so by counting from the end.
    private ForStatement Steps(long depth, ScalarExpr? count, bool isFromEnd, int together,
        Func<ScalarExpr, IEnumerable<Statement>> step)
    {
        if (count is null) return Serial("d", depth, step).Unrolled(together);
        var each = Math.Min(1L << BitOperations.Log2((uint)together), Step ?? 1);
        return Serial("steps", depth / each, n => [Serial("d", each, i =>
        {
            var d = n * each + i;
            return step(isFromEnd ? ScalarExpr.Index(depth - 1) - d : d);
        }).Unrolled((int)each)], count / ScalarExpr.Index(each));
    }

    // As few tiles as registers allow, of two sizes that differ by a row.
    private IEnumerable<(long First, long Count, int Size)> Tiles(long rows, long lanes)
    {
        var count = Divide(rows, _target.RowsOfTile(LanesOf(lanes), Wide));
        var size = Divide(rows, count);
        var large = rows - count * (size - 1);
        yield return (0, large, (int)size);
        if (large < count) yield return (large * size, count - large, (int)size - 1);
    }

    private static ScalarExpr NotNegative(ScalarExpr x) => ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(0), x);

    /// <summary>Queries side by side in a vector, if later vectors of a block may see keys that earlier ones do not; else null.</summary>
    private int? Step => Shape.IsCausal && LanesOf(QueryBlocks.Size) is var width && QueryBlocks.Size > width
        && QueryBlocks.Size % width == 0 && KeyBlocks.Size % width == 0 ? width : null;

    /// <summary>How many keys of a block a vector of queries sees, given its number; whole vectors, and null for all.</summary>
    protected Func<ScalarExpr, ScalarExpr>? KeysSeen(Position at, ScalarExpr keys) => Step is not { } width ? null : group =>
        ScalarExpr.Binary(BinaryKind.Min, ScalarExpr.Index(KeyBlocks.Size), (NotNegative(QueryBlocks.First(at.Queries) + group * width
            - KeyBlocks.First(keys) + width) + (width - 1)) / ScalarExpr.Index(width) * width);

    /// <summary>The first query of a block that sees a key, or one before it: the first of its vector; null for the first of all.</summary>
    protected Func<ScalarExpr, ScalarExpr>? QueriesBefore(Position at, ScalarExpr keys) => Step is not { } width ? null : key =>
        ScalarExpr.Binary(BinaryKind.Min, ScalarExpr.Index(QueryBlocks.Size),
            NotNegative(KeyBlocks.First(keys) + key - QueryBlocks.First(at.Queries)) / ScalarExpr.Index(width) * width);

    /// <summary>A loop over a block's queries.</summary>
    /// <param name="seen">From <see cref="KeysSeen"/>.</param>
    /// <param name="body">Given a query, and how many keys it sees; all where null.</param>
    protected ForStatement EachQuery(Func<ScalarExpr, ScalarExpr>? seen, Func<ScalarExpr, ScalarExpr?, IEnumerable<Statement>> body) =>
        seen is null || Step is not { } width ? Vector("n", QueryBlocks.Size, n => body(n, null))
            : Serial("lanes", QueryBlocks.Size / width, group => [Vector("n", width, lane => body(group * width + lane, seen(group)))]);

    private static long Divide(long count, long by) => (count + by - 1) / by;
}
