using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Attention of several heads (Vaswani et al. 2017) over x[batch, length, width], between the positions of x or from them to those
/// of a context. Each head has queries, keys and values of its own products of the width; their results, side by side, go through one more
/// product.</summary>
public sealed class MultiHeadAttention : Layer
{
    private readonly Arguments _given;
    private Dense? _query, _keyValue, _output;
    private Application _now = new();
    private int _width;

    /// <summary>What an application looks at, beside x.</summary>
    private sealed record Application(Value? Context = null, Value? Mask = null, KeyValueCache? Cache = null);

    private sealed record Arguments(int Heads, int KeyValueHeads, bool Causal, double? Rotary, double Dropout,
        double AttentionDropout, bool Bias, Initializer Kernel, Initializer Output);

    /// <summary>A layer that <see cref="Layer.Apply"/> applies to x alone, and <see cref="Apply(Value, Value, Value, string, int)"/> to x
    /// and a context, once or several times.</summary>
    /// <param name="heads">Heads of queries, at least 1; they divide the width.</param>
    /// <param name="name">Prefix of the variables <c>name/qkv/kernel</c> [width, width + 2·w], where w is the width of all keys,
    /// <c>name/output/kernel</c> [width, width], and their biases; with a context <c>name/query/kernel</c> and <c>name/key_value/kernel</c>
    /// take the place of the first. <c>attention</c>, <c>attention_1</c> and so on when null.</param>
    /// <param name="keyValueHeads">Heads of keys and values, each for as many neighbouring heads of queries (Ainslie et al. 2023): at least
    /// 1, and a divisor of <paramref name="heads"/>; as many when null.</param>
    /// <param name="causal">Whether a position sees those up to its own alone.</param>
    /// <param name="rotary">The base of the frequencies, such as 10,000, where queries and keys are turned by their positions
    /// (<see cref="RotarySyntax"/>); null where they are not.</param>
    /// <param name="dropout">Rate at which elements of the result are dropped in training, in 0..1.</param>
    /// <param name="attentionDropout">Rate at which a position's weights of others are dropped in training, in 0..1.</param>
    /// <param name="bias">Whether the products have a bias.</param>
    /// <param name="kernel">First elements of the kernels; normal with deviation 0.02 when null, as GPT-2's.</param>
    /// <param name="outputKernel">Of <c>output/kernel</c>, which adds to a residual stream; as the others when null.</param>
    /// <param name="trainable">Whether an optimizer changes its variables.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: heads that do not divide, or another argument out of range.</exception>
    public MultiHeadAttention(int heads, string? name = null, int? keyValueHeads = null, bool causal = false, double? rotary = null,
        double dropout = 0, double attentionDropout = 0, bool bias = true, Initializer? kernel = null, Initializer? outputKernel = null,
        bool trainable = true, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) : base(name, trainable)
    {
        var location = new Location(file, line);
        if (heads < 1) throw Error(DiagnosticCode.BadArgument, $"heads must be at least 1, got {heads}", location);
        if (keyValueHeads is { } shared && (shared < 1 || heads % shared != 0))
            throw Error(DiagnosticCode.BadArgument, $"keyValueHeads must divide {heads} heads, got {shared}", location);
        if (rotary is { } frequencyBase && !(frequencyBase > 1 && double.IsFinite(frequencyBase)))
            throw Error(DiagnosticCode.BadArgument, $"rotary is the base of its frequencies, above 1, got {frequencyBase}", location);
        CheckRate(dropout, location);
        CheckRate(attentionDropout, location);
        kernel ??= Initializer.Normal(deviation: 0.02f);
        _given = new(heads, keyValueHeads ?? heads, causal, rotary, dropout, attentionDropout, bias, kernel, outputKernel ?? kernel);
    }

    /// <inheritdoc/>
    protected override string Kind => "attention";

    /// <summary>The product that gives queries, and without a context also keys and values; null until the layer is applied.</summary>
    public Dense? Query => _query;

    /// <summary>The product that gives a context's keys and values; null without one.</summary>
    public Dense? KeyValue => _keyValue;

    /// <summary>The product of the heads' results; null until the layer is applied.</summary>
    public Dense? Output => _output;

    /// <summary>The layer's result for <paramref name="x"/>, which looks at <paramref name="context"/>. A layer is applied always with a
    /// context, or never.</summary>
    /// <param name="x">[batch, length, width].</param>
    /// <param name="context">[batch, another length, any width]; x itself when null.</param>
    /// <param name="mask">What each position sees, [batch or 1, heads or 1, length or 1, context's length or 1]: true where it sees, or a
    /// number to add to the score, of x's type. Everything when null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">As <see cref="Layer.Apply"/>, and as of the attention of a query.</exception>
    public Value Apply(Value x, Value? context, Value? mask = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        return Apply(x, new Application(context, mask), file, line);
    }

    /// <summary>The layer's result at one position of sequences, which looks at those before it as a cache keeps them: within rounding what
    /// <see cref="Layer.Apply"/> gives there for whole sequences.</summary>
    /// <param name="x">[batch, 1, width]: the sequences at <see cref="KeyValueCache.Position"/>.</param>
    /// <param name="cache">Gets the layer's keys and values.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">As <see cref="Layer.Apply"/>. SGC1002: x has several positions. SGC1006: the cache has keys and
    /// values of this layer. SGC1008: the cache is of another builder. SGC1011: the layer is not causal, or looks at a
    /// context.</exception>
    public Value Decode(Value x, KeyValueCache cache, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(cache);
        return Apply(x, new Application(Cache: cache), file, line);
    }

    private Value Apply(Value x, Application now, string file, int line)
    {
        _now = now;
        try
        {
            return Apply(x, file, line);
        }
        finally
        {
            _now = new();
        }
    }

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckSequence("x", x, location);
        if (_given.Rotary is not null && x.Shape[2] % _given.Heads == 0 && x.Shape[2] / _given.Heads % 2 != 0)
            throw Error(DiagnosticCode.ShapeMismatch,
                $"rotary turns pairs of elements, and each head of {x} : {x.Type} has {x.Shape[2] / _given.Heads}", location);
        if (x.Shape[2] % _given.Heads != 0)
            throw Error(DiagnosticCode.ShapeMismatch, $"{_given.Heads} heads do not divide the width of {x} : {x.Type}", location);
        if (_now.Cache is { } cache) CheckCache(cache, x, location);
        if (_now.Context is { } context)
        {
            CheckSequence("the context", context, location);
            if (context.Shape[0] != x.Shape[0] || context.DType != x.DType)
                throw Error(context.DType != x.DType ? DiagnosticCode.DTypeMismatch : DiagnosticCode.ShapeMismatch,
                    $"the context {context} : {context.Type} does not fit {x} : {x.Type}", location);
        }
        if (!IsBuilt) return;
        if (_keyValue is null != _now.Context is null)
            throw Error(DiagnosticCode.BadArgument, _now.Context is null ? "it was built for a context, and there is none"
                : "it was built without a context; another layer looks at one", location);
        if (x.Shape[2] != _width)
            throw Error(DiagnosticCode.ShapeMismatch, $"it was built for a width of {_width}, got {x} : {x.Type}", location);
    }

    private void CheckCache(KeyValueCache cache, Value x, Location location)
    {
        if (!cache.IsOf(x.Builder))
            throw Error(DiagnosticCode.ForeignValue, $"{x} is not of the graph that the cache \"{cache.Name}\" belongs to", location);
        if (!_given.Causal)
            throw Error(DiagnosticCode.BadArgument, "a position is computed before those after it, so the layer must be causal", location);
        if (x.Shape[1] != 1)
            throw Error(DiagnosticCode.ShapeMismatch, $"one position at a time is computed with a cache, got {x} : {x.Type}", location);
    }

    private void CheckSequence(string what, Value x, Location location)
    {
        if (x.Rank != 3) throw Error(DiagnosticCode.RankMismatch, $"{what} must be [batch, length, width], got {x} : {x.Type}", location);
        if (!x.DType.IsFloating) throw Error(DiagnosticCode.DTypeMismatch, $"{what} must be floating point, got {x} : {x.Type}", location);
        if (x.Shape[1] == 0) throw Error(DiagnosticCode.ShapeMismatch, $"{what} has no positions, got {x} : {x.Type}", location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _width = input.Shape[2];
        var keys = 2 * (_width / _given.Heads * _given.KeyValueHeads);
        Dense Product(int units, string name, Initializer kernel) =>
            Part(new Dense(units, name, kernel, bias: _given.Bias, trainable: IsTrainable));
        var isAlone = _now.Context is null;
        _query = Product(isAlone ? _width + keys : _width, isAlone ? "qkv" : "query", _given.Kernel);
        _keyValue = isAlone ? null : Product(keys, "key_value", _given.Kernel);
        _output = Product(_width, "output", _given.Output);
    }

    /// <inheritdoc/>
    protected override Value Forward(Value x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var size = _width / _given.Heads;
        var products = _query!.Apply(x);
        var pairs = _now.Context is null ? products : _keyValue!.Apply(_now.Context);
        var first = _now.Context is null ? _width : 0;
        // Side by side in the result of one product.
        Value Heads(Value all, int start, int heads) => all
            .Slice([0, 0, start], [all.Shape[0], all.Shape[1], start + heads * size]).Reshape([all.Shape[0], all.Shape[1], heads, size]);
        var (q, k, v) = (Heads(products, 0, _given.Heads), Heads(pairs, first, _given.KeyValueHeads),
            Heads(pairs, first + _given.KeyValueHeads * size, _given.KeyValueHeads));
        if (_given.Rotary is { } frequencyBase)
        {
            var positions = _now.Cache?.Position.Reshape([1]);
            (q, k) = (q.Rotary(positions, frequencyBase), k.Rotary(positions, frequencyBase));
        }
        var y = _now.Cache is not { } cache ? q.Attention(k, v, _given.AttentionDropout, _given.Causal, _now.Mask)
            : q.Attention(cache.Keep(Name, "keys", k, x.Location), cache.Keep(Name, "values", v, x.Location), mask: cache.Seen);
        return _output!.Apply(y.Reshape([x.Shape[0], x.Shape[1], _width])).Dropout(_given.Dropout);
    }
}

/// <summary>Attention layers in one call.</summary>
public static class MultiHeadAttentionSyntax
{
    extension(Value x)
    {
        /// <summary>Attention of several heads over x[batch, length, width]: a new <see cref="Layers.MultiHeadAttention"/> layer applied
        /// once, to x alone or to x and a context [batch, another length, any width], with a mask or without one. The other arguments are
        /// those of its constructor.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: heads that do not divide the width, an empty
        /// sequence, a context or a mask that does not fit. SGC1003: x or the context is no batch of sequences. SGC1006: name taken.
        /// SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: an argument is out of range.</exception>
        public Value MultiHeadAttention(int heads, Value? context = null, Value? mask = null, string? name = null,
            int? keyValueHeads = null, bool causal = false, double? rotary = null, double dropout = 0, double attentionDropout = 0,
            bool bias = true, Initializer? kernel = null, Initializer? outputKernel = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new MultiHeadAttention(heads, name, keyValueHeads, causal, rotary, dropout, attentionDropout, bias, kernel, outputKernel,
                trainable, location.File, location.Line).Apply(x, context, mask, file, line);
        }
    }
}
