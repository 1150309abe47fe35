using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>How a convolution by Winograd's algorithm is blocked: a block of tiles is transformed, multiplied and transformed back while it
/// is in the second-level cache.</summary>
/// <param name="RowsOfTile">Tiles of the image that a register tile of a product has as its rows.</param>
/// <param name="Width">Filters of a panel: columns of a register tile.</param>
/// <param name="TilesPerBlock">Tiles of the image in a block, whole register tiles.</param>
/// <param name="Blocks">Blocks, which cover all tiles; the last is shifted to end with them.</param>
internal sealed record WinogradBlocking(int RowsOfTile, int Width, long TilesPerBlock, long Blocks)
{
    public static WinogradBlocking Choose(WinogradShape shape, DType dtype, TargetTraits target)
    {
        var lanes = target.Lanes(dtype);
        var width = Math.Min(2 * lanes, ElementKernel.PowerOfTwoAtLeast(shape.Filters));
        var most = (target.VectorRegisters - 4) / Math.Max(width / lanes, 1);
        var perTile = 16 * (shape.Channels + width) * dtype.Bytes;
        var forced = Environment.GetEnvironmentVariable("WT") is { } w ? long.Parse(w) : 48;
        var largest = Math.Clamp(target.L2Bytes / 2 / perTile, most, forced);
        if (shape.Tiles <= most) return new((int)shape.Tiles, width, shape.Tiles, 1);
        var groups = Math.Max(largest / most, 1);
        var block = Math.Min(groups, shape.Tiles / most) * most;
        return new(most, width, block, (shape.Tiles + block - 1) / block);
    }
}
