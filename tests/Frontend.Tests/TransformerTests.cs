using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Attention layers and blocks of transformers: against loops, gradients, names, and what is refused.</summary>
[Trait("Category", "Target")]
public sealed class TransformerTests
{
    private readonly GraphBuilder _g = new("transformer", seed: 5);

    // Scores that differ enough for the softmax to matter.
    private static Initializer Draws => Initializer.Uniform(-1, 1);

    private static double[] Drawn(long count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (int)count).Select(_ => random.NextDouble() * 2 - 1)];
    }

    private Dictionary<string, double[]> Elements => _g.ModelParameters.ToDictionary(p => p.Value.Name!,
        p => p.InitialElements(_g.Seed).Select(e => (double)e).ToArray());

    // x[rows, n]·kernel[n, units], bias being zero at first.
    private static double[,] Product(double[] x, int n, double[] kernel)
    {
        var y = new double[x.Length / n, kernel.Length / n];
        for (var r = 0; r < y.GetLength(0); r++)
            for (var u = 0; u < y.GetLength(1); u++)
                for (var k = 0; k < n; k++) y[r, u] += x[r * n + k] * kernel[k * y.GetLength(1) + u];
        return y;
    }

    private sealed record Case(int Batch, int Length, int Heads, int KeyHeads, int Size, bool Causal = false, double? Rotary = null,
        int? Context = null, bool IsMasked = false);

    private static Dictionary<string, Case> Cases => new()
    {
        ["self"] = new(2, 5, 3, 3, 4), ["causal"] = new(2, 7, 2, 2, 3, Causal: true), ["grouped"] = new(1, 4, 4, 2, 2, Causal: true),
        ["one key head"] = new(2, 3, 3, 1, 2), ["rotary"] = new(1, 6, 2, 1, 4, Causal: true, Rotary: 100), ["one"] = new(1, 1, 1, 1, 2),
        ["cross"] = new(2, 3, 2, 2, 3, Context: 5), ["masked"] = new(2, 4, 2, 2, 2, IsMasked: true),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Attention_is_that_of_loops(string name)
    {
        var c = Cases[name];
        var width = c.Heads * c.Size;
        var x = _g.Input("x", F64[c.Batch, c.Length, width]);
        var context = c.Context is { } other ? _g.Input("context", F64[c.Batch, other, 4]) : null;
        var mask = c.IsMasked ? _g.Constant([.. Enumerable.Range(0, c.Length * c.Length).Select(i => i % 3 != 1)],
            new Shape(1, 1, c.Length, c.Length)) : null;
        var layer = new MultiHeadAttention(c.Heads, keyValueHeads: c.KeyHeads, causal: c.Causal, rotary: c.Rotary, kernel: Draws);
        var y = layer.Apply(x, context, mask);
        Assert.Equal(x.Type, y.Type);
        var elements = Elements;
        elements["x"] = Drawn(x.Shape.ElementCount, 1);
        if (context is not null) elements["context"] = Drawn(context.Shape.ElementCount, 2);
        using var function = _g.Function(y).Compile(new() { Threads = 2 });
        function.Run([.. function.Inputs.Select(n => (ReadOnlyMemory<byte>)new Literal(
            _g.Inputs.Single(i => i.Name == n).Type, elements[n]).ToBytes())]);
        var (found, expected) = (function.Output<double>("output").ToArray(), Looped(c, elements));
        for (var i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i], 1e-11);
        foreach (var wrt in layer.Variables.Append(x).Concat(context is null ? [] : (Value[])[context]))
            (y.Sin() * y).Sum().CheckGradient(wrt, 1e-6, elements);
    }

    private static double[] Looped(Case c, Dictionary<string, double[]> elements)
    {
        var (width, keys, group) = (c.Heads * c.Size, c.KeyHeads * c.Size, c.Heads / c.KeyHeads);
        var isCross = c.Context is not null;
        var first = Product(elements["x"], width, elements[isCross ? "attention/query/kernel" : "attention/qkv/kernel"]);
        var pairs = isCross ? Product(elements["context"], 4, elements["attention/key_value/kernel"]) : first;
        var (seen, start) = (c.Context ?? c.Length, isCross ? 0 : width);
        double At(double[,] from, int row, int column, int position)
        {
            if (c.Rotary is not { } frequencyBase || column >= start + keys) return from[row, column];
            // Of a pair, this element and the other.
            var (i, half) = (column % c.Size, c.Size / 2);
            var angle = position * Math.Pow(frequencyBase, -2.0 * (i % half) / c.Size);
            return i < half ? from[row, column] * Math.Cos(angle) - from[row, column + half] * Math.Sin(angle)
                : from[row, column] * Math.Cos(angle) + from[row, column - half] * Math.Sin(angle);
        }
        var heads = new double[c.Batch * c.Length * width];
        for (var b = 0; b < c.Batch; b++)
            for (var t = 0; t < c.Length; t++)
                for (var h = 0; h < c.Heads; h++)
                {
                    bool IsSeen(int s) => (!c.Causal || s <= t) && (!c.IsMasked || (t * c.Length + s) % 3 != 1);
                    double Score(int s) => Enumerable.Range(0, c.Size).Sum(d => At(first, b * c.Length + t, h * c.Size + d, t)
                        * At(pairs, b * seen + s, start + h / group * c.Size + d, s)) / Math.Sqrt(c.Size);
                    double[] weights = [.. Enumerable.Range(0, seen).Select(s => IsSeen(s) ? Math.Exp(Score(s)) : 0)];
                    for (var d = 0; d < c.Size; d++)
                        heads[(b * c.Length + t) * width + h * c.Size + d] = Enumerable.Range(0, seen).Sum(s =>
                            weights[s] * pairs[b * seen + s, start + keys + h / group * c.Size + d]) / weights.Sum();
                }
        return [.. Product(heads, width, elements["attention/output/kernel"]).Cast<double>()];
    }

    [Fact]
    public void A_block_is_its_parts()
    {
        var x = _g.Input("x", F64[2, 5, 6]);
        var block = new TransformerBlock(3, "block", kernel: Draws, rotary: 10_000);
        var y = block.Apply(x);
        string[] kernels = [.. _g.ModelParameters.Select(p => p.Value.Name!)];
        Assert.Equal(["block/attention_norm/scale", "block/attention_norm/bias", "block/attention/qkv/kernel", "block/attention/qkv/bias",
            "block/attention/output/kernel", "block/attention/output/bias", "block/feed_forward_norm/scale", "block/feed_forward_norm/bias",
            "block/feed_forward/up/kernel", "block/feed_forward/up/bias", "block/feed_forward/down/kernel", "block/feed_forward/down/bias"],
            kernels);
        Assert.Equal(kernels.Order(), block.Variables.Select(v => v.Name!).Order());
        Assert.Equal((F64[6, 24], 12), (block.FeedForward!.Up!.Kernel.Type, block.Variables.Count));
        var h = x + block.Attention.Apply(x.Standardize(-1, 1e-5));
        var byHand = h + block.FeedForward!.Apply(h.Standardize(-1, 1e-5));
        using var function = _g.Function(("block", y), ("parts", byHand)).Compile();
        function.Run<double>(Drawn(60, 1));
        var (found, expected) = (function.Output<double>("block").ToArray(), function.Output<double>("parts").ToArray());
        for (var i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i], 1e-12);
        var elements = Elements;
        elements["x"] = Drawn(60, 1);
        foreach (var wrt in block.Variables.Where(v => v.Name!.EndsWith("kernel", StringComparison.Ordinal)).Append(x))
            (y.Sin() * y).Sum().CheckGradient(wrt, 1e-6, elements);
    }

    /// <summary>A model of a user's own learns to repeat what it saw two tokens before, which needs attention.</summary>
    [Fact]
    public void A_small_language_model_learns_to_copy()
    {
        const int Batch = 8, Length = 12, Tokens = 7;
        var tokens = _g.Input("tokens", I32[Batch, Length]);
        var targets = _g.Input("targets", I32[Batch * Length]);
        var embedding = new Embedding(Tokens, 32, "tokens", Initializer.Normal(deviation: 0.1f));
        var h = embedding.Apply(tokens).PositionEmbedding(Length)
            .TransformerBlock(4, gated: true, rootMeanSquare: true, keyValueHeads: 2).TransformerBlock(4, bias: false);
        var logits = h.LayerNorm().Reshape([Batch * Length, 32]).MatMul(embedding.Table.Transpose());
        using var step = _g.Minimize(logits.SoftmaxCrossEntropy(targets, ignoreIndex: -1).Mean(), new AdamW(3e-3)).Compile();
        var random = new Random(1);
        for (var i = 0; i < 400; i++)
        {
            int[] drawn = [.. Enumerable.Range(0, Batch * Length).Select(_ => random.Next(Tokens))];
            step.Run<int, int>(drawn, [.. drawn.Select((_, k) => k % Length < 2 ? -1 : drawn[k - 2])]);
        }
        Assert.InRange(step.Loss, 0, 0.2);
        Assert.Equal(["transformer_block/attention/qkv/kernel", "transformer_block_1/attention/qkv/kernel"], _g.ModelParameters
            .Select(p => p.Value.Name!).Where(n => n.EndsWith("qkv/kernel", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_does_not_fit_is_refused_at_its_line()
    {
        var (x, odd, flat) = (_g.Input("x", F32[2, 3, 6]), _g.Input("odd", F32[2, 3, 9]), _g.Input("flat", F32[2, 6]));
        var (i, none, wide) = (_g.Input("i", I32[2, 3, 6]), _g.Input("none", F32[2, 0, 6]), _g.Input("wide", F32[2, 3, 12]));
        var (other, mask) = (_g.Input("other", F32[3, 3, 6]), _g.Input("mask", Bool[2, 4]));
        _g.Refuses("SGC1011", () => _ = new MultiHeadAttention(0), "got 0");
        _g.Refuses("SGC1011", () => _ = new MultiHeadAttention(4, keyValueHeads: 3), "must divide 4 heads, got 3");
        _g.Refuses("SGC1011", () => _ = new MultiHeadAttention(4, rotary: 0.5), "got 0.5");
        _g.Refuses("SGC1011", () => _ = new MultiHeadAttention(4, dropout: 2), "the dropout rate is 2");
        _g.Refuses("SGC1002", () => x.MultiHeadAttention(4), "4 heads do not divide the width of %x");
        _g.Refuses("SGC1002", () => odd.MultiHeadAttention(3, rotary: 10_000), "each head of %odd");
        _g.Refuses("SGC1003", () => flat.MultiHeadAttention(2), "f32[2,6]");
        _g.Refuses("SGC1001", () => i.MultiHeadAttention(2), "floating point");
        _g.Refuses("SGC1002", () => none.MultiHeadAttention(2), "no positions");
        _g.Refuses("SGC1002", () => x.MultiHeadAttention(2, context: other), "does not fit");
        _g.Refuses("SGC1002", () => x.MultiHeadAttention(2, context: none), "the context has no positions");
        Assert.Throws<GraphException>(() => x.MultiHeadAttention(2, mask: mask));
        var layer = new MultiHeadAttention(2, "here");
        layer.Apply(x);
        _g.Refuses("SGC1002", () => layer.Apply(wide), "width of 6");
        _g.Refuses("SGC1011", () => layer.Apply(x, context: x), "without a context");
        _g.Refuses("SGC1011", () => _ = new TransformerBlock(0), "got 0");
        _g.Refuses("SGC1011", () => _ = new TransformerBlock(2, hidden: 0), "got 0");
        _g.Refuses("SGC1003", () => flat.TransformerBlock(2), "[batch, length, width]");
        _g.Refuses("SGC1002", () => x.TransformerBlock(4), "4 heads do not divide");
        _g.Refuses("SGC1002", () => none.TransformerBlock(2), "no positions");
    }
}
