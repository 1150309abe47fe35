using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>A constant tensor.</summary>
/// <remarks>value: one number for every element, or all elements in row-major order. dtype, shape: the type.
/// C1: value has 1 or shape's element count of numbers. C2: dtype can hold them.</remarks>
public sealed class Constant : LinearOp, IIndexedOp, IMemoryOp
{
    /// <summary>The op.</summary>
    public static readonly Constant Instance = new();
    private Constant() : base("constant", arity: 0) { }

    /// <summary>The attributes of a constant.</summary>
    public static AttributeMap Attributes(Literal literal)
    {
        var map = AttributeMap.Empty.With("dtype", literal.Type.DType.Name).With("shape", literal.Type.Shape);
        return literal.Splat is { } splat ? map.With("value", splat)
            : map.With("value", new Attribute.Numbers([.. literal.Values]));
    }

    /// <summary>The tensor of a constant operation.</summary>
    public static Literal LiteralOf(Operation operation) => operation.Attributes["value"] switch
    {
        Attribute.Number n => Literal.Rounded(operation.Result.Type, n.Value),
        Attribute.Numbers n => Literal.Rounded(operation.Result.Type, n.Values.AsSpan()),
        _ => throw new InternalCompilerException("constant", "value is neither a number nor numbers"),
    };

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var type = new TensorType(call.DType("dtype"), call.Sizes("shape"));
        ImmutableArray<Scalar> values = call.Attributes["value"] switch
        {
            Attribute.Number n => [n.Value],
            Attribute.Numbers n => n.Values,
            _ => default,
        };
        call.Require(!values.IsDefault && (values.Length == 1 || values.Length == type.Shape.ElementCount), DiagnosticCode.BadAttribute,
            () => $"{type} needs 1 or {type.Shape.ElementCount} numbers, got {(values.IsDefault ? 0 : values.Length)}");
        foreach (var value in values) call.Element(value, type.DType);
        return type;
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        throw new InternalCompilerException("constant", "it has no operands");
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) =>
        operation.Attributes["value"] is Attribute.Number n && (double)n.Value is var value && double.IsFinite(value)
            ? new(value, value) : Interval.All;
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands) => LiteralOf(operation);
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        throw new InternalCompilerException("constant", "it has no operands");
    // A splat is written in the code.
    bool IIndexedOp.IsRepeatable(Operation operation) => operation.Attributes["value"] is Attribute.Number;
    Value? IMemoryOp.AliasOf(Operation operation) => null;
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source) =>
        LiteralOf(operation).Splat is { } value
            ? ScalarExpr.Constant(operation.Result.DType, value)
            : throw new InternalCompilerException("constant", "only a splat can be an expression; other constants are buffers");
}
