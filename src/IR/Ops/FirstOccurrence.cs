using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>For each row the row-major position of the first index that names it, or -1 where none does.</summary>
/// <remarks>indices: i32 or i64, any shape of at most 2³¹ - 1 elements, clamped to the rows. rows: their number, at least 1. The result is
/// i32[rows]. C1: indices are i32 or i64, and an i32 holds each position. C2: there is a row.</remarks>
public sealed class FirstOccurrence : OpaqueOp, IKernelOp, IPartialOp
{
    /// <summary>The op.</summary>
    public static readonly FirstOccurrence Instance = new();
    private FirstOccurrence() : base("first_occurrence", arity: 1) { }

    /// <summary>The attributes: the number of rows.</summary>
    public static AttributeMap Attributes(int rows) => AttributeMap.Empty.With("rows", rows);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        Gather.CheckIndices(call, 0);
        call.Require(call[0].Shape.ElementCount <= int.MaxValue, DiagnosticCode.TooLarge,
            () => $"an i32 has no position of each element of {call[0]}");
        call.Require(call.Int("rows") > 0, DiagnosticCode.BadAttribute, () => $"rows = {call.Int("rows")}; there must be one");
        return DType.I32[call.Int("rows")];
    }

    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => (0, 0, operation.Int("rows") - 1L);

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var first = new Scalar[operation.Int("rows")];
        Array.Fill(first, -1);
        for (var i = operands[0].Type.Shape.ElementCount - 1; i >= 0; i--) first[Gather.Clamp(operands[0][i], first.Length)] = i;
        return [Literal.Rounded(operation.Result.Type, first)];
    }

    // The rows of all batches are rows of one table, so that one look at the indices serves them all.
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x)
    {
        var (rows, indices) = (operation.Int("rows"), x[0].ConvertTo(DType.I64).Clip(0, operation.Int("rows") - 1));
        Value CountBatches(TensorType type) => indices.Builder.Emit(Iota.Instance, [], Iota.Attributes(type, 0), operation.Location);
        var all = (indices + CountBatches(indices.Type) * rows)
            .Emit(this, operation.Location, Attributes(checked(rows * x.Size)));
        var first = all.Emit(Reshape.Instance, operation.Location, Reshape.Attributes(new Shape(x.Size, rows)));
        var own = first - CountBatches(first.Type) * operation.Operands[0].Shape.ElementCount;
        return [first.Less(first.Constant(0)).Select(first, own)];
    }

    /// <inheritdoc/>
    // From the last index to the first, by one worker: the row's last store is that of the first index that names it.
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        var (indices, rows) = (operation.Operands[0], operation.Int("rows"));
        var (at, first) = (LoopBuffer.Argument("indices", indices.Type), LoopBuffer.Argument("r0", operation.Result.Type, isWritten: true));
        var (row, only, n, count) =
            (new LoopVariable("row"), new LoopVariable("only"), new LoopVariable("n"), indices.Shape.ElementCount);
        var lanes = target.Lanes(DType.I32) * 2;
        var clear = new ForStatement(row, rows, LoopKind.ParallelVector, lanes,
            [new StoreStatement(first, row.Value, ScalarExpr.Constant(DType.I32, -1))]);
        var position = ScalarExpr.Index(count - 1) - n.Value;
        var find = new ForStatement(n, count, LoopKind.Serial, 1,
            [new StoreStatement(first, Gather.RowAt(at, position, rows), position.ConvertTo(DType.I32))]);
        return new("first_occurrence", [at, first], [],
            [clear, new BarrierStatement(), new ForStatement(only, 1, LoopKind.Parallel, 1, [find])],
            operation.Location.IsKnown ? [operation.Location] : [], (double)rows / lanes + 2.0 * count);
    }

    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) => [null];
    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) => [null];
}
