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
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Logistic, x[0]);
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
