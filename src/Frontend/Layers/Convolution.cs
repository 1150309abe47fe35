using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>What the convolutional layers share: a kernel [taps…, channels / groups, filters], a bias [filters] and an
/// activation.</summary>
public abstract class Convolution : Layer
{
    private readonly int _axes;
    private readonly Initializer _kernelInitializer;
    private readonly Initializer? _biasInitializer;
    private readonly Func<Value, Value>? _activation;
    private Value? _kernel, _bias;

    /// <summary>The arguments of a layer, checked.</summary>
    private protected Convolution(int axes, Arguments arguments) : base(arguments.Name, arguments.Trainable)
    {
        (_axes, Given) = (axes, arguments);
        (_kernelInitializer, _activation) = (arguments.Kernel ?? Initializer.HeNormal, arguments.Activation);
        _biasInitializer = arguments.Bias ? arguments.BiasInitializer ?? Initializer.Zeros : null;
        if (arguments.Filters < 1) Refuse($"filters must be at least 1, got {arguments.Filters}");
        if (arguments.Groups < 1 || arguments.Filters % arguments.Groups != 0)
            Refuse($"groups must be at least 1 and divide the {arguments.Filters} filters, got {arguments.Groups}");
        if (!Enum.IsDefined(arguments.Layout)) Refuse($"{arguments.Layout} is no layout");
        if (!arguments.Bias && arguments.BiasInitializer is not null) Refuse("bias is false, so there is none to initialize");
        var numbers = arguments.Size.Numbers;
        if (arguments.Size.IsDefault) Refuse("size must be given");
        if (numbers.Length != 1 && numbers.Length != axes)
            Refuse($"size = {arguments.Size}, but there are {axes} spatial axes; give one number, or {axes}");
        if (numbers.Any(n => n < 1)) Refuse($"size = {arguments.Size} must be at least 1");
    }

    /// <summary>The arguments of a constructor.</summary>
    private protected sealed record Arguments(int Filters, PerAxis Size, PerAxis Stride, Padding Padding, PerAxis OutputPadding,
        PerAxis Dilation, int Groups, Layout Layout, string? Name, Initializer? Kernel, Func<Value, Value>? Activation, bool Bias,
        Initializer? BiasInitializer, bool Trainable, Location Location);

    private protected Arguments Given { get; }

    /// <summary>The kernel [taps…, channels / groups, filters].</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value Kernel => Applied(_kernel);

    /// <summary>The bias [filters]; null for a layer without one.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value? Bias => _biasInitializer is null ? null : Applied(_bias);

    private int ChannelAxis(int rank) => Given.Layout == Layout.ChannelsLast ? rank - 1 : 1;

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        if (x.Rank != _axes + 2)
            throw Error(DiagnosticCode.RankMismatch, $"needs a batch, {_axes} spatial axes and channels, got {x} : {x.Type}; reshape it",
                location);
        if (!x.DType.IsFloating)
            throw Error(DiagnosticCode.DTypeMismatch, $"needs floating point, got {x} : {x.Type}; convert it, as with ConvertTo(F32)",
                location);
        var channels = x.Shape[ChannelAxis(x.Rank)];
        if (channels % Given.Groups != 0)
            throw Error(DiagnosticCode.BadArgument, $"{Given.Groups} groups do not divide the {channels} channels of {x} : {x.Type}",
                location);
        if (Variables.Count == 0) return;
        if (x.DType != Kernel.DType)
            throw Error(DiagnosticCode.DTypeMismatch, $"it was built for {Kernel.DType}, got {x} : {x.Type}", location);
        if (channels / Given.Groups != Kernel.Shape[^2])
            throw Error(DiagnosticCode.ShapeMismatch, $"it was built for {Kernel.Shape[^2] * Given.Groups} channels, got {x} : {x.Type}",
                location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var numbers = Given.Size.Numbers;
        var taps = numbers.Length == 1 ? Enumerable.Repeat(numbers[0], _axes) : numbers;
        int[] kernel = [.. taps, input.Shape[ChannelAxis(input.Rank)] / Given.Groups, Given.Filters];
        _kernel = Variable("kernel", input.DType[kernel], _kernelInitializer);
        if (_biasInitializer is { } initializer) _bias = Variable("bias", input.DType[Given.Filters], initializer);
    }

    /// <summary>The convolution of x with the kernel.</summary>
    private protected abstract Value Convolve(Value x);

    /// <inheritdoc/>
    protected override Value Forward(Value x)
    {
        var y = Convolve(x);
        if (Bias is { } bias)
            y += Given.Layout == Layout.ChannelsLast ? bias : bias.Reshape([Given.Filters, .. Enumerable.Repeat(1, _axes)]);
        return _activation is null ? y : _activation(y)
            ?? throw Error(DiagnosticCode.BadArgument, "the activation gives null", y.Location);
    }

    private void Refuse(string message) => throw Error(DiagnosticCode.BadArgument, message, Given.Location);
}
