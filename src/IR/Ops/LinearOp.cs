namespace GraphCompiler.IR.Ops;

/// <summary>An op that is linear in each floating-point operand: its VJP is a transpose, its JVP is itself.</summary>
/// <remarks>A multilinear op (dot_general) has JVP Σᵢ op(x with xᵢ := tᵢ). A jointly linear one (concatenate) is applied
/// once to all tangents, zeros standing in for absent ones.</remarks>
public abstract class LinearOp : Op
{
    private protected LinearOp(string name, int arity) : base(name, arity) { }

    /// <summary>Whether the op is linear in all its floating-point operands together, rather than in each.</summary>
    protected virtual bool IsJointlyLinear => false;

    /// <summary>The transpose with respect to operand <paramref name="wrt"/>, applied to <paramref name="cotangent"/>.</summary>
    protected abstract Value TransposeOf(int wrt, Operation operation, Value cotangent);

    /// <summary>The attributes of the op that acts on tangents; differs where an attribute is an affine constant.</summary>
    protected virtual AttributeMap TangentAttributes(Operation operation) => operation.Attributes;

    /// <summary>The reference meaning of an op with one result.</summary>
    protected abstract Literal Evaluate(Operation operation, Literal[] operands);

    /// <inheritdoc/>
    public sealed override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        [Evaluate(operation, operands.ToArray())];

    /// <inheritdoc/>
    public sealed override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        var results = new Value?[operation.Operands.Length];
        if (cotangents[0] is not { } cotangent) return results;
        for (var i = 0; i < results.Length; i++)
            if (wanted[i]) results[i] = TransposeOf(i, operation, cotangent);
        return results;
    }

    /// <inheritdoc/>
    public sealed override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents)
    {
        if (IsJointlyLinear) return [JointJvp(operation, tangents)];
        Value? sum = null;
        for (var i = 0; i < tangents.Length; i++)
        {
            if (tangents[i] is not { } tangent) continue;
            Value[] operands = [.. operation.Operands];
            operands[i] = tangent;
            var term = Apply(operation, operands);
            sum = sum is null ? term : sum + term;
        }
        return [sum];
    }

    private Value? JointJvp(Operation operation, ReadOnlySpan<Value?> tangents)
    {
        var operands = new Value[tangents.Length];
        var any = false;
        for (var i = 0; i < operands.Length; i++)
        {
            any |= tangents[i] is not null;
            operands[i] = tangents[i] ?? (IsDifferentiable(operation, i) ? operation.Operands[i].Constant(0) : operation.Operands[i]);
        }
        return any ? Apply(operation, operands) : null;
    }

    private Value Apply(Operation operation, Value[] operands) =>
        operands[0].Builder.Emit(this, operands, TangentAttributes(operation), operation.Location);
}
