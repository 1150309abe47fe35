using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using static GraphCompiler.Passes.Lowering.ContractionBlocking;
using static GraphCompiler.Passes.Lowering.WinogradChoice;

namespace GraphCompiler.Passes.Lowering;

/// <summary>How the derivative by filters is blocked by Winograd's algorithm: a worker takes a range of channels and filters, and for it a
/// block of tiles after the other, so that its sums and what is transformed of a block are in the second-level cache.</summary>
/// <param name="Ranges">What a worker takes.</param>
/// <param name="TilesPerBlock">Tiles of the image in a block.</param>
/// <param name="Blocks">Blocks, which cover all tiles.</param>
internal sealed record WinogradGradientBlocking(WinogradRanges Ranges, long TilesPerBlock, long Blocks)
{
    /// <summary>Multiply-adds of an accumulator in a register, after which it is added to one in memory.</summary>
    private const long MostTiles = 128;

    public static WinogradGradientBlocking Choose(WinogradGradientShape shape, DType dtype, TargetTraits target)
    {
        // The order of additions follows from the blocks of tiles, so the number of workers must not decide on them.
        var (tiles, blocks) = BlocksOfTiles(shape, dtype, target);
        return WinogradRanges.Candidates(shape, dtype, target).Select(r => new WinogradGradientBlocking(r, tiles, blocks))
            .MinBy(b => b.Cycles(shape, dtype, target))!;
    }

    /// <summary>Whether it is estimated to take less time than the direct way.</summary>
    public static bool Pays(Operation dot, WinogradGradientShape shape, TargetTraits target) => TakesLess(
        dot, target, alone => Choose(shape, dot.Result.DType, alone).Cycles(shape, dot.Result.DType, alone));

    private static (long Tiles, long Blocks) BlocksOfTiles(WinogradGradientShape shape, DType dtype, TargetTraits target)
    {
        var elements = Math.Min(shape.Channels, WinogradRanges.UsualChannels) + Math.Min(shape.Filters, WinogradRanges.UsualFilters);
        var ofCache = target.L2Bytes / 2 / (WinogradTransforms.AllPoints * elements * dtype.Bytes);
        return EvenBlocks(shape.Tiles, Math.Clamp(ofCache, 1, MostTiles));
    }

    // Of the busiest worker: each has two multiply-adds, additions or loads, or one store.
    private double Cycles(WinogradGradientShape shape, DType dtype, TargetTraits target)
    {
        const double TransformImage = 40, TransformCotangent = 24, TransformSums = 40;
        var (lanes, channels) = (target.Lanes(dtype), Ranges.Channels);
        return Ranges.Cycles(shape, target.Workers, filters =>
        {
            var vectors = Divide(filters, lanes);
            var block = TilesPerBlock * (Divide(channels, lanes) * TransformImage + vectors * TransformCotangent)
                + Ranges.CyclesOfProducts(filters, WinogradTransforms.AllPoints, TilesPerBlock, lanes);
            var image = shape.Image;
            var pixels = (double)image.Images.Count * image.Rows * image.Columns;
            var read = pixels * (channels + filters) * dtype.Bytes;
            var far = pixels * (shape.Channels + shape.Filters) * dtype.Bytes > target.L2Bytes ? read / FarBytesPerCycle : 0;
            var ofBlock = (double)WinogradTransforms.AllPoints * dtype.Bytes * TilesPerBlock * (channels + filters);
            far += Ranges.CyclesOfFarSums(filters, WinogradTransforms.AllPoints, Blocks, ofBlock, dtype, target);
            return Blocks * block + far + channels * vectors * TransformSums;
        });
    }
}
