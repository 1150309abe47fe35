namespace GraphCompiler.IR.Ops;

/// <summary>Attention from simpler ops, which hold a score for each query and key: the oracle of the kernels, and what derivatives beyond
/// the first, forward mode, and the cotangent of a mask are made of.</summary>
/// <remarks>Scores are [batch, key heads, queries, heads of a group, keys], of the accumulator's type, -∞ where a key is not
/// seen.</remarks>
internal sealed class AttentionScores
{
    private readonly AttentionShape _shape;
    private readonly Value _q, _k, _v;
    private readonly Value? _mask, _step;

    /// <param name="shape">Its sizes.</param>
    /// <param name="operands">Of the attention, or of its gradient.</param>
    public AttentionScores(AttentionShape shape, ReadOnlySpan<Value> operands)
    {
        _shape = shape;
        (_mask, _step) = (shape.MaskAt is { } maskAt ? operands[maskAt] : null, shape.StepAt is { } stepAt ? operands[stepAt] : null);
        (_q, _k, _v) = (Grouped(operands[0]), In(operands[1], shape.Wide), In(operands[2], shape.Wide));
        Masked = Mask(Dot(_q, _k, new([0, 2], [0, 2], [4], [3])) * shape.Scale);
    }

    private Value Masked { get; }

    /// <summary>The output and logsumexp.</summary>
    public Value[] Forward()
    {
        if (_shape.IsEmpty) return [FromGrouped(_q.Constant(0)), _q.Constant(double.NegativeInfinity, _shape.Rows.Shape)];
        var largest = Masked.Max([4], keepAxes: true).StopGradient();
        largest = IsNothing(largest).Select(largest.Constant(0), largest);
        var exponentials = (Masked - largest).Exp();
        var sum = exponentials.Sum([4], keepAxes: true);
        var isNothing = sum.Equal(0);
        // What is divided by it is 0.
        var divisor = isNothing.Select(sum.Constant(1), sum);
        var output = Dot(Kept(exponentials / divisor), _v, new([0, 1], [0, 2], [4], [1]));
        var logsumexp = isNothing.Select(sum.Constant(double.NegativeInfinity), largest + divisor.Log());
        return [FromGrouped(output.Transpose([0, 2, 1, 3, 4])), RowsFrom(logsumexp.Squeeze(4))];
    }

    /// <summary>The cotangents of q, k and v.</summary>
    public Value[] Backward(Value logsumexp, Value delta, Value cotangent)
    {
        var ct = Grouped(cotangent);
        var p = Probabilities(logsumexp);
        var ds = ScoreCotangents(p, delta, ct) * _shape.Scale;
        var dq = Dot(ds, _k, new([0, 1], [0, 2], [4], [1])).Transpose([0, 2, 1, 3, 4]);
        Value OfKeys(Value weights, Value rows) =>
            In(Dot(weights, rows, new([0, 1], [0, 2], [2, 3], [1, 3])).Transpose([0, 2, 1, 3]), _shape.DType);
        return [FromGrouped(dq), OfKeys(ds, _q), OfKeys(Kept(p), ct)];
    }

    /// <summary>The cotangent of a mask that is added.</summary>
    public Value OfMask(Value logsumexp, Value delta, Value cotangent)
    {
        var ds = ScoreCotangents(Probabilities(logsumexp), delta, Grouped(cotangent));
        var full = ds.Transpose([0, 1, 3, 2, 4]).Reshape([_shape.Batch, _shape.Heads, _shape.Queries, _shape.Keys]);
        int[] repeated = [.. Enumerable.Range(0, 4).Where(i => _mask!.Shape[i] == 1 && full.Shape[i] != 1)];
        return In(repeated.Length == 0 ? full : full.Sum(repeated, keepAxes: true), _mask!.DType);
    }

    // Of a query that sees nothing, whose logsumexp is -∞, all scores are -∞ too.
    private Value Probabilities(Value logsumexp)
    {
        var rows = RowsOf(logsumexp);
        return (Masked - IsNothing(rows).Select(rows.Constant(0), rows)).Exp();
    }

    private Value ScoreCotangents(Value probabilities, Value delta, Value ct) =>
        probabilities * (Kept(Dot(ct, _v, new([0, 2], [0, 2], [4], [3]))) - RowsOf(delta));

    // 0 where the weight is dropped, larger where it is kept.
    private Value Kept(Value pairs)
    {
        if (_shape.Dropout is not { } dropout) return pairs;
        var isKept = Split(dropout.IsKept(_step!, _shape.Pairs), [_shape.KeyHeads, _shape.Group]);
        return isKept.Select(pairs * dropout.Scale, pairs.Constant(0));
    }

    // Of [batch, heads, queries, keys], as scores are.
    private static Value Split(Value x, int[] heads) =>
        x.Reshape([x.Shape[0], .. heads, x.Shape[2], x.Shape[3]]).Transpose([0, 1, 3, 2, 4]);

    private Value Mask(Value scores)
    {
        if (_mask is { } mask)
        {
            // Heads are split as the scores' are, or there is one for all.
            int[] heads = mask.Shape[1] == 1 ? [1, 1] : [_shape.KeyHeads, _shape.Group];
            var split = Split(mask, heads);
            scores = mask.DType == DType.Bool ? Hide(scores, split) : scores + In(split, _shape.Wide);
        }
        if (!_shape.IsCausal) return scores;
        var pairs = DType.I32[_shape.Queries, 1, _shape.Keys];
        Value Positions(int axis) => scores.Builder.Emit(Iota.Instance, [], Iota.Attributes(pairs, axis));
        return Hide(scores, Positions(2) <= Positions(0));
    }

    private static Value Hide(Value scores, Value isSeen) => isSeen.Select(scores, scores.Constant(double.NegativeInfinity, Shape.Scalar));

    private static Value IsNothing(Value x) => x.Equal(double.NegativeInfinity);

    private static Value Dot(Value x, Value y, DotGeneral.Axes axes) => x.Emit(DotGeneral.Instance, default, axes.Attributes, y);

    /// <summary>A value in a type that it may have already.</summary>
    internal static Value In(Value x, DType type) => x.DType == type ? x : x.ConvertTo(type);

    // [batch, queries, key heads, group, width]
    private Value Grouped(Value x) =>
        In(x, _shape.Wide).Reshape([_shape.Batch, _shape.Queries, _shape.KeyHeads, _shape.Group, _shape.Width]);

    private Value FromGrouped(Value x) =>
        In(x.Reshape([_shape.Batch, _shape.Queries, _shape.Heads, _shape.Width]), _shape.DType);

    // [batch, queries, heads] as [batch, key heads, queries, group, 1]
    private Value RowsOf(Value rows) => rows.Reshape([_shape.Batch, _shape.Queries, _shape.KeyHeads, _shape.Group, 1])
        .Transpose([0, 2, 1, 3, 4]);

    private Value RowsFrom(Value x) => x.Transpose([0, 2, 1, 3]).Reshape([_shape.Batch, _shape.Queries, _shape.Heads]);
}
