using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Scaled dot-product attention: for each query the mean of the values, weighted by softmax(scale · q·k + mask) over the
/// keys.</summary>
/// <remarks>q: f[batch, queries, heads, width]. k, v: of its type, [batch, keys, key heads, width]; key heads divide heads, and each serves
/// a group of them. mask (may be left out): bool, true where a key is seen, or of q's type, added to the scores; [batch, heads, queries,
/// keys], each as many or 1. causal: true or false; query t then sees keys 0 to t, whatever their number. scale: a number. dropout (may be
/// left out): the probability that a weight is 0, and else divided by 1 - dropout. A step, i64[], then follows v; a weight is kept if the
/// word of random_bits [batch, heads, queries, keys] for step, seed and stream is below (1 - dropout) · 2^32. Results: the output, of q's
/// type, and logsumexp [batch, queries, heads], log Σ e^score over the keys seen, f64 for f64, else f32. A key whose score is -∞ is not
/// seen; its value must be finite. A query that sees nothing has output 0 and logsumexp -∞, and no derivative.
/// C1: floating point, of one type. C2: rank 4. C3: batches, widths, keys and values agree. C4: width is not 0. C5: key heads divide heads.
/// C6: the mask fits. C7: scale is finite. C8: dropout is above 0 and below 1, step is i64[], and there are at most 2^32 weights. Memory is
/// linear in queries and keys (T. Dao et al., "FlashAttention", 2022). Cost: batch · heads · queries · keys · width.</remarks>
public sealed class Attention : OpaqueOp, IKernelOp
{
    /// <summary>q, k and v; what follows is the step, with dropout, and the mask, if there is one.</summary>
    internal const int Always = 3;

    /// <summary>The op.</summary>
    public static readonly Attention Instance = new();
    private Attention() : base("attention", Variadic) { }

    private const string Names = "q, k, v";

    /// <summary>The attributes that say how scores are made.</summary>
    /// <param name="scale">Of the products of queries and keys.</param>
    /// <param name="isCausal">Whether query t sees keys 0 to t alone.</param>
    public static AttributeMap Attributes(Scalar scale, bool isCausal) => AttentionShape.Attributes(scale, isCausal);

    /// <summary>The attributes of an attention that drops weights, which has the step of random bits, i64[], as its fourth
    /// operand.</summary>
    /// <param name="scale">Of the products of queries and keys.</param>
    /// <param name="isCausal">Whether query t sees keys 0 to t alone.</param>
    /// <param name="dropout">The probability that a weight is dropped, above 0 and below 1.</param>
    /// <param name="seed">Of the random bits.</param>
    /// <param name="stream">Of the random bits.</param>
    public static AttributeMap Attributes(Scalar scale, bool isCausal, double dropout, ulong seed, uint stream) =>
        new AttentionDropout(dropout, seed, stream).AddTo(Attributes(scale, isCausal));

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        AttentionShape.Check(call, Always, Names);
        return call[0];
    }
    /// <inheritdoc/>
    protected override ImmutableArray<TensorType> InferAll(OpCall call)
    {
        return [call[0], AttentionShape.Check(call, Always, Names).Rows];
    }

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        new AttentionReference(ShapeOf(operation), operands).Forward(operation.Results[0].Type);

    /// <inheritdoc/>
    public override Value[] DecomposeAll(Operation operation, ReadOnlySpan<Value> operands) => Scores(operation, operands).Forward();

    /// <inheritdoc/>
    // The output's and logsumexp's cotangents reach a score as P (dO·V - (Σ dO·O - dL)).
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        var (output, logsumexp) = (operation.Results[0], operation.Results[1]);
        var cotangent = cotangents[0] ?? output.Constant(0);
        var delta = (AttentionScores.In(cotangent, logsumexp.DType) * AttentionScores.In(output, logsumexp.DType)).Sum([3]);
        if (cotangents[1] is { } more) delta -= more;
        var gradients = new Value?[operation.Operands.Length];
        if (wanted[..Always].Contains(true))
        {
            Value[] operands = [.. operation.Operands.Take(Always), logsumexp, delta, cotangent, .. operation.Operands.Skip(Always)];
            output.Builder.EmitAll(AttentionGradient.Instance, operands, operation.Attributes, operation.Location)
                .CopyTo(gradients.AsSpan()!);
        }
        if (ShapeOf(operation).MaskAt is { } maskAt && wanted[maskAt])
            gradients[maskAt] = Scores(operation, operation.Operands.AsSpan()).OfMask(logsumexp, delta, cotangent);
        return gradients;
    }

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => Batch(operation, x, Always);

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target) => AttentionRow.Fits(ShapeOf(operation))
        ? new AttentionRow(operation, target).Build() : new AttentionForward(operation, target).Build();

    /// <summary>An attention, or its gradient, of a batch of operands.</summary>
    internal static Value[] Batch(Operation operation, BatchedOperands x, int always)
    {
        if (AttentionShape.Of(operation, always).Dropout is not null) return OneByOne(operation, x);
        Value[] operands = [.. Enumerable.Range(0, always).Select(i => Joined(x.WithAxis(i))), .. JoinedMask(operation, x, always)];
        return [.. operands[0].Builder.EmitAll(operation.Op, operands, operation.Attributes, operation.Location)
            .Select(r => Split(r, x.Size))];
    }

    // A weight's random word depends on its place, which must stay as it is.
    private static Value[] OneByOne(Operation operation, BatchedOperands x)
    {
        Value Of(int operand, int i)
        {
            var all = x.WithAxis(operand);
            int[] start = [i, .. all.Shape.Skip(1).Select(_ => 0)], limit = [i + 1, .. all.Shape.Skip(1)];
            return all.Slice(start, limit).Reshape([.. all.Shape.Skip(1)]);
        }
        var results = Enumerable.Range(0, x.Size).Select(i => x[0].Builder.EmitAll(operation.Op,
            [.. Enumerable.Range(0, x.Count).Select(operand => Of(operand, i))], operation.Attributes, operation.Location)).ToArray();
        return [.. operation.Results.Select((result, number) =>
        {
            Value[] parts = [.. results.Select(r => r[number].Reshape([1, .. result.Shape]))];
            return parts[0].Concat(parts[1..], 0);
        })];
    }

    // The new axis and the sequences become one axis of sequences.
    private static Value Joined(Value x) =>
        x.Emit(Reshape.Instance, x.Location, Reshape.Attributes(Shape.Of([(long)x.Shape[0] * x.Shape[1], .. x.Shape.Skip(2)])));

    private static Value Split(Value x, int size) => x.Emit(Reshape.Instance, x.Location,
        Reshape.Attributes(new Shape([size, x.Shape[0] / size, .. x.Shape.Skip(1)])));

    // One mask for all stays one.
    private static Value[] JoinedMask(Operation operation, BatchedOperands x, int maskAt)
    {
        if (x.Count == maskAt) return [];
        if (!x.IsBatched(maskAt) && x[maskAt].Shape[0] == 1) return [x[maskAt]];
        var mask = x.WithAxis(maskAt);
        return [Joined(Broadcasting.To(mask, new Shape([x.Size, operation.Operands[0].Shape[0], .. mask.Shape.Skip(2)]), mask.Location))];
    }

    private static AttentionShape ShapeOf(Operation operation) => AttentionShape.Of(operation, Always);

    private static AttentionScores Scores(Operation operation, ReadOnlySpan<Value> operands) =>
        new(ShapeOf(operation), operands);
}

/// <summary>Fluent syntax of <see cref="Attention"/>.</summary>
public static class AttentionSyntax
{
    extension(Value q)
    {
        /// <summary>Scaled dot-product attention of queries [batch, queries, heads, width]: for each the mean of the values, weighted by
        /// softmax(scale · q·k + mask) over the keys. The result is of q's type and shape.</summary>
        /// <remarks>No tensor of queries × keys is in memory, forward or backward; second derivatives, forward mode, and the gradient of a
        /// mask have some. A query that sees no key, as where there is none, gives 0, and gets no gradient. Sums are f32, for f64 f64.
        /// Cost: batch · heads · queries · keys · width, with <paramref name="causal"/> about half of that.</remarks>
        /// <param name="k">Keys [batch, keys, key heads, width] of q's type; key heads divide heads, and each serves a group of
        /// them (grouped-query attention).</param>
        /// <param name="v">Values, of k's shape.</param>
        /// <param name="causal">Whether query t sees keys 0 to t alone: the first query sees the first key, whatever their numbers, as with
        /// PyTorch's is_causal.</param>
        /// <param name="mask">Bool, true where a key is seen, or of q's type and added to the scores: [batch, heads, queries, keys], each
        /// as many or 1.</param>
        /// <param name="scale">Of the products; 1/√width when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: element types. SGC1002: batches, widths, keys and values, heads that do not divide, or
        /// a mask that does not fit. SGC1003: ranks other than 4. SGC1005: scale is not finite. SGC1008: a value of another
        /// builder.</exception>
        public Value Attention(Value k, Value v, bool causal = false, Value? mask = null, double? scale = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(q);
            ArgumentNullException.ThrowIfNull(k);
            ArgumentNullException.ThrowIfNull(v);
            // A width of 0 is refused, whatever the scale.
            var width = q.Rank == 4 ? Math.Max(q.Shape[3], 1) : 1;
            Value[] more = mask is null ? [k, v] : [k, v, mask];
            return q.Emit(Ops.Attention.Instance, new(file, line), Ops.Attention.Attributes(scale ?? 1 / Math.Sqrt(width), causal), more);
        }
    }
}
