using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise product, z = x · y.</summary>
/// <remarks>x, y: numbers of one type. C1: same element type and shape.</remarks>
public sealed class Multiply : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Multiply Instance = new();
    private Multiply() : base("multiply", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameNumeric();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => x[1 - wrt];
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) =>
        operation.Operands[0] == operation.Operands[1] ? new(0, x[0].Magnitude * x[0].Magnitude) : x[0] * x[1];
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => x[0] * x[1];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => x[0] * x[1];
}
