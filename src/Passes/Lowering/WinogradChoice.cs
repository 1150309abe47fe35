using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>What a convolution and its derivative by the filters share in choosing Winograd's algorithm, and the register tile of its
/// products.</summary>
internal static class WinogradChoice
{
    /// <summary>The part of the direct way's time that an estimate must stay below.</summary>
    private const double MostOfDirect = 0.85;

    /// <summary>Bytes a cycle from the third-level cache or memory.</summary>
    public const double FarBytesPerCycle = 6;

    /// <summary>Cycles to begin a register tile of products.</summary>
    public const double StartOfTile = 24;

    /// <summary>Cycles of a multiply-add for all accumulators of a register tile, of which each waits for the one before.</summary>
    /// <param name="rows">Of the tile.</param>
    /// <param name="vectors">Of a row; a mean, where panels differ.</param>
    public static double StepOfTile(int rows, double vectors)
    {
        const double Latency = 4, LoadsOfPanel = 0.25;
        return Math.Max(rows * vectors / 2, Latency) + LoadsOfPanel;
    }

    /// <summary>Whether a contraction, if its shape suits, may be computed so.</summary>
    public static bool Allows(Operation dot, ConvolutionAlgorithm algorithm) =>
        algorithm != ConvolutionAlgorithm.Direct && dot.Result.DType == DType.F32 && Accumulation.TypeOf(dot) == DType.F32;

    /// <summary>Whether a contraction, if its shape suits, may be computed so with products of pairs of bf16.</summary>
    public static bool AllowsPairs(Operation dot, TargetTraits target, ConvolutionAlgorithm algorithm) =>
        target.HasPairDot && Allows(dot, algorithm) && dot.Operands.All(o => o.DType == DType.BF16);

    /// <summary>Whether an algorithm takes enough less time than the direct way's best schedule, both with one worker: the bits follow from
    /// the algorithm, and must not from the number of workers.</summary>
    /// <param name="dot">The contraction.</param>
    /// <param name="target">The target.</param>
    /// <param name="cycles">Of the algorithm, on a target.</param>
    public static bool TakesLess(Operation dot, TargetTraits target, Func<TargetTraits, double> cycles)
    {
        var alone = target with { Workers = 1 };
        var task = new ContractionTask(new(dot), dot.Operands[0].DType, dot.Result.DType, alone);
        return cycles(alone) < MostOfDirect * ContractionSchedule.Candidates(task).Min(c => c.Cost.Total);
    }

    /// <summary>Blocks of at most some of what there is: such as hold all exactly, if there are any of more than half of that, so that none
    /// is compared with where all ends; else as even as can be.</summary>
    public static (long Size, long Blocks) EvenBlocks(long count, long most)
    {
        for (var size = Math.Min(most, count); size > most / 2; size--)
            if (count % size == 0) return (size, count / size);
        var even = ContractionBlocking.Divide(count, ContractionBlocking.Divide(count, most));
        return (even, ContractionBlocking.Divide(count, even));
    }

    /// <summary>Columns of a register tile, which are filters, and the most rows that its accumulators leave room for.</summary>
    public static (int Width, int MostRows) Tile(long filters, long rows, DType dtype, TargetTraits target)
    {
        var width = Math.Min(2 * target.Lanes(dtype), ElementKernel.PowerOfTwoAtLeast(filters));
        return (width, (int)Math.Min(target.RowsOfTile(width, dtype), rows));
    }
}
