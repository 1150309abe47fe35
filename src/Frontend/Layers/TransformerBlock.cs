using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>A block of a transformer with its norms first, as GPT-2's: x + attention(norm(x)), and then x + feed_forward(norm(x)), for
/// x[batch, length, width].</summary>
public sealed class TransformerBlock : Layer
{
    private readonly Func<string, Layer> _norm;
    private readonly Func<MultiHeadAttention> _newAttention;
    private readonly Func<TensorType, FeedForward> _newFeedForward;
    private Layer? _attentionNorm, _feedForwardNorm;
    private MultiHeadAttention? _attention;
    private FeedForward? _feedForward;
    private KeyValueCache? _cache;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="heads">Heads of queries, at least 1; they divide the width.</param>
    /// <param name="name">Prefix of the variables <c>name/attention_norm/scale</c>, <c>name/attention/qkv/kernel</c>,
    /// <c>name/feed_forward_norm/scale</c>, <c>name/feed_forward/up/kernel</c> and so on, those of the layers that it is made of;
    /// <c>transformer_block</c>, <c>transformer_block_1</c> and so on when null.</param>
    /// <param name="hidden">Units of the feed-forward layer; four times the width when null.</param>
    /// <param name="keyValueHeads">As of <see cref="MultiHeadAttention"/>.</param>
    /// <param name="causal">Whether a position sees those up to its own alone.</param>
    /// <param name="rotary">As of <see cref="MultiHeadAttention"/>.</param>
    /// <param name="activation">Of the feed-forward layer; GELU when null, or SiLU where gated.</param>
    /// <param name="gated">As of <see cref="FeedForward"/>.</param>
    /// <param name="rootMeanSquare">Whether the norms are <see cref="RmsNorm"/>, in place of <see cref="LayerNorm"/>.</param>
    /// <param name="dropout">Rate at which elements of what is added to x are dropped in training, in 0..1.</param>
    /// <param name="attentionDropout">As of <see cref="MultiHeadAttention"/>.</param>
    /// <param name="bias">Whether products and layer norms have a bias.</param>
    /// <param name="kernel">First elements of the kernels; normal with deviation 0.02 when null, as GPT-2's.</param>
    /// <param name="outputKernel">Of the two kernels whose results are added to x; as the others when null. GPT-2's deviation is 0.02 /
    /// √(2·blocks).</param>
    /// <param name="trainable">Whether an optimizer changes its variables.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public TransformerBlock(int heads, string? name = null, int? hidden = null, int? keyValueHeads = null, bool causal = true,
        double? rotary = null, Func<Value, Value>? activation = null, bool gated = false, bool rootMeanSquare = false, double dropout = 0,
        double attentionDropout = 0, bool bias = true, Initializer? kernel = null, Initializer? outputKernel = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) : base(name, trainable)
    {
        _norm = part => rootMeanSquare ? new RmsNorm(part, trainable: trainable) : new LayerNorm(part, bias: bias, trainable: trainable);
        _newAttention = () => new(heads, "attention", keyValueHeads, causal, rotary, dropout, attentionDropout, bias, kernel,
            outputKernel, trainable, file, line);
        _newFeedForward = input => new(hidden ?? 4 * input.Shape[2], "feed_forward", activation, gated, bias, dropout, kernel,
            outputKernel, trainable, file, line);
        if (hidden < 1) throw Error(DiagnosticCode.BadArgument, $"hidden must be at least 1, got {hidden}", new(file, line));
        _attention = _newAttention(); // Refuses what is out of range here, before the first application.
    }

    /// <inheritdoc/>
    protected override string Kind => "transformer_block";

    /// <summary>Its attention.</summary>
    public MultiHeadAttention Attention => _attention!;

    /// <summary>Its feed-forward layer; null until the layer is applied.</summary>
    public FeedForward? FeedForward => _feedForward;

    /// <summary>The block's result at one position of sequences, whose attention looks at those before it as a cache keeps them: within
    /// rounding what <see cref="Layer.Apply"/> gives there for whole sequences.</summary>
    /// <param name="x">[batch, 1, width].</param>
    /// <param name="cache">As of <see cref="MultiHeadAttention.Decode"/>.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">As <see cref="Layer.Apply"/> and <see cref="MultiHeadAttention.Decode"/>.</exception>
    public Value Decode(Value x, KeyValueCache cache, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(cache);
        _cache = cache;
        try
        {
            return Apply(x, file, line);
        }
        finally
        {
            _cache = null;
        }
    }

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Rank != 3) throw Error(DiagnosticCode.RankMismatch, $"needs [batch, length, width], got {x} : {x.Type}", location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        (_attentionNorm, _attention) = (Part(_norm("attention_norm")), Part(_newAttention()));
        (_feedForwardNorm, _feedForward) = (Part(_norm("feed_forward_norm")), Part(_newFeedForward(input)));
    }

    /// <inheritdoc/>
    protected override Value Forward(Value x)
    {
        var normalized = _attentionNorm!.Apply(x);
        var h = x + (_cache is { } cache ? _attention!.Decode(normalized, cache) : _attention!.Apply(normalized));
        return h + _feedForward!.Apply(_feedForwardNorm!.Apply(h));
    }
}

/// <summary>Blocks of transformers in one call.</summary>
public static class TransformerBlockSyntax
{
    extension(Value x)
    {
        /// <summary>x[batch, length, width] through a new <see cref="Layers.TransformerBlock"/> layer, applied once. The arguments are
        /// those of its constructor.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: heads that do not divide the width, or an empty
        /// sequence. SGC1003: x is no batch of sequences. SGC1006: name taken. SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011:
        /// an argument is out of range.</exception>
        public Value TransformerBlock(int heads, string? name = null, int? hidden = null, int? keyValueHeads = null, bool causal = true,
            double? rotary = null, Func<Value, Value>? activation = null, bool gated = false, bool rootMeanSquare = false,
            double dropout = 0, double attentionDropout = 0, bool bias = true, Initializer? kernel = null,
            Initializer? outputKernel = null, bool trainable = true, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new TransformerBlock(heads, name, hidden, keyValueHeads, causal, rotary, activation, gated, rootMeanSquare, dropout,
                attentionDropout, bias, kernel, outputKernel, trainable, location.File, location.Line).Apply(x, file, line);
        }
    }
}
