using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>The loops over the outer axes of a kernel: workers share one, and the last axis has one of its own within it, so that a
/// position is divided into indices once for many short rows.</summary>
internal static class RowLoops
{
    /// <summary>Iterations that remain to be shared.</summary>
    private const long LeastShared = 64;

    /// <summary>Iterations over whole leading axes that are enough to share.</summary>
    private const long LeastOfParts = 16;

    /// <summary>Elements of a row beside which a division costs nothing.</summary>
    private const long LongRow = 512;

    /// <summary>The loops.</summary>
    /// <param name="sizes">Of the axes.</param>
    /// <param name="elements">That the body works on.</param>
    /// <param name="body">What runs at each index.</param>
    public static ForStatement Over(int[] sizes, long elements, Func<ScalarExpr[], IEnumerable<Statement>> body)
    {
        var rows = sizes.Aggregate(1L, (n, size) => n * size);
        var along = Array.FindLastIndex(sizes, size => size != 1);
        var inner = rows > 0 && elements < LongRow && sizes.Count(size => size != 1) > 1 ? Inner(sizes[along], rows) : 1;
        var (row, x) = (new LoopVariable("row", rows > 0 ? rows / inner : null), new LoopVariable("x", inner));
        if (inner > 1) sizes = [.. sizes[..along], sizes[along] / inner, .. sizes[(along + 1)..]];
        var index = KernelBody.Unravel(rows == inner ? ScalarExpr.Index(0) : row.Value, sizes);
        if (inner > 1) index[along] = index[along] * inner + x.Value;
        var statements = body(index);
        return new(row, rows / inner, LoopKind.Parallel, 1,
            inner == 1 ? [.. statements] : [new ForStatement(x, inner, LoopKind.Serial, 1, [.. statements])]);
    }

    /// <summary>Loops of each part by themselves: workers share those over the leading axes, the others are nested, their indices counted
    /// rather than divided.</summary>
    /// <param name="bounds">Of the parts, for each axis.</param>
    /// <param name="together">Most neighbours along the last axis that the body works on at once.</param>
    /// <param name="body">What runs at each index, or at several.</param>
    public static IEnumerable<ForStatement> InParts(int[][] bounds, int together, Func<ScalarExpr[][], IEnumerable<Statement>> body)
    {
        var shared = 1;
        while (shared < bounds.Length && bounds.Take(shared).Aggregate(1L, (n, b) => n * b[^1]) < LeastOfParts) shared++;
        return Boxes([], []);

        IEnumerable<ForStatement> Boxes(int[] first, int[] sizes)
        {
            if (sizes.Length < shared)
                return Parts(bounds[sizes.Length]).SelectMany(p => Boxes([.. first, p.First], [.. sizes, p.Size]));
            var row = new LoopVariable("row", sizes.Aggregate(1L, (n, size) => n * size));
            var index = KernelBody.Unravel(row.Value, sizes).Zip(first, (i, f) => i + f);
            return [new(row, row.Extent!.Value, LoopKind.Parallel, 1, [.. Nest([.. index])])];
        }

        IEnumerable<Statement> Nest(ScalarExpr[] leading)
        {
            if (leading.Length == bounds.Length) return body([leading]);
            var parts = Parts(bounds[leading.Length]);
            if (leading.Length < bounds.Length - 1)
                return parts.SelectMany(p => Cascade.Loop(p.Size, "x", x => Nest([.. leading, x + p.First])));
            return parts.SelectMany(p => Blocks(p.First, p.Size)).SelectMany(b => Cascade.Loop(b.Count, "x", x =>
                body([.. Enumerable.Range(0, b.Size).Select(i => (ScalarExpr[])[.. leading, x * b.Size + (b.First + i)])])));
        }

        // Blocks of one size, one that divides if it is large enough, and what remains.
        IEnumerable<(int First, int Count, int Size)> Blocks(int first, int size)
        {
            var block = Math.Min(together, size);
            while (size % block != 0 && block > (together + 1) / 2) block--;
            if (size % block != 0) block = Math.Min(together, size);
            yield return (first, size / block, block);
            if (size % block != 0) yield return (first + size - size % block, 1, size % block);
        }
    }

    private static IEnumerable<(int First, int Size)> Parts(int[] bounds) =>
        bounds.Zip(bounds.Skip(1), (first, next) => (first, next - first));

    // All of the axis, or the largest part of it that leaves enough to share.
    private static int Inner(int size, long rows)
    {
        var inner = (int)Math.Clamp(rows / LeastShared, 1, size);
        while (size % inner != 0) inner--;
        return inner;
    }
}
