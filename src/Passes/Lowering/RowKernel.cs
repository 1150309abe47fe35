using System.Numerics;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a fusion with reductions: for each kept index, passes over the reduced axes, a pass for each reduction
/// that waits for an earlier one (softmax: maximum, sum, result).</summary>
internal sealed partial class RowKernel
{
    /// <summary>Vector registers that one iteration fills: as many independent partial results hide the latency of an addition.</summary>
    private const int RegistersPerVector = 4;

    /// <summary>Columns that one iteration sums at least: where there are fewer, several rows have partial results of their own.</summary>
    private const int ColumnsAtOnce = 64;
    private const int MostRowsAtOnce = 8;

    /// <summary>Elements up to which a reduction's loop is unrolled (the taps of a window): no index is computed, and what one pass has
    /// computed of them stays in registers for the next.</summary>
    private const int MostTaps = 16;

    /// <summary>Neighbouring positions whose overlapping windows one iteration sums: what they share is read once, and their sums do not
    /// wait for one another.</summary>
    private const int MostPositions = 4;

    /// <summary>Vectors of columns that are enough to share between workers.</summary>
    private const int LeastShared = 4;

    /// <summary>Operations in all copies of a loop's body: LLVM's time grows faster than linearly with a function.</summary>
    private const int MostOperations = 800;

    private readonly KernelBody _body;
    private readonly TargetTraits _target;
    private readonly Shape _domain;
    private readonly int[] _reduced;
    private readonly int[] _kept;
    private readonly Dictionary<Value, int> _stage = [];
    private readonly RowCache _cache;

    private RowKernel(Operation fusion, TargetTraits target)
    {
        (_body, _target) = (new KernelBody(fusion), target);
        var first = _body.Function.Operations.First(o => o.Op is IReductionOp);
        _domain = first.Operands[0].Shape;
        _reduced = Reduction.Axes(first);
        _kept = [.. Enumerable.Range(0, _domain.Rank).Except(_reduced)];
        foreach (var operation in _body.Function.Operations) SetStage(operation);
        _cache = new RowCache(_body, _domain, IsRowWise ? ReducedCount : 0, target, Passes());
    }

    public static Kernel Lower(Operation fusion, TargetTraits target) => new RowKernel(fusion, target).Build();

    private bool IsRowWise => _reduced.Contains(_domain.Rank - 1);

    private Kernel Build()
    {
        var work = _domain.ElementCount * (double)ElementKernel.Cost(_body.Function);
        return _body.Build(IsRowWise ? [RowWise()] : ColumnWise(), work);
    }

    // A reduction's value exists one stage after its elements; everything else as soon as its operands do.
    private void SetStage(Operation operation)
    {
        var stage = operation.Operands.Select(o => _stage.GetValueOrDefault(o)).DefaultIfEmpty(0).Max();
        foreach (var result in operation.Results) _stage[result] = operation.Op is IReductionOp ? stage + 1 : stage;
    }

    private ForStatement RowWise()
    {
        var columns = _domain[^1];
        var lanes = LanesFor(columns, RegistersPerVector);
        return RowLoops.Over(SizesOf(_kept), ReducedCount, keptIndex => Stages([keptIndex], new VectorLoop(columns, lanes)));
    }

    private IEnumerable<ForStatement> ColumnWise()
    {
        var (sizes, taps) = (SizesOf(_kept), UnrolledTaps);
        var (outer, columns) = (sizes[..^1], sizes[^1]);
        if (Streams(columns) && BoundsOf(outer, 1).All(b => b.Length == 2)) return Streamed(outer, columns);
        var sharing = SharesReads(outer, columns) ? outer.Length : KeptTaps;
        int[] rows = outer[^sharing..], loops = outer[..^sharing];
        var count = rows.Aggregate(1, (n, size) => n * size);
        var lanes = LanesFor(columns, count > 1 ? RegistersFor(count) : Math.Max(RegistersPerVector / Math.Max(taps, 1), 1));
        ForStatement Vectors(LoopKind kind, params ScalarExpr[][] leading)
        {
            var lane = new LoopVariable("i", columns);
            var indices = leading.SelectMany(l => Enumerable.Range(0, count).Select(r => (ScalarExpr[])
                [.. l, .. KernelBody.Unravel(ScalarExpr.Index(r), rows), lane.Value]));
            var body = Stages([.. indices], null);
            return new(lane, columns, kind, lanes, [.. Prefetching.Of(_body, lane, lanes, body, _target), .. body]);
        }
        if (loops.All(size => size == 1)) return [Vectors(LoopKind.ParallelVector, [.. loops.Select(_ => ScalarExpr.Index(0))])];
        var bounds = BoundsOf(loops, Math.Max(taps, count) * (ReducedBounds.Length - 1));
        var positions = taps > 0 && Overlaps ? MostPositions : 1;
        return positions == 1 && bounds.All(b => b.Length == 2)
            ? [RowLoops.Over(loops, columns * ReducedCount, leading => [Vectors(LoopKind.Vector, leading)])]
            : RowLoops.InParts(bounds, positions, leading => [Vectors(LoopKind.Vector, leading)]);
    }

    // Of the parts of loops over the first kept axes, of whose bodies there are so many copies.
    private int[][] BoundsOf(int[] loops, int copies) =>
        LoopParts.Bounds(_body.Function, _domain, _kept[..loops.Length], loops, MostParts(copies));

    // Whether windows of neighbouring positions read the same memory.
    private bool Overlaps => _body.Function.Operations.Where(o => o.Op is Window).Select(Window.Geometry.Of)
        .Any(windows => windows.Size[^1] > windows.Stride[^1]);

    // Whether a pass serves all rows at once, which read the same memory (the taps of a kernel's gradient), where the vectors of a row are
    // enough to share.
    private bool SharesReads(int[] outer, int columns) => outer.Aggregate(1L, (n, size) => n * size) is > 1 and var rows
        && UnrolledTaps == 0 && MayShareReads(rows) && columns >= LeastShared * _target.Lanes(ElementKernel.Widest(_body.Function));

    private bool MayShareReads(long rows) => rows <= MostTaps && rows * ElementKernel.Cost(_body.Function) <= MostOperations
        && _body.Function.Parameters.Concat(_body.Function.Results).All(v => v.Shape != _domain);

    // Kept axes between others and the columns that are taps of a window: neighbouring taps read the same memory.
    private int KeptTaps
    {
        get
        {
            if (_body.Function.Operations.FirstOrDefault(o => o.Op is Window && o.Result.Shape == _domain) is not { } window) return 0;
            var (first, count) = (Window.Geometry.Of(window).FirstTap, window.Ints("axes").Length);
            int[] taps = [.. Enumerable.Range(first, count)];
            var isKept = _kept.Length > count && _kept.AsSpan(_kept.Length - count - 1, count).SequenceEqual(taps)
                && _kept.SkipLast(count + 1).Any(axis => _domain[axis] > 1);
            return isKept && MayShareReads(taps.Aggregate(1L, (n, axis) => n * _domain[axis])) ? count : 0;
        }
    }

    // Of the loop over the one axis that is reduced, where it is not unrolled. They decide the order of additions, so no target matters.
    private int[] ReducedBounds
    {
        get
        {
            int[] axes = [.. _reduced.Where(a => _domain[a] != 1)];
            if (IsRowWise || UnrolledTaps > 0 || axes is not [var axis]) return [0, (int)Math.Min(ReducedCount, int.MaxValue)];
            return LoopParts.Bounds(_body.Function, _domain, axes, [_domain[axis]], MostParts(MostTaps))[0];
        }
    }

    // Parts of loops whose body has so many copies of what is computed for an element.
    private int MostParts(int copies) =>
        Math.Max(MostOperations / (copies * (1 + _body.Function.Operations.Count(o => o.Op is not IIndexedOp))), 1);

    private int[] SizesOf(int[] axes) => MergedAxes.Sizes(_body.Function.Operations, _domain, axes);

    private long ReducedCount => _reduced.Aggregate(1L, (n, a) => n * _domain[a]);

    /// <summary>Whether the loop of a reduction by columns is unrolled.</summary>
    /// <param name="domain">Shape of its elements.</param>
    /// <param name="reduced">Axes.</param>
    /// <param name="cost">Operations for an element.</param>
    public static bool Unrolls(Shape domain, int[] reduced, int cost) =>
        reduced.Aggregate(1L, (n, a) => n * domain[a]) is > 0 and <= MostTaps and var taps && taps * cost <= MostOperations
        && !reduced.Contains(domain.Rank - 1);

    // Elements of a reduction that is unrolled, else 0.
    private int UnrolledTaps => KeptTaps == 0 && Unrolls(_domain, _reduced, ElementKernel.Cost(_body.Function)) ? (int)ReducedCount : 0;

    // Of a sum by columns: their number, not the target, decides, so that the order of additions is the same everywhere.
    private int RowsAtOnce(int reductions)
    {
        if (IsRowWise || reductions == 0) return 1;
        var most = MostOperations / ElementKernel.Cost(_body.Function);
        var rows = ColumnsAtOnce / (ElementKernel.PowerOfTwoAtLeast(SizesOf(_kept)[^1]) * reductions);
        return Math.Clamp(rows, 1, Math.Clamp(most, 1, MostRowsAtOnce));
    }

    // A power of two, of which the sums of all rows leave room for what is read.
    private int RegistersFor(int rows) =>
        Math.Min(1 << BitOperations.Log2((uint)Math.Max(_target.VectorRegisters * 2 / 3 / rows, 1)), RegistersPerVector);

    private int LanesFor(int columns, int registers) =>
        Math.Min(_target.Lanes(ElementKernel.Widest(_body.Function)) * registers, ElementKernel.PowerOfTwoAtLeast(columns));

    // What each pass computes elements of.
    private Value[][] Passes() => [.. Enumerable.Range(0, _stage.Values.Max() + 1)
        .Select(stage => (Value[])[.. ReductionsAfter(stage).Select(r => r.Operands[0]), .. StoredAt(stage)])];

    private Operation[] ReductionsAfter(int stage) =>
        [.. _body.Function.Operations.Where(o => o.Op is IReductionOp && _stage[o.Result] == stage + 1)];

    private Value[] StoredAt(int stage) => [.. Full().Where(v => _body.IsResult(v) && _stage[v] == stage)];

    private List<Statement> Stages(ScalarExpr[][] keptIndices, VectorLoop? vectors)
    {
        var statements = new List<Statement>();
        var taps = UnrolledTaps;
        Row[] rows = [.. keptIndices.Select(index => new Row(index, taps))];
        foreach (var row in rows) Within(row, () => ReadRowOperands(row.Index, statements));
        var last = _stage.Values.Max();
        for (var stage = 0; stage <= last; stage++)
        {
            foreach (var row in rows) Within(row, () => RowValues(stage, row.Index, statements));
            var pass = new Pass(this, stage, rows, vectors);
            if (pass.IsEmpty) continue;
            var accumulators = pass.Accumulators();
            statements.AddRange(taps > 0 ? pass.Unroll(accumulators) : pass.Build(accumulators));
            foreach (var (row, own) in rows.Zip(accumulators.Chunk(Math.Max(accumulators.Length / rows.Length, 1))))
                Within(row, () => Array.ForEach(own, a => a.Define(_body)));
        }
        return statements;
    }

    private void Within(Row row, Action action)
    {
        _body.PushScope(row.Values);
        action();
        _body.PopScope();
    }

    private IEnumerable<Value> Full() => _body.Function.Operations.SelectMany(o => o.Results)
        .Where(v => v.Shape == _domain && v.Definition!.Op is not IReductionOp);

    // Before anything is stored: a result may have the memory of such an operand.
    private void ReadRowOperands(ScalarExpr[] keptIndex, List<Statement> statements)
    {
        var kept = _domain.Without(_reduced);
        foreach (var operand in _body.Function.Parameters.Where(p => p.Shape == kept && p.Shape != _domain))
            if (_body.Function.Operations.Any(o => o.Op is IElementOp && o.Operands.Contains(operand)))
                _body.Element(operand, keptIndex, statements);
    }

    // Values of a whole row: computed once, and stored, between the passes.
    private void RowValues(int stage, ScalarExpr[] keptIndex, List<Statement> statements)
    {
        var kept = _domain.Without(_reduced);
        var stored = new List<Value>();
        foreach (var operation in _body.Function.Operations)
        {
            if (operation.Result.Shape != kept || operation.Result.Shape == _domain || _stage[operation.Result] != stage) continue;
            if (operation.Op is IElementOp) _body.Element(operation.Result, keptIndex, statements);
            stored.AddRange(operation.Results);
        }
        _body.Store(stored, _ => keptIndex, statements);
    }

    private static ReductionKind KindOf(Operation reduction) => ((IReductionOp)reduction.Op).Kind;

    /// <summary>Elements that are reduced to one: their index along the kept axes, and what is known of them and, where the loop over them
    /// is unrolled, of each element, from passes before too.</summary>
    private sealed record Row(ScalarExpr[] Index, int UnrolledTaps)
    {
        public Dictionary<Value, ScalarExpr> Values { get; } = [];
        public Dictionary<Value, ScalarExpr>[] Taps { get; } =
            [.. Enumerable.Range(0, UnrolledTaps).Select(_ => new Dictionary<Value, ScalarExpr>())];
    }

    /// <summary>The innermost loop of a row: its extent and lanes.</summary>
    private sealed record VectorLoop(long Columns, int Lanes);
}
