using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise quotient, z = x / y; integers truncate, x / 0 is 0 and x / -1 is -x, which wraps.</summary>
/// <remarks>x, y: numbers of one type. C1: same element type and shape.</remarks>
public sealed class Divide : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Divide Instance = new();
    private Divide() : base("divide", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameNumeric();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => wrt == 0 ? 1 / x[1] : -(y / x[1]);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => x[0] / x[1];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => x[0] / x[1];
}
