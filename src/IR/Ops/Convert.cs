using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise conversion to another element type.</summary>
/// <remarks>dtype: the result's. Floating to integer truncates and saturates, NaN gives 0; integers wrap;
/// to floating point rounds once; to bool is "not zero".
/// The cotangent is converted back; to and from types that are not floating point the derivative is 0.</remarks>
public sealed class Convert : LinearOp, IElementOp
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
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var type = operation.Result.Type;
        return Literal.Rounded(type, [.. operands[0].Values.Select(type.DType.Convert)]);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => x.Emit(this, operation.Attributes);
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => x[0].ConvertTo(operation.Result.DType);
}

/// <summary>Fluent syntax of <see cref="Convert"/>.</summary>
public static class ConvertSyntax
{
    extension(Value x)
    {
        /// <summary>x with another element type.</summary>
        public Value ConvertTo(DType dtype, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(dtype);
            return x.Emit(Ops.Convert.Instance, new(file, line), AttributeMap.Empty.With("dtype", dtype.Name));
        }
    }
}
