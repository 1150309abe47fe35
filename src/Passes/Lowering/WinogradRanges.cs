using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using static GraphCompiler.Passes.Lowering.ContractionBlocking;
using static GraphCompiler.Passes.Lowering.WinogradChoice;

namespace GraphCompiler.Passes.Lowering;

/// <summary>What a worker takes of the channels and filters of a derivative by filters.</summary>
/// <param name="Rows">Channels that are the rows of a product's register tile.</param>
/// <param name="Width">Filters of a panel: columns of a register tile.</param>
/// <param name="Channels">Channels of a range: whole register tiles.</param>
/// <param name="Panels">Full panels of a range.</param>
internal sealed record WinogradRanges(int Rows, int Width, long Channels, long Panels)
{
    /// <summary>Channels and filters that a block of tiles is sized for.</summary>
    public const int UsualChannels = 32, UsualFilters = 64;

    /// <summary>Filters of the longest range.</summary>
    public long FiltersOf(WinogradGradientShape shape) => Math.Min(Panels * Width, shape.Filters);

    public static IEnumerable<WinogradRanges> Candidates(WinogradGradientShape shape, DType dtype, TargetTraits target)
    {
        var (width, mostRows) = Tile(shape.Filters, shape.Channels, dtype, target);
        var full = shape.Filters / width;
        for (var rows = mostRows; rows >= Math.Max(mostRows / 2, 1); rows--)
            for (var channels = (long)rows; channels <= shape.Channels; channels += rows)
                for (var panels = Math.Max(full, 1); panels >= 1; panels--)
                    if (panels == 1 || full % panels == 0) yield return new(rows, width, channels, panels);
    }

    /// <summary>Cycles of the busiest worker.</summary>
    /// <param name="shape">What is divided into ranges.</param>
    /// <param name="workers">How many there are.</param>
    /// <param name="ofRange">Cycles of a range of some filters.</param>
    public double Cycles(WinogradGradientShape shape, int workers, Func<long, double> ofRange)
    {
        var ranges = Divide(shape.Channels, Channels);
        var (full, remainder) = (shape.Filters / Width, shape.Filters % Width);
        return (full > 0 ? Divide(ranges * (full / Panels), workers) * ofRange(Panels * Width) : 0)
            + (remainder > 0 ? Divide(ranges, workers) * ofRange(remainder) : 0);
    }

    /// <summary>Cycles of the products of a block that are added to sums.</summary>
    /// <param name="filters">Of the range.</param>
    /// <param name="products">Products of a channel and a filter that are added apart.</param>
    /// <param name="steps">Multiply-adds of each.</param>
    /// <param name="lanes">Of a vector.</param>
    public double CyclesOfProducts(long filters, int products, long steps, int lanes)
    {
        const double AddToSum = 1.5;
        var panels = Divide(filters, Width);
        var vectors = Divide(filters, lanes) / (double)panels;
        return products * panels * (double)(Channels / Rows)
            * (steps * StepOfTile(Rows, vectors) + StartOfTile + Rows * vectors * AddToSum);
    }

    /// <summary>Cycles to read and write sums that are not in the second-level cache from one block to the next.</summary>
    /// <param name="filters">Of the range.</param>
    /// <param name="products">Products of a channel and a filter that are added apart.</param>
    /// <param name="blocks">How many there are.</param>
    /// <param name="bytesOfBlock">What is transformed of one.</param>
    /// <param name="dtype">Of the sums.</param>
    /// <param name="target">Caches.</param>
    public double CyclesOfFarSums(long filters, int products, long blocks, double bytesOfBlock, DType dtype, TargetTraits target)
    {
        var bytes = (double)products * Channels * filters * dtype.Bytes;
        return bytesOfBlock + bytes <= target.L2Bytes * 5 / 8 ? 0 : 2 * blocks * bytes / FarBytesPerCycle;
    }
}
