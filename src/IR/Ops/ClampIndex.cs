using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise index of an axis: what is outside of it becomes its nearest index, which a checked run reports.</summary>
/// <remarks>x: integers. size: of the axis, at least 1. C1: x is i32 or i64. C2: size is at least 1.</remarks>
public sealed class ClampIndex : ElementwiseOp, IPartialOp
{
    /// <summary>The op.</summary>
    public static readonly ClampIndex Instance = new();
    private ClampIndex() : base("clamp_index", arity: 1) { }

    /// <summary>The attributes.</summary>
    public static AttributeMap Attributes(int size) => AttributeMap.Empty.With("size", size);

    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => (0, 0, operation.Int("size") - 1L);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        Gather.CheckIndices(call, 0);
        call.Require(call.Int("size") >= 1, DiagnosticCode.BadAttribute, () => $"size = {call.Int("size")}; it is at least 1");
        return call[0];
    }
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Gather.Clamp(x[0], operation.Int("size"));
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x)
    {
        var (zero, last) = (ScalarExpr.Constant(x[0].DType, 0), ScalarExpr.Constant(x[0].DType, operation.Int("size") - 1L));
        return ScalarExpr.Binary(BinaryKind.Max, zero, ScalarExpr.Binary(BinaryKind.Min, x[0], last));
    }
}
