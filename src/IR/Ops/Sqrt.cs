using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise square root, correctly rounded.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. Below 0 it is NaN.</remarks>
public sealed class Sqrt : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Sqrt Instance = new();
    private Sqrt() : base("sqrt", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => 0.5 / y;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Sqrt((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Unary(UnaryKind.Sqrt, x[0]);
}

/// <summary>Fluent syntax of <see cref="Sqrt"/>.</summary>
public static class SqrtSyntax
{
    extension(Value x)
    {
        /// <summary>√x, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Sqrt([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Sqrt.Instance, new(file, line), AttributeMap.Empty);
    }
}
