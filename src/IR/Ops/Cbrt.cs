using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise real cube root, also of negative numbers.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. Error: see docs/numerics.md. The derivative at 0 is infinite.</remarks>
public sealed class Cbrt : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Cbrt Instance = new();
    private Cbrt() : base("cbrt", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => 1 / (3 * y * y);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Cbrt((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Cbrt, x[0]);
}

/// <summary>Fluent syntax of <see cref="Cbrt"/>.</summary>
public static class CbrtSyntax
{
    extension(Value x)
    {
        /// <summary>The real cube root, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.</exception>
        public Value Cbrt([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Cbrt.Instance, new(file, line), AttributeMap.Empty);
    }
}
