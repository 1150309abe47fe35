using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a fusion with reductions: for each kept index, passes over the reduced axes, a pass for each reduction
/// that waits for an earlier one (softmax: maximum, sum, result).</summary>
internal sealed class RowKernel
{
    /// <summary>Vector registers that one iteration fills: as many independent partial results hide the latency of an addition.</summary>
    private const int RegistersPerVector = 4;

    /// <summary>Columns that one iteration sums at least: where there are fewer, several rows have partial results of their own.</summary>
    private const int ColumnsAtOnce = 64;
    private const int MostRowsAtOnce = 8;

    /// <summary>Elements up to which a reduction's loop is unrolled (the taps of a window): no index is computed, and what one pass has
    /// computed of them stays in registers for the next.</summary>
    private const int MostTaps = 16;

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
        var columns = _domain[^1];
        var lanes = LanesFor(columns, RegistersPerVector);
        return RowLoops.Over(SizesOf(_kept), ReducedCount, keptIndex => Stages(keptIndex, new VectorLoop(columns, lanes)));
    }

    private ForStatement ColumnWise()
    {
        var (sizes, taps) = (SizesOf(_kept), UnrolledTaps);
        var (outer, columns) = (sizes[..^1], sizes[^1]);
        var lanes = LanesFor(columns, Math.Max(RegistersPerVector / Math.Max(taps, 1), 1));
        ForStatement Vectors(ScalarExpr[] leading, LoopKind kind)
        {
            var lane = new LoopVariable("i");
            return new(lane, columns, kind, lanes, [.. Stages([.. leading, lane.Value], null)]);
        }
        return outer.All(size => size == 1) ? Vectors([.. outer.Select(_ => ScalarExpr.Index(0))], LoopKind.ParallelVector)
            : RowLoops.Over(outer, columns * ReducedCount, leading => [Vectors(leading, LoopKind.Vector)]);
    }

    private int[] SizesOf(int[] axes) => MergedAxes.Sizes(_body.Function, _domain, axes);

    private long ReducedCount => _reduced.Aggregate(1L, (n, a) => n * _domain[a]);

    // Elements of a reduction that is unrolled, else 0.
    private int UnrolledTaps
    {
        get
        {
            var isShort = ReducedCount is > 0 and <= MostTaps && ReducedCount * ElementKernel.Cost(_body.Function) <= MostOperations;
            return isShort && !IsRowWise ? (int)ReducedCount : 0;
        }
    }

    // Of a sum by columns: their number, not the target, decides, so that the order of additions is the same everywhere.
    private int RowsAtOnce(int reductions)
    {
        if (IsRowWise || reductions == 0) return 1;
        var most = MostOperations / ElementKernel.Cost(_body.Function);
        var rows = ColumnsAtOnce / (ElementKernel.PowerOfTwoAtLeast(SizesOf(_kept)[^1]) * reductions);
        return Math.Clamp(rows, 1, Math.Clamp(most, 1, MostRowsAtOnce));
    }

    private int LanesFor(int columns, int registers) =>
        Math.Min(_target.Lanes(ElementKernel.Widest(_body.Function)) * registers, ElementKernel.PowerOfTwoAtLeast(columns));

    // What each pass computes elements of.
    private Value[][] Passes() => [.. Enumerable.Range(0, _stage.Values.Max() + 1)
        .Select(stage => (Value[])[.. ReductionsAfter(stage).Select(r => r.Operands[0]), .. StoredAt(stage)])];

    private Operation[] ReductionsAfter(int stage) =>
        [.. _body.Function.Operations.Where(o => o.Op is IReductionOp && _stage[o.Result] == stage + 1)];

    private Value[] StoredAt(int stage) => [.. Full().Where(v => _body.IsResult(v) && _stage[v] == stage)];

    private List<Statement> Stages(ScalarExpr[] keptIndex, VectorLoop? vectors)
    {
        var statements = new List<Statement>();
        _body.PushScope();
        ReadRowOperands(keptIndex, statements);
        Dictionary<Value, ScalarExpr>[] taps = [.. Enumerable.Range(0, UnrolledTaps).Select(_ => new Dictionary<Value, ScalarExpr>())];
        var last = _stage.Values.Max();
        for (var stage = 0; stage <= last; stage++)
        {
            RowValues(stage, keptIndex, statements);
            var (reductions, stored) = (ReductionsAfter(stage), StoredAt(stage));
            if (reductions.Length == 0 && stored.Length == 0) continue;
            Accumulator[] accumulators = [.. reductions.Select(r => new Accumulator(_body, r))];
            var pass = new Pass(this, stage, keptIndex, vectors, reductions, stored);
            statements.AddRange(taps.Length > 0 ? pass.Unroll(accumulators, taps) : pass.Build(accumulators));
            foreach (var accumulator in accumulators) accumulator.Define(_body);
        }
        _body.PopScope();
        return statements;
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

    /// <summary>The innermost loop of a row: its extent and lanes.</summary>
    private sealed record VectorLoop(long Columns, int Lanes);

    /// <summary>One pass over the reduced axes: elements are accumulated, and stored.</summary>
    private sealed class Pass
    {
        private readonly RowKernel _kernel;
        private readonly int _stage;
        private readonly VectorLoop? _vectors;
        private readonly Operation[] _reductions;
        private readonly Value[] _stored;
        private readonly ScalarExpr[] _index;
        private readonly int[] _loopAxes;
        private readonly int[] _sizes;
        private readonly long _count;

        public Pass(RowKernel kernel, int stage, ScalarExpr[] keptIndex, VectorLoop? vectors, Operation[] reductions, Value[] stored)
        {
            (_kernel, _stage, _vectors, _reductions, _stored) = (kernel, stage, vectors, reductions, stored);
            var domain = kernel._domain;
            _loopAxes = [.. kernel._reduced.Where(a => vectors is null || a != domain.Rank - 1)];
            _sizes = kernel.SizesOf(_loopAxes);
            _count = _sizes.Aggregate(1L, (a, b) => a * b);
            _index = new ScalarExpr[domain.Rank];
            for (var i = 0; i < keptIndex.Length; i++) _index[kernel._kept[i]] = keptIndex[i];
        }

        /// <summary>The pass, its reductions going to given accumulators.</summary>
        public IEnumerable<Statement> Build(Accumulator[] accumulators) => [.. accumulators.SelectMany(a => a.Start()),
            .. Cascaded(_count, accumulators, (outer, into) => _vectors is null ? Elements(outer, null, into) : Row(outer, into))];

        /// <summary>The pass, element by element.</summary>
        /// <param name="accumulators">What its reductions go to.</param>
        /// <param name="taps">What is known of each element, from passes before too.</param>
        public IEnumerable<Statement> Unroll(Accumulator[] accumulators, Dictionary<Value, ScalarExpr>[] taps) =>
            taps.SelectMany((known, tap) => Elements(ScalarExpr.Index(tap), null, accumulators, known, starts: tap == 0));

        // Comparisons do not round, nor do integers.
        private bool Rounds => _reductions.Any(r => r.Result.DType.IsFloating && KindOf(r) is ReductionKind.Sum or ReductionKind.Product);

        private IEnumerable<Statement> Cascaded(long count, Accumulator[] into,
            Func<ScalarExpr, Accumulator[], IEnumerable<Statement>> step)
        {
            IEnumerable<Statement> Range(ScalarExpr first, long steps, Accumulator[] sums) => Interleaved(first, steps, sums, step);
            return Rounds ? Cascade.RunRanges(count, into, Open, Range, Cascade.MostSteps, "r") : Range(ScalarExpr.Index(0), count, into);
        }

        // Every n-th step goes to one accumulator of n, so that an addition need not wait for the one before.
        private IEnumerable<Statement> Interleaved(ScalarExpr first, long steps, Accumulator[] into,
            Func<ScalarExpr, Accumulator[], IEnumerable<Statement>> step)
        {
            var n = _vectors is null ? _kernel.RowsAtOnce(_reductions.Length) : 1;
            if (n == 1 || steps < 2 * n) return Cascade.Loop(steps, "r", r => step(first + r, into));
            CascadeLevel<Accumulator[]>[] levels = [.. Enumerable.Range(0, n).Select(_ => Open(into))];
            return [.. levels.SelectMany(l => l.Declare),
                .. Cascade.Loop(steps / n, "r", r => levels.SelectMany((l, i) => step(first + r * n + i, l.Accumulators))),
                .. Enumerable.Range(0, (int)(steps % n)).SelectMany(i => step(first + (steps - steps % n + i), levels[i].Accumulators)),
                .. levels.SelectMany(l => l.Add)];
        }

        private CascadeLevel<Accumulator[]> Open(Accumulator[] outer)
        {
            Accumulator[] parts = [.. _reductions.Select(r => new Accumulator(_kernel._body, r))];
            return new(parts, parts.SelectMany(p => p.Start()), outer.Select((sum, i) => sum.Add(parts[i])));
        }

        // The vectors of a long row go through the levels of a cascade lane by lane; lanes are combined once, at its end.
        private IEnumerable<Statement> Row(ScalarExpr outer, Accumulator[] into)
        {
            var (columns, lanes) = (_vectors!.Columns, _vectors.Lanes);
            ForStatement Vectors(long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
            {
                var lane = new LoopVariable("i");
                return new(lane, extent, LoopKind.Vector, lanes, [.. body(lane.Value)]);
            }
            var (vectors, remainder) = (columns / lanes, columns % lanes);
            if (vectors <= Cascade.MostSteps || !Rounds) return [Vectors(columns, lane => Elements(outer, lane, into))];
            var level = Open(into);
            var main = Vectors(lanes, lane =>
                [.. level.Declare, .. Cascaded(vectors, level.Accumulators,
                    (vector, accumulators) => Elements(outer, vector * lanes + lane, accumulators)), .. level.Add]);
            return remainder == 0 ? [main] : [main, Vectors(remainder, lane => Elements(outer, lane + vectors * lanes, into))];
        }

        // The row-major position among the elements that are reduced to one.
        private ScalarExpr InReduced(ScalarExpr[] index) => KernelBody.Position(
            new Shape([.. _kernel._reduced.Select(a => _kernel._domain[a])]), [.. _kernel._reduced.Select(a => index[a])]);

        private List<Statement> Elements(ScalarExpr outer, ScalarExpr? column, Accumulator[] into,
            Dictionary<Value, ScalarExpr>? known = null, bool starts = false)
        {
            var (body, statements) = (_kernel._body, new List<Statement>());
            ScalarExpr[] index = [.. _index];
            var loopIndex = KernelBody.Unravel(_count == 1 ? ScalarExpr.Index(0) : outer, _sizes);
            for (var i = 0; i < _loopAxes.Length; i++) index[_loopAxes[i]] = loopIndex[i];
            if (column is not null) index[^1] = column;
            body.PushScope(known);
            if (column is not null)
                _kernel._cache.Use(_stage, index, _count == 1 ? column : outer * _kernel._domain[^1] + column, statements);
            for (var i = 0; i < _reductions.Length; i++)
            {
                var element = body.Element(_reductions[i].Operands[0], index, statements);
                if (starts) statements.AddRange(into[i].StartWith(element, InReduced(index)));
                else statements.Add(into[i].Add(element, InReduced(index)));
            }
            body.Store(_stored, _ => index, statements);
            body.PopScope();
            return statements;
        }
    }
}
