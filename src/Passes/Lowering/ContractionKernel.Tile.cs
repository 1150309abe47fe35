using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <content>A register tile: its multiply-adds over a range of K, and the packing and prefetching between them.</content>
internal sealed partial class ContractionKernel
{
    /// <summary>Tiles of a panel beside which the time of the one that packs it is small.</summary>
    private const int ManyTiles = 8;

    /// <summary>A panel of B at a range of K.</summary>
    private sealed record Panel(TileRange Range, KRange K, ScalarExpr Number, ScalarExpr FirstN)
    {
        /// <summary>Whether it is in scratch already; else the tile that multiplies it packs it.</summary>
        public bool IsPacked { get; init; } = true;
    }

    // A panel that is contiguous along N is packed by its first tile, whose multiply-adds hide the latency of the loads.
    private bool FirstTilePacks => _packedB is not null && _shape.B.Free.Stride == 1;

    private IEnumerable<Statement> Tiles(Panel panel)
    {
        if (!FirstTilePacks) return [Tiles(panel, 0, _blocking.TilesPerBlock)];
        var first = Tiles(panel with { IsPacked = false }, 0, 1);
        return _blocking.TilesPerBlock == 1 ? [first] : [first, Tiles(panel, 1, _blocking.TilesPerBlock - 1)];
    }

    private ForStatement Tiles(Panel panel, long first, long count)
    {
        var tile = new LoopVariable("tile");
        var number = tile.Value + first;
        var contract = Lanes(panel.Range, lane => Accumulate(panel, number, lane));
        Statement[] body = panel.K.IsLast && _epilogue == Epilogue.Elements ? [contract, ElementsEpilogue(panel, number)] : [contract];
        return new(tile, count, LoopKind.Serial, 1, [.. body]);
    }

    private ForStatement Lanes(TileRange range, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var lane = new LoopVariable("n");
        var lanes = Math.Min(_blocking.TileN, ElementKernel.PowerOfTwoAtLeast(range.Width));
        return new(lane, range.Width, LoopKind.Vector, lanes, [.. body(lane.Value)]);
    }

    // The accumulators of a tile over a range of K, stored or passed to the epilogue.
    private List<Statement> Accumulate(Panel panel, ScalarExpr tile, ScalarExpr lane)
    {
        var accumulators = _body.NewLocal("c", _accumulator, _blocking.TileM);
        var rows = Enumerable.Range(0, _blocking.TileM).ToArray();
        List<Statement> statements = [new LetStatement(accumulators, ScalarExpr.Constant(_accumulator, 0))];
        statements.AddRange(MultiplyAdds(panel, tile, lane, accumulators));
        LoopBuffer?[] before = _blocking.BlocksK == 1 ? [] : panel.K.IsLast ? [_partial, _total] : [_partial];
        foreach (var buffer in before.OfType<LoopBuffer>())
            statements.AddRange(rows.Select(i => new AssignStatement(accumulators, i,
                new LocalExpr(accumulators, i) + new LoadExpr(buffer, PartialOf(panel, tile) + (i * _blocking.TileN) + lane))));
        if (panel.K.IsLast && _epilogue == Epilogue.Unrolled)
        {
            foreach (var i in rows)
                statements.AddRange(RowEpilogue(panel, tile, ScalarExpr.Index(i), lane, new LocalExpr(accumulators, i)));
            return statements;
        }
        var stride = panel.K.IsLast && _epilogue == Epilogue.Elements ? _shape.N : _blocking.TileN;
        statements.AddRange(rows.Select(i =>
            new StoreStatement(_partial!, PartialOf(panel, tile) + (i * stride) + lane, new LocalExpr(accumulators, i))));
        if (panel.K.IsLast && _epilogue == Epilogue.Rows) statements.Add(RowsEpilogue(panel, tile, lane));
        return statements;
    }

    // The offset of a tile's accumulators in scratch.
    private ScalarExpr PartialOf(Panel panel, ScalarExpr tile) => _blocking.BlocksK == 1 ? ScalarExpr.Index(0)
        : (panel.Number * _blocking.TilesPerBlock + tile) * ((long)_blocking.TileM * _blocking.TileN);

    // Between every few multiply-adds, rows of the next panel and operands of this tile's epilogue are prefetched. How often may depend on
    // the schedule; the order of additions does not.
    private IEnumerable<Statement> MultiplyAdds(Panel panel, ScalarExpr tile, ScalarExpr lane, Local accumulators)
    {
        var (size, k) = ((long)_stepK, StepsOf(panel.K.Count));
        var steps = k / size;
        // The tile that packs for many others is not worth the code.
        var unroll = !panel.IsPacked && _blocking.TilesPerBlock >= ManyTiles ? 1
            : _target.StepsTogether(_blocking.TileM, panel.Range.Width, _accumulator);
        IEnumerable<Statement> Plain(ScalarExpr step, long count) =>
            Cascade.Loop(count, "k", i => MultiplyAdd(panel, new(step, size, i), tile, lane, accumulators), unroll);
        IEnumerable<Statement> Hints(ScalarExpr step) =>
            [.. PrefetchPanel(panel, tile * steps + step), .. PrefetchState(panel, tile, step, steps)];
        if (steps == 0 || _shape.A.K.Stride is not null && !Hints(ScalarExpr.Index(0)).Any()) return Plain(ScalarExpr.Index(0), k);
        var most = Cascade.Loop(steps, "step", step => [.. Hints(step), .. Plain(step, size)]);
        return k % size is > 0 and var remainder ? [.. most, .. Plain(ScalarExpr.Index(steps), remainder)] : most;
    }

    private IEnumerable<Statement> MultiplyAdd(Panel panel, AxisNumber kOfBlock, ScalarExpr tile, ScalarExpr lane, Local accumulators)
    {
        var (batch, k) = (panel.Range.Batch, FromFirst(panel.K.Block, kOfBlock));
        var number = TileNumber(panel, tile);
        var packed = kOfBlock.Sum * _blocking.TileN + lane;
        var isPacked = _packedB is not null && panel.IsPacked;
        var right = _body.NewLocal("b", _packedB is null ? _dtype : _packed);
        yield return new LetStatement(right, isPacked ? new LoadExpr(_packedB!, packed)
            : _task.UsesPairs ? Element(_shape.B, batch, panel.FirstN + lane, k)
            : new LoadExpr(_body.BufferOf(_shape.B.Memory), _shape.B.Position(batch, panel.FirstN + lane, k)).ConvertTo(right.DType));
        if (_packedB is not null && !isPacked) yield return new StoreStatement(_packedB, packed, new LocalExpr(right));
        ScalarExpr wide = new LocalExpr(right);
        if (_task.UsesPairs)
        {
            for (var i = 0; i < _blocking.TileM; i++)
            {
                var pair = _packedA is not null ? new LoadExpr(_packedA, PackedAt(tile, number, kOfBlock, k) + i)
                    : Element(_shape.A, batch, RowOf(number, ScalarExpr.Index(i)), k);
                yield return new AssignStatement(accumulators, i, new PairDotExpr(pair, wide, new LocalExpr(accumulators, i)));
            }
            yield break;
        }
        if (_accumulator != right.DType)
        {
            var widened = _body.NewLocal("w", _accumulator);
            yield return new LetStatement(widened, wide.ConvertTo(_accumulator));
            wide = new LocalExpr(widened);
        }
        for (var i = 0; i < _blocking.TileM; i++)
        {
            var left = _packedA is null
                ? new LoadExpr(_body.BufferOf(_shape.A.Memory), _shape.A.Position(batch, RowOf(number, ScalarExpr.Index(i)), k))
                : new LoadExpr(_packedA, PackedAt(tile, number, kOfBlock, k) + i * _task.CopiesOfA) { Copies = _task.CopiesOfA };
            yield return new AssignStatement(accumulators, i,
                new MultiplyAddExpr(left.ConvertTo(_accumulator), wide, new LocalExpr(accumulators, i)));
        }
    }

    private ScalarExpr PackedAt(ScalarExpr tile, ScalarExpr number, AxisNumber kOfBlock, AxisNumber k) =>
        ((_packing == PackingOfA.All ? number : tile) * PackedSteps + (_packing == PackingOfA.OfRange ? kOfBlock : k).Sum)
        * (_blocking.TileM * _task.CopiesOfA);

    // The lines of the next panel are far apart, which no hardware prefetcher predicts; one part prefetches the lines of one row of it.
    private IEnumerable<Statement> PrefetchPanel(Panel panel, ScalarExpr part)
    {
        if (_packedB is null || !ContractionSchedule.PrefetchesPanels(_task, panel.Range.Panels)) yield break;
        var side = _shape.B;
        part = ScalarExpr.Binary(BinaryKind.Min, part, ScalarExpr.Index(panel.K.Count - 1));
        ScalarExpr n = ScalarExpr.Index(0), k = part;
        // Of axes that are apart a line is within one of them.
        if (side.K.RunStride == 1 && (side.K.Stride is not null || side.K.Run % LineElements == 0))
        {
            n = ScalarExpr.Binary(BinaryKind.Rem, part, ScalarExpr.Index(LineElements));
            k = part / ScalarExpr.Index(LineElements) * LineElements;
        }
        else if (side.Free.Stride != 1) yield break;
        var next = panel.FirstN + _blocking.TileN + n;
        for (var i = 0; i < _blocking.TileN; i += LineElements)
            yield return new PrefetchStatement(_body.BufferOf(side.Memory),
                side.Position(panel.Range.Batch, next + i, panel.K.Block * _blocking.BlockK + k), Level: 2);
    }

    private int LineElements => TargetTraits.LineBytes / _dtype.Bytes;
    private ScalarExpr TileNumber(Panel panel, ScalarExpr tile) => panel.Range.Block * _blocking.TilesPerBlock + tile;
    private bool CoversExactly => _blocking.Tiles * _blocking.TileM == _shape.M;

    // Where all of A is packed together, rows beyond the last are not stored. Otherwise the last tile is shifted up to end with the last
    // row, and does not store the rows of the tile before it.
    private bool MovesLastTile => !CoversExactly && _packing != PackingOfA.All;

    // In multiply-adds, as the argument is.
    private AxisNumber FromFirst(ScalarExpr blockOfK, AxisNumber k) => StepsOf(_blocking.BlockK) is var steps && steps % k.Granule == 0
        ? k with { Quotient = blockOfK * (steps / k.Granule) + k.Quotient } : blockOfK * steps + k.Sum;

    // Where tiles cover M exactly, or begin anew at its last rows, they begin at a multiple of their rows if M is one.
    private AxisNumber RowOf(ScalarExpr tile, ScalarExpr row) => _shape.M % _blocking.TileM != 0 ? FirstM(tile) + row
        : new AxisNumber(MovesLastTile ? ScalarExpr.Binary(BinaryKind.Min, tile, ScalarExpr.Index(_shape.M / _blocking.TileM - 1)) : tile,
            _blocking.TileM, row);

    private ScalarExpr FirstM(ScalarExpr tile)
    {
        var row = tile * _blocking.TileM;
        return !MovesLastTile ? row : ScalarExpr.Binary(BinaryKind.Min, row, ScalarExpr.Index(_shape.M - _blocking.TileM));
    }
}
