using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise absolute value, y = |x|.</summary>
/// <remarks>x: numbers. C1: x is not bool. The derivative at 0 is 0, at NaN it is NaN.</remarks>
public sealed class Abs : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Abs Instance = new();
    private Abs() : base("abs", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Numeric();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => x[0].Sign();
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Scalar.Abs(x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Unary(UnaryKind.Abs, x[0]);
}

/// <summary>Fluent syntax of <see cref="Abs"/>.</summary>
public static class AbsSyntax
{
    extension(Value x)
    {
        /// <summary>|x|, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Abs([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Abs.Instance, new(file, line), AttributeMap.Empty);
    }
}
