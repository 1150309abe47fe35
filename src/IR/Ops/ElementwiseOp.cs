using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>∂y/∂xᵢ of an elementwise op: zero, one, minus one, a tensor, or one where a predicate tells.</summary>
public readonly struct Partial
{
    private readonly int _sign;
    private readonly Value? _value;

    private Partial(int sign, Value? value) => (_sign, _value) = (sign, value);

    /// <summary>The derivative is zero everywhere, or not wanted.</summary>
    public static Partial Zero => default;
    /// <summary>The derivative is 1.</summary>
    public static Partial One => new(1, null);
    /// <summary>The derivative is -1.</summary>
    public static Partial MinusOne => new(-1, null);

    /// <summary>The derivative is 1 where the predicate has the value <paramref name="holds"/>, else 0: an infinite or undefined
    /// direction elsewhere does not count.</summary>
    public static Partial Where(Value predicate, bool holds) => new(holds ? 1 : -1, predicate);

    /// <summary>A derivative that is a tensor.</summary>
    public static implicit operator Partial(Value value) => new(0, value);

    /// <summary>The tensor, if the derivative is one.</summary>
    public Value? Factor => _sign == 0 ? _value : null;
    /// <summary>1 or -1, if the derivative is that everywhere.</summary>
    public int? Sign => _value is null && _sign != 0 ? _sign : null;
    /// <summary>Where the derivative is 1, if it is 0 elsewhere; may append a negation.</summary>
    public Value? ToPredicate() => _value is null || _sign == 0 ? null : _sign > 0 ? _value : _value.Not();

    /// <summary>A tangent or cotangent times the derivative; null where that is zero.</summary>
    public Value? Times(Value? direction) => (direction, _value, _sign) switch
    {
        (null, _, _) or (_, null, 0) => null,
        (_, null, > 0) => direction,
        (_, null, _) => -direction,
        (_, { } factor, 0) => direction * factor,
        (_, { } predicate, > 0) => predicate.Select(direction, direction.Constant(0)),
        (_, { } predicate, _) => predicate.Select(direction.Constant(0), direction),
    };
}

/// <summary>An op whose result element depends on the operands' elements at the same index (diagonal Jacobian).</summary>
/// <remarks>JVP = Σ tᵢ·∂y/∂xᵢ and VJPᵢ = ct·∂y/∂xᵢ, both from <see cref="PartialOf"/>.</remarks>
public abstract class ElementwiseOp : Op, IElementOp
{
    private protected ElementwiseOp(string name, int arity) : base(name, arity) { }

    /// <summary>Whether the op is a math function, some twenty instructions for a vector:
    /// worth keeping rather than computing again.</summary>
    public virtual bool IsFunction => false;

    /// <summary>The local partial derivative with respect to operand <paramref name="wrt"/>.</summary>
    protected abstract Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y);

    /// <summary>The local partial derivative of an operation with respect to operand <paramref name="wrt"/>.</summary>
    public Partial LocalDerivative(int wrt, Operation operation) =>
        PartialOf(wrt, operation, operation.Operands.AsSpan(), operation.Result);

    /// <summary>The result element from the operands' elements, before it is rounded to the result's type.</summary>
    protected abstract Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x);

    /// <inheritdoc/>
    public abstract ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x);

    /// <inheritdoc/>
    public sealed override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (all, x) = (operands.ToArray(), new Scalar[operands.Length]);
        return [Literal.Rounded(operation.Result.Type, i =>
        {
            for (var k = 0; k < x.Length; k++) x[k] = all[k][i];
            return Evaluate(operation, x);
        })];
    }

    /// <inheritdoc/>
    public sealed override Value[] Batch(Operation operation, BatchedOperands x) => x.Emit(this, operation.Attributes);

    /// <inheritdoc/>
    public sealed override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        var results = new Value?[operation.Operands.Length];
        for (var i = 0; i < results.Length; i++)
            if (wanted[i]) results[i] = LocalDerivative(i, operation).Times(cotangents[0]);
        return results;
    }

    /// <inheritdoc/>
    public sealed override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents)
    {
        Value? sum = null;
        for (var i = 0; i < tangents.Length; i++)
        {
            if (tangents[i] is null) continue;
            var term = LocalDerivative(i, operation).Times(tangents[i]);
            sum = sum is null || term is null ? sum ?? term : sum + term;
        }
        return [sum];
    }
}
