using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>What a convolution and its derivative by the filters share in choosing Winograd's algorithm, and the register tile of its
/// products.</summary>
internal static class WinogradChoice
{
    /// <summary>The part of the direct way's time that an estimate must stay below.</summary>
    public const double MostOfDirect = 0.85;

    /// <summary>Bytes a cycle from the third-level cache or memory.</summary>
    public const double FarBytesPerCycle = 6;

    /// <summary>Whether a contraction, if its shape suits, may be computed so.</summary>
    public static bool Allows(Operation dot, ConvolutionAlgorithm algorithm) =>
        algorithm != ConvolutionAlgorithm.Direct && dot.Result.DType == DType.F32 && Accumulation.TypeOf(dot) == DType.F32;

    /// <summary>The fastest that the direct way may be: the cycles of its multiply-adds, of which a cycle has two of vectors, or as many of
    /// pairs. The algorithm itself computes in f32.</summary>
    public static double DirectCycles(Operation dot, WinogradImage image, long channels, long filters, TargetTraits target)
    {
        const double Taps = WinogradTransforms.Taps * WinogradTransforms.Taps;
        var results = (double)image.Images.Count * image.Rows * image.Columns;
        var multiplyAdds = results * channels * ContractionBlocking.Divide(filters, target.Lanes(dot.Result.DType)) * Taps;
        var isOfPairs = target.HasPairDot && dot.Operands[0].DType == DType.BF16;
        return multiplyAdds / (isOfPairs ? 4 : 2);
    }

    /// <summary>Columns of a register tile, which are filters, and the most rows that its accumulators leave room for.</summary>
    public static (int Width, int MostRows) Tile(long filters, long rows, DType dtype, TargetTraits target)
    {
        var width = Math.Min(2 * target.Lanes(dtype), ElementKernel.PowerOfTwoAtLeast(filters));
        return (width, (int)Math.Min(target.RowsOfTile(width, dtype), rows));
    }
}
