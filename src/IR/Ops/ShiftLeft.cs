using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise shift to the left, x · 2ʸ: zeros move in.</summary>
/// <remarks>x, y: integers of one type. C1: integers. C2: same type and shape. y counts as an unsigned number: where it is not below the
/// type's bits, 0 remains.</remarks>
public sealed class ShiftLeft : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly ShiftLeft Instance = new();
    private ShiftLeft() : base("shift_left", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameInteger();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x)
    {
        var (bits, number, count) = (operation.Result.DType.Bits, (long)x[0], (ulong)(long)x[1]);
        return count < (ulong)bits ? number << (int)count : 0;
    }
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) =>
        ScalarExpr.Binary(BinaryKind.ShiftLeft, x[0], x[1]);
}

/// <summary>Fluent syntax of <see cref="Ops.ShiftLeft"/>.</summary>
public static class ShiftLeftSyntax
{
    extension(Value x)
    {
        /// <summary>x shifted to the left, elementwise; 0 where y, as an unsigned number, is not below the type's bits.</summary>
        /// <param name="y">By how many bits: of x's type; shapes broadcast as NumPy's do.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="Diagnostics.GraphException">SGC1001: not integers of one type. SGC1002: shapes do not broadcast.</exception>
        public Value ShiftLeft(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Broadcasting.Emit(Ops.ShiftLeft.Instance, x, y, new(file, line));

        /// <summary>x shifted to the left, elementwise; 0 where y, as an unsigned number, is not below the type's bits.</summary>
        /// <param name="bits">By how many, a number of x's type.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not an integer. SGC1005: bits are outside of its type.</exception>
        public Value ShiftLeft(int bits, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x.ShiftLeft(x.Constant(bits)));
    }
}
