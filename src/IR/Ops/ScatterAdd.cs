using System.Numerics;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Adds rows at indexed rows of a tensor, in the order of the indices: the transpose of <see cref="Gather"/>.</summary>
/// <remarks>operand: [rows, …]. indices: i32 or i64, clamped to the rows. updates: indices' shape and then a row's.
/// C1: operand has rows. C2: indices are i32 or i64. C3: updates fit. C4: one element type.</remarks>
public sealed class ScatterAdd : LinearOp, IKernelOp, IPartialOp
{
    /// <summary>Most updates that are added with no compensation: 64 equal terms lose at most some 16 ulp.</summary>
    private const int MostPlain = 64;

    /// <summary>The op.</summary>
    public static readonly ScatterAdd Instance = new();
    private ScatterAdd() : base("scatter_add", arity: 3) { }

    /// <inheritdoc/>
    protected override bool IsJointlyLinear => true;

    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => Gather.RowsOf(operation);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call[0].Rank > 0 && call[0].Shape[0] > 0, DiagnosticCode.RankMismatch, () => $"{call[0]} has no rows to add to");
        Gather.CheckIndices(call, 1);
        call.Require(call[2].DType == call[0].DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {call[0]} and {call[2]}");
        var fitting = new Shape([.. call[1].Shape, .. call[0].Shape.Skip(1)]);
        call.Require(call[2].Shape == fitting, DiagnosticCode.ShapeMismatch, () => $"updates must be {fitting}, got {call[2]}");
        return call[0];
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        wrt == 0 ? cotangent : cotangent.Emit(Gather.Instance, operation.Location, AttributeMap.Empty, operation.Operands[1]);
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x)
    {
        var operand = x.WithAxis(0);
        var sum = Gather.Joined(operand)
            .Emit(this, operation.Location, AttributeMap.Empty, Gather.RowsOfJoined(operation, x), x.WithAxis(2));
        return [sum.Emit(Reshape.Instance, operation.Location, Reshape.Attributes(operand.Shape))];
    }
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (x, indices, updates) = (operands[0], operands[1], operands[2]);
        Scalar[] values = [.. Enumerable.Range(0, checked((int)x.Type.Shape.ElementCount)).Select(i => x[i])];
        var row = values.Length / x.Type.Shape[0];
        for (var i = 0L; i < updates.Type.Shape.ElementCount; i++)
            values[Gather.Clamp(indices[i / row], x.Type.Shape[0]) * row + i % row] += updates[i];
        return Literal.Rounded(x.Type, values);
    }

    /// <inheritdoc/>
    // One worker owns a range of columns, so the order of additions never depends on the number of workers.
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        var (operand, indices, updates) = (operation.Operands[0], operation.Operands[1], operation.Operands[2]);
        var (from, at, add, to) = (LoopBuffer.Argument("operand", operand.Type), LoopBuffer.Argument("indices", indices.Type),
            LoopBuffer.Argument("updates", updates.Type), LoopBuffer.Argument("r0", operation.Result.Type, isWritten: true));
        var rows = operand.Shape[0];
        var columns = operand.Shape.ElementCount / Math.Max(rows, 1);
        var lanes = (int)Math.Min((ulong)target.Lanes(operand.DType) * 2, BitOperations.RoundUpToPowerOf2((ulong)Math.Max(columns, 1)));

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
            operation.Location.IsKnown ? [operation.Location] : [], operand.Shape.ElementCount + 2.0 * updates.Shape.ElementCount);

        if (!operand.DType.IsFloating || count <= MostPlain)
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
