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
/// <param name="StepK">K between two prefetches: long enough not to crowd out the loads, short enough to cover a panel during its tiles.
/// Where K is of several axes that are apart in memory, a step stays within the innermost, so that only its first index is divided.</param>
internal sealed record ContractionBlocking(
    int TileM, int TileN, long TilesPerBlock, long BlocksM, long BlockK, long BlocksK, long PanelsPerGroup,
    int StepK)
{
    public long Tiles => TilesPerBlock * BlocksM;

    /// <summary>Chooses the blocking for a target.</summary>
    /// <param name="shape">The contraction.</param>
    /// <param name="dtype">Of the elements.</param>
    /// <param name="target">Registers, caches and workers.</param>
    /// <param name="partitionsM">Whether the workers partition M, not N: memory that one core writes and another's prefetcher reads ahead
    /// moves between their caches (mlp_mnist_b64_adam's update took 130 µs partitioned along N, 90 along M).</param>
    /// <param name="takesWholeN">Whether each worker should have all of N for its part of M.</param>
    public static ContractionBlocking Choose(ContractionShape shape, DType dtype, TargetTraits target, bool partitionsM, bool takesWholeN)
    {
        var lanes = target.Lanes(dtype);
        var tileN = Math.Min(2 * lanes, ElementKernel.PowerOfTwoAtLeast(shape.N));
        // Accumulators take all registers except the few that hold operands.
        var mostM = (target.VectorRegisters - 4) / Math.Max(tileN / lanes, 1);
        // A panel takes half of the first-level cache, a block of M and the partial results a quarter each of the second. The other half is
        // left to streamed operands, and to a thread that may share the core (on a loaded machine wide layers take 5 to 10 % less time).
        var stepK = ChooseStepK(shape.A.K);
        var (blockK, blocksK) = ChooseBlockK(shape.K, target.L1Bytes / 2 / (tileN * dtype.Bytes),
            shape.A.K.Stride is null ? stepK : lanes);
        var panels = Divide(shape.N, tileN);
        // Windows overlap, but a block of K may read all of the memory that they share.
        var blockOfA = Math.Min(shape.M * blockK, shape.A.Memory.Shape.ElementCount / Math.Max(shape.Batch, 1));
        var leastBlocks = Divide(blockOfA * dtype.Bytes, target.L2Bytes / 4);
        var (tileM, tiles, blocks) =
            ChooseTileM(shape.M, shape.A.Free, mostM, leastBlocks, panels, target.Workers, partitionsM || takesWholeN);
        var full = shape.N / tileN;
        var limit = takesWholeN ? full : blocksK == 1 ? 1 : Math.Max(target.L2Bytes / 4 / (tiles * tileM * tileN * dtype.Bytes), 1);
        return new(tileM, tileN, tiles, blocks, blockK, blocksK, GroupSize(full, shape.Batch * blocks, target.Workers, limit), stepK);
    }

    private static int ChooseStepK(AxisGroup k)
    {
        const int Usual = 8, Most = 16, Least = 3;
        if (k.Stride is not null) return Usual;
        for (var step = Most; step >= Least; step--)
            if (k.Run % step == 0) return step;
        return Usual;
    }

    // Equal blocks of whole vectors, so that packing by transposition has no remainder; or of whole steps.
    private static (long BlockK, long Blocks) ChooseBlockK(long k, long most, int granule)
    {
        var blocks = Divide(k, Math.Max(most, granule));
        if (blocks == 1) return (k, 1);
        var blockK = Divide(Divide(k, blocks), granule) * granule;
        return (blockK, Divide(k, blockK));
    }

    // Minimizes the time of the busiest worker; a tile costs its rows and one more for the panel's vectors. Rows that are not all one
    // distance apart cost more: each has an address of its own.
    private static (int TileM, long TilesPerBlock, long Blocks) ChooseTileM(
        long m, AxisGroup rowsOfA, int mostM, long leastBlocks, long panels, int workers, bool partitionsM)
    {
        var multiple = partitionsM && Divide(m, mostM) >= workers ? workers : 1;
        leastBlocks = Divide(leastBlocks, multiple) * multiple;
        var best = (TileM: 1, TilesPerBlock: m, Blocks: 1L);
        var least = double.PositiveInfinity;
        for (var rows = mostM; rows >= Math.Max(mostM / 2, 1); rows--)
        {
            var needed = Divide(m, rows);
            for (var blocks = leastBlocks; blocks <= Math.Min(leastBlocks + 2 * workers, needed); blocks += multiple)
            {
                var tiles = Divide(needed, blocks);
                var fewest = (int)Divide(m, tiles * blocks);
                var costOfRow = rowsOfA.Stride is null && rowsOfA.Run % fewest != 0 ? CostOfSeparateRow : 1;
                var cost = Divide(blocks * panels, workers) * (tiles * (fewest * costOfRow + 1) + PackingCost);
                if (cost >= least) continue;
                (least, best) = (cost, (fewest, tiles, blocks));
            }
        }
        return best;
    }

    /// <summary>Time of a row with an address of its own, in rows of a tile.</summary>
    private const double CostOfSeparateRow = 1.15;

    /// <summary>Time of packing a panel, in rows of a tile.</summary>
    private const double PackingCost = 3;

    // The largest divisor of the panels that leaves the workers almost evenly loaded.
    private static long GroupSize(long panels, long blocks, int workers, long limit)
    {
        for (var size = Math.Min(panels, limit); size > 1; size--)
            if (panels % size == 0
                && Divide(blocks * panels / size, workers) * size * workers <= 1.05 * Divide(blocks * panels, workers) * workers)
                return size;
        return 1;
    }

    private static long Divide(long count, long by) => Math.Max((count + by - 1) / by, 1);
}
