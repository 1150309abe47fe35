using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Splitting;

/// <summary>How a large reduction becomes two: one of ranges, which workers share, and one of their results. Shapes alone decide.</summary>
/// <param name="Axis">The axis that is split first; null where whole axes are ranges enough.</param>
/// <param name="First">What the first reduction drops: axes of its operand.</param>
/// <param name="Second">What the second drops: axes of the first's result.</param>
/// <param name="IsByRows">Whether the innermost axis is reduced, so that what feeds the reduction is fused with it.</param>
internal sealed record ReductionSplit(AxisSplit? Axis, int[] First, int[] Second, bool IsByRows)
{
    /// <summary>Elements below which one worker is as fast.</summary>
    private const long LeastElements = 1 << 14;

    /// <summary>Elements of a row that outgrow a core's cache: then a fused kernel that passes over it again (softmax) saves nothing, so
    /// even several rows are split.</summary>
    private const long LeastOfSeveral = 1 << 18;

    private const long LeastRanges = 16;
    private const long BestRanges = 64;
    private const long MostRanges = 4096;
    private const long LeastRangeElements = 256;

    /// <summary>Elements of a range that make its horizontal sum and its last, masked vector negligible.</summary>
    private const long BestRangeElements = 4096;

    /// <summary>Positions of a line from which its partial results are few beside what is read.</summary>
    private const int LeastLine = 4;

    /// <summary>Ranges of a multiple of so many elements begin where vectors are aligned.</summary>
    private const long Alignment = 16;

    /// <summary>Columns that one iteration of a column kernel reduces, of f32 on the widest target; so many ranges of columns are shared
    /// without a split.</summary>
    private const long ColumnsAtOnce = 64;

    /// <summary>How a reduction is split; null where it stays whole: it is small, already shared, or its sizes have no divisor that
    /// suits.</summary>
    public static ReductionSplit? Of(Shape shape, int[] axes)
    {
        int[] reduced = [.. axes.Where(a => shape[a] != 1).Order()];
        int[] kept = [.. Enumerable.Range(0, shape.Rank).Except(axes).Where(a => shape[a] != 1)];
        if (reduced is [] || shape.ElementCount < LeastElements) return null;
        var keptCount = kept.Aggregate(1L, (n, a) => n * shape[a]);
        if (kept.All(a => a < reduced[0]))
        {
            if (keptCount >= LeastRanges || (keptCount > 1 && shape.ElementCount / keptCount < LeastOfSeveral)) return null;
            return Leading(shape, reduced, kept, LeastRangeElements);
        }
        // A column kernel reduces all columns of a range of rows, so a range has rows enough for the partial results to be few.
        if (kept.Any(a => a < reduced[^1]) || keptCount >= LeastRanges * ColumnsAtOnce) return null;
        return Leading(shape, reduced, [], Math.Max(LeastRangeElements, ColumnsAtOnce * keptCount));
    }

    /// <summary>How a sum of windows by columns is split, the gradient of a depthwise kernel: lines of positions are ranges, so that taps
    /// read a few lines of the image from a near cache.</summary>
    public static ReductionSplit? OfWindows(Operation reduction)
    {
        var x = reduction.Operands[0];
        int[] axes = [.. Reduction.Axes(reduction).Order()];
        var window = x.Definition?.Operands.Select(o => o.Definition).FirstOrDefault(d => d is { Op: Window } && d.Result.Shape == x.Shape);
        if (window is null || axes.Length < 2 || x.Shape.ElementCount < LeastElements || x.Shape[axes[^1]] < LeastLine) return null;
        var first = Window.Geometry.Of(window).FirstTap;
        return axes[^1] == first - 1 ? new(null, axes[^1..], axes[..^1], IsByRows: false) : null;
    }

    // The fewest leading axes that give enough ranges, or the part of the last of them that does. Kept axes that lead are ranges too.
    private static ReductionSplit? Leading(Shape shape, int[] reduced, int[] kept, long leastElements)
    {
        var (ranges, count) = (1L, shape.ElementCount);
        var isByRows = reduced[^1] == Enumerable.Range(0, shape.Rank).Last(a => shape[a] != 1);
        foreach (var axis in kept.Concat(reduced))
        {
            var next = ranges * shape[axis];
            if (next < LeastRanges)
            {
                ranges = next;
                continue;
            }
            if (count / next >= leastElements) return Between(null, shape, reduced, reduced.Count(a => a <= axis), isByRows);
            if (Divisor(shape[axis], ranges, count, leastElements) is not { } divisor) return null;
            return Between(new(shape, axis, divisor), shape, reduced, Array.IndexOf(reduced, axis), isByRows);
        }
        return null;
    }

    // The second reduction drops the first `leading` axes, and the ranges of the axis that is split.
    private static ReductionSplit Between(AxisSplit? split, Shape shape, int[] reduced, int leading, bool isByRows)
    {
        int[] first = [.. reduced[leading..]];
        if (split is null) return new(null, first, AxesWithout(first, reduced[..leading]), isByRows);
        int[] late = [.. split.AxesOf(reduced[..leading]), split.AxesOf([split.Axis])[0]];
        first = [.. split.AxesOf(first).Except(late)];
        return new(split, first, AxesWithout(first, late), isByRows);
    }

    // Where axes are once others have been dropped.
    private static int[] AxesWithout(int[] dropped, IEnumerable<int> axes) => [.. axes.Select(a => a - dropped.Count(d => d < a))];

    // The nearest to the best number of ranges; one whose ranges are aligned may be twice as far.
    private static int? Divisor(int size, long outer, long count, long leastElements)
    {
        var best = Math.Clamp(count / BestRangeElements, LeastRanges, BestRanges);
        var (least, most) = ((LeastRanges + outer - 1) / outer, Math.Min(MostRanges, count / leastElements) / outer);
        int? nearest = null;
        var distance = double.PositiveInfinity;
        for (var divisor = (int)least; divisor <= Math.Min(most, size); divisor++)
        {
            if (size % divisor != 0) continue;
            var ratio = (double)outer * divisor / best;
            var found = Math.Max(ratio, 1 / ratio) * (count / (outer * divisor) % Alignment == 0 ? 1 : 2);
            if (found < distance) (nearest, distance) = (divisor, found);
        }
        return nearest;
    }
}
