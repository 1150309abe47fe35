using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Replaces elements at indices along one axis of a tensor, each at its own index along all others, or keeps the larger or the
/// smaller of both.</summary>
/// <remarks>axis: which. kind: set, max or min; of several updates of one element the last along the axis is set. operand: any. indices:
/// i32 or i64, clamped to the axis. updates: of indices' shape. C1: axis is an axis of operand, which is not empty. C2: indices are i32
/// or i64. C3: indices and updates have operand's sizes beside the axis. C4: one element type, not bool but for set. C5: kind is one of the
/// three.
/// What is set has the derivative; of equal extrema each has an equal share.</remarks>
public sealed class ScatterAlongAxis : ScatterOp, IKernelOp, IPartialOp
{
    /// <summary>The op.</summary>
    public static readonly ScatterAlongAxis Instance = new();
    private ScatterAlongAxis() : base("scatter_along_axis") { }

    /// <summary>The attributes.</summary>
    /// <param name="axis">Which.</param>
    /// <param name="kind">Not <see cref="ScatterKind.Add"/>, which is <see cref="ScatterAddAlongAxis"/>.</param>
    public static AttributeMap Attributes(int axis, ScatterKind kind) => Scatter.Attributes(kind).With("axis", axis);

    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => GatherAlongAxis.RangeOf(operation);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        GatherAlongAxis.Check(call);
        CheckUpdates(call, call[1].Shape);
        return call[0];
    }

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => [x.WithAxis(0).Emit(this, operation.Location,
        operation.Attributes.With("axis", Cumulative.Axis(operation) + 1), x.WithAxis(1), x.WithAxis(2))];

    bool IKernelOp.CanOverwrite(Operation operation, int operand) => operand == 0;

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        return new LineScatterKernel(operation, target).Replaced(operation.Word("kind"));
    }

    private protected override long PositionOf(Operation operation, Literal indices, long update)
    {
        var (shape, axis) = (operation.Operands[0].Shape, Cumulative.Axis(operation));
        var index = new int[shape.Rank];
        indices.Type.Shape.Unravel(update, index);
        index[axis] = (int)Gather.Clamp(indices[update], shape[axis]);
        return shape.Ravel(index);
    }

    private protected override Value Taken(Operation operation, Value x) =>
        x.TakeAlongAxis(operation.Operands[1], Cumulative.Axis(operation));

    private protected override Value Added(Operation operation, Value x, Value updates) => x.Emit(ScatterAddAlongAxis.Instance,
        operation.Location, ScatterAddAlongAxis.Attributes(Cumulative.Axis(operation)), operation.Operands[1], updates);

    private protected override Value IsLast(Operation operation)
    {
        var indices = operation.Operands[1];
        var positions = indices.Builder.Emit(Iota.Instance, [],
            Iota.Attributes(new(DType.I32, indices.Shape), Cumulative.Axis(operation)));
        return IsGreatest(operation, positions, operation.Operands[0].Shape);
    }
}
