using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using static GraphCompiler.Passes.Lowering.ContractionBlocking;
using static GraphCompiler.Passes.Lowering.WinogradChoice;

namespace GraphCompiler.Passes.Lowering;

/// <summary>How a convolution by Winograd's algorithm along rows is blocked: some rows of an image are transformed, multiplied and
/// transformed back while they are in the second-level cache.</summary>
/// <param name="TilesTogether">Tiles of the image that are the rows of a product's register tile.</param>
/// <param name="Width">Filters of a panel: columns of a register tile.</param>
/// <param name="Rows">Rows of results in a block.</param>
/// <param name="Blocks">Blocks of an image, which cover it; the last is shifted to end with it.</param>
internal sealed record WinogradRowBlocking(int TilesTogether, int Width, int Rows, long Blocks)
{
    private const int Points = WinogradTransforms.Points, Taps = WinogradTransforms.Taps;

    /// <summary>Tiles of a block: whole rows.</summary>
    public long TilesOf(WinogradShape shape) => (long)Rows * shape.Image.TileColumns;

    /// <summary>Register tiles of a block; the last is shifted to end with it.</summary>
    public long RegisterTilesOf(WinogradShape shape) => Divide(TilesOf(shape), TilesTogether);

    public static WinogradRowBlocking Choose(WinogradShape shape, DType dtype, TargetTraits target) =>
        Candidates(shape, dtype, target).MinBy(b => b.Cycles(shape, dtype, target))!;

    /// <summary>Whether it is estimated to take less time than the direct way.</summary>
    public static bool Pays(Operation dot, WinogradShape shape, TargetTraits target) => TakesLess(
        dot, target, alone => Choose(shape, dot.Result.DType, alone).Cycles(shape, dot.Result.DType, alone));

    // Blocks whose transformed image and products are in the second-level cache, or of one row.
    private static IEnumerable<WinogradRowBlocking> Candidates(WinogradShape shape, DType dtype, TargetTraits target)
    {
        var image = shape.Image;
        for (var rows = 1; rows <= image.Rows; rows++)
        {
            var (width, most) = Tile(shape.Filters, (long)rows * image.TileColumns, dtype, target);
            var bytes = BytesOfImage(shape, rows) + Points * (long)image.TileColumns * rows * width * dtype.Bytes;
            if (rows > 1 && bytes > target.L2Bytes / 2) yield break;
            for (var together = most; together >= Math.Max(most / 2, 1); together--)
                yield return new(together, width, rows, Divide(image.Rows, rows));
        }
    }

    // Transformed, with the two rows more that its windows reach.
    private static long BytesOfImage(WinogradShape shape, int rows) =>
        Points * shape.Image.TileColumns * (rows + Taps - 1) * shape.Channels * DType.BF16.Bytes;

    // Of the busiest worker: each has two multiply-adds, additions or loads, or one store.
    private double Cycles(WinogradShape shape, DType dtype, TargetTraits target)
    {
        const double StoreAndTransformResults = 16, TransformImage = 12, TransformFilters = 12;
        var lanes = target.Lanes(dtype);
        var (vectorsOfFilters, vectorsOfChannels) = (Divide(shape.Filters, lanes), Divide(shape.Channels, lanes));
        var panels = Divide(shape.Filters, Width);
        var steps = Taps * shape.Channels / 2;
        var tiles = TilesOf(shape);
        var multiply = RegisterTilesOf(shape) * Points * panels
            * (steps * StepOfTile(TilesTogether, vectorsOfFilters / (double)panels) + StartOfTile);
        var transform = tiles * vectorsOfFilters * StoreAndTransformResults
            + (tiles + (Taps - 1) * shape.Image.TileColumns) * vectorsOfChannels * TransformImage;
        // Filters too many for the second-level cache are read again for each block, in order, while it multiplies.
        var bytes = Points * Taps * shape.Channels * shape.Filters * DType.BF16.Bytes;
        if (bytes > target.L2Bytes / 2) multiply = Math.Max(multiply, bytes / FarBytesPerCycle);
        // A row too long for it is read again for each panel.
        if (BytesOfImage(shape, Rows) is var far && far > target.L2Bytes * 5 / 8) transform += panels * far / FarBytesPerCycle;
        var loadsOfFilters = shape.FiltersAreContiguous ? 0 : Taps * lanes;
        return Divide(shape.Image.Images.Count * Blocks, target.Workers) * (multiply + transform)
            + Taps * shape.Channels * vectorsOfFilters * (TransformFilters + loadsOfFilters);
    }
}
