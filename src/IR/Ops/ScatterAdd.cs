using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Adds rows at indexed rows of a tensor: the transpose of <see cref="Gather"/>.</summary>
/// <remarks>The updates of one row are summed in the order of the indices, and their sum is added to the row. operand: [rows, …]. indices:
/// i32 or i64, clamped to the rows. updates: indices' shape and then a row's. C1: operand has rows. C2: indices are i32 or i64. C3: updates
/// fit. C4: one element type.</remarks>
public sealed class ScatterAdd : LinearOp, IKernelOp, IPartialOp
{
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

    bool IKernelOp.CanOverwrite(Operation operation, int operand) => operand == 0;

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        return new ScatterKernel(operation, target).Build();
    }
}
