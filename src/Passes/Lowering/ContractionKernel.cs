using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a contraction C = A·B and its epilogue, the elementwise operations after it: a register tile of rows along M by vectors
/// along N, operands packed where that pays, and the epilogue applied to the tile before it is stored.</summary>
/// <remarks>A worker packs a panel of B into its own first-level cache just before the panel is used, or while its first tile uses it, so a
/// large operand is read from memory once. Cost: M · N · K.</remarks>
internal sealed partial class ContractionKernel
{
    /// <summary>Bytes of a worker's part of a row below which another worker's prefetcher reaches into it: it reads some lines beyond its
    /// own part.</summary>
    private const long LeastRowBytes = 1024;

    private readonly KernelBody _body;
    private readonly TargetTraits _target;
    private readonly DType _dtype;
    private readonly DType _packed;
    private readonly DType _accumulator;
    private readonly Value _dot;
    private readonly ContractionShape _shape;
    private readonly ContractionResult _result;
    private readonly ContractionTask _task;
    private readonly ContractionBlocking _blocking;
    private readonly PackingOfA _packing;
    private readonly KernelChoice _choice;
    private readonly Operation[] _afterDot;
    private readonly int _stepK;
    private readonly Epilogue _epilogue;
    private readonly LoopBuffer? _packedA;
    private readonly LoopBuffer? _packedB;
    private readonly LoopBuffer? _partial;
    private readonly LoopBuffer? _total;

    private ContractionKernel(Operation fusion, LoweringContext context)
    {
        (_body, _target) = (new KernelBody(fusion), context.Target);
        var dot = _body.Function.Operations.First(o => o.Op is IContractionOp);
        (_dot, _dtype, _shape) = (dot.Result, dot.Operands[0].DType, new ContractionShape(dot));
        _accumulator = Accumulation.TypeOf(dot);
        _afterDot = [.. EpilogueOf(_body.Function, dot)];
        _result = new(_shape, _dot, _afterDot);
        _task = TaskOf(context.Weights);
        _packed = _task.Packed;
        var schedule = Choose(context, out _choice);
        (_blocking, _packing) = (schedule.Blocking, schedule.Packing);
        _stepK = _blocking.StepK(_shape.A.K, _task.KOfStep);
        _epilogue = ChooseEpilogue();
        var panel = StepsOf(_blocking.BlockK) * _blocking.TileN;
        if (schedule.PacksB) _packedB = _body.AddScratch("packed_b", _packed, panel, BufferScope.Worker);
        if (_packing != PackingOfA.None)
        {
            var ownTiles = _packing is PackingOfA.OfBlock or PackingOfA.OfRange;
            var tiles = ownTiles ? _blocking.TilesPerBlock : _blocking.Tiles;
            _packedA = _body.AddScratch("packed_a", _packed, tiles * PackedTile,
                ownTiles || _shape.Batch > 1 ? BufferScope.Worker : BufferScope.Shared);
        }
        var partialTiles = _blocking.BlocksK > 1 ? _blocking.PanelsPerGroup * _blocking.TilesPerBlock
            : _epilogue == Epilogue.Unrolled ? 0 : 1;
        if (partialTiles > 0)
            _partial = _body.AddScratch("partial", _accumulator, partialTiles * _blocking.TileM * _blocking.TileN, BufferScope.Worker);
        if (_blocking.BlocksK > Cascade.MostSteps) _total = _body.AddScratch("total", _accumulator, _partial!.Elements, BufferScope.Worker);
    }

    // The contraction and what its results follow from, without the index maps that only its operands are read through.
    private static HashSet<Operation> EpilogueOf(Function function, Operation dot)
    {
        HashSet<Operation> found = [dot, .. function.Results.Select(r => r.Definition).OfType<Operation>()];
        foreach (var operation in function.Operations.Reverse())
            if (operation != dot && found.Contains(operation))
                found.UnionWith(operation.Operands.Select(o => o.Definition).OfType<Operation>());
        return found;
    }

    public static Kernel Lower(Operation fusion, LoweringContext context)
    {
        var kernel = new ContractionKernel(fusion, context);
        return kernel.Build() with { Choice = kernel._choice };
    }

    private ContractionSchedule Choose(LoweringContext context, out KernelChoice choice)
    {
        var schedules = ContractionSchedule.Best(_task);
        var taken = context.Choices?.GetValueOrDefault($"{_task}") ?? 0;
        choice = new(_task, taken, [.. schedules]);
        return schedules[taken];
    }

    private ContractionTask TaskOf(WeightUse weights)
    {
        var replaced = weights.Replaced.Contains(LowerToLoops.Root(OperandOf(_shape.B.Memory))) ? _shape.K * _shape.N : 0;
        return new(_shape, _dtype, _accumulator, _target)
        {
            PartitionsM = PartitionsM(weights),
            TakesWholeN = IsSmall,
            BytesByColumns = _dtype.Bytes * (replaced + StateOperands().Count() * _shape.M * _shape.N),
        };
    }

    // A worker should update the weights that it reads in the forward and backward contractions: memory that one core writes and another
    // reads moves between their caches.
    private bool PartitionsM(WeightUse weights)
    {
        Value[] state = [.. StateOperands().Select(OperandOf)];
        return state.Length > 0 && (state.Any(weights.ReadByRows.Contains) || _shape.N * _dtype.Bytes / _target.Workers < LeastRowBytes);
    }

    private Value OperandOf(Value parameter) => _body.Fusion.Operands[_body.Function.Parameters.IndexOf(parameter)];

    // Then each worker can read all of B, and a chain of contractions, row by row, needs no barrier.
    private bool IsSmall => _shape.Batch == 1
        && _shape.K * Math.Max(_shape.M, _shape.N) * _dtype.Bytes <= ContractionSchedule.UnpackedBytes;

    private Kernel Build()
    {
        var statements = new List<Statement>();
        var zero = ScalarExpr.Index(0);
        if (_packing == PackingOfA.OfBlock)
        {
            var block = new LoopVariable("block");
            statements.Add(new ForStatement(block, _blocking.BlocksM, LoopKind.Parallel, 1,
                [PackBlockOfA(block.Value), .. TileRanges(zero, 1, LoopKind.Serial, block.Value)]));
        }
        else if (_packing != PackingOfA.All || _shape.Batch == 1)
        {
            if (_packing == PackingOfA.All) statements.AddRange([.. PackA(zero, LoopKind.Parallel), new BarrierStatement()]);
            statements.AddRange(TileRanges(zero, _shape.Batch, LoopKind.Parallel));
        }
        else
        {
            var batch = new LoopVariable("batch");
            statements.Add(new ForStatement(batch, _shape.Batch, LoopKind.Parallel, 1,
                [.. PackA(batch.Value, LoopKind.Serial), .. TileRanges(batch.Value, 1, LoopKind.Serial)]));
        }
        return _body.Build(_shape.IsEmpty ? [] : statements, _shape.WorkOf(_body.Function));
    }

    // A tile range is a block of M by a group of panels of N; the last, narrower panel is a group of its own.
    private IEnumerable<Statement> TileRanges(ScalarExpr firstBatch, long batches, LoopKind kind, ScalarExpr? onlyBlock = null)
    {
        var blocks = onlyBlock is null ? _blocking.BlocksM : 1;
        var (fullPanels, remainder, size) = (_shape.N / _blocking.TileN, _shape.N % _blocking.TileN, _blocking.PanelsPerGroup);
        ForStatement Over(string name, long groups, Func<ScalarExpr, ScalarExpr, ScalarExpr, TileRange> range)
        {
            var number = new LoopVariable(name);
            var index = KernelBody.Unravel(number.Value, [(int)batches, (int)blocks, (int)groups]);
            var body = Contract(range(firstBatch + index[0], onlyBlock ?? index[1], index[2]));
            return new(number, batches * blocks * groups, kind, 1, [.. body]);
        }
        if (fullPanels > 0)
            yield return Over("tiles", fullPanels / size,
                (batch, block, group) => new(batch, block, group * size, size, _blocking.TileN));
        if (remainder > 0)
            yield return Over("block", 1, (batch, block, _) => new(batch, block, ScalarExpr.Index(fullPanels), 1, remainder));
    }

    private sealed record TileRange(ScalarExpr Batch, ScalarExpr Block, ScalarExpr FirstPanel, long Panels, long Width);

    /// <summary>A range of K: a block, of which the last may be shorter; accumulators are complete after the last.</summary>
    private sealed record KRange(ScalarExpr Block, long Count, bool IsLast);

    // Each block of K adds its accumulators to the partial results. Very many blocks form about as many groups as a group has blocks, and
    // each group adds its partial results to a total.
    private IEnumerable<Statement> Contract(TileRange range)
    {
        var before = _blocking.BlocksK - 1;
        ForStatement Blocks(ScalarExpr first, long count)
        {
            var block = new LoopVariable("k_block");
            return new(block, count, LoopKind.Serial, 1,
                [.. Block(range, new(first + block.Value, _blocking.BlockK, IsLast: false))]);
        }
        var inGroups = 0L;
        if (_total is not null)
        {
            var (group, size) = (new LoopVariable("group"), (long)Math.Sqrt(before));
            inGroups = before / size * size;
            yield return Fill(_total, range, _ => ScalarExpr.Constant(_accumulator, 0));
            yield return new ForStatement(group, before / size, LoopKind.Serial, 1,
                [Fill(_partial!, range, _ => ScalarExpr.Constant(_accumulator, 0)), Blocks(group.Value * size, size),
                    Fill(_total, range, i => new LoadExpr(_total, i) + new LoadExpr(_partial!, i))]);
        }
        if (before > 0) yield return Fill(_partial!, range, _ => ScalarExpr.Constant(_accumulator, 0));
        if (before > inGroups) yield return Blocks(ScalarExpr.Index(inGroups), before - inGroups);
        foreach (var statement in Block(range, new(ScalarExpr.Index(before), _shape.K - before * _blocking.BlockK, IsLast: true)))
            yield return statement;
    }

    private IEnumerable<Statement> Block(TileRange range, KRange k) =>
        _packing == PackingOfA.OfRange ? [PackRangeOfA(range, k), Panels(range, k)] : [Panels(range, k)];

    // to[i] = value(i) for the accumulators of a range's tiles.
    private ForStatement Fill(LoopBuffer to, TileRange range, Func<ScalarExpr, ScalarExpr> value)
    {
        var i = new LoopVariable("i");
        return new(i, range.Panels * _blocking.TilesPerBlock * _blocking.TileM * _blocking.TileN,
            LoopKind.Vector, _target.Lanes(_accumulator), [new StoreStatement(to, i.Value, value(i.Value))]);
    }

    private ForStatement Panels(TileRange range, KRange k)
    {
        var panel = new LoopVariable("panel");
        var firstN = (range.FirstPanel + panel.Value) * _blocking.TileN;
        Statement[] pack = _packedB is null || FirstTilePacks ? []
            : [Pack(_packedB, ScalarExpr.Index(0), _blocking.TileN, _shape.B, range.Batch, n => firstN + n, k.Block, range.Width, k.Count)];
        return new ForStatement(panel, range.Panels, LoopKind.Serial, 1, [.. pack, .. Tiles(new(range, k, panel.Value, firstN))]);
    }
}
