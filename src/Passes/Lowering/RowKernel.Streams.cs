using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <content>Reductions to many columns in one pass. Rows are read as they lie in memory, a few at a time, into partial results of a chunk
/// of columns that stay in the first-level cache: a column by itself would be read a row's distance apart, where no prefetcher
/// follows.</content>
internal sealed partial class RowKernel
{
    /// <summary>Rows that are read together: partial results are loaded and stored once for so many.</summary>
    private const int RowsOfStream = 8;

    /// <summary>Groups of rows above which there are levels of partial results, of up to half as many.</summary>
    private const long MostGroups = 2 * Cascade.MostSteps / RowsOfStream;

    /// <summary>Most columns of a chunk: its partial results take a quarter of a first-level cache.</summary>
    private const int MostChunk = 1024;

    /// <summary>Vector registers that one iteration fills for each row.</summary>
    private const int RegistersOfStream = 2;

    // Whether all is reduced in one pass, to more columns than have their sums in registers. What is kept and exists before the pass is
    // computed for each group of rows, so it may not be a result: that could have the memory of an operand.
    private bool Streams(int columns) => columns > ColumnsAtOnce && UnrolledTaps == 0 && ReducedBounds.Length == 2
        && _stage.Values.Max() == 1 && StoredAt(1).Length == 0
        && _body.Function.Results.All(v => _stage.GetValueOrDefault(v) == 1 || v.Shape == _domain)
        && _body.Function.Operations.All(o => o.Op is not (Window or IReductionOp { GivesIndex: true }));

    private IEnumerable<ForStatement> Streamed(int[] loops, int columns)
    {
        if (!loops.All(size => size == 1))
            return [RowLoops.Over(loops, columns * ReducedCount, leading => Chunks(leading, LoopKind.Serial, columns, 1))];
        var shares = Math.Min(_target.Workers, columns / ColumnsAtOnce);
        return Chunks([.. loops.Select(_ => ScalarExpr.Index(0))], LoopKind.Parallel, columns, shares);
    }

    // All chunks have one width if a number of them divides the columns; else narrow ones leave a remainder.
    private IEnumerable<ForStatement> Chunks(ScalarExpr[] leading, LoopKind kind, int columns, int least)
    {
        least = Math.Max(least, (columns + MostChunk - 1) / MostChunk);
        var count = Enumerable.Range(least, least + 1).FirstOrDefault(n => columns % n == 0, 4 * least);
        var width = columns % count == 0 ? columns / count : Math.Max(columns / count / ColumnsAtOnce, 1) * ColumnsAtOnce;
        yield return Loop(0, columns / width, width);
        if (columns % width is > 0 and var rest) yield return Loop(columns - rest, 1, rest);

        ForStatement Loop(int first, int count, int width)
        {
            var chunk = new LoopVariable("chunk", count);
            return new(chunk, count, kind, 1, [.. new ColumnStream(this, leading, chunk.Value * width + first, width).Build()]);
        }
    }

    /// <summary>The reduction of a chunk of columns.</summary>
    private sealed class ColumnStream(RowKernel kernel, ScalarExpr[] leading, ScalarExpr first, int width)
    {
        private readonly Operation[] _reductions = kernel.ReductionsAfter(0);
        private int _levels;

        public IEnumerable<Statement> Build()
        {
            var totals = Partials("total");
            var (groups, rest) = (kernel.ReducedCount / RowsOfStream, (int)(kernel.ReducedCount % RowsOfStream));
            return
            [
                Start(totals),
                .. Cascade.Run(groups, totals, Open, (g, into) => [Group(g * RowsOfStream, RowsOfStream, into)], MostGroups),
                .. rest > 0 ? [Group(ScalarExpr.Index(groups * RowsOfStream), rest, totals)] : (ForStatement[])[],
                Columns((row, lane) => Finish(row, lane, totals)),
            ];
        }

        // For each reduction one for each column.
        private LoopBuffer[] Partials(string name) => [.. _reductions.Select((r, i) =>
            kernel._body.AddScratch($"{name}_{i}", Accumulation.TypeOf(r), width, BufferScope.Worker))];

        private ForStatement Columns(Func<Row, ScalarExpr, IEnumerable<Statement>> body)
        {
            var lane = new LoopVariable("i", width);
            return new(lane, width, LoopKind.Vector, kernel.LanesFor(width, RegistersOfStream),
                [.. body(new Row([.. leading, first + lane.Value], 0), lane.Value)]);
        }

        private ForStatement Start(LoopBuffer[] partials) => Columns((_, lane) =>
            partials.Zip(_reductions, (p, r) => new StoreStatement(p, lane, new Accumulator(kernel._body, r).Identity)));

        private CascadeLevel<LoopBuffer[]> Open(LoopBuffer[] outer)
        {
            var partials = Partials($"partial{_levels++}");
            return new(partials, [Start(partials)], [Columns((row, lane) => Continue(outer, row, lane,
                (_, into) => into.Zip(partials, (a, p) => a.Add(new LoadExpr(p, lane), ScalarExpr.Index(0)))))]);
        }

        private ForStatement Group(ScalarExpr start, int rows, LoopBuffer[] into) => Columns((row, lane) => [.. KeptBefore(row),
            .. Continue(into, row, lane, (pass, sums) => Enumerable.Range(0, rows).SelectMany(r => pass.Elements(start + r, null, sums)))]);

        // With accumulators that begin with partial results, which then have what was accumulated.
        private IEnumerable<Statement> Continue(LoopBuffer[] partials, Row row, ScalarExpr lane,
            Func<Pass, Accumulator[], IEnumerable<Statement>> body)
        {
            var pass = new Pass(kernel, 0, [row], null);
            var sums = pass.Accumulators();
            return [.. sums.Zip(partials, (a, p) => a.StartFrom(new LoadExpr(p, lane))), .. body(pass, sums),
                .. sums.Zip(partials, (a, p) => new StoreStatement(p, lane, a.Value))];
        }

        private List<Statement> Finish(Row row, ScalarExpr lane, LoopBuffer[] totals)
        {
            var statements = KeptBefore(row);
            var sums = new Pass(kernel, 0, [row], null).Accumulators();
            statements.AddRange(sums.Zip(totals, (a, t) => a.StartFrom(new LoadExpr(t, lane))));
            kernel.Within(row, () =>
            {
                Array.ForEach(sums, a => a.Define(kernel._body));
                kernel.RowValues(1, row.Index, statements);
            });
            return statements;
        }

        private List<Statement> KeptBefore(Row row)
        {
            var statements = new List<Statement>();
            kernel.Within(row, () =>
            {
                kernel.ReadRowOperands(row.Index, statements);
                kernel.RowValues(0, row.Index, statements);
            });
            return statements;
        }
    }
}
