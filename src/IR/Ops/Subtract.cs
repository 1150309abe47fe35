using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise difference, z = x - y.</summary>
/// <remarks>x, y: numbers of one type. C1: same element type and shape.</remarks>
public sealed class Subtract : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Subtract Instance = new();
    private Subtract() : base("subtract", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameNumeric();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) =>
        wrt == 0 ? Partial.One : Partial.MinusOne;
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => x[0] + -x[1];
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => x[0] - x[1];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => x[0] - x[1];
}
