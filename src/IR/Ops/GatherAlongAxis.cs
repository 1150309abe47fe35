using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Takes elements by indices along one axis of a tensor, each at its own index along all others.</summary>
/// <remarks>axis: which. operand: any. indices: i32 or i64, clamped to the axis; the result has their shape. C1: axis is an axis of
/// operand, which is not empty. C2: indices are i32 or i64. C3: indices have operand's sizes beside the axis.</remarks>
public sealed class GatherAlongAxis : LinearOp, IIndexedOp, IPartialOp
{
    /// <summary>The op.</summary>
    public static readonly GatherAlongAxis Instance = new();
    private GatherAlongAxis() : base("gather_along_axis", arity: 2) { }

    /// <summary>The attributes.</summary>
    public static AttributeMap Attributes(int axis) => AttributeMap.Empty.With("axis", axis);

    bool IIndexedOp.IsRepeatable(Operation operation) => false;
    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => RangeOf(operation);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        Check(call);
        return call[0].With(call[1].Shape);
    }

    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        operation.Operands[0].Constant(0)
            .Emit(ScatterAddAlongAxis.Instance, operation.Location, operation.Attributes, operation.Operands[1], cotangent);

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        [x.WithAxis(0).Emit(this, operation.Location, Attributes(Cumulative.Axis(operation) + 1), x.WithAxis(1))];

    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (type, x, indices, axis) = (operation.Result.Type, operands[0], operands[1], Cumulative.Axis(operation));
        var values = new Scalar[type.Shape.ElementCount];
        var index = new int[type.Rank];
        for (var i = 0L; i < values.Length; i++)
        {
            type.Shape.Unravel(i, index);
            index[axis] = (int)Gather.Clamp(indices[i], x.Type.Shape[axis]);
            values[i] = x[x.Type.Shape.Ravel(index)];
        }
        return Literal.Rounded(type, values);
    }

    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source)
    {
        var axis = Cumulative.Axis(operation);
        ScalarExpr[] at = [.. index];
        at[axis] = Gather.Clamped(source(1, index), operation.Operands[0].Shape[axis]);
        return source(0, at);
    }

    /// <summary>What the indices along an axis of the first operand may be.</summary>
    internal static (int Operand, long Low, long High) RangeOf(Operation operation) =>
        (1, 0, operation.Operands[0].Shape[Cumulative.Axis(operation)] - 1L);

    /// <summary>Requires that the second operand is of indices along an axis of the first.</summary>
    internal static void Check(OpCall call)
    {
        var (x, axis) = (call[0], call.Int("axis"));
        call.Require(axis >= 0 && axis < x.Rank, DiagnosticCode.BadAxis, () => $"{x} has no axis {axis}");
        call.Require(x.Shape[axis] > 0, DiagnosticCode.ShapeMismatch, () => $"axis {axis} of {x} is empty");
        Gather.CheckIndices(call, 1);
        call.Require(call[1].Rank == x.Rank && call[1].Shape.Without(axis) == x.Shape.Without(axis), DiagnosticCode.ShapeMismatch,
            () => $"indices {call[1]} and {x} differ beside axis {axis}");
    }
}
