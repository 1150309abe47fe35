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

    /// <summary>Whether a multiply-add is one instruction, not two.</summary>
    public bool HasFma { get; init; } = true;

    /// <summary>Fewest bytes that one load copies to all of a vector: 8 where fewer take a shuffle too, as on x86 without AVX.</summary>
    public int BroadcastBytes { get; init; } = 1;

    /// <summary>Bytes of a cache line on every target so far.</summary>
    public const int LineBytes = 64;

    /// <summary>Instructions of a loop beside which the three or four that count it weigh little.</summary>
    private const int LeastInstructions = 80;

    /// <summary>Elements of a type in one vector register.</summary>
    public int Lanes(DType type) => Math.Max(VectorBytes / type.Bytes, 1);

    /// <summary>How many times an element stands in memory, side by side, for one load to copy it to all of a vector.</summary>
    public int CopiesToBroadcast(DType type) => Math.Max(BroadcastBytes / type.Bytes, 1);

    /// <summary>Most rows of a register tile: its accumulators take all registers but those of a step, which holds a vector of each column
    /// and an element of one row, and, where a multiply-add is two instructions, the products of two rows.</summary>
    /// <param name="width">Elements of a row.</param>
    /// <param name="type">Of the accumulators.</param>
    public int RowsOfTile(long width, DType type)
    {
        var vectors = VectorsOf(width, type);
        return (int)((VectorRegisters - vectors - 1 - (HasFma ? 0 : 2 * vectors)) / vectors);
    }

    /// <summary>About how many steps of a register tile's multiply-adds should stand in one iteration of their loop: in a step a vector of
    /// each column is loaded, an element of each row is broadcast, and each accumulator takes a multiply-add.</summary>
    /// <remarks>Two threads of a core take turns in what it dispatches: beside another thread, counting costs as much as multiply-adds,
    /// which hide it from a thread alone.</remarks>
    /// <param name="rows">Of the tile.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="type">Of the accumulators.</param>
    public int StepsTogether(long rows, long width, DType type)
    {
        var vectors = VectorsOf(width, type);
        return (int)Math.Max(1, LeastInstructions / (rows * (vectors + 1) + vectors));
    }

    private long VectorsOf(long width, DType type) => Math.Max((width + Lanes(type) - 1) / Lanes(type), 1);
}
