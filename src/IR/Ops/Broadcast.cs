using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Repeats a tensor along new axes: axis i of x becomes axis dimensions[i] of the result.</summary>
/// <remarks>C1: dimensions has one strictly increasing axis of the result for each axis of x. C2: the sizes agree.</remarks>
public sealed class Broadcast : AffineOp
{
    /// <summary>The op.</summary>
    public static readonly Broadcast Instance = new();
    private Broadcast() : base("broadcast_in_dim") { }

    /// <summary>The attributes: the result's sizes, and where x's axes go.</summary>
    public static AttributeMap Attributes(Shape shape, IEnumerable<int> dimensions) =>
        AttributeMap.Empty.With("shape", shape).With("dimensions", dimensions);

    /// <summary>Where the operand's axes go in the result.</summary>
    public static int[] Dimensions(Operation operation) =>
        operation.Ints("dimensions");

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var shape = call.Sizes("shape");
        var dimensions = call.Axes("dimensions", shape.Rank);
        call.Require(dimensions.Length == call[0].Rank, DiagnosticCode.RankMismatch, () => $"{call[0]} needs {call[0].Rank} dimensions");
        for (var i = 0; i < dimensions.Length; i++)
        {
            var axis = i;
            call.Require(i == 0 || dimensions[i] > dimensions[i - 1], DiagnosticCode.BadAxis, () => "dimensions must increase");
            call.Require(shape[dimensions[i]] == call[0].Shape[i], DiagnosticCode.ShapeMismatch,
                () => $"axis {axis} of {call[0]} does not fit {shape}");
        }
        return call[0].With(shape);
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent)
    {
        var kept = Dimensions(operation);
        return cotangent.Emit(ReduceSum.Instance, operation.Location,
            ReduceSum.Attributes(Enumerable.Range(0, operation.Result.Rank).Except(kept)));
    }
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => x[0];
    /// <inheritdoc/>
    protected override AffineMap MapOf(Operation operation) => new([.. Dimensions(operation).Select(AffineIndex.Of)]);
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => x.Emit(this,
        Attributes(new Shape([x.Size, .. operation.Result.Shape]), [0, .. BatchedOperands.Behind(Dimensions(operation))]));
}
