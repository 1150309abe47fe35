namespace GraphCompiler.IR.Ops;

/// <summary>Attention and its gradient by their definition, a query at a time, in f64.</summary>
internal sealed class AttentionReference
{
    private readonly AttentionShape _shape;
    private readonly Literal _mask;
    private readonly ulong _step;
    private readonly double[] _q, _k, _v;

    /// <param name="shape">Its sizes.</param>
    /// <param name="operands">Of the attention, or of its gradient.</param>
    public AttentionReference(AttentionShape shape, ReadOnlySpan<Literal> operands)
    {
        (_shape, _q, _k, _v) = (shape, operands[0].ToArray(), operands[1].ToArray(), operands[2].ToArray());
        _mask = shape.MaskAt is { } maskAt ? operands[maskAt] : new Literal(DType.Bool.Scalar, 1);
        _step = shape.StepAt is { } stepAt ? (ulong)(long)operands[stepAt][0] : 0;
    }

    /// <summary>The output and logsumexp.</summary>
    public Literal[] Forward(TensorType output)
    {
        var (o, logsumexp) = (new double[output.Shape.ElementCount], new double[_shape.Rows.Shape.ElementCount]);
        foreach (var row in Queries())
        {
            var scores = Scores(row);
            var largest = scores.Select(s => s.Score).DefaultIfEmpty(double.NegativeInfinity).Aggregate(Math.Max);
            var sum = scores.Sum(s => Math.Exp(s.Score - largest));
            logsumexp[row.Number] = scores.Count == 0 ? double.NegativeInfinity : largest + Math.Log(sum);
            foreach (var (key, score) in scores)
            {
                var weight = Math.Exp(score - largest) / sum * Factor(row, key);
                for (var d = 0; d < _shape.Width; d++) o[row.At + d] += weight * _v[KeyAt(row, key) + d];
            }
        }
        return [new Literal(output, o), new Literal(_shape.Rows, logsumexp)];
    }

    /// <summary>The cotangents of q, k and v: with P = e^(S - logsumexp) and dS = P (dO·V - delta), those are dS·K, dSᵀ·Q and
    /// Pᵀ·dO.</summary>
    public Literal[] Backward(Literal logsumexp, Literal delta, Literal cotangent)
    {
        var (dq, dk, dv, scale) = (new double[_q.Length], new double[_k.Length], new double[_v.Length], (double)_shape.Scale);
        var ct = cotangent.ToArray();
        foreach (var row in Queries())
            foreach (var (key, score) in Scores(row))
            {
                var sum = (double)logsumexp[row.Number];
                var (at, p) = (KeyAt(row, key), Math.Exp(score - (double.IsNegativeInfinity(sum) ? 0 : sum)));
                var product = Enumerable.Range(0, _shape.Width).Sum(d => ct[row.At + d] * _v[at + d]);
                var factor = Factor(row, key);
                var ds = p * (factor * product - (double)delta[row.Number]) * scale;
                for (var d = 0; d < _shape.Width; d++)
                {
                    dq[row.At + d] += ds * _k[at + d];
                    dk[at + d] += ds * _q[row.At + d];
                    dv[at + d] += factor * p * ct[row.At + d];
                }
            }
        TensorType query = _shape.DType[_shape.Batch, _shape.Queries, _shape.Heads, _shape.Width],
            keys = _shape.DType[_shape.Batch, _shape.Keys, _shape.KeyHeads, _shape.Width];
        return [new Literal(query, dq), new Literal(keys, dk), new Literal(keys, dv)];
    }

    // What a weight is multiplied by.
    private double Factor(Query q, int key) => _shape.Dropout is not { } dropout ? 1
        : dropout.IsKept(_step, _shape.Pairs.Ravel([q.Sequence, q.Head, q.Position, key])) ? dropout.Scale : 0;

    private readonly record struct Query(int Sequence, int Position, int Head, int Number, int At);

    private IEnumerable<Query> Queries()
    {
        for (var b = 0; b < _shape.Batch; b++)
            for (var t = 0; t < _shape.Queries; t++)
                for (var h = 0; h < _shape.Heads; h++)
                {
                    var number = (b * _shape.Queries + t) * _shape.Heads + h;
                    yield return new(b, t, h, number, number * _shape.Width);
                }
    }

    private int KeyAt(Query q, int key) =>
        ((q.Sequence * _shape.Keys + key) * _shape.KeyHeads + q.Head / _shape.Group) * _shape.Width;

    // Of the keys that the query sees: a score of -∞ is none.
    private List<(int Key, double Score)> Scores(Query q)
    {
        var scores = new List<(int, double)>();
        for (var key = 0; key < (_shape.IsCausal ? Math.Min(q.Position + 1, _shape.Keys) : _shape.Keys); key++)
        {
            var at = KeyAt(q, key);
            var score = Enumerable.Range(0, _shape.Width).Sum(d => _q[q.At + d] * _k[at + d]) * (double)_shape.Scale;
            var mask = (double)MaskOf(q, key);
            if (_shape.Mask is { DType.IsFloating: true }) score += mask;
            else if (mask == 0) continue;
            if (score != double.NegativeInfinity) scores.Add((key, score));
        }
        return scores;
    }

    private Scalar MaskOf(Query q, int key)
    {
        if (_shape.Mask is not { } mask) return 1;
        int[] index = [q.Sequence, q.Head, q.Position, key];
        return _mask[mask.Shape.Ravel([.. index.Select((n, i) => mask.Shape[i] == 1 ? 0 : n)])];
    }
}
