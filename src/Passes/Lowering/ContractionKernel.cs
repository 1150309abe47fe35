using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a product and the elementwise operations after it: a register tile of rows × vector columns, with operands
/// packed where that pays, and the epilogue applied to the tile before it is stored.</summary>
/// <remarks>A worker packs a panel of columns into its own first-level cache just before it is used, or while its first tile uses it, so a
/// large operand is read from memory once. Cost: rows · columns · depth.</remarks>
internal sealed partial class ContractionKernel
{
    /// <summary>Operand bytes up to which strided reads stay in the first-level cache and packing only costs.</summary>
    private const long UnpackedBytes = 24 * 1024;

    /// <summary>Bytes after which addresses fall on the same set of a first-level cache: 64 sets of 64 bytes on x86.</summary>
    private const long SetsBytes = 4096;

    /// <summary>Bytes of a row below which a worker has no part of it to itself: a neighbour's prefetcher reads some lines beyond its own part.</summary>
    private const long LeastRowPart = 1024;

    /// <summary>Lines of a set that a tile's rows may take; common caches have 8, and 12.</summary>
    private const long MostLinesOfSet = 4;

    private readonly KernelBody _body;
    private readonly TargetTraits _target;
    private readonly DType _dtype;
    private readonly Value _product;
    private readonly ContractionShape _shape;
    private readonly ContractionBlocking _cut;
    private readonly long _packedRow;
    private readonly Epilogue _epilogue;
    private readonly LoopBuffer? _packedRows;
    private readonly LoopBuffer? _packedColumns;
    private readonly LoopBuffer? _partial;

    private ContractionKernel(Operation fusion, TargetTraits target, IReadOnlySet<Value> readByRows)
    {
        (_body, _target) = (new KernelBody(fusion), target);
        var dot = _body.Function.Operations.First(o => o.Op is DotGeneral);
        (_product, _dtype, _shape) = (dot.Result, dot.Result.DType, new ContractionShape(dot));
        _cut = ContractionBlocking.Choose(_shape, _dtype, target, DividesRows(readByRows), takesWholeRows: IsSmall);
        var lanes = target.Lanes(_dtype);
        _packedRow = (_cut.TileRows + lanes - 1) / lanes * lanes;
        _epilogue = ChooseEpilogue();
        if (PacksColumns()) _packedColumns = AddScratch("packed_y", _cut.BlockDepth * _cut.TileColumns, BufferScope.Worker);
        if (PacksRows())
            _packedRows = AddScratch("packed_x", _cut.Tiles * _shape.Depth * _packedRow, _shape.Batch == 1 ? BufferScope.Shared : BufferScope.Worker);
        var partialTiles = _cut.DepthBlocks > 1 ? _cut.PanelsPerGroup * _cut.TilesPerBlock : _epilogue == Epilogue.Unrolled ? 0 : 1;
        if (partialTiles > 0) _partial = AddScratch("partial", partialTiles * _cut.TileRows * _cut.TileColumns, BufferScope.Worker);
    }

    public static Kernel Lower(Operation fusion, TargetTraits target, IReadOnlySet<Value> readByRows) => new ContractionKernel(fusion, target, readByRows).Build();

    private bool PacksColumns() => _shape.ColumnSide.FreeStride != 1
        || _shape.Depth * _shape.Columns * _dtype.Bytes > UnpackedBytes && _cut.TilesPerBlock > 2;

    // Rows are read element by element, so packing them only pays where their lines would fall on one another in the first-level
    // cache: lines that lie a power of two apart share its sets. What is packed by one worker must also travel to the others.
    private bool PacksRows()
    {
        if (_shape.Depth * _shape.Rows * _dtype.Bytes <= UnpackedBytes || _shape.Columns <= _cut.TileColumns) return false;
        var side = _shape.RowSide;
        if (side is not { FreeStride: { } free, DepthStride: { } depth }) return true;
        var (lines, distance) = depth == 1 ? (_cut.TileRows, free) : free == 1 ? (_cut.BlockDepth, depth) : (long.MaxValue / SetsBytes, SetsBytes);
        return lines * Gcd(distance * _dtype.Bytes, SetsBytes) / SetsBytes > MostLinesOfSet;
    }

    // A worker should update what it reads in the forward and backward products: memory that one core writes and another reads travels.
    private bool DividesRows(IReadOnlySet<Value> readByRows)
    {
        Value[] state = [.. StateOperands().Select(o => _body.Fusion.Operands[_body.Function.Parameters.IndexOf(o)])];
        return state.Length > 0 && (state.Any(readByRows.Contains) || _shape.Columns * _dtype.Bytes / _target.Workers < LeastRowPart);
    }

    // Then each worker can read all columns, and products that follow one another row by row need no meeting between them.
    private bool IsSmall => _shape.Batch == 1 && _shape.Depth * Math.Max(_shape.Rows, _shape.Columns) * _dtype.Bytes <= UnpackedBytes;

    private static long Gcd(long a, long b) => b == 0 ? a : Gcd(b, a % b);

    private Kernel Build()
    {
        var statements = new List<Statement>();
        var zero = ScalarExpr.Index(0);
        if (_packedRows is null || _shape.Batch == 1)
        {
            if (_packedRows is not null) statements.AddRange([.. PackRows(zero, LoopKind.Parallel), new BarrierStatement()]);
            statements.AddRange(Tasks(zero, _shape.Batch, LoopKind.Parallel));
        }
        else
        {
            var batch = new LoopVariable("batch");
            statements.Add(new ForStatement(batch, _shape.Batch, LoopKind.Parallel, 1, [.. PackRows(batch.Value, LoopKind.Serial), .. Tasks(batch.Value, 1, LoopKind.Serial)]));
        }
        var elements = (double)_shape.Batch * _shape.Rows * _shape.Columns;
        return _body.Build(elements == 0 ? [] : statements, elements * (2.0 * _shape.Depth / 8 + ElementKernel.Cost(_body.Function)));
    }

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

    // A task is a block of rows by a group of panels; the last, narrower panel is a group of its own.
    private IEnumerable<Statement> Tasks(ScalarExpr firstBatch, long batches, LoopKind kind)
    {
        var (fullPanels, rest) = (_shape.Columns / _cut.TileColumns, _shape.Columns % _cut.TileColumns);
        ForStatement Over(string name, long groups, Func<ScalarExpr, ScalarExpr, ScalarExpr, Piece> piece)
        {
            var task = new LoopVariable(name);
            var index = KernelBody.Unravel(task.Value, [(int)batches, (int)_cut.RowBlocks, (int)groups]);
            return new(task, batches * _cut.RowBlocks * groups, kind, 1, [.. Task(piece(firstBatch + index[0], index[1], index[2]))]);
        }
        if (fullPanels > 0)
            yield return Over("task", fullPanels / _cut.PanelsPerGroup, (batch, block, group) => new(batch, block, group * _cut.PanelsPerGroup, _cut.PanelsPerGroup, _cut.TileColumns));
        if (rest > 0)
            yield return Over("block", 1, (batch, block, _) => new(batch, block, ScalarExpr.Index(fullPanels), 1, rest));
    }

    private sealed record Piece(ScalarExpr Batch, ScalarExpr Block, ScalarExpr FirstPanel, long Panels, long Width);

    /// <summary>A range of depth; sums are complete after the last.</summary>
    private sealed record DepthRange(ScalarExpr First, long Count, bool IsLast);

    private IEnumerable<Statement> Task(Piece piece)
    {
        var before = (_cut.DepthBlocks - 1) * _cut.BlockDepth;
        if (_cut.DepthBlocks > 1)
        {
            var (i, depth) = (new LoopVariable("i"), new LoopVariable("depth"));
            var clear = new StoreStatement(_partial!, i.Value, ScalarExpr.Constant(_dtype, 0));
            yield return new ForStatement(i, piece.Panels * _cut.TilesPerBlock * _cut.TileRows * _cut.TileColumns, LoopKind.Vector, _target.Lanes(_dtype), [clear]);
            yield return new ForStatement(depth, _cut.DepthBlocks - 1, LoopKind.Serial, 1,
                [Panels(piece, new(depth.Value * _cut.BlockDepth, _cut.BlockDepth, IsLast: false))]);
        }
        yield return Panels(piece, new(ScalarExpr.Index(before), _shape.Depth - before, IsLast: true));
    }

    private ForStatement Panels(Piece piece, DepthRange depth)
    {
        var panel = new LoopVariable("panel");
        var column = (piece.FirstPanel + panel.Value) * _cut.TileColumns;
        Statement[] pack = _packedColumns is null || FirstTilePacks ? []
            : [Pack(_packedColumns, ScalarExpr.Index(0), _cut.TileColumns, _shape.ColumnSide, piece.Batch, column, depth.First, piece.Width, depth.Count)];
        return new ForStatement(panel, piece.Panels, LoopKind.Serial, 1, [.. pack, .. Tiles(new(piece, depth, panel.Value, column))]);
    }

    private LoopBuffer AddScratch(string name, long elements, BufferScope scope)
    {
        var buffer = new LoopBuffer(name, _dtype, Math.Max(elements, 1), scope, isWritten: true);
        _body.Scratch.Add(buffer);
        return buffer;
    }
}
