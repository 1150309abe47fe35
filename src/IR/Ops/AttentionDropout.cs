using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Which weights an <see cref="Attention"/> drops: the weight of a pair is kept where its word of a <see cref="RandomBits"/> of
/// shape [batch, heads, queries, keys] is below a limit.</summary>
/// <param name="Rate">The probability that a weight is dropped, above 0 and below 1, rounded to a multiple of 2^-32.</param>
/// <param name="Seed">Of the random bits.</param>
/// <param name="Stream">Of the random bits.</param>
internal sealed record AttentionDropout(double Rate, ulong Seed, uint Stream)
{
    private const string RateName = "dropout", SeedName = "seed", StreamName = "stream";

    /// <summary>What a kept weight is multiplied by, so that the mean of a weight stays.</summary>
    public double Scale => 1 / (1 - Rate);

    private uint Limit => (uint)Math.Min(Math.Round(Math.ScaleB(1 - Rate, 32)), uint.MaxValue);

    /// <summary>An attention's attributes, with these.</summary>
    public AttributeMap AddTo(AttributeMap attributes) =>
        attributes.With(RateName, Rate).With(SeedName, unchecked((long)Seed)).With(StreamName, (long)Stream);

    /// <summary>What an attention's attributes say; null where nothing is dropped.</summary>
    public static AttentionDropout? Of(AttributeMap attributes)
    {
        Scalar Number(string name) => ((Attribute.Number)attributes[name]!).Value;
        return attributes[RateName] is null ? null
            : new((double)Number(RateName), unchecked((ulong)(long)Number(SeedName)), (uint)(long)Number(StreamName));
    }

    /// <summary>Raises an error unless a call's attributes and its step fit; whether they say that weights are dropped.</summary>
    /// <param name="call">Of an attention, or of its gradient.</param>
    /// <param name="stepAt">The number of the operand that is the step.</param>
    public static bool Check(OpCall call, int stepAt)
    {
        if (call.Attributes[RateName] is null) return false;
        var rate = (double)call.Number(RateName);
        call.Require(rate > 0 && rate < 1, DiagnosticCode.BadAttribute, () => $"dropout = {rate}; it must be above 0 and below 1");
        call.Element(SeedName, DType.I64);
        call.Element(StreamName, DType.U32);
        call.Require(call.Count > stepAt && call[stepAt] == DType.I64.Scalar, DiagnosticCode.DTypeMismatch,
            () => $"with dropout operand {stepAt} must be the step, i64[]");
        return true;
    }

    /// <summary>Whether the weight of a pair, given by its number, is kept in a step: the reference meaning.</summary>
    public bool IsKept(ulong step, long pair) => RandomStream.Of(step, Seed, Stream).Words((uint)pair).Word0 < Limit;

    /// <summary>For each pair, whether its weight is kept: a tensor of a shape.</summary>
    public Value IsKept(Value step, Shape shape)
    {
        var word = step.RandomBits(shape, Seed, Stream);
        return word.Less(word.Constant(Limit));
    }

    /// <summary>The statements that compute what a step's words are made of, and the value for a pair's number, a u32, that says whether
    /// it is kept.</summary>
    /// <param name="step">i64.</param>
    /// <param name="newLocal">Makes a u32.</param>
    public (IEnumerable<Statement> Prepare, Func<ScalarExpr, ScalarExpr> IsKept) Lower(ScalarExpr step, Func<string, Local> newLocal)
    {
        var (counter, key) = RandomStream.Lower(step, Seed, Stream);
        var (counterOfStep, keyOfStep) = (newLocal("counter"), newLocal("key"));
        return ([new LetStatement(counterOfStep, counter), new LetStatement(keyOfStep, key)],
            pair => ScalarExpr.Compare(CompareKind.Lt,
                Philox.Block(pair, new LocalExpr(counterOfStep), new LocalExpr(keyOfStep)).Word0, ScalarExpr.Constant(DType.U32, Limit)));
    }
}
