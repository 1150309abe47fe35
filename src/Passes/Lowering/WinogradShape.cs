using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>A contraction that is a convolution with 3×3 taps and stride 1, channels last: taps are contracted.</summary>
internal sealed class WinogradShape
{
    private readonly StridedView _filter;
    private readonly int[] _free;
    private readonly int[] _sizes;
    private readonly AxisGroup _channelsOfFilter;
    private readonly AxisGroup _filters;
    private readonly (long Row, long Column) _tapStrides;

    private WinogradShape(WinogradImage image, StridedView windows, StridedView filter, DotGeneral.Axes axes)
    {
        (Image, _filter, _free) = (image, filter, axes.FreeX(windows.Shape.Rank));
        _sizes = [.. _free.Select(a => image.IsPosition(a) ? 1 : windows.Shape[a])];
        _channelsOfFilter = new(filter, [.. axes.ContractY.Where((_, i) => !image.IsTap(axes.ContractX[i]))]);
        _filters = new(filter, axes.FreeY(filter.Shape.Rank));
        _tapStrides = (TapStride(image.Row), TapStride(image.Column));

        long TapStride(WinogradImage.WindowAxis axis) => filter.Strides[axes.ContractY[Array.IndexOf(axes.ContractX, axis.Tap)]];
    }

    /// <summary>The convolution that a contraction is, or null if it is none.</summary>
    public static WinogradShape? Of(Operation dot)
    {
        var axes = ((IContractionOp)dot.Op).AxesOf(dot);
        return axes.BatchX.Length == 0 && StridedView.Of(dot.Operands[0]) is { } windows && StridedView.Of(dot.Operands[1]) is { } filter
            && WinogradImage.Of(windows, axes.FreeX(windows.Shape.Rank), axes.ContractX) is { } image
            ? new(image, windows, filter, axes) : null;
    }

    /// <summary>What it reads, covered by tiles of 2 × 2 results.</summary>
    public WinogradImage Image { get; }

    /// <summary>The filters in memory.</summary>
    public Value Filter => _filter.Memory;

    public long Channels => Image.Channels.Count;
    public long Filters => _filters.Count;
    public long Tiles => Image.Tiles;

    /// <summary>Whether the filters of a tap and a channel are beside each other in memory.</summary>
    public bool FiltersAreContiguous => _filters.Stride == 1;

    /// <summary>Whether the result has no elements, or no terms.</summary>
    public bool IsEmpty => Image.Images.Count * Channels * Filters == 0;

    /// <summary>The position in memory of a tap.</summary>
    public ScalarExpr FilterPosition(int row, int column, ScalarExpr channel, ScalarExpr filter) =>
        _channelsOfFilter.Position(channel) + _filters.Position(filter)
        + (_filter.Offset + row * _tapStrides.Row + column * _tapStrides.Column);

    /// <summary>The index of a result.</summary>
    public ScalarExpr[] ResultIndex(WinogradImage.Tile tile, ScalarExpr row, ScalarExpr column, ScalarExpr filter)
    {
        var image = KernelBody.Unravel(tile.Image, _sizes);
        var index = _free.Select((axis, i) =>
            axis == Image.Row.Position ? tile.Row + row : axis == Image.Column.Position ? tile.Column + column : image[i]);
        return [.. index, .. _filters.Split(filter)];
    }
}
