using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise logical negation; of integers, of each bit.</summary>
/// <remarks>x: bool or integers. C1: x is bool or integers.</remarks>
public sealed class Not : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Not Instance = new();
    private Not() : base("not", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Bits();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) =>
        operation.Result.DType == DType.Bool ? 1 - x[0] : ~(long)x[0];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Unary(UnaryKind.Not, x[0]);
}

/// <summary>Fluent syntax of <see cref="Not"/>.</summary>
public static class NotSyntax
{
    extension(Value x)
    {
        /// <summary>Logical negation, elementwise; of integers, of each bit.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Not([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Not.Instance, new(file, line), AttributeMap.Empty);
    }
}
