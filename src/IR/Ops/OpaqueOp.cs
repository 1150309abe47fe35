namespace GraphCompiler.IR.Ops;

/// <summary>An op with a hand-chosen VJP: a composite such as softmax, or a primitive that is neither elementwise nor linear.</summary>
/// <remarks>A composite gives <see cref="Decompose"/>, which supplies its forward mode and the oracle: its VJP must equal the
/// adjoint of the decomposition. A true primitive (reduce_max) overrides <see cref="Op.Jvp"/> instead.</remarks>
public abstract class OpaqueOp : Op
{
    private protected OpaqueOp(string name, int arity) : base(name, arity) { }

    /// <summary>Whether the op has a VJP of its own; the adjoint of its decomposition stands in for one that it has not.</summary>
    public virtual bool HasOwnVjp => true;

    /// <summary>The same result from simpler ops, appended at the operands' builder; null for a primitive, or for an op with several
    /// results.</summary>
    public virtual Value? Decompose(Operation operation, ReadOnlySpan<Value> operands) => null;

    /// <summary>The same results from simpler ops, appended at the operands' builder; null for a primitive.</summary>
    public virtual Value[]? DecomposeAll(Operation operation, ReadOnlySpan<Value> operands) =>
        Decompose(operation, operands) is { } result ? [result] : null;

    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) =>
        throw new Diagnostics.InternalCompilerException(Name, "a primitive opaque op must define Jvp; a composite is decomposed first");
}
