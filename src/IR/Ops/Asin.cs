using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise inverse sine, in radians.</summary>
/// <remarks>x: f[any]; y: same type, in [-π/2, π/2], NaN where |x| &gt; 1. C1: x is floating point. Error: see docs/numerics.md.</remarks>
public sealed class Asin : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Asin Instance = new();
    private Asin() : base("asin", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => ((1 - x[0]) * (1 + x[0])).Rsqrt();
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(-2, 2);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Asin((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Asin, x[0]);
}

/// <summary>Fluent syntax of <see cref="Asin"/>.</summary>
public static class AsinSyntax
{
    extension(Value x)
    {
        /// <summary>The angle in [-π/2, π/2] of a sine, elementwise; NaN where |x| is above 1.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.</exception>
        public Value Asin([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Asin.Instance, new(file, line), AttributeMap.Empty);
    }
}
