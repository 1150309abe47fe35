using GraphCompiler.IR;

namespace GraphCompiler.Passes.Splitting;

/// <summary>One axis of a shape as two, ranges and the elements of a range; axes of size 1 are dropped. A tensor in memory is of the
/// <see cref="Domain"/> by a reshape, which copies nothing.</summary>
/// <param name="Shape">Before.</param>
/// <param name="Axis">What is split.</param>
/// <param name="Ranges">A divisor of its size.</param>
internal sealed record AxisSplit(Shape Shape, int Axis, int Ranges)
{
    /// <summary>The shape after.</summary>
    public Shape Domain => new([.. Enumerable.Range(0, Shape.Rank).SelectMany(SizesOf)]);

    /// <summary>What has the given axes of the shape has these sizes after.</summary>
    public Shape SizesOf(IEnumerable<int> axes) => new([.. axes.SelectMany(SizesOf)]);

    /// <summary>The axes of the domain that given axes of the shape become.</summary>
    public int[] AxesOf(IEnumerable<int> axes) => [.. axes.SelectMany(axis =>
        Enumerable.Range(Enumerable.Range(0, axis).Sum(a => SizesOf(a).Length), SizesOf(axis).Length))];

    private int[] SizesOf(int axis) => axis == Axis ? [Ranges, Shape[axis] / Ranges] : Shape[axis] == 1 ? [] : [Shape[axis]];
}
