using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>A contraction that is a convolution with 3×3 taps and stride 1, channels last: two of the contracted axes of an image's view
/// are taps, each with the step in memory of an axis of positions.</summary>
internal sealed class WinogradShape
{
    private readonly StridedView _image;
    private readonly StridedView _filter;
    private readonly WindowAxis _row;
    private readonly WindowAxis _column;
    private readonly int[] _free;
    private readonly AxisGroup _images;
    private readonly AxisGroup _channels;
    private readonly AxisGroup _channelsOfFilter;
    private readonly AxisGroup _filters;

    /// <summary>An axis of positions, and those of its taps in the image's view and in the filter's.</summary>
    private readonly record struct WindowAxis(int Position, int Tap, int TapOfFilter);

    private WinogradShape(StridedView image, StridedView filter, DotGeneral.Axes axes, WindowAxis row, WindowAxis column)
    {
        (_image, _filter, _row, _column) = (image, filter, row, column);
        _free = axes.FreeX(image.Shape.Rank);
        int[] channels = [.. Enumerable.Range(0, axes.ContractX.Length)
            .Where(i => axes.ContractX[i] != row.Tap && axes.ContractX[i] != column.Tap)];
        _images = new(image, [.. _free.Where(a => a != row.Position && a != column.Position)]);
        _channels = new(image, [.. channels.Select(i => axes.ContractX[i])]);
        _channelsOfFilter = new(filter, [.. channels.Select(i => axes.ContractY[i])]);
        _filters = new(filter, axes.FreeY(filter.Shape.Rank));
        (Rows, Columns) = (image.Shape[row.Position], image.Shape[column.Position]);
    }

    /// <summary>The convolution that a contraction is, or null if it is none.</summary>
    public static WinogradShape? Of(Operation dot)
    {
        var axes = ((IContractionOp)dot.Op).AxesOf(dot);
        if (axes.BatchX.Length > 0 || StridedView.Of(dot.Operands[0]) is not { } image || StridedView.Of(dot.Operands[1]) is not { } filter)
            return null;
        var free = axes.FreeX(image.Shape.Rank);
        List<WindowAxis> windows = [];
        for (var i = 0; i < axes.ContractX.Length; i++)
        {
            var tap = axes.ContractX[i];
            if (image.Shape[tap] != WinogradTransforms.Taps) continue;
            int[] positions = [.. free.Where(a => image.Shape[a] > 1 && image.Strides[a] == image.Strides[tap] && image.Strides[a] != 0)];
            if (positions.Length == 1) windows.Add(new(positions[0], tap, axes.ContractY[i]));
        }
        if (windows.Count != 2 || windows[0].Position == windows[1].Position) return null;
        var shape = new WinogradShape(image, filter, axes, windows[0], windows[1]);
        return shape._channels.Stride == 1 ? shape : null;
    }

    /// <summary>The image in memory.</summary>
    public Value Image => _image.Memory;

    /// <summary>The filters in memory.</summary>
    public Value Filter => _filter.Memory;

    public long Images => _images.Count;

    /// <summary>Rows of a result, at least 2.</summary>
    public int Rows { get; }

    /// <summary>Columns of a result, at least 2.</summary>
    public int Columns { get; }

    public long Channels => _channels.Count;
    public long Filters => _filters.Count;

    /// <summary>Whether the filters of a tap and a channel are beside each other in memory.</summary>
    public bool FiltersAreContiguous => _filters.Stride == 1;

    public int TileRows => (Rows + 1) / 2;
    public int TileColumns => (Columns + 1) / 2;

    /// <summary>Whether the result has no elements, or no terms.</summary>
    public bool IsEmpty => Images * Channels * Filters == 0;

    /// <summary>Tiles of 2 × 2 results, which cover all.</summary>
    public long Tiles => Images * TileRows * TileColumns;

    /// <summary>Where a tile stands. The last along an axis of odd size is shifted, so that it reads no element outside of the image; what
    /// it has in common with the one before is that one's.</summary>
    /// <param name="Image">Its number.</param>
    /// <param name="Row">Its first.</param>
    /// <param name="Column">Its first.</param>
    /// <param name="OwnsFirstRow">Whether the results of its first row are its own; null where they always are.</param>
    /// <param name="OwnsFirstColumn">Likewise.</param>
    public sealed record Tile(
        ScalarExpr Image, ScalarExpr Row, ScalarExpr Column, ScalarExpr? OwnsFirstRow, ScalarExpr? OwnsFirstColumn);

    /// <summary>The tile of a number.</summary>
    public Tile TileAt(ScalarExpr number)
    {
        var index = KernelBody.Unravel(number, [(int)Images, TileRows, TileColumns]);
        var (row, ownsRow) = First(index[1], Rows);
        var (column, ownsColumn) = First(index[2], Columns);
        return new(index[0], row, column, ownsRow, ownsColumn);

        static (ScalarExpr First, ScalarExpr? Owns) First(ScalarExpr tile, int size) => size % 2 == 0 ? (tile * 2, null)
            : (ScalarExpr.Binary(BinaryKind.Min, tile * 2, ScalarExpr.Index(size - 2)),
                ScalarExpr.Compare(CompareKind.Lt, tile, ScalarExpr.Index(size / 2)));
    }

    /// <summary>The position in memory of an element of a tile's 4 × 4.</summary>
    public ScalarExpr ImagePosition(Tile tile, int row, int column, ScalarExpr channel)
    {
        var position = _images.Position(tile.Image) + _image.Offset;
        position = StridedView.Step(position, tile.Row + row, _image.Strides[_row.Position]);
        return StridedView.Step(position, tile.Column + column, _image.Strides[_column.Position]) + _channels.Position(channel);
    }

    /// <summary>The position in memory of a tap.</summary>
    public ScalarExpr FilterPosition(int row, int column, ScalarExpr channel, ScalarExpr filter) =>
        _channelsOfFilter.Position(channel) + _filters.Position(filter)
        + (_filter.Offset + row * _filter.Strides[_row.TapOfFilter] + column * _filter.Strides[_column.TapOfFilter]);

    /// <summary>The index of a result.</summary>
    public ScalarExpr[] ResultIndex(Tile tile, ScalarExpr row, ScalarExpr column, ScalarExpr filter)
    {
        var image = KernelBody.Unravel(tile.Image,
            [.. _free.Select(a => a == _row.Position || a == _column.Position ? 1 : _image.Shape[a])]);
        var index = _free.Select((axis, i) =>
            axis == _row.Position ? tile.Row + row : axis == _column.Position ? tile.Column + column : image[i]);
        return [.. index, .. _filters.Split(filter)];
    }
}
