using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a fusion with reductions: for each kept index, passes over the reduced axes, a pass for each reduction
/// that waits for an earlier one (softmax: maximum, sum, result).</summary>
internal sealed class RowKernel
{
    /// <summary>Registers' worth of lanes side by side: as many independent partial results hide the latency of an addition.</summary>
    private const int RegistersPerVector = 4;

    private readonly KernelBody _body;
    private readonly TargetTraits _target;
    private readonly Shape _domain;
    private readonly int[] _reduced;
    private readonly int[] _kept;
    private readonly Dictionary<Value, int> _stage = [];
    private readonly Dictionary<Value, Local> _sums = [];
    private readonly RowCache _cache;

    private RowKernel(Operation fusion, TargetTraits target)
    {
        (_body, _target) = (new KernelBody(fusion), target);
        var first = _body.Function.Operations.First(o => o.Op is IReductionOp);
        _domain = first.Operands[0].Shape;
        _reduced = Reduction.Axes(first);
        _kept = [.. Enumerable.Range(0, _domain.Rank).Except(_reduced)];
        foreach (var operation in _body.Function.Operations) SetStage(operation);
        _cache = new RowCache(_body, _domain, IsRowWise ? _reduced.Aggregate(1L, (n, a) => n * _domain[a]) : 0, target, Passes());
    }

    public static Kernel Lower(Operation fusion, TargetTraits target) => new RowKernel(fusion, target).Build();

    private bool IsRowWise => _reduced.Contains(_domain.Rank - 1);

    private Kernel Build()
    {
        var work = _domain.ElementCount * (double)ElementKernel.Cost(_body.Function);
        return _body.Build([IsRowWise ? RowWise() : ColumnWise()], work);
    }

    // A reduction's value exists one stage after its elements; everything else as soon as its operands do.
    private void SetStage(Operation operation)
    {
        var stage = operation.Operands.Select(o => _stage.GetValueOrDefault(o)).DefaultIfEmpty(0).Max();
        foreach (var result in operation.Results) _stage[result] = operation.Op is IReductionOp ? stage + 1 : stage;
    }

    private ForStatement RowWise()
    {
        var (row, lane) = (new LoopVariable("row"), new LoopVariable("i"));
        var keptSizes = _kept.Select(a => _domain[a]).ToArray();
        var rows = keptSizes.Aggregate(1L, (a, b) => a * b);
        var keptIndex = KernelBody.Unravel(rows == 1 ? ScalarExpr.Index(0) : row.Value, keptSizes);
        var columns = _domain[^1];
        var lanes = Math.Min(_target.Lanes(ElementKernel.Widest(_body.Function)) * RegistersPerVector, ElementKernel.PowerOfTwoAtLeast(columns));
        var statements = Stages(keptIndex, inner => new ForStatement(lane, columns, LoopKind.Vector, lanes, [.. inner]), lane.Value);
        return new ForStatement(row, rows, LoopKind.Parallel, 1, [.. statements]);
    }

    private ForStatement ColumnWise()
    {
        var (row, lane) = (new LoopVariable("row"), new LoopVariable("i"));
        var outer = _kept[..^1].Select(a => _domain[a]).ToArray();
        var rows = outer.Aggregate(1L, (a, b) => a * b);
        var columns = _domain[^1];
        var lanes = Math.Min(_target.Lanes(ElementKernel.Widest(_body.Function)) * RegistersPerVector, ElementKernel.PowerOfTwoAtLeast(columns));
        ScalarExpr[] keptIndex = [.. KernelBody.Unravel(rows == 1 ? ScalarExpr.Index(0) : row.Value, outer), lane.Value];
        var statements = Stages(keptIndex, null, null);
        var kind = rows == 1 ? LoopKind.ParallelVector : LoopKind.Vector;
        var vectors = new ForStatement(lane, columns, kind, lanes, [.. statements]);
        return rows == 1 ? vectors : new ForStatement(row, rows, LoopKind.Parallel, 1, [vectors]);
    }

    // What each pass computes elements of.
    private Value[][] Passes() => [.. Enumerable.Range(0, _stage.Values.Max() + 1).Select(stage => (Value[])[.. ReductionsAfter(stage).Select(r => r.Operands[0]), .. StoredAt(stage)])];

    private Operation[] ReductionsAfter(int stage) => [.. _body.Function.Operations.Where(o => o.Op is IReductionOp && _stage[o.Result] == stage + 1)];

    private Value[] StoredAt(int stage) => [.. Full().Where(v => _body.IsResult(v) && _stage[v] == stage)];

    private List<Statement> Stages(ScalarExpr[] keptIndex, Func<List<Statement>, ForStatement>? vectorLoop, ScalarExpr? lane)
    {
        var statements = new List<Statement>();
        _body.PushScope();
        ReadRowOperands(keptIndex, statements);
        var last = _stage.Values.Max();
        for (var stage = 0; stage <= last; stage++)
        {
            RowValues(stage, keptIndex, statements);
            var (reductions, stored) = (ReductionsAfter(stage), StoredAt(stage));
            if (reductions.Length == 0 && stored.Length == 0) continue;
            foreach (var reduction in reductions) Declare(reduction, statements);
            statements.AddRange(Pass(stage, keptIndex, vectorLoop, lane, reductions, stored));
            foreach (var reduction in reductions) _body.Define(reduction.Result, new LocalExpr(_sums[reduction.Result]));
        }
        _body.PopScope();
        return statements;
    }

    private IEnumerable<Value> Full() => _body.Function.Operations.SelectMany(o => o.Results).Where(v => v.Shape == _domain && v.Definition!.Op is not IReductionOp);

    // Before anything is stored: a result may have the memory of such an operand.
    private void ReadRowOperands(ScalarExpr[] keptIndex, List<Statement> statements)
    {
        var kept = _domain.Without(_reduced);
        foreach (var operand in _body.Function.Parameters.Where(p => p.Shape == kept && p.Shape != _domain))
            if (_body.Function.Operations.Any(o => o.Op is IElementOp && o.Operands.Contains(operand))) _body.Element(operand, keptIndex, statements);
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
            stored.Add(operation.Result);
        }
        _body.Store(stored, _ => keptIndex, statements);
    }

    private void Declare(Operation reduction, List<Statement> statements)
    {
        var op = (IReductionOp)reduction.Op;
        var local = _body.NewLocal("sum", reduction.Result.DType);
        var start = op.Kind switch
        {
            ReductionKind.Sum => 0.0,
            ReductionKind.Product => 1.0,
            ReductionKind.Max => reduction.Result.DType.Lowest,
            _ => reduction.Result.DType.Highest,
        };
        statements.Add(new LetStatement(local, ScalarExpr.Constant(reduction.Result.DType, start)));
        _sums[reduction.Result] = local;
    }

    private Statement[] Pass(int stage, ScalarExpr[] keptIndex, Func<List<Statement>, ForStatement>? vectorLoop, ScalarExpr? lane,
        Operation[] reductions, Value[] stored)
    {
        var loopAxes = _reduced.Where(a => vectorLoop is null || a != _domain.Rank - 1).ToArray();
        var sizes = loopAxes.Select(a => _domain[a]).ToArray();
        var count = sizes.Aggregate(1L, (a, b) => a * b);
        var outer = new LoopVariable("r");
        var loopIndex = KernelBody.Unravel(count == 1 ? ScalarExpr.Index(0) : outer.Value, sizes);
        var index = new ScalarExpr[_domain.Rank];
        for (var i = 0; i < _kept.Length; i++) index[_kept[i]] = keptIndex[i];
        for (var i = 0; i < loopAxes.Length; i++) index[loopAxes[i]] = loopIndex[i];
        if (lane is not null) index[^1] = lane;

        var inner = new List<Statement>();
        _body.PushScope();
        if (lane is not null) _cache.Use(stage, index, count == 1 ? lane : outer.Value * _domain[^1] + lane, inner);
        foreach (var reduction in reductions)
        {
            var element = _body.Element(reduction.Operands[0], index, inner);
            inner.Add(new AccumulateStatement(_sums[reduction.Result], ((IReductionOp)reduction.Op).Kind, element));
        }
        _body.Store(stored, _ => index, inner);
        _body.PopScope();
        Statement[] pass = vectorLoop is null ? [.. inner] : [vectorLoop(inner)];
        return count == 1 ? pass : [new ForStatement(outer, count, LoopKind.Serial, 1, [.. pass])];
    }
}
