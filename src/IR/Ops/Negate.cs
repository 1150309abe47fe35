using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise negation, y = -x.</summary>
/// <remarks>x: numbers. C1: x is not bool.</remarks>
public sealed class Negate : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Negate Instance = new();
    private Negate() : base("negate", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Numeric();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.MinusOne;
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => -x[0];
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => -x[0];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Unary(UnaryKind.Neg, x[0]);
}
