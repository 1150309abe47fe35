using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers scatter_add: rows of updates are added at indexed rows, in the order of the indices.</summary>
/// <remarks>One worker owns a range of columns, so the order of additions never depends on the number of workers.</remarks>
internal static class ScatterKernel
{
    public static Kernel Lower(Operation scatter, TargetTraits target)
    {
        var (operand, indices, updates) = (scatter.Operands[0], scatter.Operands[1], scatter.Operands[2]);
        LoopBuffer Buffer(string name, Value value, bool isWritten = false) =>
            new(name, value.DType, Math.Max(value.Shape.ElementCount, 1), BufferScope.Argument, isWritten);
        var (from, at, add, to) = (Buffer("operand", operand), Buffer("indices", indices), Buffer("updates", updates),
            Buffer("r0", scatter.Result, isWritten: true));
        var rows = operand.Shape[0];
        var columns = operand.Shape.ElementCount / Math.Max(rows, 1);
        var lanes = Math.Min(target.Lanes(operand.DType) * 2, ElementKernel.PowerOfTwoAtLeast(columns));

        var count = indices.Shape.ElementCount;
        ScalarExpr Destination(ScalarExpr n)
        {
            var index = new LoadExpr(at, n).ConvertTo(DType.I64);
            return ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(0),
                ScalarExpr.Binary(BinaryKind.Min, index, ScalarExpr.Index(rows - 1)));
        }
        ForStatement Each(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
        {
            var variable = new LoopVariable(name);
            return new(variable, extent, LoopKind.Serial, 1, [.. body(variable.Value)]);
        }
        ForStatement Copy(ScalarExpr column) =>
            Each("row", rows, row => [new StoreStatement(to, row * columns + column, new LoadExpr(from, row * columns + column))]);
        LoadExpr Update(ScalarExpr n, ScalarExpr column) => new(add, n * columns + column);
        Kernel Build(LoopBuffer[] scratch, params Statement[] body) => new("scatter_add", [from, at, add, to], [.. scratch], [.. body],
            scatter.Location.IsKnown ? [scatter.Location] : [], operand.Shape.ElementCount + 2.0 * updates.Shape.ElementCount);

        if (!operand.DType.IsFloating || count <= Cascade.MostSteps)
        {
            var lane = new LoopVariable("i");
            var adds = Each("n", count, n => [new StoreStatement(to, Destination(n) * columns + lane.Value,
                new LoadExpr(to, Destination(n) * columns + lane.Value) + Update(n, lane.Value))]);
            return Build([], new ForStatement(lane, columns, LoopKind.ParallelVector, lanes, [Copy(lane.Value), adds]));
        }

        // For a worker's columns, or for all of them where that is less.
        var isShared = (long)lanes * target.Workers > columns;
        var width = isShared ? columns : lanes;
        var lost = new LoopBuffer("lost", operand.DType, Math.Max(rows * width, 1),
            isShared ? BufferScope.Shared : BufferScope.Worker, isWritten: true);
        ForStatement Columns(ScalarExpr first, long extent)
        {
            var lane = new LoopVariable("i");
            var column = first + lane.Value;
            ScalarExpr LostAt(ScalarExpr n) => Destination(n) * width + (isShared ? column : lane.Value);
            var clear = Each("n", count, n => [new StoreStatement(lost, LostAt(n), ScalarExpr.Constant(operand.DType, 0))]);
            var adds = Each("n", count, n => AddCompensated(to, Destination(n) * columns + column, Update(n, column), lost, LostAt(n)));
            return new(lane, extent, LoopKind.Vector, lanes, [Copy(column), clear, adds]);
        }
        var (block, full, remainder) = (new LoopVariable("block"), columns / lanes, columns % lanes);
        List<Statement> blocks = [];
        if (full > 0) blocks.Add(new ForStatement(block, full, LoopKind.Parallel, 1, [Columns(block.Value * lanes, lanes)]));
        if (remainder > 0)
            blocks.Add(new ForStatement(new LoopVariable("last"), 1, LoopKind.Parallel, 1,
                [Columns(ScalarExpr.Index(full * lanes), remainder)]));
        return Build([lost], [.. blocks]);
    }

    // Any number of updates may go to one row. What an addition rounds away is taken from the next one's operand (W. Kahan, "Further
    // remarks on reducing truncation errors", 1965); nothing of it is known once the sum is not finite.
    private static Statement[] AddCompensated(LoopBuffer to, ScalarExpr at, ScalarExpr update, LoopBuffer lost, ScalarExpr lostAt)
    {
        var dtype = to.DType;
        var (old, term, sum, error) =
            (new Local("old", dtype), new Local("term", dtype), new Local("sum", dtype), new Local("error", dtype));
        ScalarExpr zero = ScalarExpr.Constant(dtype, 0), e = new LocalExpr(error);
        return
        [
            new LetStatement(old, new LoadExpr(to, at)), new LetStatement(term, update - new LoadExpr(lost, lostAt)),
            new LetStatement(sum, new LocalExpr(old) + new LocalExpr(term)),
            new LetStatement(error, new LocalExpr(sum) - new LocalExpr(old) - new LocalExpr(term)),
            new StoreStatement(to, at, new LocalExpr(sum)),
            new StoreStatement(lost, lostAt, ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Eq, e - e, zero), e, zero)),
        ];
    }
}
