using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise quotient, z = x / y; integers truncate, and x / 0 is 0 for them.</summary>
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
    protected override double Evaluate(Operation operation, ReadOnlySpan<double> x) => operation.Result.DType.IsInteger ? (x[1] == 0 ? 0 : Math.Truncate(x[0] / x[1])) : x[0] / x[1];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => x[0] / x[1];
}
