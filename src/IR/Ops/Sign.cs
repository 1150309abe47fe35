using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise sign: -1, 0 or 1; NaN stays NaN, and so does a signed zero.</summary>
/// <remarks>x: numbers. C1: x is not bool. The derivative is 0.</remarks>
public sealed class Sign : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Sign Instance = new();
    private Sign() : base("sign", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Numeric();
    /// <inheritdoc/>
    public override bool IsDifferentiable(Operation operation, int index) => false;
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(-1, 1);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => x[0] > 0 ? 1 : x[0] < 0 ? -1 : x[0];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) =>
        ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Gt, x[0], ScalarExpr.Constant(x[0].DType, 0)), ScalarExpr.Constant(x[0].DType, 1),
            ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Lt, x[0], ScalarExpr.Constant(x[0].DType, 0)),
                ScalarExpr.Constant(x[0].DType, -1), x[0]));
}

/// <summary>Fluent syntax of <see cref="Sign"/>.</summary>
public static class SignSyntax
{
    extension(Value x)
    {
        /// <summary>The sign: -1, 0 or 1, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Sign([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Sign.Instance, new(file, line), AttributeMap.Empty);
    }
}
