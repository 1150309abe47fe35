using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <content>Copies of operands in the order in which tiles read them.</content>
internal sealed partial class ContractionKernel
{
    // Tiles of rows: packed[tile][k][row]; what lies beyond the last row is never stored.
    private IEnumerable<Statement> PackRows(ScalarExpr batch, LoopKind kind)
    {
        ForStatement Tiles(ScalarExpr first, long count, long rows)
        {
            var tile = new LoopVariable("tile");
            var number = first + tile.Value;
            var pack = Pack(_packedRows!, number * (_shape.Depth * _packedRow), _packedRow, _shape.RowSide, batch, number * _cut.TileRows, ScalarExpr.Index(0), rows, _shape.Depth);
            return new(tile, count, kind, 1, [pack]);
        }
        var (full, rest) = (_shape.Rows / _cut.TileRows, _shape.Rows % _cut.TileRows);
        if (full > 0) yield return Tiles(ScalarExpr.Index(0), full, _cut.TileRows);
        if (rest > 0) yield return Tiles(ScalarExpr.Index(full), 1, rest);
    }

    // The tiles of one block, by the worker that multiplies them; the last tile is moved up, as where nothing is packed.
    private ForStatement PackBlock(ScalarExpr block)
    {
        var tile = new LoopVariable("tile");
        var first = FirstRow(block * _cut.TilesPerBlock + tile.Value);
        var pack = Pack(_packedRows!, tile.Value * (_shape.Depth * _packedRow), _packedRow, _shape.RowSide, ScalarExpr.Index(0), first, ScalarExpr.Index(0), _cut.TileRows, _shape.Depth);
        return new(tile, _cut.TilesPerBlock, LoopKind.Serial, 1, [pack]);
    }

    // to[at + k·stride + i] = element (first + i, depth + k) of one operand, for i < width and k < count.
    private Statement Pack(LoopBuffer to, ScalarExpr at, long stride, ContractionSide side, ScalarExpr batch, ScalarExpr first, ScalarExpr depth, long width, long count)
    {
        var from = _body.BufferOf(side.Operand);
        if (side.DepthStride == 1 && side.FreeStride is { } distance and > 1)
            return new TransposeStatement(to, at, stride, from, side.Position(batch, first, depth), distance, width, count);
        var (k, lane) = (new LoopVariable("k"), new LoopVariable("n"));
        var element = new LoadExpr(from, side.Position(batch, first + lane.Value, depth + k.Value));
        var lanes = Math.Min(_target.Lanes(_dtype), ElementKernel.PowerOfTwoAtLeast(width));
        var copy = new ForStatement(lane, width, LoopKind.Vector, lanes, [new StoreStatement(to, at + k.Value * stride + lane.Value, element)]);
        return new ForStatement(k, count, LoopKind.Serial, 1, [copy]);
    }
}
