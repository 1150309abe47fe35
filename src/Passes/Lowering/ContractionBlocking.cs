using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>How a contraction is blocked: register tiles of M × N, panels one tile wide along N, blocks of M and K whose packed operands
/// stay in a cache (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008).</summary>
/// <param name="TileM">Rows of a register tile.</param>
/// <param name="TileN">Columns of a register tile: the lanes of its vectors.</param>
/// <param name="TilesPerBlock">Tiles along M that share a packed panel.</param>
/// <param name="BlocksM">Blocks of that many tiles; together they cover M.</param>
/// <param name="BlockK">K of a packed panel; the last block may be shorter.</param>
/// <param name="BlocksK">Blocks of K, at least 1.</param>
/// <param name="PanelsPerGroup">Full panels that a worker takes together.</param>
internal sealed record ContractionBlocking(
    int TileM, int TileN, long TilesPerBlock, long BlocksM, long BlockK, long BlocksK, long PanelsPerGroup)
{
    public long Tiles => TilesPerBlock * BlocksM;

    /// <summary>K between two prefetches: long enough not to crowd out the loads, short enough for the tiles of a panel to prefetch all of
    /// the next, and for a tile to prefetch its results a few lines at a time.</summary>
    /// <param name="k">Axes of K.</param>
    /// <param name="kOfStep">K of a multiply-add, in which the result counts.</param>
    public int StepK(AxisGroup k, int kOfStep)
    {
        const int Longest = 32, RowsAtOnce = 2;
        if (k.Stride is null) return StepWithin(k, kOfStep);
        var step = UsualStep;
        while (2 * step <= Math.Min(Longest, Math.Min(TilesPerBlock, BlockK * RowsAtOnce / TileM))) step *= 2;
        return step;
    }

    private const int UsualStep = 8;

    // Where K is of several axes that are apart in memory, a step stays within the innermost, so that only its first index is divided.
    private static int StepWithin(AxisGroup k, int kOfStep)
    {
        const int Most = 16, Least = 3;
        var run = k.Run % kOfStep == 0 ? k.Run / kOfStep : k.Run;
        for (var step = Most; step >= Least; step--)
            if (run % step == 0) return step;
        return UsualStep;
    }

    /// <summary>Blocks of K for panels of a width: what depends on them is the order of additions, so neither the number of workers nor
    /// anything measured may decide here.</summary>
    /// <remarks>A panel takes half of the first-level cache; the other half is left to streamed operands, and to a thread that may share
    /// the core (on a loaded machine wide layers take 5 to 10 % less time). Accumulators stay in registers for a block, so it is not longer
    /// than rounding allows (<see cref="Cascade.MostMultiplyAdds"/>).</remarks>
    public static (long BlockK, long Blocks) BlocksOfK(
        ContractionShape shape, int tileN, DType dtype, TargetTraits target, int kOfStep)
    {
        // Whole vectors, so that packing by transposition has no remainder; or whole steps.
        var granule = shape.A.K.Stride is null ? kOfStep * StepWithin(shape.A.K, kOfStep) : Math.Max(target.Lanes(dtype), UsualStep);
        // No multiply-add reaches into the next block.
        if (granule % kOfStep != 0) granule *= kOfStep;
        var ofPanel = target.L1Bytes / 2 / (tileN * dtype.Bytes) * kOfStep;
        var most = Math.Clamp(ofPanel, granule, Cascade.MostMultiplyAdds * kOfStep) / granule * granule;
        if (shape.K <= most) return (shape.K, 1);
        // Blocks that begin within runs find the place of every step by division (a convolution's dX took a fifth longer).
        if (shape.A.K is { Stride: null, Run: var run } && run % granule == 0 && run <= most) (granule, most) = (run, most / run * run);
        var blocks = Divide(shape.K, most);
        var blockK = Divide(Divide(shape.K, blocks), granule) * granule;
        return (blockK, Divide(shape.K, blockK));
    }

    /// <summary>The quotient, rounded up, at least 1.</summary>
    public static long Divide(long count, long by) => Math.Max((count + by - 1) / by, 1);

    /// <summary>The next multiple, at least one of them.</summary>
    public static long RoundUp(long count, long to) => Divide(count, to) * to;
}
