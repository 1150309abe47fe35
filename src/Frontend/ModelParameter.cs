using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A variable of a model.</summary>
/// <param name="Value">Its symbol.</param>
/// <param name="Initializer">Its first elements.</param>
/// <param name="IsTrainable">Whether an optimizer changes it.</param>
public sealed record ModelParameter(Value Value, Initializer Initializer, bool IsTrainable)
{
    /// <summary>The scopes that it was declared in, <c>stage2/block0/</c>, without the layer's name; empty outside of them.</summary>
    internal string Scope { get; init; } = "";

    /// <summary>The elements that training starts from, row-major.</summary>
    /// <param name="seed">The model's, <see cref="GraphBuilder.Seed"/>.</param>
    public float[] InitialElements(ulong seed) => ToState(isAssigned: false).InitialElements(seed);

    /// <summary>The same elements as they are in memory: each rounded once to the tensor's type, little endian.</summary>
    /// <param name="seed">The model's, <see cref="GraphBuilder.Seed"/>.</param>
    /// <exception cref="GraphException">SGC1001, SGC1005: a fraction or a number out of range, and the type holds integers.</exception>
    public byte[] InitialBytes(ulong seed) => ToState(isAssigned: false).InitialBytes(seed);

    /// <summary>What a function keeps for it.</summary>
    internal StateVariable ToState(bool isAssigned) => new(Value.Name!, Value.Type,
        IsTrainable ? VariableRole.Trainable : isAssigned ? VariableRole.State : VariableRole.Frozen, Initializer, Value.Name!);
}
