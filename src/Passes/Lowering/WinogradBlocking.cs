using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using static GraphCompiler.Passes.Lowering.ContractionBlocking;
using static GraphCompiler.Passes.Lowering.WinogradChoice;

namespace GraphCompiler.Passes.Lowering;

/// <summary>How a convolution by Winograd's algorithm is blocked: a block of tiles is transformed, multiplied and transformed back while it
/// is in the second-level cache.</summary>
/// <param name="RowsOfTile">Tiles of the image that are the rows of a product's register tile.</param>
/// <param name="Width">Filters of a panel: columns of a register tile.</param>
/// <param name="TilesPerBlock">Tiles of the image in a block: whole register tiles.</param>
/// <param name="Blocks">Blocks, which cover all tiles; the last is shifted to end with them.</param>
internal sealed record WinogradBlocking(int RowsOfTile, int Width, long TilesPerBlock, long Blocks)
{
    /// <summary>Tiles after which a panel of filters is read again soon enough: more take no less time where filters stay in the
    /// second-level cache.</summary>
    private const long UsualTiles = 48;

    public static WinogradBlocking Choose(WinogradShape shape, DType dtype, TargetTraits target)
    {
        var (width, mostRows) = Tile(shape.Filters, shape.Tiles, dtype, target);
        // The transformed image, all channels of it, and the products of a panel.
        var most = target.L2Bytes / 2 / (WinogradTransforms.AllPoints * (shape.Channels + width) * dtype.Bytes);
        if (!StreamsFilters(shape, dtype, target)) most = Math.Min(most, UsualTiles);
        var blocks = RoundUp(Divide(shape.Tiles, Math.Max(most, mostRows)), target.Workers);
        var (best, least) = (new WinogradBlocking(1, width, 1, shape.Tiles), double.PositiveInfinity);
        for (var rows = mostRows; rows >= Math.Max(mostRows / 2, 1); rows--)
        {
            // Blocks do not overlap where one would be all.
            var tiles = Math.Min(Divide(Divide(shape.Tiles, blocks), rows), shape.Tiles / rows);
            var covering = Divide(shape.Tiles, tiles * rows);
            // A register tile costs its rows and one more for the panel's vectors.
            var cost = (double)Divide(covering, target.Workers) * tiles * (rows + 1);
            if (cost < least) (least, best) = (cost, new(rows, width, tiles * rows, covering));
        }
        return best;
    }

    /// <summary>Whether it is estimated to take less time than the direct way.</summary>
    public static bool Pays(Operation dot, WinogradShape shape, TargetTraits target) =>
        TakesLess(dot, target, alone => Cycles(shape, dot.Result.DType, alone));

    private static double Cycles(WinogradShape shape, DType dtype, TargetTraits target)
    {
        var blocking = Choose(shape, dtype, target);
        var lanes = target.Lanes(dtype);
        var (vectorsOfFilters, vectorsOfChannels) = (Divide(shape.Filters, lanes), Divide(shape.Channels, lanes));
        // Cycles, of which each has two multiply-adds, additions or loads, or one store.
        const double StoreAndTransformResults = 52, TransformImage = 40, TransformFilters = 40;
        var panels = Divide(shape.Filters, blocking.Width);
        var ofTile = StepOfTile(blocking.RowsOfTile, vectorsOfFilters / (double)panels);
        var multiply = WinogradTransforms.AllPoints * panels * (shape.Channels * ofTile + StartOfTile);
        var loadsOfFilters = shape.FiltersAreContiguous ? 0 : 9.0 * lanes;
        var computed = (double)blocking.TilesPerBlock * blocking.Blocks;
        var cycles = computed / blocking.RowsOfTile * multiply + computed * vectorsOfFilters * StoreAndTransformResults
            + computed * vectorsOfChannels * TransformImage
            + shape.Channels * vectorsOfFilters * (TransformFilters + loadsOfFilters);
        // They are written once, and read for each block.
        if (StreamsFilters(shape, dtype, target)) cycles += (blocking.Blocks + 1) * BytesOfFilters(shape, dtype) / FarBytesPerCycle;
        return cycles;
    }

    private static bool StreamsFilters(WinogradShape shape, DType dtype, TargetTraits target) =>
        BytesOfFilters(shape, dtype) > target.L2Bytes / 2;

    private static long BytesOfFilters(WinogradShape shape, DType dtype) =>
        WinogradTransforms.AllPoints * shape.Channels * shape.Filters * dtype.Bytes;
}
