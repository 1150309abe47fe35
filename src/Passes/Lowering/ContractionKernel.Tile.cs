using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <content>A register tile: its multiply-adds over a range of depth, and what goes on beside them.</content>
internal sealed partial class ContractionKernel
{
    /// <summary>Depth between two prefetches: long enough not to crowd out the loads, short enough to cover a panel during its tiles.</summary>
    private const long StepDepth = 8;

    /// <summary>Multiply-adds that a sum in a register takes; what is deeper is cascaded.</summary>
    private const long MostDepth = 256;

    /// <summary>A panel of columns at a range of depth.</summary>
    private sealed record Panel(Piece Piece, DepthRange Depth, ScalarExpr Number, ScalarExpr FirstColumn)
    {
        /// <summary>Whether it waits in scratch; else the tile that multiplies it puts it there.</summary>
        public bool IsPacked { get; init; } = true;
    }

    // Rows of columns that lie side by side are packed by the first tile of the panel: its loads wait behind multiply-adds.
    private bool FirstTilePacks => _packedColumns is not null && _shape.ColumnSide.FreeStride == 1;

    private IEnumerable<Statement> Tiles(Panel panel)
    {
        if (!FirstTilePacks) return [Tiles(panel, 0, _cut.TilesPerBlock)];
        var first = Tiles(panel with { IsPacked = false }, 0, 1);
        return _cut.TilesPerBlock == 1 ? [first] : [first, Tiles(panel, 1, _cut.TilesPerBlock - 1)];
    }

    private ForStatement Tiles(Panel panel, long first, long count)
    {
        var tile = new LoopVariable("tile");
        var number = tile.Value + first;
        var sums = Lanes(panel.Piece, lane => Sums(panel, number, lane));
        Statement[] body = panel.Depth.IsLast && _epilogue == Epilogue.Elements ? [sums, ElementsEpilogue(panel, number)] : [sums];
        return new(tile, count, LoopKind.Serial, 1, [.. body]);
    }

    private ForStatement Lanes(Piece piece, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var lane = new LoopVariable("n");
        return new(lane, piece.Width, LoopKind.Vector, Math.Min(_cut.TileColumns, ElementKernel.PowerOfTwoAtLeast(piece.Width)), [.. body(lane.Value)]);
    }

    // The sums of a tile over a range of depth, and what becomes of them.
    private List<Statement> Sums(Panel panel, ScalarExpr tile, ScalarExpr lane)
    {
        var sums = _body.NewLocal("c", _dtype, _cut.TileRows);
        var rows = Enumerable.Range(0, _cut.TileRows).ToArray();
        List<Statement> statements = [new LetStatement(sums, ScalarExpr.Constant(_dtype, 0))];
        statements.AddRange(MultiplyAdds(panel, tile, lane, sums));
        LoopBuffer?[] before = _cut.DepthBlocks == 1 ? [] : panel.Depth.IsLast ? [_partial, _total] : [_partial];
        foreach (var buffer in before.OfType<LoopBuffer>())
            statements.AddRange(rows.Select(i => new AssignStatement(sums, i,
                new LocalExpr(sums, i) + new LoadExpr(buffer, PartialOf(panel, tile) + (i * _cut.TileColumns) + lane))));
        if (panel.Depth.IsLast && _epilogue == Epilogue.Unrolled)
        {
            foreach (var i in rows) statements.AddRange(RowEpilogue(panel, tile, ScalarExpr.Index(i), lane, new LocalExpr(sums, i)));
            return statements;
        }
        var stride = panel.Depth.IsLast && _epilogue == Epilogue.Elements ? _shape.Columns : _cut.TileColumns;
        statements.AddRange(rows.Select(i => new StoreStatement(_partial!, PartialOf(panel, tile) + (i * stride) + lane, new LocalExpr(sums, i))));
        if (panel.Depth.IsLast && _epilogue == Epilogue.Rows) statements.Add(RowsEpilogue(panel, tile, lane));
        return statements;
    }

    // Where the sums of a tile wait in scratch.
    private ScalarExpr PartialOf(Panel panel, ScalarExpr tile) => _cut.DepthBlocks == 1 ? ScalarExpr.Index(0)
        : (panel.Number * _cut.TilesPerBlock + tile) * ((long)_cut.TileRows * _cut.TileColumns);

    // Between every few multiply-adds something is prefetched: rows of the next panel, and what the epilogue of this tile reads. Whether
    // anything is may depend on the number of workers; the order of additions does not.
    private IEnumerable<Statement> MultiplyAdds(Panel panel, ScalarExpr tile, ScalarExpr lane, Local sums)
    {
        var (steps, depth) = (panel.Depth.Count / StepDepth, panel.Depth.Count);
        IEnumerable<Statement> Plain(ScalarExpr from, long count, Local into) =>
            Cascade.Loop(count, "k", k => MultiplyAdd(panel, from + k, tile, lane, into));
        IEnumerable<Statement> Hints(ScalarExpr step) =>
            [.. PrefetchPanel(panel, tile * steps + step), .. PrefetchState(panel, tile, step, steps)];
        var hasHints = steps > 0 && Hints(ScalarExpr.Index(0)).Any();
        IEnumerable<Statement> Steps(ScalarExpr first, long count, Local into) =>
            !hasHints ? Plain(first * StepDepth, count * StepDepth, into)
                : Cascade.Loop(count, "step", i => [.. Hints(first + i), .. Plain((first + i) * StepDepth, StepDepth, into)]);
        if (!hasHints && depth <= MostDepth) return Plain(ScalarExpr.Index(0), depth, sums);
        var most = Cascade.RunRanges(steps, sums, OpenTile, Steps, MostDepth / StepDepth, "step");
        return depth % StepDepth is > 0 and var rest ? [.. most, .. Plain(ScalarExpr.Index(steps * StepDepth), rest, sums)] : most;
    }

    // A tile has no registers for two levels: the upper one waits in memory for MostDepth / 2 multiply-adds of each sum.
    private CascadeLevel<Local> OpenTile(Local outer)
    {
        var parts = _body.NewLocal("c", _dtype, _cut.TileRows);
        return new(parts, [new LetStatement(parts, ScalarExpr.Constant(_dtype, 0))],
            Enumerable.Range(0, _cut.TileRows).Select(i =>
                new AssignStatement(outer, i, new LocalExpr(outer, i) + new LocalExpr(parts, i))));
    }

    private IEnumerable<Statement> MultiplyAdd(Panel panel, ScalarExpr k, ScalarExpr tile, ScalarExpr lane, Local sums)
    {
        var (piece, depth) = (panel.Piece, panel.Depth.First + k);
        var number = TileNumber(panel, tile);
        var right = _body.NewLocal("b", _dtype);
        var packed = k * _cut.TileColumns + lane;
        yield return new LetStatement(right, _packedColumns is not null && panel.IsPacked ? new LoadExpr(_packedColumns, packed)
            : new LoadExpr(_body.BufferOf(_shape.ColumnSide.Operand), _shape.ColumnSide.Position(piece.Batch, panel.FirstColumn + lane, depth)));
        if (_packedColumns is not null && !panel.IsPacked) yield return new StoreStatement(_packedColumns, packed, new LocalExpr(right));
        for (var i = 0; i < _cut.TileRows; i++)
        {
            var left = _packedRows is null
                ? new LoadExpr(_body.BufferOf(_shape.RowSide.Operand), _shape.RowSide.Position(piece.Batch, FirstRow(number) + i, depth))
                : new LoadExpr(_packedRows, ((_packsByBlock ? tile : number) * _shape.Depth + depth) * _packedRow + i);
            yield return new AssignStatement(sums, i, new MultiplyAddExpr(left, new LocalExpr(right), new LocalExpr(sums, i)));
        }
    }

    // The lines of the next panel lie far apart, which no hardware foresees; part by part, as many as a row of columns has.
    private IEnumerable<Statement> PrefetchPanel(Panel panel, ScalarExpr part)
    {
        if (_packedColumns is null || panel.Piece.Panels == 1) yield break;
        var side = _shape.ColumnSide;
        part = ScalarExpr.Binary(BinaryKind.Min, part, ScalarExpr.Index(panel.Depth.Count - 1));
        ScalarExpr column = ScalarExpr.Index(0), depth = part;
        if (side.DepthStride == 1)
        {
            column = ScalarExpr.Binary(BinaryKind.Rem, part, ScalarExpr.Index(LineElements));
            depth = part / ScalarExpr.Index(LineElements) * LineElements;
        }
        else if (side.FreeStride != 1) yield break;
        var next = panel.FirstColumn + _cut.TileColumns + column;
        for (var i = 0; i < _cut.TileColumns; i += LineElements)
            yield return new PrefetchStatement(_body.BufferOf(side.Operand), side.Position(panel.Piece.Batch, next + i, panel.Depth.First + depth), Level: 2);
    }

    private int LineElements => TargetTraits.LineBytes / _dtype.Bytes;
    private ScalarExpr TileNumber(Panel panel, ScalarExpr tile) => panel.Piece.Block * _cut.TilesPerBlock + tile;
    private bool CoversExactly => _cut.Tiles * _cut.TileRows == _shape.Rows;

    // Where all rows are packed together, what lies beyond the last is not stored; else the last tile is moved up to end with the last row,
    // and does not store what others do.
    private bool MovesLastTile => !CoversExactly && (_packedRows is null || _packsByBlock);

    private ScalarExpr FirstRow(ScalarExpr tile)
    {
        var row = tile * _cut.TileRows;
        return !MovesLastTile ? row : ScalarExpr.Binary(BinaryKind.Min, row, ScalarExpr.Index(_shape.Rows - _cut.TileRows));
    }
}
