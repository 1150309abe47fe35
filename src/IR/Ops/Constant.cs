using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>A constant tensor.</summary>
/// <remarks>value: one number for every element, or all elements in row-major order. dtype, shape: the type.
/// C1: value has 1 or shape's element count of numbers.</remarks>
public sealed class Constant : LinearOp, IIndexedOp
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

    /// <summary>The tensor that a constant operation stands for.</summary>
    public static Literal LiteralOf(Operation operation) => operation.Attributes["value"] switch
    {
        Attribute.Number n => new Literal(operation.Result.Type, n.Value),
        Attribute.Numbers n => new Literal(operation.Result.Type, n.Values.AsSpan()),
        _ => throw new InternalCompilerException("constant", "value is neither a number nor numbers"),
    };

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var type = new TensorType(call.DType("dtype"), call.Sizes("shape"));
        var count = call.Attributes["value"] switch { Attribute.Number => 1, Attribute.Numbers n => n.Values.Length, _ => -1 };
        call.Require(count == 1 || count == type.Shape.ElementCount, DiagnosticCode.BadAttribute,
            () => $"{type} needs 1 or {type.Shape.ElementCount} numbers, got {Math.Max(count, 0)}");
        return type;
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        throw new InternalCompilerException("constant", "it has no operands");
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) =>
        operation.Attributes["value"] is Attribute.Number { Value: var value } && double.IsFinite(value) ? new(value, value) : Interval.All;
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands) => LiteralOf(operation);
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source) =>
        LiteralOf(operation).Splat is { } value
            ? ScalarExpr.Constant(operation.Result.DType, value)
            : throw new InternalCompilerException("constant", "only a splat can be an expression; other constants are buffers");
}
