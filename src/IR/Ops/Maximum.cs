using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise larger; NaN if either is NaN, and 0 of 0 and -0.</summary>
/// <remarks>x, y: numbers of one type. C1: same element type and shape. At a tie each operand gets half of the cotangent, at a NaN each
/// gets all of it.</remarks>
public sealed class Maximum : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Maximum Instance = new();
    private Maximum() : base("maximum", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameNumeric();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) =>
        x[wrt].Less(x[1 - wrt]).Select(y.Constant(0), x[0].Equal(x[1]).Select(y.Constant(0.5), y.Constant(1)));
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Scalar.Max(x[0], x[1]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Binary(BinaryKind.Max, x[0], x[1]);
}

/// <summary>Fluent syntax of <c>maximum</c>.</summary>
public static class MaximumSyntax
{
    extension(Value x)
    {
        /// <summary>The larger of x and y, elementwise; NaN if either is NaN. Shapes broadcast as NumPy's do.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: element types differ. SGC1002: shapes do not broadcast.</exception>
        public Value Maximum(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Broadcasting.Emit(Ops.Maximum.Instance, x, y, new(file, line));

        /// <summary>The larger of x and a number, elementwise; NaN if either is NaN.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001, SGC1005: x is bool, or its element type cannot hold c.</exception>
        public Value Maximum(Scalar c, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x.Maximum(x.Constant(c)));
    }
}
