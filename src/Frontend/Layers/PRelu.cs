using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Parametric ReLU (He et al. 2015): x where it is above 0, else slope·x, the slope being learned.</summary>
public sealed class PRelu : Layer
{
    private readonly bool _perChannel;
    private readonly Initializer _initializer;
    private Value? _slope;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="name">Prefix of the variable <c>name/slope</c>; <c>prelu</c>, <c>prelu_1</c> and so on when null.</param>
    /// <param name="perChannel">Whether each element of the last axis has a slope of its own, rather than all of them one.</param>
    /// <param name="slope">First slopes; 0.25 when null, as PyTorch's.</param>
    /// <param name="trainable">Whether an optimizer changes them.</param>
    public PRelu(string? name = null, bool perChannel = false, Initializer? slope = null, bool trainable = true) : base(name, trainable) =>
        (_perChannel, _initializer) = (perChannel, slope ?? Initializer.Constant(0.25f));

    /// <inheritdoc/>
    protected override string Kind => "prelu";

    /// <summary>The slopes: one number, or one for each channel.</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value Slope => Applied(_slope);

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (!x.DType.IsFloating) throw Error(DiagnosticCode.DTypeMismatch, $"needs floating point, got {x} : {x.Type}", location);
        if (_perChannel && x.Rank == 0) throw Error(DiagnosticCode.RankMismatch, $"needs channels, got {x} : {x.Type}", location);
        if (Variables.Count == 0) return;
        if (x.DType != Slope.DType)
            throw Error(DiagnosticCode.DTypeMismatch, $"it was built for {Slope.DType}, got {x} : {x.Type}", location);
        if (_perChannel && x.Shape[^1] != Slope.Shape[0])
            throw Error(DiagnosticCode.ShapeMismatch, $"it was built for {Slope.Shape[0]} channels, got {x} : {x.Type}", location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _slope = Variable("slope", _perChannel ? input.DType[input.Shape[^1]] : input.DType.Scalar, _initializer);
    }

    /// <inheritdoc/>
    protected override Value Forward(Value x) => x.PRelu(Slope);
}

/// <summary>Parametric ReLU in one call.</summary>
public static class PReluSyntax
{
    extension(Value x)
    {
        /// <summary>x where it is above 0, else slope·x: a new <see cref="Layers.PRelu"/> layer applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1003: x is a scalar, and has no channels. SGC1006: name
        /// taken. SGC1008: x is not of a <see cref="GraphBuilder"/>.</exception>
        /// <inheritdoc cref="Layers.PRelu.PRelu(string,bool,Initializer,bool)" path="/param"/>
        public Value PRelu(string? name = null, bool perChannel = false, Initializer? slope = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new PRelu(name, perChannel, slope, trainable).Apply(x, file, line);
    }
}
