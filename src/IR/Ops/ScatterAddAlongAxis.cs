using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Adds elements at indices along one axis of a tensor, each at its own index along all others.</summary>
/// <remarks>The updates of one element are summed in the order of the indices, and their sum is added to it. axis: which. operand:
/// numbers. indices: i32 or i64, clamped to the axis. updates: of indices' shape. C1: axis is an axis of operand, which is
/// not empty. C2: indices are i32 or i64. C3: indices and updates have operand's sizes beside the axis. C4: one element type,
/// not bool.</remarks>
public sealed class ScatterAddAlongAxis : LinearOp, IKernelOp, IPartialOp
{
    /// <summary>The op.</summary>
    public static readonly ScatterAddAlongAxis Instance = new();
    private ScatterAddAlongAxis() : base("scatter_add_along_axis", arity: 3) { }

    /// <summary>The attributes.</summary>
    public static AttributeMap Attributes(int axis) => AttributeMap.Empty.With("axis", axis);

    /// <inheritdoc/>
    protected override bool IsJointlyLinear => true;

    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => GatherAlongAxis.RangeOf(operation);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var x = call.Numeric();
        GatherAlongAxis.Check(call);
        call.Require(call[2].DType == x.DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {x} and {call[2]}");
        call.Require(call[2].Shape == call[1].Shape, DiagnosticCode.ShapeMismatch, () => $"updates must be {call[1].Shape}, got {call[2]}");
        return x;
    }

    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        wrt == 0 ? cotangent
            : cotangent.Emit(GatherAlongAxis.Instance, operation.Location, operation.Attributes, operation.Operands[1]);

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => [x.WithAxis(0)
        .Emit(this, operation.Location, Attributes(Cumulative.Axis(operation) + 1), x.WithAxis(1), x.WithAxis(2))];

    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (x, indices, updates, axis) = (operands[0], operands[1], operands[2], Cumulative.Axis(operation));
        Scalar[] values = [.. Enumerable.Range(0, checked((int)x.Type.Shape.ElementCount)).Select(i => x[i])];
        var index = new int[x.Type.Rank];
        for (var i = 0L; i < updates.Type.Shape.ElementCount; i++)
        {
            updates.Type.Shape.Unravel(i, index);
            index[axis] = (int)Gather.Clamp(indices[i], x.Type.Shape[axis]);
            values[x.Type.Shape.Ravel(index)] += updates[i];
        }
        return Literal.Rounded(x.Type, values);
    }

    bool IKernelOp.CanOverwrite(Operation operation, int operand) => operand == 0;

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        return new LineScatterKernel(operation, target).Build();
    }
}
