using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <content>Passes over the reduced axes.</content>
internal sealed partial class RowKernel
{
    /// <summary>One pass over the reduced axes: elements are accumulated, and stored.</summary>
    private sealed class Pass
    {
        private readonly RowKernel _kernel;
        private readonly int _stage;
        private readonly Row[] _rows;
        private readonly VectorLoop? _vectors;
        private readonly Operation[] _reductions;
        private readonly Value[] _stored;
        private readonly int[] _loopAxes;
        private readonly int[] _sizes;
        private readonly long _count;

        public Pass(RowKernel kernel, int stage, Row[] rows, VectorLoop? vectors)
        {
            (_kernel, _stage, _rows, _vectors) = (kernel, stage, rows, vectors);
            (_reductions, _stored) = (kernel.ReductionsAfter(stage), kernel.StoredAt(stage));
            _loopAxes = [.. kernel._reduced.Where(a => vectors is null || a != kernel._domain.Rank - 1)];
            _sizes = kernel.SizesOf(_loopAxes);
            _count = _sizes.Aggregate(1L, (a, b) => a * b);
        }

        /// <summary>Whether nothing is reduced or stored.</summary>
        public bool IsEmpty => _reductions.Length == 0 && _stored.Length == 0;

        /// <summary>New accumulators: for each row one for each reduction.</summary>
        public Accumulator[] Accumulators() => [.. _rows.SelectMany(_ => _reductions.Select(r => new Accumulator(_kernel._body, r)))];

        /// <summary>The pass, its reductions going to given accumulators.</summary>
        public IEnumerable<Statement> Build(Accumulator[] accumulators) => [.. accumulators.SelectMany(a => a.Start()),
            .. Cascaded(_count, accumulators, (outer, into) => _vectors is null ? Elements(outer, null, into) : Row(outer, into))];

        /// <summary>The pass, element by element.</summary>
        public IEnumerable<Statement> Unroll(Accumulator[] accumulators) =>
            Enumerable.Range(0, _rows[0].Taps.Length).SelectMany(tap => Elements(ScalarExpr.Index(tap), null, accumulators, tap));

        // Comparisons do not round, nor do integers.
        private bool Rounds => _reductions.Any(r => r.Result.DType.IsFloating && KindOf(r) is ReductionKind.Sum or ReductionKind.Product);

        private IEnumerable<Statement> Cascaded(long count, Accumulator[] into,
            Func<ScalarExpr, Accumulator[], IEnumerable<Statement>> step)
        {
            if (_vectors is not null) return Part(0, count);
            var bounds = _kernel.ReducedBounds;
            return bounds.Length == 2 ? Part(0, count)
                : bounds.Zip(bounds.Skip(1), (first, next) => Part(first, next - first)).SelectMany(statements => statements);

            IEnumerable<Statement> Part(long start, long steps)
            {
                IEnumerable<Statement> Range(ScalarExpr first, long length, Accumulator[] sums) =>
                    Interleaved(first + start, length, sums, step);
                if (!Rounds) return Range(ScalarExpr.Index(0), steps, into);
                var along = _vectors is null ? Array.FindLast(_sizes, size => size != 1) : 0;
                return Cascade.RunRanges(steps, into, Open, Range, Cascade.MostSteps, "r", along);
            }
        }

        // Every n-th step goes to one accumulator of n, so that an addition need not wait for the one before.
        private IEnumerable<Statement> Interleaved(ScalarExpr first, long steps, Accumulator[] into,
            Func<ScalarExpr, Accumulator[], IEnumerable<Statement>> step)
        {
            var n = _vectors is null ? _kernel.RowsAtOnce(_rows.Length * _reductions.Length) : 1;
            if (n == 1 || steps < 2 * n) return Cascade.Loop(steps, "r", r => step(first + r, into));
            CascadeLevel<Accumulator[]>[] levels = [.. Enumerable.Range(0, n).Select(_ => Open(into))];
            return [.. levels.SelectMany(l => l.Declare),
                .. Cascade.Loop(steps / n, "r", r => levels.SelectMany((l, i) => step(first + (r * n + i), l.Accumulators))),
                .. Enumerable.Range(0, (int)(steps % n)).SelectMany(i => step(first + (steps - steps % n + i), levels[i].Accumulators)),
                .. levels.SelectMany(l => l.Add)];
        }

        private CascadeLevel<Accumulator[]> Open(Accumulator[] outer)
        {
            var parts = Accumulators();
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

        /// <summary>One element of each row.</summary>
        public List<Statement> Elements(ScalarExpr outer, ScalarExpr? column, Accumulator[] into, int? tap = null)
        {
            var statements = new List<Statement>();
            for (var r = 0; r < _rows.Length; r++)
            {
                var (row, index) = (_rows[r], IndexOf(_rows[r], outer, column));
                var own = into.AsMemory(r * _reductions.Length, _reductions.Length);
                _kernel.Within(row, () =>
                {
                    _kernel._body.PushScope(tap is { } t ? row.Taps[t] : null);
                    if (column is not null)
                        _kernel._cache.Use(_stage, index, _count == 1 ? column : outer * _kernel._domain[^1] + column, statements);
                    Combine(index, own.Span, starts: tap == 0, statements);
                    _kernel._body.Store(_stored, _ => index, statements);
                    _kernel._body.PopScope();
                });
            }
            return statements;
        }

        private ScalarExpr[] IndexOf(Row row, ScalarExpr outer, ScalarExpr? column)
        {
            var index = new ScalarExpr[_kernel._domain.Rank];
            for (var i = 0; i < row.Index.Length; i++) index[_kernel._kept[i]] = row.Index[i];
            var loopIndex = KernelBody.Unravel(_count == 1 ? ScalarExpr.Index(0) : outer, _sizes);
            for (var i = 0; i < _loopAxes.Length; i++) index[_loopAxes[i]] = loopIndex[i];
            if (column is not null) index[^1] = column;
            return index;
        }

        private void Combine(ScalarExpr[] index, ReadOnlySpan<Accumulator> into, bool starts, List<Statement> statements)
        {
            for (var i = 0; i < into.Length; i++)
            {
                var element = _kernel._body.Element(_reductions[i].Operands[0], index, statements);
                if (starts) statements.AddRange(into[i].StartWith(element, InReduced(index)));
                else statements.Add(into[i].Add(element, InReduced(index)));
            }
        }
    }
}
