namespace GraphCompiler.IR.Loops;

/// <summary>What lowering needs to know of the target.</summary>
/// <param name="VectorBytes">Bytes of a vector register: 16, 32 or 64.</param>
/// <param name="VectorRegisters">Number of vector registers.</param>
/// <param name="L1Bytes">First-level data cache of a core.</param>
/// <param name="L2Bytes">Second-level cache of a core.</param>
/// <param name="Workers">Most workers that a step runs with.</param>
public sealed record TargetTraits(int VectorBytes, int VectorRegisters, long L1Bytes, long L2Bytes, int Workers)
{
    /// <summary>Whether <see cref="PairDotExpr"/> is one instruction.</summary>
    public bool HasPairDot { get; init; }

    /// <summary>Bytes of a cache line on every target so far.</summary>
    public const int LineBytes = 64;

    /// <summary>Elements of a type in one vector register.</summary>
    public int Lanes(DType type) => Math.Max(VectorBytes / type.Bytes, 1);
}
