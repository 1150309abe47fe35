using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise digamma function ψ, the derivative of log Γ.</summary>
/// <remarks>x: f[any]; y: same type, -∞ at 0, ∞ at -0, NaN at negative integers. C1: x is floating point. Error: see docs/numerics.md. The
/// derivative is made of other ops, so that those of every order are right.</remarks>
public sealed class Digamma : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Digamma Instance = new();
    private Digamma() : base("digamma", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => GammaSlopes.Trigamma(x[0]);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => GammaReference.Digamma((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Digamma, x[0]);
}

/// <summary>Fluent syntax of <see cref="Digamma"/>.</summary>
public static class DigammaSyntax
{
    extension(Value x)
    {
        /// <summary>ψ(x), the derivative of log Γ(x), elementwise; NaN at negative integers.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.</exception>
        public Value Digamma([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Digamma.Instance, new(file, line), AttributeMap.Empty);
    }
}
