using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>An image, channels last, that a contraction reads through windows of 3×3 taps with stride 1: each of two axes of taps has the
/// step in memory of an axis of positions. It is covered by tiles of 2×2 positions, which read 4×4 elements each, or
/// along rows alone by tiles of two positions, which read four of each of three rows.</summary>
internal sealed class WinogradImage
{
    private readonly StridedView _view;

    private WinogradImage(StridedView view, int[] positions, int[] taps, WindowAxis row, WindowAxis column)
    {
        (_view, Row, Column) = (view, row, column);
        (Images, Channels) = (new(view, [.. positions.Where(a => !IsPosition(a))]), new(view, [.. taps.Where(a => !IsTap(a))]));
        (Rows, Columns) = (view.Shape[row.Position], view.Shape[column.Position]);
    }

    /// <summary>The image that a view is of, or null if it is none.</summary>
    /// <param name="view">The windows.</param>
    /// <param name="positions">Axes of which two are positions; the others number images.</param>
    /// <param name="taps">Axes of which two are taps; the others number channels.</param>
    public static WinogradImage? Of(StridedView view, int[] positions, int[] taps)
    {
        List<WindowAxis> windows = [];
        foreach (var tap in taps.Where(a => view.Shape[a] == WinogradTransforms.Taps))
        {
            int[] along = [.. positions.Where(a => view.Shape[a] > 1 && view.Strides[a] == view.Strides[tap] && view.Strides[a] != 0)];
            if (along.Length == 1) windows.Add(new(along[0], tap));
        }
        if (windows.Count != 2 || windows[0].Position == windows[1].Position) return null;
        var image = new WinogradImage(view, positions, taps, windows[0], windows[1]);
        return image.Channels.Stride == 1 ? image : null;
    }

    /// <summary>An axis of positions, and that of its taps.</summary>
    public readonly record struct WindowAxis(int Position, int Tap);

    public WindowAxis Row { get; }
    public WindowAxis Column { get; }
    public AxisGroup Images { get; }
    public AxisGroup Channels { get; }

    /// <summary>The image in memory.</summary>
    public Value Memory => _view.Memory;

    /// <summary>Rows of positions, at least 2.</summary>
    public int Rows { get; }

    /// <summary>Columns of positions, at least 2.</summary>
    public int Columns { get; }

    public int TileRows => (Rows + 1) / 2;
    public int TileColumns => (Columns + 1) / 2;

    /// <summary>Tiles of 2 × 2 positions, which cover all.</summary>
    public long Tiles => Images.Count * TileRows * TileColumns;

    /// <summary>Whether an axis is one of the two of positions.</summary>
    public bool IsPosition(int axis) => axis == Row.Position || axis == Column.Position;

    /// <summary>Whether an axis is one of the two of taps.</summary>
    public bool IsTap(int axis) => axis == Row.Tap || axis == Column.Tap;

    /// <summary>Where a tile stands. The last along an axis of odd size is shifted, so that it reads no element outside of the image; what
    /// it has in common with the one before is that one's.</summary>
    /// <param name="Image">Its number.</param>
    /// <param name="Row">Its first.</param>
    /// <param name="Column">Its first.</param>
    /// <param name="OwnsFirstRow">Whether the positions of its first row are its own; null where they always are.</param>
    /// <param name="OwnsFirstColumn">Likewise.</param>
    public sealed record Tile(
        ScalarExpr Image, ScalarExpr Row, ScalarExpr Column, ScalarExpr? OwnsFirstRow, ScalarExpr? OwnsFirstColumn)
    {
        /// <summary>Whether a position of a tile is its own; null where all are.</summary>
        public ScalarExpr? Owns(ScalarExpr row, ScalarExpr column) =>
            ScalarExpr.Both(OwnsAlong(OwnsFirstRow, row), OwnsAlong(OwnsFirstColumn, column));

        private static ScalarExpr? OwnsAlong(ScalarExpr? ownsFirst, ScalarExpr number)
        {
            if (ownsFirst is null) return null;
            var isSecond = ScalarExpr.Compare(CompareKind.Gt, number, ScalarExpr.Index(0));
            return isSecond.Truth is { } known ? known ? null : ownsFirst : ScalarExpr.Binary(BinaryKind.Or, ownsFirst, isSecond);
        }
    }

    /// <summary>The tile of a number.</summary>
    public Tile TileAt(ScalarExpr number)
    {
        var index = KernelBody.Unravel(number, [(int)Images.Count, TileRows, TileColumns]);
        var (row, ownsRow) = First(index[1], Rows);
        var (column, ownsColumn) = First(index[2], Columns);
        return new(index[0], row, column, ownsRow, ownsColumn);
    }

    /// <summary>A tile of two positions of a row, given its number along the row.</summary>
    public Tile TileOfRow(ScalarExpr image, ScalarExpr row, ScalarExpr number)
    {
        var (column, owns) = First(number, Columns);
        return new(image, row, column, null, owns);
    }

    /// <summary>Some rows of positions; the last group is shifted to end with the image.</summary>
    /// <param name="First">The first of them.</param>
    /// <param name="FirstOwn">The first that no group before it has; null where all are its own.</param>
    public sealed record RowGroup(ScalarExpr First, ScalarExpr? FirstOwn)
    {
        /// <summary>Whether a row is the group's own; null where all are.</summary>
        public ScalarExpr? Owns(ScalarExpr row) => FirstOwn is null ? null : ScalarExpr.Compare(CompareKind.Ge, row, FirstOwn);
    }

    /// <summary>The group of a number, of some rows.</summary>
    public RowGroup RowsOf(ScalarExpr number, int rows) => Rows % rows == 0 ? new(number * rows, null)
        : new(ScalarExpr.Binary(BinaryKind.Min, number * rows, ScalarExpr.Index(Rows - rows)), number * rows);

    private static (ScalarExpr First, ScalarExpr? Owns) First(ScalarExpr tile, int size) => size % 2 == 0 ? (tile * 2, null)
        : (ScalarExpr.Binary(BinaryKind.Min, tile * 2, ScalarExpr.Index(size - 2)),
            ScalarExpr.Compare(CompareKind.Lt, tile, ScalarExpr.Index(size / 2)));

    /// <summary>The place in memory of an element of a tile's 4 × 4.</summary>
    public ScalarExpr At(Tile tile, int row, int column, ScalarExpr channel) =>
        PixelAt(tile.Image, tile.Row + row, tile.Column + column) + Channels.Position(channel);

    /// <summary>The place in memory of the first channel of a pixel.</summary>
    public ScalarExpr PixelAt(ScalarExpr image, ScalarExpr row, ScalarExpr column)
    {
        var position = StridedView.Step(Images.Position(image) + _view.Offset, row, _view.Strides[Row.Position]);
        return StridedView.Step(position, column, _view.Strides[Column.Position]);
    }
}
