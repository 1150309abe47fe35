using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>What normalizations share: their result times <c>name/scale</c> plus <c>name/bias</c>, either of which can be left
/// out.</summary>
/// <remarks>Types of fewer than 32 bits are computed in f32 and rounded once.</remarks>
public abstract class Normalization : Layer
{
    private readonly Affine _affine;
    private Value? _scale, _bias;
    private TensorType? _built;

    /// <summary>Whether there is a scale and a bias, and what they start from: ones and zeros when null.</summary>
    private protected readonly record struct Affine(bool Scale, bool Bias, Initializer? ScaleInitializer, Initializer? BiasInitializer);

    /// <exception cref="GraphException">SGC1011: ε is negative or not finite, or an initializer is for what is left out.</exception>
    private protected Normalization(string? name, double? epsilon, Affine affine, bool trainable, Location location) : base(name, trainable)
    {
        if (epsilon is { } e && !(e >= 0 && double.IsFinite(e)))
            throw Error(DiagnosticCode.BadArgument, $"epsilon must be 0 or more, got {e}", location);
        if (!affine.Scale && affine.ScaleInitializer is not null)
            throw Error(DiagnosticCode.BadArgument, "scale is false, so there is none to initialize", location);
        if (!affine.Bias && affine.BiasInitializer is not null)
            throw Error(DiagnosticCode.BadArgument, "bias is false, so there is none to initialize", location);
        _affine = affine;
    }

    /// <summary>The scale; null for a layer without one.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value? Scale => _affine.Scale ? Applied(_scale) : null;

    /// <summary>The bias; null for a layer without one.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value? Bias => _affine.Bias ? Applied(_bias) : null;

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (!x.DType.IsFloating) throw Error(DiagnosticCode.DTypeMismatch, $"needs floating point, got {x} : {x.Type}", location);
        CheckAxes(x, location);
        if (_built is null || Variables.Count == 0) return;
        if (x.DType != _built.DType)
            throw Error(DiagnosticCode.DTypeMismatch, $"it was built for {_built.DType}, got {x} : {x.Type}", location);
        if (ParameterShape(x.Shape) != _built.Shape)
            throw Error(DiagnosticCode.ShapeMismatch,
                $"it was built for {_built.Shape}, and {x} : {x.Type} has {ParameterShape(x.Shape)} there", location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _built = input.With(ParameterShape(input.Shape));
        if (_affine.Scale) _scale = Variable("scale", _built, _affine.ScaleInitializer ?? Initializer.Ones);
        if (_affine.Bias) _bias = Variable("bias", _built, _affine.BiasInitializer ?? Initializer.Zeros);
    }

    /// <inheritdoc/>
    protected override Value Forward(Value x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return As(x.DType, Normalize(As(ComputedIn(x.DType), x)));
    }

    /// <summary>Refuses a value that lacks the axes that are normalized over.</summary>
    private protected abstract void CheckAxes(Value x, Location location);

    /// <summary>The shape of scale and bias.</summary>
    private protected abstract Shape ParameterShape(Shape input);

    /// <summary>The result for x, which is of at least 32 bits.</summary>
    private protected abstract Value Normalize(Value x);

    /// <summary>The type of statistics.</summary>
    private protected static DType ComputedIn(DType type) => type.Bits < 32 ? DType.F32 : type;

    /// <summary>x in another type, or x itself.</summary>
    private protected static Value As(DType type, Value x) => x.DType == type ? x : x.ConvertTo(type);

    /// <summary>y times the scale, plus the bias, each as <paramref name="shaped"/> makes it broadcast.</summary>
    private protected Value Transformed(Value y, Func<Value, Value> shaped)
    {
        if (Scale is { } scale) y *= shaped(As(y.DType, scale));
        return Bias is { } bias ? y + shaped(As(y.DType, bias)) : y;
    }
}

/// <summary>What normalizations along the last axes share.</summary>
public abstract class LastAxesNormalization : Normalization
{
    private readonly int _count;

    private protected LastAxesNormalization(string? name, int count, double? epsilon, Affine affine, bool trainable, Location location)
        : base(name, epsilon, affine, trainable, location) => _count = count >= 1 ? count
            : throw Error(DiagnosticCode.BadArgument, $"axes is how many of the last are normalized over, got {count}", location);

    /// <summary>The axes, counted from the end.</summary>
    private protected Axes LastAxes => Enumerable.Range(-_count, _count).ToArray();

    private protected sealed override Shape ParameterShape(Shape input) => new(input.Sizes[^_count..]);

    private protected sealed override void CheckAxes(Value x, Location location)
    {
        if (x.Rank < _count)
            throw Error(DiagnosticCode.RankMismatch, $"normalizes over the last {_count} axes, got {x} : {x.Type}", location);
    }
}

/// <summary>What normalizations of channels share: the axis that those are along.</summary>
public abstract class ChannelNormalization : Normalization
{
    private readonly int _axis;
    private readonly int _minRank;

    private protected ChannelNormalization(string? name, int axis, int minRank, double epsilon, Affine affine, bool trainable,
        Location location)
        : base(name, epsilon, affine, trainable, location) => (_axis, _minRank) = (axis, minRank);

    private protected sealed override Shape ParameterShape(Shape input) => new(input[Axis(input.Rank)]);

    /// <summary>The axis of channels, counted from 0.</summary>
    private protected int Axis(int rank) => _axis < 0 ? _axis + rank : _axis;

    private protected override void CheckAxes(Value x, Location location)
    {
        if (x.Rank < _minRank)
            throw Error(DiagnosticCode.RankMismatch,
                $"needs {(_minRank == 2 ? "[batch, …, channels]" : "[batch, positions, …, channels]")}, got {x} : {x.Type}", location);
        if (Axis(x.Rank) is var axis && (axis < 0 || axis >= x.Rank))
            throw Error(DiagnosticCode.BadAxis, $"{x} : {x.Type} has no axis {_axis}, which channels are to be along", location);
    }

    /// <summary>Refuses channels along the axis of examples, for statistics of each example.</summary>
    private protected void CheckNotBatch(Value x, Location location)
    {
        if (Axis(x.Rank) == 0)
            throw Error(DiagnosticCode.BadAxis,
                $"axis {_axis} of {x} : {x.Type} is that of examples; channels are along another", location);
    }

    /// <summary>A number for each channel as what broadcasts to x.</summary>
    private protected Value AlongChannels(Value channels, Value x)
    {
        var after = x.Rank - 1 - Axis(x.Rank);
        return after == 0 ? channels : channels.Reshape([channels.Shape[0], .. Enumerable.Repeat(1, after)]);
    }
}
