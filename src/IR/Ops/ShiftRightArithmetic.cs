using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise shift to the right: copies of the highest bit move in.</summary>
/// <remarks>x, y: integers of one type. C1: integers. C2: same type and shape. y counts as an unsigned number: where it is not below the
/// type's bits, copies of the highest bit remain.</remarks>
public sealed class ShiftRightArithmetic : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly ShiftRightArithmetic Instance = new();
    private ShiftRightArithmetic() : base("shift_right_arithmetic", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameInteger();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x)
    {
        var (bits, number, count) = (operation.Result.DType.Bits, (long)x[0], (ulong)(long)x[1]);
        var signed = number << (64 - bits) >> (64 - bits);
        return signed >> (int)Math.Min(count, (ulong)bits - 1);
    }
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) =>
        ScalarExpr.Binary(BinaryKind.ShiftRightArithmetic, x[0], x[1]);
}

/// <summary>Fluent syntax of <see cref="Ops.ShiftRightArithmetic"/>.</summary>
public static class ShiftRightArithmeticSyntax
{
    extension(Value x)
    {
        /// <summary>x shifted to the right, copies of the highest bit moving in, elementwise; nothing else remains where y, as an unsigned
        /// number, is not below the type's bits.</summary>
        /// <param name="y">By how many bits: of x's type; shapes broadcast as NumPy's do.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="Diagnostics.GraphException">SGC1001: not integers of one type. SGC1002: shapes do not broadcast.</exception>
        public Value ShiftRightArithmetic(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Broadcasting.Emit(Ops.ShiftRightArithmetic.Instance, x, y, new(file, line));

        /// <summary>x shifted to the right, copies of the highest bit moving in, elementwise; nothing else remains where y, as an unsigned
        /// number, is not below the type's bits.</summary>
        /// <param name="bits">By how many, a number of x's type.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not an integer. SGC1005: bits are outside of its type.</exception>
        public Value ShiftRightArithmetic(int bits, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x.ShiftRightArithmetic(x.Constant(bits)));
    }
}
