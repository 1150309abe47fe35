using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <content>What follows the product, applied to a tile's sums.</content>
internal sealed partial class ContractionKernel
{
    /// <summary>Operations for an element above which an epilogue is a loop over the tile's rows rather than unrolled.</summary>
    private const int UnrolledEpilogue = 16;

    /// <summary>How what follows the product is applied to a tile.</summary>
    private enum Epilogue
    {
        /// <summary>To the sums in registers.</summary>
        Unrolled,
        /// <summary>Row by row, the sums being read back from scratch: as much less code as the tile has rows.</summary>
        Rows,
        /// <summary>To the elements of all rows, which are neighbours: rows that are narrower than a vector would leave lanes empty, and a
        /// masked store holds up the load of the row after it.</summary>
        Elements,
    }

    private Epilogue ChooseEpilogue()
    {
        if (ElementKernel.Cost(_body.Function) <= UnrolledEpilogue) return Epilogue.Unrolled;
        var isNarrow = _shape.Columns <= _cut.TileColumns && _shape.Columns % _target.Lanes(_dtype) != 0;
        var isFlat = _shape.IsRowMajor && _body.Function.Results.All(r => r.Shape == _product.Shape) && _body.Function.Operations.All(IsOfElement);
        return isNarrow && isFlat ? Epilogue.Elements : Epilogue.Rows;
    }

    // Whether an operation looks at the element at its own position, or at one that is the same for all.
    private bool IsOfElement(Operation operation) =>
        operation.Op is DotGeneral || (operation.Op is IIndexedOp ? KernelBody.IsUniform(operation)
            : operation.Op is IElementOp && operation.Results.All(r => r.Shape == _product.Shape || r.Shape.ElementCount == 1));

    // Read at the product's index: an optimizer's parameters and moments, the derivative of an activation.
    private IEnumerable<Value> StateOperands() =>
        _body.Function.Parameters.Where(p => p.Shape == _product.Shape && p != _shape.RowSide.Operand && p != _shape.ColumnSide.Operand);

    private IEnumerable<Statement> PrefetchState(Panel panel, ScalarExpr tile, ScalarExpr step, long steps)
    {
        if (!panel.Depth.IsLast) yield break;
        var rowsPerStep = (_cut.TileRows + steps - 1) / steps;
        (Shape Shape, LoopBuffer Buffer)[] used = StateOperands().Any() ? [.. StateOperands().Select(o => (o.Shape, _body.BufferOf(o)))]
            : [.. _body.Function.Results.Distinct().Where(r => r.Shape == _product.Shape).Select(r => (r.Shape, _body.ResultBuffersOf(r)[0]))];
        foreach (var (shape, buffer) in used)
            for (var i = 0L; i < rowsPerStep; i++)
            {
                var row = FirstRow(TileNumber(panel, tile)) + step * rowsPerStep + i;
                var position = KernelBody.Position(shape, _shape.ResultIndex(panel.Piece.Batch, row, panel.FirstColumn));
                for (var at = 0; at < _cut.TileColumns; at += LineElements) yield return new PrefetchStatement(buffer, position + at, Level: 1);
            }
    }

    private ForStatement RowsEpilogue(Panel panel, ScalarExpr tile, ScalarExpr lane)
    {
        var (row, sum) = (new LoopVariable("row"), _body.NewLocal("s", _dtype));
        var load = new LetStatement(sum, new LoadExpr(_partial!, PartialOf(panel, tile) + row.Value * _cut.TileColumns + lane));
        return new(row, _cut.TileRows, LoopKind.Serial, 1, [load, .. RowEpilogue(panel, tile, row.Value, lane, new LocalExpr(sum))]);
    }

    private List<Statement> RowEpilogue(Panel panel, ScalarExpr tile, ScalarExpr rowOfTile, ScalarExpr lane, ScalarExpr sum)
    {
        var number = TileNumber(panel, tile);
        var row = FirstRow(number) + rowOfTile;
        var guard = CoversExactly ? null : MovesLastTile ? ScalarExpr.Compare(CompareKind.Ge, row, number * _cut.TileRows)
            : ScalarExpr.Compare(CompareKind.Lt, row, ScalarExpr.Index(_shape.Rows));
        if (!CoversExactly && !MovesLastTile) row = ScalarExpr.Binary(BinaryKind.Min, row, ScalarExpr.Index(_shape.Rows - 1));
        var index = _shape.ResultIndex(panel.Piece.Batch, row, panel.FirstColumn + lane);
        return Apply(sum, _ => index, guard);
    }

    // A tile of a single panel, whose rows follow one another in memory; they are never packed.
    private ForStatement ElementsEpilogue(Panel panel, ScalarExpr tile)
    {
        var element = new LoopVariable("e");
        var number = TileNumber(panel, tile);
        var position = FirstRow(number) * _shape.Columns + element.Value;
        var guard = CoversExactly ? null : ScalarExpr.Compare(CompareKind.Ge, position, number * (_cut.TileRows * _shape.Columns));
        var sum = new LoadExpr(_partial!, PartialOf(panel, tile) + element.Value);
        return new(element, _cut.TileRows * _shape.Columns, LoopKind.Vector, _target.Lanes(_dtype), [.. Apply(sum, shape => KernelBody.FlatIndex(shape, position), guard)]);
    }

    private List<Statement> Apply(ScalarExpr sum, Func<Shape, ScalarExpr[]> index, ScalarExpr? guard)
    {
        var statements = new List<Statement>();
        _body.PushScope();
        _body.Define(_product, sum);
        _body.Store(_body.Function.Results, index, statements, guard);
        _body.PopScope();
        return statements;
    }
}
