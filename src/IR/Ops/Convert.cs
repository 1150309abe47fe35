using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise conversion to another element type.</summary>
/// <remarks>dtype: the result's. Floating to integer truncates and saturates, NaN gives 0; to bool is "not zero".
/// The cotangent is converted back; to and from types that are not floating point the derivative is 0.</remarks>
public sealed class Convert : LinearOp, IIndexedOp
{
    /// <summary>The op.</summary>
    public static readonly Convert Instance = new();
    private Convert() : base("convert", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call[0].With(call.DType("dtype"));
    /// <inheritdoc/>
    public override bool IsDifferentiable(Operation operation, int index) =>
        operation.Operands[0].DType.IsFloating && operation.Result.DType.IsFloating;
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) => cotangent.ConvertTo(operation.Operands[0].DType);
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands) =>
        new(operation.Result.Type, [.. (operands[0].IsSplat ? operands[0].Values.ToArray() : operands[0].ToArray())
            .Select(v => operands[0].Type.DType.IsFloating ? Saturate(v, operation.Result.DType) : v)]);

    private static double Saturate(double value, DType type) => type.Kind switch
    {
        DTypeKind.Signed => Math.Clamp(value, -Math.ScaleB(1, type.Bits - 1), Math.ScaleB(1, type.Bits - 1) - 1),
        DTypeKind.Unsigned => Math.Clamp(value, 0, Math.ScaleB(1, type.Bits) - 1),
        _ => value,
    };
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source) =>
        source(0, index).ConvertTo(operation.Result.DType);
}

/// <summary>Fluent syntax of <see cref="Convert"/>.</summary>
public static class ConvertSyntax
{
    extension(Value x)
    {
        /// <summary>x with another element type.</summary>
        public Value ConvertTo(DType dtype, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Convert.Instance, new(file, line), AttributeMap.Empty.With("dtype", dtype.Name));
    }
}
