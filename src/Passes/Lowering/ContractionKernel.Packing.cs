using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <content>Copies of operands in the order in which tiles read them.</content>
internal sealed partial class ContractionKernel
{
    // Tiles along M: packed[tile][k][row]; rows beyond the last are never stored.
    private IEnumerable<Statement> PackA(ScalarExpr batch, LoopKind kind)
    {
        ForStatement Tiles(ScalarExpr first, long count, long rows)
        {
            var tile = new LoopVariable("tile");
            var number = first + tile.Value;
            var pack = Pack(_packedA!, number * (_shape.K * _packedStride), _packedStride, _shape.A, batch,
                number * _blocking.TileM, ScalarExpr.Index(0), rows, _shape.K);
            return new(tile, count, kind, 1, [pack]);
        }
        var (full, remainder) = (_shape.M / _blocking.TileM, _shape.M % _blocking.TileM);
        if (full > 0) yield return Tiles(ScalarExpr.Index(0), full, _blocking.TileM);
        if (remainder > 0) yield return Tiles(ScalarExpr.Index(full), 1, remainder);
    }

    // The worker that multiplies the tiles of a block packs them; the last tile is shifted up, as where nothing is packed.
    private ForStatement PackBlockOfA(ScalarExpr block)
    {
        var tile = new LoopVariable("tile");
        var first = FirstM(block * _blocking.TilesPerBlock + tile.Value);
        var pack = Pack(_packedA!, tile.Value * (_shape.K * _packedStride), _packedStride, _shape.A, ScalarExpr.Index(0),
            first, ScalarExpr.Index(0), _blocking.TileM, _shape.K);
        return new(tile, _blocking.TilesPerBlock, LoopKind.Serial, 1, [pack]);
    }

    // to[at + k·stride + i] = element (first + i, firstK + k) of one operand, for i < width and k < count.
    private Statement Pack(LoopBuffer to, ScalarExpr at, long stride, ContractionSide side, ScalarExpr batch,
        ScalarExpr first, ScalarExpr firstK, long width, long count)
    {
        var from = _body.BufferOf(side.Operand);
        if (side.KStride == 1 && side.FreeStride is { } distance and > 1)
            return new TransposeStatement(to, at, stride, from, side.Position(batch, first, firstK), distance, width, count);
        var (k, lane) = (new LoopVariable("k"), new LoopVariable("n"));
        var element = new LoadExpr(from, side.Position(batch, first + lane.Value, firstK + k.Value));
        var lanes = Math.Min(_target.Lanes(_dtype), ElementKernel.PowerOfTwoAtLeast(width));
        var copy = new ForStatement(lane, width, LoopKind.Vector, lanes,
            [new StoreStatement(to, at + k.Value * stride + lane.Value, element)]);
        return new ForStatement(k, count, LoopKind.Serial, 1, [copy]);
    }
}
