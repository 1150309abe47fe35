using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>A contraction that is the derivative of a convolution with 3×3 taps and stride 1 by its filters, channels last: positions are
/// contracted, those of the image's windows with those of the cotangent.</summary>
internal sealed class WinogradGradientShape
{
    private readonly StridedView _cotangent;
    private readonly int[] _free;
    private readonly int[] _sizes;
    private readonly AxisGroup _images;
    private readonly AxisGroup _filters;
    private readonly (long Row, long Column) _strides;

    private WinogradGradientShape(WinogradImage image, StridedView windows, StridedView cotangent, DotGeneral.Axes axes)
    {
        (Image, _cotangent, _free) = (image, cotangent, axes.FreeX(windows.Shape.Rank));
        _sizes = [.. _free.Select(a => image.IsTap(a) ? 1 : windows.Shape[a])];
        _images = new(cotangent, [.. axes.ContractY.Where((_, i) => !image.IsPosition(axes.ContractX[i]))]);
        _filters = new(cotangent, axes.FreeY(cotangent.Shape.Rank));
        _strides = (Stride(image.Row), Stride(image.Column));

        long Stride(WinogradImage.WindowAxis axis) =>
            cotangent.Strides[axes.ContractY[Array.IndexOf(axes.ContractX, axis.Position)]];
    }

    /// <summary>The derivative that a contraction is, or null if it is none.</summary>
    public static WinogradGradientShape? Of(Operation dot)
    {
        var axes = ((IContractionOp)dot.Op).AxesOf(dot);
        if (axes.BatchX.Length > 0 || StridedView.Of(dot.Operands[0]) is not { } windows
            || StridedView.Of(dot.Operands[1]) is not { } cotangent
            || WinogradImage.Of(windows, axes.ContractX, axes.FreeX(windows.Shape.Rank)) is not { } image)
            return null;
        var shape = new WinogradGradientShape(image, windows, cotangent, axes);
        return shape._filters.Stride == 1 ? shape : null;
    }

    /// <summary>What it reads, covered by tiles of 2 × 2 positions.</summary>
    public WinogradImage Image { get; }

    /// <summary>The cotangent in memory.</summary>
    public Value Cotangent => _cotangent.Memory;

    public long Channels => Image.Channels.Count;
    public long Filters => _filters.Count;
    public long Tiles => Image.Tiles;

    /// <summary>Whether the result has no elements, or no terms.</summary>
    public bool IsEmpty => Image.Images.Count * Channels * Filters == 0;

    /// <summary>The place in memory of the cotangent of a tile's position.</summary>
    public ScalarExpr CotangentAt(WinogradImage.Tile tile, int row, int column, ScalarExpr filter) =>
        CotangentAt(tile.Image, tile.Row + row, tile.Column + column, filter);

    /// <summary>The place in memory of the cotangent of a position.</summary>
    public ScalarExpr CotangentAt(ScalarExpr image, ScalarExpr row, ScalarExpr column, ScalarExpr filter)
    {
        var position = StridedView.Step(_images.Position(image) + _cotangent.Offset, row, _strides.Row);
        return StridedView.Step(position, column, _strides.Column) + _filters.Position(filter);
    }

    /// <summary>The index of a result.</summary>
    public ScalarExpr[] ResultIndex(ScalarExpr row, ScalarExpr column, ScalarExpr channel, ScalarExpr filter)
    {
        var channels = KernelBody.Unravel(channel, _sizes);
        var index = _free.Select((axis, i) => axis == Image.Row.Tap ? row : axis == Image.Column.Tap ? column : channels[i]);
        return [.. index, .. _filters.Split(filter)];
    }
}
