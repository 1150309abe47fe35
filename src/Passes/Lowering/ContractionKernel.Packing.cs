using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <content>Copies of operands in the order in which tiles read them.</content>
internal sealed partial class ContractionKernel
{
    // Multiply-adds along K, and those of the packed tiles.
    private long StepsOf(long k) => (k + _task.KOfStep - 1) / _task.KOfStep;
    private long PackedSteps => StepsOf(_packing == PackingOfA.OfRange ? _blocking.BlockK : _shape.K);

    private long PackedTile => PackedSteps * _blocking.TileM * _task.CopiesOfA;

    // Tiles along M: packed[tile][k][row][copy]; rows beyond the last are never stored.
    private IEnumerable<Statement> PackA(ScalarExpr batch, LoopKind kind)
    {
        ForStatement Tiles(ScalarExpr first, long count, long rows)
        {
            var tile = new LoopVariable("tile");
            var number = first + tile.Value;
            var pack = Pack(_packedA!, number * PackedTile, _blocking.TileM, _shape.A, batch,
                number * _blocking.TileM, ScalarExpr.Index(0), rows, _shape.K, _task.CopiesOfA);
            return new(tile, count, kind, 1, [pack]);
        }
        var (full, remainder) = (_shape.M / _blocking.TileM, _shape.M % _blocking.TileM);
        if (full > 0) yield return Tiles(ScalarExpr.Index(0), full, _blocking.TileM);
        if (remainder > 0) yield return Tiles(ScalarExpr.Index(full), 1, remainder);
    }

    // The worker that multiplies the tiles of a block packs them; the last tile is shifted up, as where nothing is packed.
    private ForStatement PackBlockOfA(ScalarExpr block) => PackTilesOfA(ScalarExpr.Index(0), block, ScalarExpr.Index(0), _shape.K);

    private ForStatement PackRangeOfA(TileRange range, KRange k) => PackTilesOfA(range.Batch, range.Block, k.Block, k.Count);

    private ForStatement PackTilesOfA(ScalarExpr batch, ScalarExpr block, ScalarExpr blockOfK, long count)
    {
        var tile = new LoopVariable("tile");
        var first = FirstM(block * _blocking.TilesPerBlock + tile.Value);
        var pack = Pack(_packedA!, tile.Value * PackedTile, _blocking.TileM, _shape.A, batch,
            first, blockOfK, _blocking.TileM, count, _task.CopiesOfA);
        return new(tile, _blocking.TilesPerBlock, LoopKind.Serial, 1, [pack]);
    }

    // to[at + k·stride + i] = element (first + i, k) of one operand, for i < width and k < count from a block's first; or its pair k.
    private Statement Pack(LoopBuffer to, ScalarExpr at, long stride, ContractionSide side, ScalarExpr batch,
        ScalarExpr first, ScalarExpr blockOfK, long width, long count, int copies = 1)
    {
        if (copies > 1) return PackCopies(to, at, stride, side, batch, first, blockOfK, width, count, copies);
        var from = _body.BufferOf(side.Memory);
        if (RunToTranspose(side, count) is var run and > 0 && run % _task.KOfStep == 0)
        {
            Statement Transpose(ScalarExpr number, AxisNumber firstK) => new TransposeStatement(to, at + number * (StepsOf(run) * stride),
                stride, from, side.Position(batch, first, firstK), side.Free.RunStride, width, StepsOf(run));
            if (run == count) return Transpose(ScalarExpr.Index(0), blockOfK * _blocking.BlockK);
            var number = new LoopVariable("run");
            return new ForStatement(number, count / run, LoopKind.Serial, 1,
                [Transpose(number.Value, new(blockOfK * (_blocking.BlockK / run) + number.Value, run, ScalarExpr.Index(0)))]);
        }
        var (k, lane) = (new LoopVariable("k"), new LoopVariable("n"));
        var element = Element(side, batch, first + lane.Value, blockOfK * _blocking.BlockK, k.Value);
        var lanes = Math.Min(_target.Lanes(_packed), ElementKernel.PowerOfTwoAtLeast(width));
        var copy = new ForStatement(lane, width, LoopKind.Vector, lanes,
            [new StoreStatement(to, at + k.Value * stride + lane.Value, element)]);
        return new ForStatement(k, StepsOf(count), LoopKind.Serial, 1, [copy]);
    }

    // to[at + (k·stride + i)·copies + c] = element (first + i, k), for every copy c.
    private ForStatement PackCopies(LoopBuffer to, ScalarExpr at, long stride, ContractionSide side, ScalarExpr batch,
        ScalarExpr first, ScalarExpr blockOfK, long width, long count, int copies)
    {
        var k = new LoopVariable("k");
        IEnumerable<Statement> Copies(long i)
        {
            var element = _body.NewLocal("a", _packed);
            yield return new LetStatement(element, Element(side, batch, first + i, blockOfK * _blocking.BlockK, k.Value));
            for (var c = 0; c < copies; c++)
                yield return new StoreStatement(to, at + k.Value * (stride * copies) + (i * copies + c), new LocalExpr(element));
        }
        return new(k, StepsOf(count), LoopKind.Serial, 1, [.. Enumerable.Range(0, (int)width).SelectMany(i => Copies(i))]);
    }

    // Of one multiply-add; beyond the last of an odd K a pair has zero.
    private ScalarExpr Element(ContractionSide side, ScalarExpr batch, ScalarExpr free, ScalarExpr firstK, ScalarExpr step)
    {
        LoadExpr At(ScalarExpr k, ScalarExpr? guard = null) => new(_body.BufferOf(side.Memory), side.Position(batch, free, k), guard);
        if (!_task.UsesPairs) return At(firstK + step).ConvertTo(_packed);
        var (low, high) = (firstK + step * _task.KOfStep, firstK + step * _task.KOfStep + 1);
        return new PairExpr(At(low), At(high, _shape.K % _task.KOfStep == 0 ? null
            : ScalarExpr.Compare(CompareKind.Lt, high, ScalarExpr.Index(_shape.K))));
    }

    // How many elements along K are contiguous wherever a block of K begins, in rows a constant distance apart; 0 where none are.
    private long RunToTranspose(ContractionSide side, long count)
    {
        if (side.K.RunStride != 1 || side.Free.Stride is not > 1) return 0;
        var run = (long)side.K.Run;
        if (run == _shape.K || run % _blocking.BlockK == 0) return count;
        return _blocking.BlockK % run == 0 && count % run == 0 ? run : 0;
    }
}
