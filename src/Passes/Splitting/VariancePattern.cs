using System.Diagnostics.CodeAnalysis;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Splitting;

/// <summary>Σ(x - mean)² along axes of which the mean is x's, by ranges: each takes a mean m of its own, and then its sums about it, while it
/// is in a cache, so x is read from memory once (after T. Chan, G. Golub and R. LeVeque, "Algorithms for computing the sample variance",
/// 1983). With d = m - mean a range adds Σ(x - m)² + d·(2·Σ(x - m) + count·d), whatever m is: what its rounding loses is in
/// Σ(x - m).</summary>
/// <param name="X">What the variance is of.</param>
/// <param name="Mean">Its mean along the axes that are summed.</param>
internal sealed record VariancePattern(Value X, Value Mean)
{
    /// <summary>What an operation is the sum of squares of; null where it is none.</summary>
    public static VariancePattern? Of(Operation sum)
    {
        if (sum.Op is not ReduceSum || Accumulation.TypeOf(sum) != sum.Result.DType) return null;
        if (sum.Operands[0].Definition is not { Op: Multiply } square || square.Operands[0] != square.Operands[1]) return null;
        if (square.Operands[0].Definition is not { Op: Subtract } centered) return null;
        var (x, axes) = (centered.Operands[0], Reduction.Axes(sum));
        return IsMeanAlong(centered.Operands[1], x, axes, out var mean) ? new(x, mean) : null;
    }

    /// <summary>The sums of squares of ranges, to be summed once more.</summary>
    /// <param name="x">In the domain of the ranges.</param>
    /// <param name="sums">Of the ranges.</param>
    /// <param name="mean">Of all.</param>
    /// <param name="split">How they are split.</param>
    public static Value OfRanges(Value x, Value sums, Value mean, ReductionSplit split)
    {
        var builder = x.Builder;
        var count = Count(x.Shape, split.First);
        var means = sums * (1.0 / count);
        var centered = x - Along(means, x.Shape, split.First);
        Value Sum(Value elements) => builder.Emit(ReduceSum.Instance, [elements], ReduceSum.Attributes(split.First));
        var (squares, left) = (Sum(centered * centered), Sum(centered));
        var between = means - Along(SplitDomains.Reshaped(mean, means.Shape.Without(split.Second)), means.Shape, split.Second);
        return squares + between * (left * 2 + between * (double)count);
    }

    private static long Count(Shape shape, int[] axes) => axes.Aggregate(1L, (n, axis) => n * shape[axis]);

    // Repeated along axes that a reduction has dropped.
    private static Value Along(Value value, Shape shape, int[] dropped) => value.Builder.Emit(Broadcast.Instance, [value],
        Broadcast.Attributes(shape, [.. Enumerable.Range(0, shape.Rank).Except(dropped)]));

    private static bool IsMeanAlong(Value value, Value x, int[] axes, [NotNullWhen(true)] out Value? mean)
    {
        mean = value.Definition is { Op: Broadcast } broadcast ? broadcast.Operands[0] : null;
        if (mean?.Definition is not { Op: Multiply } scaled || scaled.Operands[1].Definition is not { Op: Constant } factor) return false;
        var kept = Enumerable.Range(0, x.Rank).Except(axes);
        return Broadcast.Dimensions(value.Definition!).SequenceEqual(kept)
            && scaled.Operands[0].Definition is { Op: ReduceSum } sum && sum.Operands[0] == x && Reduction.Axes(sum).SequenceEqual(axes)
            && Constant.LiteralOf(factor).Splat is { } share && share.Equals(x.DType.Round(1.0 / Count(x.Shape, axes)));
    }
}
