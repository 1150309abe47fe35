using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise logarithm of the gamma function's magnitude, log |Γ(x)|.</summary>
/// <remarks>x: f[any]; y: same type, ∞ at 0, -1, -2, …. C1: x is floating point. Error: see docs/numerics.md.</remarks>
public sealed class Lgamma : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Lgamma Instance = new();
    private Lgamma() : base("lgamma", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => x[0].Digamma();
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => GammaReference.Lgamma((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Lgamma, x[0]);
}

/// <summary>Fluent syntax of <see cref="Lgamma"/>.</summary>
public static class LgammaSyntax
{
    extension(Value x)
    {
        /// <summary>log |Γ(x)|, elementwise; ∞ at 0 and at negative integers.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.</exception>
        public Value Lgamma([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Lgamma.Instance, new(file, line), AttributeMap.Empty);
    }
}
