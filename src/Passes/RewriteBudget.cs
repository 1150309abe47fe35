namespace GraphCompiler.Passes;

/// <summary>How many more rewrites may be made: halving it finds the rewrite that breaks a program (<c>SGC_BISECT</c>).</summary>
/// <remarks>Only rewrites that may be left out are counted, so every budget gives a correct program.</remarks>
public sealed class RewriteBudget
{
    private readonly long _limit;

    /// <summary>Allows <paramref name="limit"/> rewrites, or any number when null.</summary>
    public RewriteBudget(long? limit = null)
    {
        if (limit is { } given) ArgumentOutOfRangeException.ThrowIfNegative(given, nameof(limit));
        _limit = limit ?? long.MaxValue;
    }

    /// <summary>Rewrites made so far.</summary>
    public long Spent { get; private set; }

    /// <summary>Whether nothing is left.</summary>
    public bool IsExhausted => Spent >= _limit;

    /// <summary>Takes one rewrite if one is left.</summary>
    public bool TryTake()
    {
        if (IsExhausted) return false;
        Spent++;
        return true;
    }
}
