using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>How the updates of an element are summed, of which there may be any number.</summary>
/// <remarks>What an addition rounds away is taken from the next one's operand (W. Kahan, "Further remarks on reducing truncation errors",
/// 1965).</remarks>
/// <param name="DType">Of the sums.</param>
/// <param name="IsCompensated">Whether what additions round away is kept beside the sums.</param>
internal sealed record ScatterSums(DType DType, bool IsCompensated)
{
    /// <summary>Most updates that are added with no compensation: 64 equal terms lose at most some 16 ulp.</summary>
    public const int MostPlain = 64;

    /// <summary>A sum of nothing: -0 leaves what is added to it, and what it is added to, as it is.</summary>
    public Statement[] Clear(LoopBuffer sums, LoopBuffer lost, ScalarExpr at)
    {
        var clear = new StoreStatement(sums, at, ScalarExpr.Constant(DType, DType.IsFloating ? -0.0 : 0));
        return IsCompensated ? [clear, new StoreStatement(lost, at, ScalarExpr.Constant(DType, 0))] : [clear];
    }

    /// <summary>Adds an update to a sum.</summary>
    public Statement[] Add(LoopBuffer sums, LoopBuffer lost, ScalarExpr at, ScalarExpr update)
    {
        update = update.ConvertTo(DType);
        return IsCompensated ? AddCompensated(sums, lost, at, update) : [new StoreStatement(sums, at, new LoadExpr(sums, at) + update)];
    }

    // Nothing is known of what an addition rounds away once the sum is not finite.
    private static Statement[] AddCompensated(LoopBuffer sums, LoopBuffer lost, ScalarExpr at, ScalarExpr update)
    {
        var dtype = sums.DType;
        var (old, term, sum, error) =
            (new Local("old", dtype), new Local("term", dtype), new Local("sum", dtype), new Local("error", dtype));
        ScalarExpr zero = ScalarExpr.Constant(dtype, 0), e = new LocalExpr(error);
        return
        [
            new LetStatement(old, new LoadExpr(sums, at)), new LetStatement(term, update - new LoadExpr(lost, at)),
            new LetStatement(sum, new LocalExpr(old) + new LocalExpr(term)),
            new LetStatement(error, new LocalExpr(sum) - new LocalExpr(old) - new LocalExpr(term)),
            new StoreStatement(sums, at, new LocalExpr(sum)),
            new StoreStatement(lost, at, ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Eq, e - e, zero), e, zero)),
        ];
    }
}
