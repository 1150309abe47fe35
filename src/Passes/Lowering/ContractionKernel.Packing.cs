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
                row => new(number, _blocking.TileM, row), ScalarExpr.Index(0), rows, _shape.K, _task.CopiesOfA);
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
        var number = block * _blocking.TilesPerBlock + tile.Value;
        var pack = Pack(_packedA!, tile.Value * PackedTile, _blocking.TileM, _shape.A, batch,
            row => RowOf(number, row), blockOfK, _blocking.TileM, count, _task.CopiesOfA);
        return new(tile, _blocking.TilesPerBlock, LoopKind.Serial, 1, [pack]);
    }

    // to[at + k·stride + i] = element (free(i), k) of one operand, for i < width and k < count from a block's first; or its pair k.
    private Statement Pack(LoopBuffer to, ScalarExpr at, long stride, ContractionSide side, ScalarExpr batch,
        Func<ScalarExpr, AxisNumber> free, ScalarExpr blockOfK, long width, long count, int copies = 1)
    {
        if (copies > 1) return PackCopies(to, at, stride, side, batch, free, blockOfK, width, count, copies);
        var from = _body.BufferOf(side.Memory);
        if (RunToTranspose(side, count) is var run and > 0 && run % _task.KOfStep == 0)
        {
            Statement Transpose(ScalarExpr number, AxisNumber firstK) => new TransposeStatement(to, at + number * (StepsOf(run) * stride),
                stride, from, side.Position(batch, free(ScalarExpr.Index(0)), firstK), side.Free.RunStride, width, StepsOf(run));
            if (run == count) return Transpose(ScalarExpr.Index(0), blockOfK * _blocking.BlockK);
            var number = new LoopVariable("run");
            return new ForStatement(number, count / run, LoopKind.Serial, 1,
                [Transpose(number.Value, new(blockOfK * (_blocking.BlockK / run) + number.Value, run, ScalarExpr.Index(0)))]);
        }
        var lane = new LoopVariable("n");
        var lanes = Math.Min(_target.Lanes(_packed), ElementKernel.PowerOfTwoAtLeast(width));
        return EachStep(side, count, k => [new ForStatement(lane, width, LoopKind.Vector, lanes,
            [new StoreStatement(to, at + k.Sum * stride + lane.Value, Element(side, batch, free(lane.Value), FromFirst(blockOfK, k)))])]);
    }

    /// <summary>Steps that stand one by one where K is of axes that are apart, so that none divides its number.</summary>
    private const int MostUnrolled = 8;

    // Multiply-adds from a block's first; where K is of axes that are apart in memory, by steps within one of them.
    private ForStatement EachStep(ContractionSide side, long count, Func<AxisNumber, IEnumerable<Statement>> body)
    {
        var steps = StepsOf(count);
        var size = side.K.Stride is null && steps % _stepK == 0 ? _stepK : steps;
        var (step, k) = (new LoopVariable("step", steps / size), new LoopVariable("k", size));
        if (size == steps)
            return new ForStatement(k, steps, LoopKind.Serial, 1, [.. body(k.Value)])
                .Unrolled(side.K.Stride is null && steps <= MostUnrolled ? (int)steps : 1);
        return new(step, steps / size, LoopKind.Serial, 1,
            [new ForStatement(k, size, LoopKind.Serial, 1, [.. body(new(step.Value, size, k.Value))])]);
    }

    // to[at + (k·stride + i)·copies + c] = element (free(i), k), for every copy c.
    private ForStatement PackCopies(LoopBuffer to, ScalarExpr at, long stride, ContractionSide side, ScalarExpr batch,
        Func<ScalarExpr, AxisNumber> free, ScalarExpr blockOfK, long width, long count, int copies)
    {
        IEnumerable<Statement> Copies(AxisNumber k, long i)
        {
            var element = _body.NewLocal("a", _packed);
            yield return new LetStatement(element, Element(side, batch, free(ScalarExpr.Index(i)), FromFirst(blockOfK, k)));
            for (var c = 0; c < copies; c++)
                yield return new StoreStatement(to, at + k.Sum * (stride * copies) + (i * copies + c), new LocalExpr(element));
        }
        return EachStep(side, count, k => Enumerable.Range(0, (int)width).SelectMany(i => Copies(k, i)));
    }

    // Of one multiply-add; beyond the last of an odd K a pair has zero.
    private ScalarExpr Element(ContractionSide side, ScalarExpr batch, AxisNumber free, AxisNumber step)
    {
        LoadExpr At(ScalarExpr position, ScalarExpr? guard = null) => new(_body.BufferOf(side.Memory), position, guard);
        if (!_task.UsesPairs) return At(side.Position(batch, free, step)).ConvertTo(_packed);
        if (side.K.Run % _task.KOfStep == 0)
        {
            var position = side.Position(batch, free, step, _task.KOfStep);
            return new PairExpr(At(position), At(position + side.K.RunStride));
        }
        var (low, high) = (step.Sum * _task.KOfStep, step.Sum * _task.KOfStep + 1);
        var isInside = _shape.K % _task.KOfStep == 0 ? null
            : ScalarExpr.Both(null, ScalarExpr.Compare(CompareKind.Lt, high, ScalarExpr.Index(_shape.K)));
        return new PairExpr(At(side.Position(batch, free, low)), At(side.Position(batch, free, high), isInside));
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
