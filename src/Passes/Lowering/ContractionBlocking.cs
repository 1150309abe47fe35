using GraphCompiler.IR;

namespace GraphCompiler.Passes.Lowering;

/// <summary>How a product is cut: register tiles of rows × columns, panels of one tile's columns, blocks of rows and of depth whose
/// packed operands stay in a cache (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008).</summary>
/// <param name="TileRows">Rows of a register tile.</param>
/// <param name="TileColumns">Columns of a register tile: the lanes of its vectors.</param>
/// <param name="TilesPerBlock">Tiles, one below the other, that share a packed panel.</param>
/// <param name="RowBlocks">Blocks of so many tiles; together they cover the rows.</param>
/// <param name="BlockDepth">Depth that a packed panel has; the last block may be shallower.</param>
/// <param name="DepthBlocks">Blocks of depth, at least 1.</param>
/// <param name="PanelsPerGroup">Full panels that a worker takes together.</param>
internal sealed record ContractionBlocking(int TileRows, int TileColumns, long TilesPerBlock, long RowBlocks, long BlockDepth, long DepthBlocks, long PanelsPerGroup)
{
    public long Tiles => TilesPerBlock * RowBlocks;

    /// <summary>Chooses a cut for a target.</summary>
    /// <param name="shape">What is multiplied.</param>
    /// <param name="dtype">Of the elements.</param>
    /// <param name="target">Registers, caches and workers.</param>
    /// <param name="dividesRows">Whether each worker should have rows of its own, not columns: memory that one core writes and its neighbour's
    /// prefetcher reads ahead into travels between them (mlp_mnist_b64_adam's update took 130 µs divided by columns, 90 by rows).</param>
    /// <param name="takesWholeRows">Whether each worker should have all columns of its rows.</param>
    public static ContractionBlocking Choose(ContractionShape shape, DType dtype, TargetTraits target, bool dividesRows, bool takesWholeRows)
    {
        var lanes = target.Lanes(dtype);
        var columns = Math.Min(2 * lanes, ElementKernel.PowerOfTwoAtLeast(shape.Columns));
        // Accumulators take all registers but the few that hold operands.
        var mostRows = (target.VectorRegisters - 4) / Math.Max(columns / lanes, 1);
        // A panel takes half of the first-level cache, a block of rows and partial sums a quarter each of the second: the other half is left to
        // what streams by, and to a thread that may share the core (so on a loaded machine wide layers take 5 to 10 % less time).
        var (blockDepth, depthBlocks) = CutDepth(shape.Depth, target.L1Bytes / 2 / (columns * dtype.Bytes), lanes);
        var panels = Divide(shape.Columns, columns);
        var leastBlocks = Divide(shape.Rows * blockDepth * dtype.Bytes, target.L2Bytes / 4);
        var (rows, tiles, blocks) = CutRows(shape.Rows, mostRows, leastBlocks, panels, target.Workers, dividesRows || takesWholeRows);
        var full = shape.Columns / columns;
        var limit = takesWholeRows ? full : depthBlocks == 1 ? 1 : Math.Max(target.L2Bytes / 4 / (tiles * rows * columns * dtype.Bytes), 1);
        return new(rows, columns, tiles, blocks, blockDepth, depthBlocks, GroupSize(full, blocks, target.Workers, limit));
    }

    // Blocks of one depth, which is whole vectors, so that packing by transposition leaves no rest.
    private static (long BlockDepth, long Blocks) CutDepth(long depth, long most, int lanes)
    {
        var blocks = Divide(depth, Math.Max(most, lanes));
        if (blocks == 1) return (depth, 1);
        var blockDepth = Divide(Divide(depth, blocks), lanes) * lanes;
        return (blockDepth, Divide(depth, blockDepth));
    }

    // The cut for which the busiest worker has the least to do; a tile costs its rows and one more for the panel's vectors.
    private static (int Rows, long TilesPerBlock, long Blocks) CutRows(long count, int mostRows, long leastBlocks, long panels, int workers, bool dividesRows)
    {
        var multiple = dividesRows && Divide(count, mostRows) >= workers ? workers : 1;
        leastBlocks = Divide(leastBlocks, multiple) * multiple;
        var best = (Rows: 1, TilesPerBlock: count, Blocks: 1L);
        var least = double.PositiveInfinity;
        for (var rows = mostRows; rows >= Math.Max(mostRows / 2, 1); rows--)
        {
            var needed = Divide(count, rows);
            for (var blocks = leastBlocks; blocks <= Math.Min(leastBlocks + 2 * workers, needed); blocks += multiple)
            {
                var tiles = Divide(needed, blocks);
                var fewest = (int)Divide(count, tiles * blocks);
                var cost = Divide(blocks * panels, workers) * (tiles * (fewest + 1.0) + PackingCost);
                if (cost >= least) continue;
                (least, best) = (cost, (fewest, tiles, blocks));
            }
        }
        return best;
    }

    /// <summary>Packing a panel, in rows of a tile.</summary>
    private const double PackingCost = 3;

    // The largest divisor of the panels that leaves the workers almost evenly loaded.
    private static long GroupSize(long panels, long blocks, int workers, long limit)
    {
        for (var size = Math.Min(panels, limit); size > 1; size--)
            if (panels % size == 0 && Divide(blocks * panels / size, workers) * size * workers <= 1.05 * Divide(blocks * panels, workers) * workers) return size;
        return 1;
    }

    private static long Divide(long count, long by) => Math.Max((count + by - 1) / by, 1);
}
