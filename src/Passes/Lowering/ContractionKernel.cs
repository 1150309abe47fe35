using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a product and the elementwise operations after it: a register tile of rows × vector columns, with operands
/// packed into panels where that pays, and the epilogue applied to the tile before it is stored.</summary>
/// <remarks>Rows are x's free axes, columns y's, depth the contracting axes. Cost: rows · columns · depth.</remarks>
internal sealed class ContractionKernel
{
    /// <summary>Operand bytes up to which strided reads stay in the first-level cache and packing only costs.</summary>
    private const long UnpackedBytes = 24 * 1024;

    private readonly KernelBody _body;
    private readonly Operation _dot;
    private readonly ContractionShape _shape;
    private readonly ContractionTile _tile;
    private readonly LoopBuffer? _packedX;
    private readonly LoopBuffer? _packedY;

    private ContractionKernel(Operation fusion, TargetTraits target)
    {
        _body = new KernelBody(fusion);
        _dot = _body.Function.Operations.First(o => o.Op is DotGeneral);
        _shape = new ContractionShape(_dot);
        _tile = ContractionTile.Choose(_shape, _dot.Result.DType, target);
        var bytes = _dot.Result.DType.Bytes;
        var panelElements = _tile.Panels * _shape.Depth * _tile.Columns;
        if (!_shape.IsColumnContiguous || _shape.Depth * _shape.Columns * bytes > UnpackedBytes && _shape.Rows > _tile.Rows)
            _packedY = AddScratch("packed_y", panelElements, _shape.Batch == 1 ? BufferScope.Shared : BufferScope.Worker);
        if (_shape.Depth * _shape.Rows * bytes > UnpackedBytes && _shape.Columns > _tile.Columns)
            _packedX = AddScratch("packed_x", _tile.TilesPerBlock * _shape.Depth * _tile.Rows, BufferScope.Worker);
    }

    public static Kernel Lower(Operation fusion, TargetTraits target) => new ContractionKernel(fusion, target).Build();

    private Kernel Build()
    {
        var statements = new List<Statement>();
        if (_shape.Batch == 1)
        {
            var zero = ScalarExpr.Index(0);
            if (_packedY is not null)
            {
                statements.AddRange(PackColumns(zero, LoopKind.Parallel));
                statements.Add(new BarrierStatement());
            }
            statements.Add(Blocks(zero, LoopKind.Parallel));
        }
        else
        {
            var batch = new LoopVariable("batch");
            List<Statement> inner = [];
            if (_packedY is not null) inner.AddRange(PackColumns(batch.Value, LoopKind.Serial));
            inner.Add(Blocks(batch.Value, LoopKind.Serial));
            statements.Add(new ForStatement(batch, _shape.Batch, LoopKind.Parallel, 1, [.. inner]));
        }
        var elements = (double)_shape.Batch * _shape.Rows * _shape.Columns;
        return _body.Build(_shape.Columns * _shape.Rows * _shape.Batch == 0 ? [] : statements,
            elements * (2.0 * _shape.Depth / 8 + ElementKernel.Cost(_body.Function)));
    }

    // y as panels of tile-width columns: packed[panel][k][column], zeros beyond the last column.
    private IEnumerable<Statement> PackColumns(ScalarExpr batch, LoopKind kind)
    {
        var (panel, k, lane) = (new LoopVariable("panel"), new LoopVariable("k"), new LoopVariable("n"));
        var column = panel.Value * _tile.Columns + lane.Value;
        var isInside = _shape.Columns % _tile.Columns == 0 ? null
            : ScalarExpr.Compare(CompareKind.Lt, column, ScalarExpr.Index(_shape.Columns));
        var element = new LoadExpr(_body.BufferOf(_dot.Operands[1]), _shape.PositionY(batch, k.Value, column), isInside);
        var store = new StoreStatement(_packedY!, (panel.Value * _shape.Depth + k.Value) * _tile.Columns + lane.Value, element);
        var lanes = new ForStatement(lane, _tile.Columns, LoopKind.Vector, (int)_tile.Columns, [store]);
        yield return new ForStatement(panel, _tile.Panels, kind, 1, [new ForStatement(k, _shape.Depth, LoopKind.Serial, 1, [lanes])]);
    }

    private ForStatement Blocks(ScalarExpr batch, LoopKind kind)
    {
        var (block, panel, tile) = (new LoopVariable("block"), new LoopVariable("panel"), new LoopVariable("tile"));
        var inner = new List<Statement>();
        if (_packedX is not null) inner.Add(PackRows(batch, block));
        var fullPanels = _shape.Columns / _tile.Columns;
        var rest = _shape.Columns % _tile.Columns;
        if (fullPanels > 0)
        {
            var tiles = Tile(batch, block, tile, panel.Value, _tile.Columns);
            inner.Add(new ForStatement(panel, fullPanels, LoopKind.Serial, 1, [new ForStatement(tile, _tile.TilesPerBlock, LoopKind.Serial, 1, [tiles])]));
        }
        if (rest > 0)
        {
            var last = Tile(batch, block, tile, ScalarExpr.Index(fullPanels), rest);
            inner.Add(new ForStatement(tile, _tile.TilesPerBlock, LoopKind.Serial, 1, [last]));
        }
        return new ForStatement(block, _tile.Blocks, kind, 1, [.. inner]);
    }

    // x as tiles of rows: packed[tile][k][row]; rows beyond the last repeat it, and are never stored.
    private ForStatement PackRows(ScalarExpr batch, LoopVariable block)
    {
        var (tile, k) = (new LoopVariable("tile"), new LoopVariable("k"));
        var statements = new List<Statement>();
        for (var i = 0; i < _tile.Rows; i++)
        {
            var element = new LoadExpr(_body.BufferOf(_dot.Operands[0]), _shape.PositionX(batch, RowOf(block, tile, i), k.Value));
            statements.Add(new StoreStatement(_packedX!, (tile.Value * _shape.Depth + k.Value) * _tile.Rows + i, element));
        }
        return new ForStatement(tile, _tile.TilesPerBlock, LoopKind.Serial, 1, [new ForStatement(k, _shape.Depth, LoopKind.Serial, 1, [.. statements])]);
    }

    private ScalarExpr RowOf(LoopVariable block, LoopVariable tile, int i)
    {
        var row = UnclampedRow(block, tile, i);
        return _tile.CoversExactly ? row : ScalarExpr.Binary(BinaryKind.Min, row, ScalarExpr.Index(_shape.Rows - 1));
    }

    private ScalarExpr UnclampedRow(LoopVariable block, LoopVariable tile, int i) =>
        (block.Value * _tile.TilesPerBlock + tile.Value) * _tile.Rows + i;

    private ForStatement Tile(ScalarExpr batch, LoopVariable block, LoopVariable tile, ScalarExpr panel, long width)
    {
        var (k, lane) = (new LoopVariable("k"), new LoopVariable("n"));
        var column = panel * _tile.Columns + lane.Value;
        var sums = _body.NewLocal("c", _dot.Result.DType, _tile.Rows);
        var right = _body.NewLocal("b", _dot.Result.DType);
        var step = new List<Statement>
        {
            new LetStatement(right, _packedY is null
                ? new LoadExpr(_body.BufferOf(_dot.Operands[1]), _shape.PositionY(batch, k.Value, column))
                : new LoadExpr(_packedY, (panel * _shape.Depth + k.Value) * _tile.Columns + lane.Value)),
        };
        for (var i = 0; i < _tile.Rows; i++)
        {
            var left = _packedX is null
                ? new LoadExpr(_body.BufferOf(_dot.Operands[0]), _shape.PositionX(batch, RowOf(block, tile, i), k.Value))
                : new LoadExpr(_packedX, (tile.Value * _shape.Depth + k.Value) * _tile.Rows + i);
            step.Add(new AssignStatement(sums, i, new MultiplyAddExpr(left, new LocalExpr(right), new LocalExpr(sums, i))));
        }
        List<Statement> statements =
        [
            new LetStatement(sums, ScalarExpr.Constant(_dot.Result.DType, 0)),
            new ForStatement(k, _shape.Depth, LoopKind.Serial, 1, [.. step]),
        ];
        for (var i = 0; i < _tile.Rows; i++) Epilogue(statements, batch, UnclampedRow(block, tile, i), RowOf(block, tile, i), column, new LocalExpr(sums, i));
        return new ForStatement(lane, width, LoopKind.Vector, Math.Min((int)_tile.Columns, ElementKernel.PowerOfTwoAtLeast(width)), [.. statements]);
    }

    private void Epilogue(List<Statement> statements, ScalarExpr batch, ScalarExpr unclamped, ScalarExpr row, ScalarExpr column, ScalarExpr sum)
    {
        var index = _shape.ResultIndex(batch, row, column);
        var guard = _tile.CoversExactly ? null : ScalarExpr.Compare(CompareKind.Lt, unclamped, ScalarExpr.Index(_shape.Rows));
        _body.PushScope();
        _body.Define(_dot.Result, sum);
        _body.Store(_body.Function.Results, _ => index, statements, guard);
        _body.PopScope();
    }

    private LoopBuffer AddScratch(string name, long elements, BufferScope scope)
    {
        var buffer = new LoopBuffer(name, _dot.Result.DType, elements, scope, isWritten: true);
        _body.Scratch.Add(buffer);
        return buffer;
    }
}

/// <summary>A product seen as batch × rows × columns × depth, with the positions of its operands' elements.</summary>
internal sealed class ContractionShape
{
    private readonly DotGeneral.Axes _axes;
    private readonly Shape _x;
    private readonly Shape _y;
    private readonly int[] _freeX;
    private readonly int[] _freeY;

    public ContractionShape(Operation dot)
    {
        _axes = DotGeneral.Axes.Of(dot.Attributes);
        (_x, _y) = (dot.Operands[0].Shape, dot.Operands[1].Shape);
        (_freeX, _freeY) = (_axes.FreeX(_x.Rank), _axes.FreeY(_y.Rank));
        (Batch, Rows) = (Count(_x, _axes.BatchX), Count(_x, _freeX));
        (Columns, Depth) = (Count(_y, _freeY), Count(_x, _axes.ContractX));
    }

    public long Batch { get; }
    public long Rows { get; }
    public long Columns { get; }
    public long Depth { get; }

    /// <summary>Whether neighbouring columns of y are neighbours in memory.</summary>
    public bool IsColumnContiguous => Columns <= 1 || (_freeY is [.., var last] && last == _y.Rank - 1 && _freeY.Length == 1);

    public ScalarExpr PositionX(ScalarExpr batch, ScalarExpr row, ScalarExpr k) =>
        Position(_x, (_axes.BatchX, batch), (_freeX, row), (_axes.ContractX, k));

    public ScalarExpr PositionY(ScalarExpr batch, ScalarExpr k, ScalarExpr column) =>
        Position(_y, (_axes.BatchY, batch), (_freeY, column), (_axes.ContractY, k));

    public ScalarExpr[] ResultIndex(ScalarExpr batch, ScalarExpr row, ScalarExpr column) =>
        [.. Split(_x, _axes.BatchX, batch), .. Split(_x, _freeX, row), .. Split(_y, _freeY, column)];

    private static long Count(Shape shape, int[] axes) => axes.Aggregate(1L, (n, a) => n * shape[a]);

    private static ScalarExpr[] Split(Shape shape, int[] axes, ScalarExpr position) =>
        KernelBody.Unravel(position, axes.Select(a => shape[a]).ToArray());

    private static ScalarExpr Position(Shape shape, params ReadOnlySpan<(int[] Axes, ScalarExpr Value)> groups)
    {
        var index = new ScalarExpr[shape.Rank];
        foreach (var (axes, value) in groups)
        {
            var split = Split(shape, axes, value);
            for (var i = 0; i < axes.Length; i++) index[axes[i]] = split[i];
        }
        return KernelBody.Position(shape, index);
    }
}

/// <summary>The register tile and blocking of a product.</summary>
/// <param name="Rows">Rows of the register tile.</param>
/// <param name="Columns">Columns of the register tile: lanes of its vectors.</param>
/// <param name="Panels">Panels of columns, the last perhaps partial.</param>
/// <param name="TilesPerBlock">Row tiles whose packed operand stays in the second-level cache.</param>
/// <param name="Blocks">Blocks of row tiles: the unit of parallel work.</param>
/// <param name="CoversExactly">Whether no tile reaches beyond the last row.</param>
internal sealed record ContractionTile(int Rows, long Columns, long Panels, long TilesPerBlock, long Blocks, bool CoversExactly)
{
    /// <summary>Chooses a tile that fills the registers: two vectors wide, accumulators in all but the few that hold operands.</summary>
    public static ContractionTile Choose(ContractionShape shape, DType dtype, TargetTraits target)
    {
        var vector = target.Lanes(dtype);
        var columns = Math.Min(2L * vector, ElementKernel.PowerOfTwoAtLeast(shape.Columns));
        var registersPerRow = Math.Max(columns / vector, 1);
        var mostRows = (target.VectorRegisters - 4) / (int)registersPerRow;
        var tiles = Math.Max((shape.Rows + mostRows - 1) / mostRows, 1);
        // Rows spread evenly over the tiles, so that the last one is hardly padded: 64 rows are 5 × 13, not 4 × 14 + 8.
        var rows = (int)Math.Max((shape.Rows + tiles - 1) / tiles, 1);
        tiles = Math.Max((shape.Rows + rows - 1) / rows, 1);
        var tileBytes = Math.Max(shape.Depth, 1) * rows * dtype.Bytes;
        var perBlock = Math.Clamp(target.L2Bytes / 2 / tileBytes, 1, Math.Max(tiles / target.Workers, 1));
        var blocks = (tiles + perBlock - 1) / perBlock;
        perBlock = (tiles + blocks - 1) / blocks;
        return new(rows, columns, (shape.Columns + columns - 1) / columns, perBlock, blocks, perBlock * blocks * rows == shape.Rows);
    }
}
