using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise logistic function, y = 1/(1 + e⁻ˣ).</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. Error: see docs/numerics.md. The derivative comes from x, not from y·(1 - y):
/// where y rounds to 1, the difference is lost.</remarks>
public sealed class Logistic : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Logistic Instance = new();
    private Logistic() : base("logistic", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => x[0].LogisticDensity();
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(0, 1);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => 1 / (1 + Math.Exp(-(double)x[0]));
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x)
    {
        var (smaller, zero) = (Smaller(x[0]), ScalarExpr.Constant(x[0].DType, 0));
        return ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Gt, x[0], zero), ScalarExpr.Constant(x[0].DType, 1) - smaller, smaller);
    }

    /// <summary>The smaller of σ(x) and σ(-x), which holds the relative accuracy of both: 1 less it is the other. The density is computed
    /// from it, so that a kernel with both calls one function.</summary>
    internal static ScalarExpr Smaller(ScalarExpr x) =>
        ScalarExpr.Call(MathFunction.Logistic, ScalarExpr.Unary(UnaryKind.Neg, ScalarExpr.Unary(UnaryKind.Abs, x)));
}

/// <summary>Fluent syntax of <see cref="Logistic"/>.</summary>
public static class LogisticSyntax
{
    extension(Value x)
    {
        /// <summary>1/(1 + e⁻ˣ), elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Sigmoid([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Logistic.Instance, new(file, line), AttributeMap.Empty);
    }
}
