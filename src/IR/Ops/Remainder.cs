using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise remainder of a division that is truncated, as C's fmod: exact, with the sign of the dividend.</summary>
/// <remarks>x, y: f[any] of one type; z: same type. C1: same floating-point type and shape. NaN where y is 0 or x infinite; x where y is
/// infinite. The derivative by x is 1, and by y minus the quotient, which is constant between its jumps.</remarks>
public sealed class Remainder : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Remainder Instance = new();
    private Remainder() : base("remainder", arity: 2) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameFloating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) =>
        // Less what is left, x is a multiple of y: rounding the quotient leaves nothing of it.
        wrt == 0 ? Partial.One : -((x[0] - y) / x[1]).Round();
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => (double)x[0] % (double)x[1];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Fmod, x[0], x[1]);
}
