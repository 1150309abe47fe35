using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace Gpt;

/// <summary>GPT-2 (Radford et al. 2019): each token's scores for the next one, from it and those before it. The output layer shares the
/// table of the tokens.</summary>
public sealed class LanguageModel
{
    private static readonly Initializer s_normal = Initializer.Normal(deviation: 0.02f);

    private readonly Embedding _tokens;
    private readonly PositionEmbedding _positions;
    private readonly TransformerBlock[] _blocks;
    private readonly LayerNorm _norm = new("norm", bias: false);

    public LanguageModel(int vocabulary, int context, int width, int heads, int blocks)
    {
        _tokens = new(vocabulary, width, "tokens", s_normal);
        _positions = new(context, "positions", s_normal);
        var output = Initializer.Normal(deviation: 0.02f / MathF.Sqrt(2 * blocks));
        _blocks = [.. Enumerable.Range(0, blocks).Select(i =>
            new TransformerBlock(heads, $"block{i}", bias: false, kernel: s_normal, outputKernel: output))];
    }

    /// <summary>Scores [batch · length, vocabulary] for tokens i32[batch, length].</summary>
    public Value Scores(Value tokens)
    {
        var h = _positions.Apply(_tokens.Apply(tokens));
        foreach (var block in _blocks) h = block.Apply(h);
        return ScoresOf(h);
    }

    /// <summary>Scores [batch, vocabulary] for tokens i32[batch, 1] at the position of a cache, which keeps what attention needs of those
    /// before.</summary>
    public Value NextScores(Value tokens, KeyValueCache cache)
    {
        var h = _tokens.Apply(tokens) + _positions.Table.Take(cache.Position.Reshape([1]));
        foreach (var block in _blocks) h = block.Decode(h, cache);
        return ScoresOf(h);
    }

    private Value ScoresOf(Value h)
    {
        h = _norm.Apply(h);
        return h.Reshape([-1, h.Shape[^1]]).MatMul(_tokens.Table.Transpose());
    }
}
