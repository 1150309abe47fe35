using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend.Layers;

/// <summary>What fully connected and convolutional layers share: a kernel that multiplies the features of an input, a bias with a number
/// for each output, and an activation.</summary>
public abstract class KernelLayer : Layer
{
    private readonly Arguments _given;
    private Value? _kernel, _bias;
    private int _features;

    /// <summary>The arguments of a constructor, checked.</summary>
    private protected KernelLayer(Arguments arguments) : base(arguments.Name, arguments.Trainable)
    {
        _given = arguments;
        if (arguments.Outputs < 1) Refuse($"{OutputsName} must be at least 1, got {arguments.Outputs}");
        if (!arguments.Bias && arguments.BiasInitializer is not null) Refuse("bias is false, so there is none to initialize");
    }

    /// <summary>What the constructors have in common.</summary>
    private protected sealed record Arguments(int Outputs, string? Name, Initializer? Kernel, Func<Value, Value>? Activation, bool Bias,
        Initializer? BiasInitializer, bool Trainable, Location Location);

    /// <summary>The kernel, whose last axis is that of the outputs.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value Kernel => Applied(_kernel);

    /// <summary>The bias, a vector; null for a layer without one.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value? Bias => _given.Bias ? Applied(_bias) : null;

    /// <summary>What the layer calls its outputs.</summary>
    private protected abstract string OutputsName { get; }
    /// <summary>What the layer calls the features of an input.</summary>
    private protected abstract string FeaturesName { get; }

    /// <summary>Refuses a value of another rank, or whose features the layer cannot use.</summary>
    private protected abstract void CheckShape(Value x, Location location);
    /// <summary>How many features values of a type have.</summary>
    private protected abstract int FeaturesOf(TensorType input);
    /// <summary>The kernel's shape for these.</summary>
    private protected abstract Shape KernelFor(TensorType input, int outputs);
    /// <summary>What the kernel makes of x.</summary>
    private protected abstract Value Multiply(Value x);
    /// <summary>The bias in the shape in which it is added to that.</summary>
    private protected virtual Value AlongOutputs(Value bias) => bias;

    /// <inheritdoc/>
    protected sealed override void Check(Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckShape(x, location);
        if (!x.DType.IsFloating)
            throw Error(DiagnosticCode.DTypeMismatch, $"needs floating point, got {x} : {x.Type}; convert it, as with ConvertTo(F32)",
                location);
        if (Variables.Count == 0) return;
        if (x.DType != Kernel.DType)
            throw Error(DiagnosticCode.DTypeMismatch, $"it was built for {Kernel.DType}, got {x} : {x.Type}", location);
        if (FeaturesOf(x.Type) != _features)
            throw Error(DiagnosticCode.ShapeMismatch, $"it was built for {_features} {FeaturesName}, got {x} : {x.Type}", location);
    }

    /// <inheritdoc/>
    protected sealed override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _features = FeaturesOf(input);
        _kernel = Variable("kernel", input.With(KernelFor(input, _given.Outputs)), _given.Kernel ?? Initializer.HeNormal);
        if (_given.Bias) _bias = Variable("bias", input.DType[_given.Outputs], _given.BiasInitializer ?? Initializer.Zeros);
    }

    /// <inheritdoc/>
    protected sealed override Value Forward(Value x)
    {
        var y = Multiply(x);
        if (Bias is { } bias) y += AlongOutputs(bias);
        return _given.Activation is not { } activation ? y : activation(y)
            ?? throw Error(DiagnosticCode.BadArgument, "the activation gives null", y.Location);
    }

    /// <summary>Refuses an argument of the constructor.</summary>
    private protected void Refuse(string message) => throw Error(DiagnosticCode.BadArgument, message, _given.Location);
}
