using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <content>The epilogue: operations after the contraction, applied to a tile's accumulators.</content>
internal sealed partial class ContractionKernel
{
    /// <summary>Operations for an element above which an epilogue is a loop over the tile's rows rather than unrolled.</summary>
    private const int UnrolledEpilogue = 16;

    /// <summary>How the epilogue is applied to a tile.</summary>
    private enum Epilogue
    {
        /// <summary>To the accumulators in registers.</summary>
        Unrolled,
        /// <summary>Row by row, with the accumulators read back from scratch: the code is smaller by the tile's number of rows.</summary>
        Rows,
        /// <summary>To the elements of all rows, which are contiguous: rows narrower than a vector would leave lanes empty, and a masked
        /// store delays the load of the next row.</summary>
        Elements,
    }

    private Epilogue ChooseEpilogue()
    {
        if (1 + _body.Function.Parameters.Length + _afterDot.Sum(ElementKernel.Cost) <= UnrolledEpilogue) return Epilogue.Unrolled;
        var isNarrow = _shape.N <= _blocking.TileN && _shape.N % _target.Lanes(_accumulator) != 0;
        var isFlat = _shape.IsRowMajor && _body.Function.Results.All(r => r.Shape == _dot.Shape)
            && _afterDot.All(IsOfElement);
        return isNarrow && isFlat ? Epilogue.Elements : Epilogue.Rows;
    }

    // Whether an operation reads the element at its own index, or one that is the same for all.
    private bool IsOfElement(Operation operation) =>
        operation.Op is IContractionOp || (operation.Op is IIndexedOp ? KernelBody.IsUniform(operation)
            : operation.Op is IElementOp && operation.Results.All(r => r.Shape == _dot.Shape || r.Shape.ElementCount == 1));

    // Read at the result's index: an optimizer's parameters and moments, the derivative of an activation.
    private IEnumerable<Value> StateOperands() =>
        _body.Function.Parameters.Where(p => p.Shape == _dot.Shape && p != _shape.A.Memory && p != _shape.B.Memory);

    private IEnumerable<Statement> PrefetchState(Panel panel, ScalarExpr tile, ScalarExpr step, long steps)
    {
        if (!panel.K.IsLast) yield break;
        var rowsPerStep = (_blocking.TileM + steps - 1) / steps;
        (Shape Shape, LoopBuffer Buffer)[] used = StateOperands().Any() ? [.. StateOperands().Select(o => (o.Shape, _body.BufferOf(o)))]
            : [.. _body.Function.Results.Distinct().Where(r => r.Shape == _dot.Shape).Select(r => (r.Shape, _body.ResultBuffersOf(r)[0]))];
        // Rows a power of two apart share the sets of the first-level cache, and would push one another out.
        var bytes = _shape.N * used.Select(u => u.Buffer.DType.Bytes).FirstOrDefault();
        var level = ContractionCost.ShareSets(_blocking.TileM * used.Length, bytes) ? 2 : 1;
        foreach (var (shape, buffer) in used)
            for (var i = 0L; i < rowsPerStep; i++)
            {
                var row = FirstM(TileNumber(panel, tile)) + step * rowsPerStep + i;
                var position = KernelBody.Position(shape, _result.Position(panel.Range.Batch, row, panel.FirstN));
                for (var at = 0; at < _blocking.TileN; at += TargetTraits.LineBytes / buffer.DType.Bytes)
                    yield return new PrefetchStatement(buffer, position + at, level);
            }
    }

    private ForStatement RowsEpilogue(Panel panel, ScalarExpr tile, ScalarExpr lane)
    {
        var (row, sum) = (new LoopVariable("row"), _body.NewLocal("s", _accumulator));
        var load = new LetStatement(sum, new LoadExpr(_partial!, PartialOf(panel, tile) + row.Value * _blocking.TileN + lane));
        return new(row, _blocking.TileM, LoopKind.Serial, 1, [load, .. RowEpilogue(panel, tile, row.Value, lane, new LocalExpr(sum))]);
    }

    private List<Statement> RowEpilogue(Panel panel, ScalarExpr tile, ScalarExpr rowOfTile, ScalarExpr lane, ScalarExpr sum)
    {
        var number = TileNumber(panel, tile);
        var row = FirstM(number) + rowOfTile;
        var guard = CoversExactly ? null : MovesLastTile ? ScalarExpr.Compare(CompareKind.Ge, row, number * _blocking.TileM)
            : ScalarExpr.Compare(CompareKind.Lt, row, ScalarExpr.Index(_shape.M));
        var m = CoversExactly || MovesLastTile ? RowOf(number, rowOfTile)
            : ScalarExpr.Binary(BinaryKind.Min, row, ScalarExpr.Index(_shape.M - 1));
        var index = _result.Index(panel.Range.Batch, m, panel.FirstN + lane);
        return _body.StoreFrom(_dot, sum.ConvertTo(_dot.DType), _ => index, guard);
    }

    // A tile of a single panel, whose rows are contiguous in memory; A is never packed.
    private ForStatement ElementsEpilogue(Panel panel, ScalarExpr tile)
    {
        var element = new LoopVariable("e");
        var number = TileNumber(panel, tile);
        var position = FirstM(number) * _shape.N + element.Value;
        var guard = CoversExactly ? null : ScalarExpr.Compare(CompareKind.Ge, position, number * (_blocking.TileM * _shape.N));
        var sum = new LoadExpr(_partial!, PartialOf(panel, tile) + element.Value);
        return new(element, _blocking.TileM * _shape.N, LoopKind.Vector, _target.Lanes(_accumulator),
            [.. _body.StoreFrom(_dot, sum.ConvertTo(_dot.DType), shape => KernelBody.FlatIndex(shape, position), guard)]);
    }
}
