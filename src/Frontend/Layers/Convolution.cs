using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>What the convolutional layers share: a kernel [taps…, channels / groups, filters], a bias [filters] and an
/// activation.</summary>
public abstract class Convolution : KernelLayer
{
    private readonly int _axes;

    /// <summary>The arguments of a layer, checked.</summary>
    private protected Convolution(int axes, SpatialArguments given, Arguments arguments) : base(arguments)
    {
        (_axes, Given) = (axes, given);
        if (given.Groups < 1 || arguments.Outputs % given.Groups != 0)
            Refuse($"groups must be at least 1 and divide the {arguments.Outputs} filters, got {given.Groups}");
        if (!Enum.IsDefined(given.Layout)) Refuse($"{given.Layout} is no layout");
        var numbers = given.Size.Numbers;
        if (given.Size.IsDefault) Refuse("size must be given");
        if (numbers.Length != 1 && numbers.Length != axes)
            Refuse($"size = {given.Size}, but there are {axes} spatial axes; give one number, or {axes}");
        if (numbers.Any(n => n < 1)) Refuse($"size = {given.Size} must be at least 1");
    }

    /// <summary>The arguments of a constructor that say where windows are.</summary>
    private protected sealed record SpatialArguments(PerAxis Size, PerAxis Stride, Padding Padding, PerAxis OutputPadding,
        PerAxis Dilation, int Groups, Layout Layout);

    private protected SpatialArguments Given { get; }

    private protected sealed override string OutputsName => "filters";
    private protected sealed override string FeaturesName => "channels";

    private protected sealed override void CheckShape(Value x, Location location)
    {
        if (x.Rank != _axes + 2)
            throw Error(DiagnosticCode.RankMismatch, $"needs a batch, {_axes} spatial axes and channels, got {x} : {x.Type}; reshape it",
                location);
        if (FeaturesOf(x.Type) % Given.Groups != 0)
            throw Error(DiagnosticCode.BadArgument,
                $"{Given.Groups} groups do not divide the {FeaturesOf(x.Type)} channels of {x} : {x.Type}", location);
    }

    private protected sealed override int FeaturesOf(TensorType input) =>
        input.Shape[Given.Layout == Layout.ChannelsLast ? input.Rank - 1 : 1];

    private protected sealed override Shape KernelFor(TensorType input, int outputs)
    {
        var numbers = Given.Size.Numbers;
        var taps = numbers.Length == 1 ? Enumerable.Repeat(numbers[0], _axes) : numbers;
        return new([.. taps, FeaturesOf(input) / Given.Groups, outputs]);
    }

    private protected sealed override Value AlongOutputs(Value bias) => Given.Layout == Layout.ChannelsLast ? bias
        : bias.Reshape([bias.Shape[0], .. Enumerable.Repeat(1, _axes)]);
}
