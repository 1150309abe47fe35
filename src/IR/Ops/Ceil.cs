using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise rounding towards plus infinity.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. The derivative is 0.</remarks>
public sealed class Ceil : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Ceil Instance = new();
    private Ceil() : base("ceil", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    public override bool IsDifferentiable(Operation operation, int index) => false;
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Ceiling((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Unary(UnaryKind.Ceil, x[0]);
}

/// <summary>Fluent syntax of <see cref="Ceil"/>.</summary>
public static class CeilSyntax
{
    extension(Value x)
    {
        /// <summary>Rounds towards plus infinity, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Ceil([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Ceil.Instance, new(file, line), AttributeMap.Empty);
    }
}
