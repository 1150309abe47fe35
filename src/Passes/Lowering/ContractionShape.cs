using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>A product seen as batch × rows × columns × depth: rows are the free axes of one operand, columns those of the other.</summary>
internal sealed class ContractionShape
{
    private readonly bool _isSwapped;

    /// <summary>Rows are x's and columns y's, but for a single column: then x's rows fill the vectors better.</summary>
    public ContractionShape(Operation dot)
    {
        var axes = DotGeneral.Axes.Of(dot.Attributes);
        var (x, y) = (dot.Operands[0], dot.Operands[1]);
        var left = new ContractionSide(x, axes.BatchX, axes.FreeX(x.Rank), axes.ContractX);
        var right = new ContractionSide(y, axes.BatchY, axes.FreeY(y.Rank), axes.ContractY);
        _isSwapped = right.FreeCount == 1 && left.FreeCount > 1;
        (RowSide, ColumnSide) = _isSwapped ? (right, left) : (left, right);
    }

    public ContractionSide RowSide { get; }
    public ContractionSide ColumnSide { get; }
    public long Batch => RowSide.BatchCount;
    public long Rows => RowSide.FreeCount;
    public long Columns => ColumnSide.FreeCount;
    public long Depth => RowSide.DepthCount;

    /// <summary>Whether the result is rows × columns in memory.</summary>
    public bool IsRowMajor => Batch == 1 && !_isSwapped;

    public ScalarExpr[] ResultIndex(ScalarExpr batch, ScalarExpr row, ScalarExpr column)
    {
        var (rows, columns) = (RowSide.SplitFree(row), ColumnSide.SplitFree(column));
        return [.. RowSide.SplitBatch(batch), .. _isSwapped ? columns : rows, .. _isSwapped ? rows : columns];
    }
}

/// <summary>One operand of a product, its axes in three groups.</summary>
internal sealed class ContractionSide(Value operand, int[] batch, int[] free, int[] contract)
{
    public Value Operand { get; } = operand;
    public long BatchCount { get; } = Count(operand.Shape, batch);
    public long FreeCount { get; } = Count(operand.Shape, free);
    public long DepthCount { get; } = Count(operand.Shape, contract);

    /// <summary>Elements from one row or column to the next, or null where that is not constant.</summary>
    public long? FreeStride { get; } = LinearStride(operand.Shape, free);
    /// <summary>Elements from one depth to the next, or null where that is not constant.</summary>
    public long? DepthStride { get; } = LinearStride(operand.Shape, contract);

    public ScalarExpr[] SplitBatch(ScalarExpr position) => Split(batch, position);
    public ScalarExpr[] SplitFree(ScalarExpr position) => Split(free, position);

    /// <summary>Where an element of the operand stands in memory.</summary>
    public ScalarExpr Position(ScalarExpr batchNumber, ScalarExpr freeNumber, ScalarExpr depth)
    {
        var index = new ScalarExpr[Operand.Rank];
        Place(index, batch, batchNumber);
        Place(index, free, freeNumber);
        Place(index, contract, depth);
        return KernelBody.Position(Operand.Shape, index);
    }

    // Where axes lie one within the other, a number of them all is an index of the innermost, beyond its size: no division is needed.
    private void Place(ScalarExpr[] index, int[] axes, ScalarExpr number)
    {
        var split = Split(axes, number);
        var innermost = LinearStride(Operand.Shape, axes) is null ? -1 : Array.FindLastIndex(axes, a => Operand.Shape[a] != 1);
        for (var i = 0; i < axes.Length; i++) index[axes[i]] = innermost < 0 ? split[i] : i == innermost ? number : ScalarExpr.Index(0);
    }

    private ScalarExpr[] Split(int[] axes, ScalarExpr number) => KernelBody.Unravel(number, axes.Select(a => Operand.Shape[a]).ToArray());

    private static long Count(Shape shape, int[] axes) => axes.Aggregate(1L, (n, a) => n * shape[a]);

    private static long? LinearStride(Shape shape, int[] axes)
    {
        var strides = shape.Strides();
        int[] moving = [.. axes.Where(a => shape[a] != 1)];
        if (moving.Length == 0) return 1;
        for (var i = 1; i < moving.Length; i++)
            if (strides[moving[i - 1]] != strides[moving[i]] * shape[moving[i]]) return null;
        return strides[moving[^1]];
    }
}
