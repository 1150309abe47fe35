using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Counts from 0 along one dimension.</summary>
/// <remarks>dtype, shape: the type. dimension: the axis that counts. C1: dtype is not bool. C2: dimension is an axis of shape.</remarks>
public sealed class Iota : LinearOp, IIndexedOp
{
    /// <summary>The op.</summary>
    public static readonly Iota Instance = new();
    private Iota() : base("iota", arity: 0) { }

    /// <summary>The attributes of a count.</summary>
    public static AttributeMap Attributes(TensorType type, int dimension) =>
        AttributeMap.Empty.With("dtype", type.DType.Name).With("shape", type.Shape).With("dimension", dimension);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var type = new TensorType(call.DType("dtype"), call.Sizes("shape"));
        call.Require(type.DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => "cannot count in bool");
        call.Require(call.Int("dimension") >= 0 && call.Int("dimension") < type.Rank, DiagnosticCode.BadAxis,
            () => $"dimension {call.Int("dimension")} is not an axis of {type}");
        return type;
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        throw new InternalCompilerException("iota", "it has no operands");
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var type = operation.Result.Type;
        var values = new Scalar[type.Shape.ElementCount];
        var index = new int[type.Rank];
        for (var i = 0L; i < values.Length; i++)
        {
            type.Shape.Unravel(i, index);
            values[i] = index[operation.Int("dimension")];
        }
        return Literal.Rounded(type, values);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        throw new InternalCompilerException("iota", "it has no operands");
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source) =>
        index[operation.Int("dimension")].ConvertTo(operation.Result.DType);
}
