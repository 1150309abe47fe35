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

    /// <summary>Rows of a worker for which packing all panels takes 3 % of its time.</summary>
    private const long LeastRowsApart = 100;

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
    private readonly bool _packsByBlock;
    private readonly LoopBuffer? _packedColumns;
    private readonly LoopBuffer? _partial;
    private readonly LoopBuffer? _total;

    private ContractionKernel(Operation fusion, TargetTraits target, WeightUse weights)
    {
        (_body, _target) = (new KernelBody(fusion), target);
        var dot = _body.Function.Operations.First(o => o.Op is DotGeneral);
        (_product, _dtype, _shape) = (dot.Result, dot.Result.DType, new ContractionShape(dot));
        _cut = ContractionBlocking.Choose(_shape, _dtype, target, DividesRows(weights), takesWholeRows: IsSmall);
        if (PacksRows() && PaysToPackApart(weights)) _cut = ContractionBlocking.Choose(_shape, _dtype, target, dividesRows: true, takesWholeRows: false);
        var lanes = target.Lanes(_dtype);
        _packedRow = (_cut.TileRows + lanes - 1) / lanes * lanes;
        _epilogue = ChooseEpilogue();
        if (PacksColumns()) _packedColumns = AddScratch("packed_y", _cut.BlockDepth * _cut.TileColumns, BufferScope.Worker);
        if (PacksRows())
        {
            _packsByBlock = _shape.Batch == 1 && _cut.RowBlocks % target.Workers == 0;
            _packedRows = AddScratch("packed_x", (_packsByBlock ? _cut.TilesPerBlock : _cut.Tiles) * _shape.Depth * _packedRow,
                _packsByBlock || _shape.Batch > 1 ? BufferScope.Worker : BufferScope.Shared);
        }
        var partialTiles = _cut.DepthBlocks > 1 ? _cut.PanelsPerGroup * _cut.TilesPerBlock : _epilogue == Epilogue.Unrolled ? 0 : 1;
        if (partialTiles > 0) _partial = AddScratch("partial", partialTiles * _cut.TileRows * _cut.TileColumns, BufferScope.Worker);
        if (_cut.DepthBlocks > Cascade.MostSteps) _total = AddScratch("total", _partial!.Elements, BufferScope.Worker);
    }

    public static Kernel Lower(Operation fusion, TargetTraits target, WeightUse weights) => new ContractionKernel(fusion, target, weights).Build();

    private bool PacksColumns() => _shape.ColumnSide.FreeStride != 1
        || _shape.Depth * _shape.Columns * _dtype.Bytes > UnpackedBytes && _cut.TilesPerBlock > 2;

    // Rows are read element by element, so packing them only pays where their lines would fall on one another in the first-level
    // cache: lines that lie a power of two apart share its sets. What is packed by one worker must also travel to the others.
    private bool PacksRows()
    {
        if (_shape.Depth * _shape.Rows * _dtype.Bytes <= UnpackedBytes || _shape.Columns <= _cut.TileColumns) return false;
        // A batch whose worker packs for itself is one task.
        if (_shape.Batch > 1 && _shape.Batch < _target.Workers) return false;
        var side = _shape.RowSide;
        if (side is not { FreeStride: { } free, DepthStride: { } depth }) return true;
        var (lines, distance) = depth == 1 ? (_cut.TileRows, free) : free == 1 ? (_cut.BlockDepth, depth) : (long.MaxValue / SetsBytes, SetsBytes);
        return lines * Gcd(distance * _dtype.Bytes, SetsBytes) / SetsBytes > MostLinesOfSet;
    }

    // A worker should update what it reads in the forward and backward products: memory that one core writes and another reads travels.
    private bool DividesRows(WeightUse weights)
    {
        Value[] state = [.. StateOperands().Select(OperandOf)];
        return state.Length > 0 && (state.Any(weights.ReadByRows.Contains) || _shape.Columns * _dtype.Bytes / _target.Workers < LeastRowPart);
    }

    // Rows that every worker packs for itself need not travel, nor need the workers meet; in turn each packs all panels of columns, which must
    // be little beside its tiles. Weights that are replaced would travel as a whole.
    private bool PaysToPackApart(WeightUse weights) => _shape.Batch == 1 && _shape.Rows >= LeastRowsApart * _target.Workers
        && !StateOperands().Any() && !weights.Replaced.Contains(LowerToLoops.Root(OperandOf(_shape.ColumnSide.Operand)));

    private Value OperandOf(Value parameter) => _body.Fusion.Operands[_body.Function.Parameters.IndexOf(parameter)];

    // Then each worker can read all columns, and products that follow one another row by row need no meeting between them.
    private bool IsSmall => _shape.Batch == 1 && _shape.Depth * Math.Max(_shape.Rows, _shape.Columns) * _dtype.Bytes <= UnpackedBytes;

    private static long Gcd(long a, long b) => b == 0 ? a : Gcd(b, a % b);

    private Kernel Build()
    {
        var statements = new List<Statement>();
        var zero = ScalarExpr.Index(0);
        if (_packsByBlock)
        {
            var block = new LoopVariable("block");
            statements.Add(new ForStatement(block, _cut.RowBlocks, LoopKind.Parallel, 1, [PackBlock(block.Value), .. Tasks(zero, 1, LoopKind.Serial, block.Value)]));
        }
        else if (_packedRows is null || _shape.Batch == 1)
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

    // A task is a block of rows by a group of panels; the last, narrower panel is a group of its own.
    private IEnumerable<Statement> Tasks(ScalarExpr firstBatch, long batches, LoopKind kind, ScalarExpr? onlyBlock = null)
    {
        var blocks = onlyBlock is null ? _cut.RowBlocks : 1;
        var (fullPanels, rest) = (_shape.Columns / _cut.TileColumns, _shape.Columns % _cut.TileColumns);
        ForStatement Over(string name, long groups, Func<ScalarExpr, ScalarExpr, ScalarExpr, Piece> piece)
        {
            var task = new LoopVariable(name);
            var index = KernelBody.Unravel(task.Value, [(int)batches, (int)blocks, (int)groups]);
            return new(task, batches * blocks * groups, kind, 1, [.. Task(piece(firstBatch + index[0], onlyBlock ?? index[1], index[2]))]);
        }
        if (fullPanels > 0)
            yield return Over("task", fullPanels / _cut.PanelsPerGroup, (batch, block, group) => new(batch, block, group * _cut.PanelsPerGroup, _cut.PanelsPerGroup, _cut.TileColumns));
        if (rest > 0)
            yield return Over("block", 1, (batch, block, _) => new(batch, block, ScalarExpr.Index(fullPanels), 1, rest));
    }

    private sealed record Piece(ScalarExpr Batch, ScalarExpr Block, ScalarExpr FirstPanel, long Panels, long Width);

    /// <summary>A range of depth; sums are complete after the last.</summary>
    private sealed record DepthRange(ScalarExpr First, long Count, bool IsLast);

    // Each block of depth adds its sums to the partial ones; of very many blocks,
    // groups of about as many as there are groups add theirs to a total.
    private IEnumerable<Statement> Task(Piece piece)
    {
        var before = _cut.DepthBlocks - 1;
        ForStatement Blocks(ScalarExpr first, long count)
        {
            var depth = new LoopVariable("depth");
            return new(depth, count, LoopKind.Serial, 1,
                [Panels(piece, new((first + depth.Value) * _cut.BlockDepth, _cut.BlockDepth, IsLast: false))]);
        }
        var inGroups = 0L;
        if (_total is not null)
        {
            var (group, size) = (new LoopVariable("group"), (long)Math.Sqrt(before));
            inGroups = before / size * size;
            yield return Sums(_total, piece, _ => ScalarExpr.Constant(_dtype, 0));
            yield return new ForStatement(group, before / size, LoopKind.Serial, 1,
                [Sums(_partial!, piece, _ => ScalarExpr.Constant(_dtype, 0)), Blocks(group.Value * size, size),
                    Sums(_total, piece, i => new LoadExpr(_total, i) + new LoadExpr(_partial!, i))]);
        }
        if (before > 0) yield return Sums(_partial!, piece, _ => ScalarExpr.Constant(_dtype, 0));
        if (before > inGroups) yield return Blocks(ScalarExpr.Index(inGroups), before - inGroups);
        yield return Panels(piece, new(ScalarExpr.Index(before * _cut.BlockDepth), _shape.Depth - before * _cut.BlockDepth, IsLast: true));
    }

    // to[i] = value(i) for the sums of a piece's tiles.
    private ForStatement Sums(LoopBuffer to, Piece piece, Func<ScalarExpr, ScalarExpr> value)
    {
        var i = new LoopVariable("i");
        return new(i, piece.Panels * _cut.TilesPerBlock * _cut.TileRows * _cut.TileColumns,
            LoopKind.Vector, _target.Lanes(_dtype), [new StoreStatement(to, i.Value, value(i.Value))]);
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
