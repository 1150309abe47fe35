using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>The part of a transformer that treats each position by itself: activation(x·up)·down for x[…, width] is […, width]; gated,
/// (activation(x·gate) ⊙ (x·up))·down (Shazeer 2020).</summary>
public sealed class FeedForward : Layer
{
    private readonly Arguments _given;
    private Dense? _up, _down;

    private sealed record Arguments(int Hidden, Func<Value, Value> Activation, bool Gated, bool Bias, double Dropout, Initializer Kernel,
        Initializer Output);

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="hidden">Units between the two products, at least 1.</param>
    /// <param name="name">Prefix of the variables <c>name/up/kernel</c> [width, hidden], <c>name/up/bias</c>, <c>name/down/kernel</c>
    /// [hidden, width] and <c>name/down/bias</c>; <c>feed_forward</c>, <c>feed_forward_1</c> and so on when null.</param>
    /// <param name="activation">Of the units; GELU when null, or SiLU where gated.</param>
    /// <param name="gated">Whether each unit is multiplied by the activation of another: <c>up/kernel</c> is then [width, 2·hidden], the
    /// gates first, and one product gives both.</param>
    /// <param name="bias">Whether both products have a bias.</param>
    /// <param name="dropout">Rate at which elements of the result are dropped in training, in 0..1.</param>
    /// <param name="kernel">First elements of the kernels; normal with deviation 0.02 when null, as GPT-2's.</param>
    /// <param name="outputKernel">Of <c>down/kernel</c>, which adds to a residual stream; as the other when null.</param>
    /// <param name="trainable">Whether an optimizer changes its variables.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: fewer than one unit, or a rate that is not in 0..1.</exception>
    public FeedForward(int hidden, string? name = null, Func<Value, Value>? activation = null, bool gated = false, bool bias = true,
        double dropout = 0, Initializer? kernel = null, Initializer? outputKernel = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) : base(name, trainable)
    {
        var location = new Location(file, line);
        if (hidden < 1 || hidden > int.MaxValue / 2)
            throw Error(DiagnosticCode.BadArgument, $"hidden must be at least 1, got {hidden}", location);
        CheckRate(dropout, location);
        kernel ??= Initializer.Normal(deviation: 0.02f);
        _given = new(hidden, activation ?? (gated ? h => h.Silu() : h => h.Gelu()), gated, bias, dropout, kernel, outputKernel ?? kernel);
    }

    /// <inheritdoc/>
    protected override string Kind => "feed_forward";

    /// <summary>The product before the activation; null until the layer is applied.</summary>
    public Dense? Up => _up;

    /// <summary>The product after the activation; null until the layer is applied.</summary>
    public Dense? Down => _down;

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Rank < 2) throw Error(DiagnosticCode.RankMismatch, $"needs [batch, …, width], got {x} : {x.Type}", location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Dense Product(int units, string name, Initializer kernel) =>
            Part(new Dense(units, name, kernel, bias: _given.Bias, trainable: IsTrainable));
        _up = Product(_given.Gated ? 2 * _given.Hidden : _given.Hidden, "up", _given.Kernel);
        _down = Product(input.Shape[^1], "down", _given.Output);
    }

    /// <inheritdoc/>
    protected override Value Forward(Value x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var h = _up!.Apply(x);
        Value Units(int start) => h.Slice([.. new int[h.Rank - 1], start], [.. h.Shape.SkipLast(1), start + _given.Hidden]);
        var activated = _given.Activation(_given.Gated ? Units(0) : h)
            ?? throw Error(DiagnosticCode.BadArgument, "the activation gives null", h.Location);
        return _down!.Apply(_given.Gated ? activated * Units(_given.Hidden) : activated).Dropout(_given.Dropout);
    }
}

/// <summary>Feed-forward layers in one call.</summary>
public static class FeedForwardSyntax
{
    extension(Value x)
    {
        /// <summary>activation(x·up)·down for x[…, width]: a new <see cref="Layers.FeedForward"/> layer applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1003: x has fewer than two axes. SGC1006: name taken.
        /// SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: fewer than one unit, or a rate that is not in 0..1.</exception>
        /// <inheritdoc
        /// cref="Layers.FeedForward.FeedForward(int,string,Func{Value,Value},bool,bool,double,Initializer,Initializer,bool,string,int)"
        /// path="/param"/>
        public Value FeedForward(int hidden, string? name = null, Func<Value, Value>? activation = null, bool gated = false,
            bool bias = true, double dropout = 0, Initializer? kernel = null, Initializer? outputKernel = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new FeedForward(hidden, name, activation, gated, bias, dropout, kernel, outputKernel, trainable,
                location.File, location.Line).Apply(x, file, line);
        }
    }
}
