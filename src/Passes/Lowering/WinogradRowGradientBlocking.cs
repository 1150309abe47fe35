using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using static GraphCompiler.Passes.Lowering.ContractionBlocking;
using static GraphCompiler.Passes.Lowering.WinogradChoice;

namespace GraphCompiler.Passes.Lowering;

/// <summary>How the derivative by filters is blocked by Winograd's algorithm along rows: a worker takes a range of channels and filters,
/// and for it some rows of two images after the other, so that its sums and what is transformed of a block are in the second-level
/// cache.</summary>
/// <param name="Ranges">What a worker takes.</param>
/// <param name="Rows">Rows of the cotangent in a block.</param>
/// <param name="Blocks">Blocks of two images, which cover them; the last is shifted to end with them.</param>
internal sealed record WinogradRowGradientBlocking(WinogradRanges Ranges, int Rows, int Blocks)
{
    /// <summary>Images of a block, the halves of a pair.</summary>
    public const int Images = 2;

    private const int Points = WinogradTransforms.Points, Taps = WinogradTransforms.Taps;

    public static WinogradRowGradientBlocking Choose(WinogradGradientShape shape, DType dtype, TargetTraits target)
    {
        // The order of additions follows from the blocks, so the number of workers must not decide on them.
        var (rows, blocks) = BlocksOfRows(shape, dtype, target);
        return WinogradRanges.Candidates(shape, dtype, target).Select(r => new WinogradRowGradientBlocking(r, rows, blocks))
            .MinBy(b => b.Cycles(shape, dtype, target))!;
    }

    /// <summary>Whether it is estimated to take less time than the direct way.</summary>
    public static bool Pays(Operation dot, WinogradGradientShape shape, TargetTraits target) => TakesLess(
        dot, target, alone => Choose(shape, dot.Result.DType, alone).Cycles(shape, dot.Result.DType, alone));

    // As few blocks as rounding and cache allow.
    private static (int Rows, int Blocks) BlocksOfRows(WinogradGradientShape shape, DType dtype, TargetTraits target)
    {
        var image = shape.Image;
        var elements = Math.Min(shape.Channels, WinogradRanges.UsualChannels) + Math.Min(shape.Filters, WinogradRanges.UsualFilters);
        var ofCache = target.L2Bytes / 2 / (Points * image.TileColumns * elements * dtype.Bytes) - (Taps - 1);
        var (rows, blocks) = EvenBlocks(
            image.Rows, Math.Clamp(Math.Min(ofCache, Cascade.MostMultiplyAdds / image.TileColumns), 1, image.Rows));
        return ((int)rows, (int)blocks);
    }

    // Of the busiest worker: each has two multiply-adds, additions or loads, or one store. Two images are transformed together.
    private double Cycles(WinogradGradientShape shape, DType dtype, TargetTraits target)
    {
        const double TransformImage = 26, TransformCotangent = 22, TransformSums = 40;
        var (lanes, image) = (target.Lanes(dtype), shape.Image);
        var tiles = (long)Rows * image.TileColumns;
        return Ranges.Cycles(shape, target.Workers, filters =>
        {
            var (channels, vectors) = (Ranges.Channels, Divide(filters, lanes));
            var block = (tiles + (Taps - 1) * image.TileColumns) * Divide(channels, lanes) * TransformImage
                + tiles * vectors * TransformCotangent + Ranges.CyclesOfProducts(filters, Points * Taps, tiles, lanes);
            var pixels = (double)image.Images.Count * image.Rows * image.Columns;
            var far = pixels * (shape.Channels + shape.Filters) * DType.BF16.Bytes > target.L2Bytes
                ? pixels * (channels + filters) * DType.BF16.Bytes / FarBytesPerCycle : 0;
            var blocks = Divide(image.Images.Count, Images) * Blocks;
            var ofBlock = (double)Points * dtype.Bytes * ((tiles + (Taps - 1) * image.TileColumns) * channels + tiles * filters);
            far += Ranges.CyclesOfFarSums(filters, Points * Taps, blocks, ofBlock, dtype, target);
            return blocks * block + far + channels * vectors * TransformSums;
        });
    }
}
