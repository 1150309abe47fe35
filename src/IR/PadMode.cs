namespace GraphCompiler.IR;

/// <summary>What is put around a tensor, other than a constant.</summary>
public enum PadMode
{
    /// <summary>The elements beside the edge in the opposite order, without the one at the edge: c b | a b c | b a.</summary>
    Reflect,
    /// <summary>The element at the edge: a a | a b c | c c.</summary>
    Edge,
    /// <summary>The elements of the other end: b c | a b c | a b.</summary>
    Circular,
}
