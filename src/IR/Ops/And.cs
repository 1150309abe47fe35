using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise logical and; of integers, of each bit.</summary>
/// <remarks>x, y: bool or integers of one type. C1: bool or integers. C2: same type and shape.</remarks>
public sealed class And : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly And Instance = new();
    private And() : base("and", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameBits();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => (long)x[0] & (long)x[1];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Binary(BinaryKind.And, x[0], x[1]);
}

/// <summary>Fluent syntax of <see cref="And"/>.</summary>
public static class AndSyntax
{
    extension(Value x)
    {
        /// <summary>Logical and, elementwise; of integers, of each bit. Shapes broadcast as NumPy's do.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: element types differ. SGC1002: shapes do not broadcast.</exception>
        public Value And(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Broadcasting.Emit(Ops.And.Instance, x, y, new(file, line));
    }
}
