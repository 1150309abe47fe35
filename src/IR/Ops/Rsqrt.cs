using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise reciprocal square root, y = 1/√x.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. Error: see docs/numerics.md.
/// The derivative is -y³/2: -∞ at 0 and +∞ at -0, where y is -∞.</remarks>
public sealed class Rsqrt : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Rsqrt Instance = new();
    private Rsqrt() : base("rsqrt", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => -0.5 * (y * y * y);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => 1 / Math.Sqrt((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Rsqrt, x[0]);
}

/// <summary>Fluent syntax of <see cref="Rsqrt"/>.</summary>
public static class RsqrtSyntax
{
    extension(Value x)
    {
        /// <summary>1/√x, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Rsqrt([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Rsqrt.Instance, new(file, line), AttributeMap.Empty);
    }
}
