using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A tensor that a compiled function keeps between runs: a variable of the model or an optimizer's state.</summary>
/// <param name="Name">Unique within the function.</param>
/// <param name="Type">Element type and shape.</param>
/// <param name="Role">What it is there for.</param>
/// <param name="Initializer">Its first elements.</param>
/// <param name="Stream">The name that random first elements depend on: its own, or that of the variable that it copies at first.</param>
public sealed record StateVariable(string Name, TensorType Type, VariableRole Role, Initializer Initializer, string Stream)
{
    /// <summary>The elements that it starts from, row-major.</summary>
    /// <param name="seed">The model's, <see cref="GraphBuilder.Seed"/>.</param>
    /// <exception cref="GraphException">SGC1012: more than an array or memory holds.</exception>
    public float[] InitialElements(ulong seed) => Initializer.Create(Type.Shape, seed, Stream);

    /// <summary>The same elements as they are in memory: each rounded once to the tensor's type, little endian.</summary>
    /// <param name="seed">The model's, <see cref="GraphBuilder.Seed"/>.</param>
    /// <exception cref="GraphException">SGC1001, SGC1005: a fraction or a number out of range, and the type holds integers.</exception>
    public byte[] InitialBytes(ulong seed) => Initializer.CreateBytes(Type, seed, Stream);
}
