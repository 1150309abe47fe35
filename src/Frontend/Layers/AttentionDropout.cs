using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Attention that drops weights in training.</summary>
public static class AttentionDropoutSyntax
{
    extension(Value q)
    {
        /// <summary>Scaled dot-product attention, of which in training each weight of a key is 0 with probability
        /// <paramref name="dropout"/> and else divided by 1 - dropout, as with PyTorch's dropout_p; in inference it is
        /// <see cref="AttentionSyntax"/>'s.</summary>
        /// <remarks>Which weights are kept is computed anew where they are used, forward and backward: no tensor of queries × keys is in
        /// memory, and the bits do not depend on the number of threads. At most 2^32 weights.</remarks>
        /// <param name="k">Keys [batch, keys, key heads, width] of q's type.</param>
        /// <param name="v">Values, of k's shape.</param>
        /// <param name="dropout">The rate, in 0..1.</param>
        /// <param name="causal">Whether query t sees keys 0 to t alone.</param>
        /// <param name="mask">Bool, true where a key is seen, or of q's type and added to the scores: [batch, heads, queries, keys], each
        /// as many or 1.</param>
        /// <param name="scale">Of the products; 1/√width when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">As of an attention without dropout. SGC1008: q is not a value of a
        /// <see cref="GraphBuilder"/>. SGC1011: the rate is not in 0..1. SGC1012: more than 2^32 weights.</exception>
        public Value Attention(Value k, Value v, double dropout, bool causal = false, Value? mask = null, double? scale = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var graph = RandomSyntax.GraphOf(q, "Attention", new(file, line));
            var location = graph.Pinned ?? new Location(file, line);
            if (!(dropout >= 0 && dropout <= 1))
                throw new GraphException(DiagnosticCode.BadArgument,
                    $"Attention: the dropout rate is {dropout}; it must be 0 to 1", location);
            if (dropout == 0) return q.Attention(k, v, causal, mask, scale, file, line);
            return q.Compose(location, () =>
            {
                var whole = q.Attention(k, v, causal, mask, scale, file, line);
                if (dropout == 1) return whole.Constant(0).ByMode(whole);
                var (step, _, seed, stream) = graph.Random.Draw(Shape.Scalar, location);
                Value[] operands = mask is null ? [k, v, step] : [k, v, step, mask];
                var attributes = IR.Ops.Attention.Attributes(whole.Definition!.Number("scale"), causal, dropout, seed, stream);
                return q.Emit(IR.Ops.Attention.Instance, location, attributes, operands).ByMode(whole);
            });
        }
    }
}
