using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Replaces rows at indexed rows of a tensor, or keeps the larger or the smaller elements of both.</summary>
/// <remarks>operand: [rows, …]. indices: i32 or i64, clamped to the rows. updates: indices' shape and then a row's. kind: set, max or min;
/// of several updates of one row the last in the order of the indices is set. C1: operand has rows. C2: indices are i32 or i64. C3: updates
/// fit. C4: one element type, not bool but for set. C5: kind is one of the three. What is set has the derivative; of equal extrema each has
/// an equal share.</remarks>
public sealed class Scatter : ScatterOp, IKernelOp, IPartialOp
{
    /// <summary>The op.</summary>
    public static readonly Scatter Instance = new();
    private Scatter() : base("scatter") { }

    /// <summary>The attributes.</summary>
    /// <param name="kind">Not <see cref="ScatterKind.Add"/>, which is <see cref="ScatterAdd"/>.</param>
    public static AttributeMap Attributes(ScatterKind kind) => AttributeMap.Empty.With("kind", kind.ToString().ToLowerInvariant());

    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => Gather.RowsOf(operation);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call[0].Rank > 0 && call[0].Shape[0] > 0, DiagnosticCode.RankMismatch, () => $"{call[0]} has no rows to update");
        Gather.CheckIndices(call, 1);
        CheckUpdates(call, new Shape([.. call[1].Shape, .. call[0].Shape.Skip(1)]));
        return call[0];
    }

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x)
    {
        var operand = x.WithAxis(0);
        var result = Gather.Joined(operand)
            .Emit(this, operation.Location, operation.Attributes, Gather.RowsOfJoined(operation, x), x.WithAxis(2));
        return [result.Emit(Reshape.Instance, operation.Location, Reshape.Attributes(operand.Shape))];
    }

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        return new ScatterKernel(operation, target).Replaced(operation.Word("kind"));
    }

    bool IKernelOp.CanOverwrite(Operation operation, int operand) => operand == 0;

    private protected override long PositionOf(Operation operation, Literal indices, long update)
    {
        var table = operation.Operands[0].Shape;
        var row = table.ElementCount / table[0];
        return Gather.Clamp(indices[update / row], table[0]) * row + update % row;
    }

    private protected override Value Taken(Operation operation, Value x) => x.Take(operation.Operands[1]);

    private protected override Value Added(Operation operation, Value x, Value updates) =>
        x.Emit(ScatterAdd.Instance, operation.Location, AttributeMap.Empty, operation.Operands[1], updates);

    private protected override Value IsLast(Operation operation)
    {
        var (indices, updates) = (operation.Operands[1], operation.Operands[2]);
        var count = indices.Shape.ElementCount;
        var positions = indices.Builder.Emit(Iota.Instance, [], Iota.Attributes(new(DType.I64, Shape.Of([count])), 0))
            .Emit(Reshape.Instance, default, Reshape.Attributes(indices.Shape));
        var isLast = IsGreatest(operation, positions, Shape.Of([operation.Operands[0].Shape[0]]));
        return isLast.Emit(Broadcast.Instance, operation.Location, Broadcast.Attributes(updates.Shape, Enumerable.Range(0, indices.Rank)));
    }
}
