using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>How an axis is cut into blocks of one size; the last begins earlier than it would where it would reach beyond the
/// axis.</summary>
/// <param name="Size">Positions of a block.</param>
/// <param name="Count">Blocks, at least 1.</param>
/// <param name="Length">Of the axis.</param>
internal sealed record AttentionBlocks(long Size, long Count, long Length)
{
    /// <summary>As few blocks as there can be, each no larger than it must be for that.</summary>
    /// <param name="length">Of the axis, at least 1.</param>
    /// <param name="most">Positions of a block at most; a multiple of the granule.</param>
    /// <param name="granule">What sizes are a multiple of if there are several blocks.</param>
    public static AttentionBlocks Of(long length, long most, long granule)
    {
        if (length <= most) return new(length, 1, length);
        var count = (length + most - 1) / most;
        var size = Math.Min((length + count * granule - 1) / (count * granule) * granule, length);
        return new(size, (length + size - 1) / size, length);
    }

    /// <summary>Whether the last block has positions in common with the one before it.</summary>
    public bool Overlaps => Size * Count > Length;

    /// <summary>The first position of a block.</summary>
    public ScalarExpr First(ScalarExpr block) => Count == 1 ? ScalarExpr.Index(0) : !Overlaps ? block * Size
        : ScalarExpr.Binary(BinaryKind.Min, block * Size, ScalarExpr.Index(Length - Size));

    /// <summary>How many of its positions the block before it has too.</summary>
    public ScalarExpr Skipped(ScalarExpr block) => !Overlaps ? ScalarExpr.Index(0)
        : ScalarExpr.Binary(BinaryKind.Min, ScalarExpr.Index(Size * Count - Length), ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(0),
            block * Size - ScalarExpr.Index(Length - Size)));
}
