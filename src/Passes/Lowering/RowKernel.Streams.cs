using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <content>Reductions to many columns in one pass. Rows are read as they lie in memory, a few at a time, into partial results of a chunk
/// of columns that stay in the first-level cache: a column by itself would be read a row's distance apart, where no prefetcher
/// follows.</content>
internal sealed partial class RowKernel
{
    /// <summary>Most rows that are read together: partial results are loaded and stored once for so many.</summary>
    private const int MostOfStream = 8;

    /// <summary>Bytes of the partial results of a chunk at one level.</summary>
    private const int ChunkBytes = 4096;

    /// <summary>Columns of which chunks have a multiple, so that their vectors are full.</summary>
    private const int ChunkAlignment = 16;

    /// <summary>Vector registers that one iteration fills for each row.</summary>
    private const int RegistersOfStream = 2;

    // Whether all is reduced in one pass, to more columns than have their sums in registers. What is kept and exists before the pass is
    // computed for each group of rows, so it may not be a result: that could have the memory of an operand.
    private bool Streams(int columns) => columns > ColumnsAtOnce && UnrolledTaps == 0 && ReducedBounds.Length == 2
        && _stage.Values.Max() == 1 && StoredAt(1).Length == 0
        && _body.Function.Results.All(v => _stage.GetValueOrDefault(v) == 1 || v.Shape == _domain)
        && _body.Function.Operations.All(o => o.Op is not (Window or IReductionOp { GivesIndex: true }));

    // Of what a kernel computes, not of the target: they decide the order of additions.
    private int RowsOfStream => Math.Clamp(MostOperations / ElementKernel.Cost(_body.Function), 1, MostOfStream);

    // Workers share the outer axes, and chunks of the columns where those are not enough.
    private IEnumerable<ForStatement> Streamed(int[] outer, int columns)
    {
        var rows = outer.Aggregate(1L, (n, size) => n * size);
        var most = ChunkBytes / ReductionsAfter(0).Sum(r => Accumulation.TypeOf(r).Bytes);
        var least = Math.Min((_target.Workers + rows - 1) / Math.Max(rows, 1), columns / ColumnsAtOnce);
        var chunks = Math.Max(least, (columns + most - 1) / most);
        var width = (int)Math.Min((columns + chunks * ChunkAlignment - 1) / (chunks * ChunkAlignment) * ChunkAlignment, columns);
        yield return Chunks(0, columns / width, width);
        if (columns % width is > 0 and var rest) yield return Chunks(columns - rest, 1, rest);

        ForStatement Chunks(int first, int count, int width)
        {
            var unit = new LoopVariable("unit", rows * count);
            var chunk = count == 1 ? ScalarExpr.Index(0) : ScalarExpr.Binary(BinaryKind.Rem, unit.Value, ScalarExpr.Index(count));
            var leading = KernelBody.Unravel(unit.Value / ScalarExpr.Index(count), outer);
            return new(unit, rows * count, LoopKind.Parallel, 1,
                [.. new ColumnStream(this, leading, chunk * width + first, width).Build()]);
        }
    }

    /// <summary>The reduction of a chunk of columns.</summary>
    private sealed class ColumnStream(RowKernel kernel, ScalarExpr[] leading, ScalarExpr first, int width)
    {
        private readonly Operation[] _reductions = kernel.ReductionsAfter(0);
        private int _levels;

        public IEnumerable<Statement> Build()
        {
            var (totals, rows) = (Partials("total"), kernel.RowsOfStream);
            var (groups, rest) = (kernel.ReducedCount / rows, (int)(kernel.ReducedCount % rows));
            return
            [
                Start(totals),
                .. Cascade.Run(groups, totals, Open, (g, into) => [Group(g * rows, rows, into)], Cascade.MostSteps / rows),
                .. rest > 0 ? [Group(ScalarExpr.Index(groups * rows), rest, totals)] : (ForStatement[])[],
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
