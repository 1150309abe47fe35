using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise log(1 + eˣ), with no overflow: a smooth max(x, 0).</summary>
/// <remarks>x: f[any]; y: same type, at least 0. C1: x is floating point. The derivative is 1/(1 + e⁻ˣ). The parts that it is lowered to,
/// max(x, 0) and log(1 + e^-|x|), have kinks at 0 that their sum has not: hence an op of its own.</remarks>
public sealed class Softplus : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Softplus Instance = new();
    private Softplus() : base("softplus", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => x[0].Sigmoid();
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x)
    {
        // As in log_plus_one: the rounding errors of log(1 + e) and of (1 + e) - 1 cancel.
        var e = Math.Exp(-Math.Abs((double)x[0]));
        var sum = 1 + e;
        return Math.Max((double)x[0], 0) + (sum == 1 ? e : Math.Log(sum) * e / (sum - 1));
    }
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x)
    {
        // NaN comes from the second term, so that the first needs no more than the processor's maximum.
        var zero = ScalarExpr.Constant(x[0].DType, 0);
        var positive = ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Gt, x[0], zero), x[0], zero);
        var e = ScalarExpr.Call(MathFunction.Exp, ScalarExpr.Unary(UnaryKind.Neg, ScalarExpr.Unary(UnaryKind.Abs, x[0])));
        return positive + ScalarExpr.Call(MathFunction.Log1p, e);
    }
}

/// <summary>Fluent syntax of <see cref="Softplus"/>.</summary>
public static class SoftplusSyntax
{
    extension(Value x)
    {
        /// <summary>log(1 + eˣ), elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Softplus([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Softplus.Instance, new(file, line), AttributeMap.Empty);
    }
}
