using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>The sizes of an attention, read off its operands, and how keys are hidden from queries.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Queries">Positions that look.</param>
/// <param name="Keys">Positions that are looked at.</param>
/// <param name="Heads">Of queries.</param>
/// <param name="KeyHeads">Of keys and values, each for <see cref="Group"/> heads of queries.</param>
/// <param name="Width">Elements of a head.</param>
/// <param name="DType">Of q, k and v.</param>
/// <param name="Scale">Of the products of queries and keys.</param>
/// <param name="IsCausal">Whether query t sees keys 0 to t alone.</param>
/// <param name="First">The number of the first operand after those that every such operation has.</param>
/// <param name="Mask">The mask's type, if there is one.</param>
/// <param name="Dropout">Which weights are dropped, if any are.</param>
internal sealed record AttentionShape(int Batch, int Queries, int Keys, int Heads, int KeyHeads, int Width, DType DType, Scalar Scale,
    bool IsCausal, int First, TensorType? Mask, AttentionDropout? Dropout)
{
    /// <summary>What the axes of a mask count.</summary>
    private static readonly string[] s_maskAxes = ["batch", "heads", "queries", "keys"];

    /// <summary>Heads of queries that share a head of keys.</summary>
    public int Group => Heads / KeyHeads;
    /// <summary>The type of scores and sums.</summary>
    public DType Wide => DType == DType.F64 ? DType.F64 : DType.F32;
    /// <summary>The type of what there is one of for each query: logsumexp.</summary>
    public TensorType Rows => Wide[Batch, Queries, Heads];
    /// <summary>Whether there is nothing to see, or nobody who looks.</summary>
    public bool IsEmpty => Batch == 0 || Queries == 0 || Keys == 0 || Heads == 0;

    /// <summary>The number of the operand that is the step of random bits, if weights are dropped.</summary>
    public int? StepAt => Dropout is null ? null : First;
    /// <summary>The number of the operand that is the mask, if there is one.</summary>
    public int? MaskAt => Mask is null ? null : PlaceOfMask(First, Dropout is not null);

    /// <summary>The attributes that say how scores are made.</summary>
    public static AttributeMap Attributes(Scalar scale, bool isCausal) =>
        AttributeMap.Empty.With("causal", isCausal ? "true" : "false").With("scale", scale);

    /// <summary>The shape of an operation whose first operands are q, k and v.</summary>
    /// <param name="operation">Checked by <see cref="Check"/>.</param>
    /// <param name="first">The number of the first operand that some have, the step or the mask.</param>
    public static AttentionShape Of(Operation operation, int first) => Of(operation.OperandTypes.AsSpan(), operation.Number("scale"),
        operation.Word("causal") == "true", first, AttentionDropout.Of(operation.Attributes));

    /// <summary>The shape of a call, or an error that says what does not fit.</summary>
    /// <param name="call">Of an attention, or of its gradient.</param>
    /// <param name="first">The number of the first operand that some have, the step or the mask.</param>
    /// <param name="names">Those that all have.</param>
    public static AttentionShape Check(OpCall call, int first, string names)
    {
        var most = PlaceOfMask(first, AttentionDropout.Check(call, first)) + 1;
        call.Require(call.Count == most || call.Count == most - 1, DiagnosticCode.OperandCount,
            () => $"takes {names}{(most > first + 1 ? ", the step" : "")} and perhaps a mask, given {call.Count} operands");
        call.Floating();
        for (var i = 0; i < 3; i++) CheckOperand(call, i);
        call.Require(call[1].Shape == call[2].Shape, DiagnosticCode.ShapeMismatch,
            () => $"there is a value for each key, but keys are {call[1]} and values {call[2]}");
        var (q, k) = (call[0].Shape, call[1].Shape);
        call.Require(q[0] == k[0], DiagnosticCode.ShapeMismatch, () => $"queries are of {q[0]} sequences, keys of {k[0]}");
        call.Require(q[3] == k[3], DiagnosticCode.ShapeMismatch, () => $"heads of queries have {q[3]} elements, those of keys {k[3]}");
        call.Require(q[3] > 0, DiagnosticCode.ShapeMismatch, () => $"a head has no elements: {call[0]}");
        call.Require(k[2] > 0 && q[2] % k[2] == 0, DiagnosticCode.ShapeMismatch,
            () => $"{k[2]} heads of keys do not divide {q[2]} heads of queries");
        var scale = call.Number("scale");
        call.Require(double.IsFinite((double)scale), DiagnosticCode.BadAttribute, () => $"scale = {scale} is not finite");
        var causal = call.Word("causal");
        call.Require(causal is "true" or "false", DiagnosticCode.BadAttribute, () => $"causal={causal} is neither true nor false");
        var shape = Of([.. call.Operands.Select(o => o.Type)], scale, causal == "true", first, AttentionDropout.Of(call.Attributes));
        if (shape.Mask is not null) shape.CheckMask(call);
        call.Require(shape.Dropout is null || (double)shape.Batch * shape.Heads * shape.Queries * shape.Keys <= 1L << 32,
            DiagnosticCode.TooLarge, () => $"with dropout, {shape.Pairs} has more than 2^32 weights");
        return shape;
    }

    /// <summary>A weight for each.</summary>
    public Shape Pairs => new(Batch, Heads, Queries, Keys);

    private static AttentionShape Of(ReadOnlySpan<TensorType> types, Scalar scale, bool isCausal, int first, AttentionDropout? dropout)
    {
        var (q, k, maskAt) = (types[0].Shape, types[1].Shape, PlaceOfMask(first, dropout is not null));
        return new(q[0], q[1], k[1], q[2], k[2], q[3], types[0].DType, scale, isCausal, first, types.Length > maskAt ? types[maskAt] : null,
            dropout);
    }

    private static int PlaceOfMask(int first, bool hasStep) => hasStep ? first + 1 : first;

    private static void CheckOperand(OpCall call, int index)
    {
        var name = "qkv"[index];
        call.Require(call[index].Rank == 4, DiagnosticCode.RankMismatch,
            () => $"{name} must be [batch, positions, heads, width], got {call[index]}; reshape it");
        call.Require(call[index].DType == call[0].DType, DiagnosticCode.DTypeMismatch,
            () => $"element types differ: {call[0]} and {call[index]}; convert one of them");
    }

    private void CheckMask(OpCall call)
    {
        var mask = Mask!;
        call.Require(mask.DType == DType.Bool || mask.DType == DType, DiagnosticCode.DTypeMismatch,
            () => $"a mask is bool (true where a key is seen) or {DType} (added to scores), got {mask}");
        call.Require(mask.Rank == 4, DiagnosticCode.RankMismatch,
            () => $"a mask must be [batch, heads, queries, keys], each as many or 1, got {mask}");
        int[] most = [Batch, Heads, Queries, Keys];
        for (var i = 0; i < most.Length; i++)
            call.Require(mask.Shape[i] == most[i] || mask.Shape[i] == 1, DiagnosticCode.ShapeMismatch,
                () => $"the mask {mask} must have {most[i]} {s_maskAxes[i]} on axis {i}, or 1");
    }
}
