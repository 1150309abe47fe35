using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Planning;

/// <summary>Lets workers claim chunks of one another's ranges in kernels so large that a late worker costs more than the barriers that
/// this needs (work stealing: Blumofe and Leiserson, "Scheduling multithreaded computations by work stealing", 1999).</summary>
/// <remarks>A processor is rarely one step's own: where a neighbour takes a fifth of one worker's time, ranges of equal length keep the
/// others waiting for as long. Which worker runs an iteration does not change its bits.</remarks>
internal static class WorkStealing
{
    /// <summary>Part of the least work of a claimed kernel that a chunk has at least: beside it a claim costs nothing.</summary>
    private const double LeastChunk = 1.0 / 400;

    /// <summary>Chunks of a worker's range: what is lost at the end is half of one.</summary>
    private const long ChunksOfRange = 32;

    /// <summary>The kernel with the parallel loop that does most of its work claimed in chunks, or the kernel itself.</summary>
    /// <param name="kernel">One that all workers run.</param>
    /// <param name="workers">Their number.</param>
    /// <param name="leastWork">Scalar operations from which chunks are claimed.</param>
    public static Kernel Of(Kernel kernel, int workers, double leastWork)
    {
        if (kernel.Work < leastWork || kernel.Body.IsEmpty) return kernel;
        var index = Enumerable.Range(0, kernel.Body.Length).MaxBy(i => WorkOf(kernel, i));
        if (Shares(kernel.Body[index]) <= workers || DependsOnOwnRange(kernel, index)) return kernel;
        var loop = (ForStatement)kernel.Body[index];
        var least = (long)(loop.Shares * LeastChunk * leastWork / Math.Max(kernel.Work, 1));
        var chunk = Math.Max(loop.Shares / (workers * ChunksOfRange), least);
        return kernel with { Body = kernel.Body.SetItem(index, loop with { Chunk = Math.Max(chunk, 1) }) };
    }

    // Of loops that compute nothing, or as much, that with more to share.
    private static (double Flops, long Shares) WorkOf(Kernel kernel, int index)
    {
        var shares = Shares(kernel.Body[index]);
        return (shares == 0 ? 0 : KernelCost.Of(kernel with { Body = [kernel.Body[index]] }).Flops, shares);
    }

    private static long Shares(Statement statement) =>
        statement is ForStatement { Kind: LoopKind.Parallel or LoopKind.ParallelVector } loop ? loop.Shares : 0;

    // Whether a loop between the same barriers writes what this one reads, or reads what this one writes: a worker may then rely on having
    // run the same range of both. What they both write they write to different elements; a worker's own scratch has no more to say, since
    // an iteration reads of it only what it has written.
    private static bool DependsOnOwnRange(Kernel kernel, int index)
    {
        var (first, last) = (index, index);
        while (first > 0 && kernel.Body[first - 1] is not BarrierStatement) first--;
        while (last + 1 < kernel.Body.Length && kernel.Body[last + 1] is not BarrierStatement) last++;
        var mine = AccessesOf(kernel, index);
        return Enumerable.Range(first, last - first + 1).Any(i => i != index && Shares(kernel.Body[i]) > 0
            && AccessesOf(kernel, i).Zip(mine).Any(pair => Conflicts(pair.First, pair.Second)));
    }

    private static bool Conflicts(KernelAccess x, KernelAccess y) => (x.Writes && y.Reads) || (y.Writes && x.Reads);

    private static IReadOnlyList<KernelAccess> AccessesOf(Kernel kernel, int index) => KernelAccess.Of(kernel with
    {
        Arguments = [.. kernel.Arguments, .. kernel.Scratch.Where(b => b.Scope == BufferScope.Shared)], Body = [kernel.Body[index]],
    });
}
