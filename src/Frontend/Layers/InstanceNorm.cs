using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Instance normalization (Ulyanov et al. 2016): (x - mean) / √(variance + ε) · scale + bias with the mean and the variance of
/// each channel of each example, over all positions.</summary>
/// <remarks>Scale and bias are there unless they are left out; PyTorch's layer has none unless asked. It keeps no running
/// statistics.</remarks>
public sealed class InstanceNorm : ChannelNormalization
{
    private readonly double _epsilon;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="name">Prefix of the variables <c>name/scale</c> and <c>name/bias</c>, each [channels]; <c>instance_norm</c>,
    /// <c>instance_norm_1</c> and so on when null.</param>
    /// <param name="epsilon">Added to the variance, at least 0.</param>
    /// <param name="axis">The axis of channels, which is not the first; negative ones count from the end.</param>
    /// <param name="scale">Whether the result is scaled.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="scaleInitializer">First elements of the scale; ones when null.</param>
    /// <param name="biasInitializer">First elements of the bias; zeros when null.</param>
    /// <param name="trainable">Whether an optimizer changes scale and bias.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: a negative ε, or an initializer for what is left out.</exception>
    public InstanceNorm(string? name = null, double epsilon = 1e-5, int axis = -1, bool scale = true, bool bias = true,
        Initializer? scaleInitializer = null, Initializer? biasInitializer = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        : base(name, axis, minRank: 3, epsilon, new(scale, bias, scaleInitializer, biasInitializer), trainable, new(file, line)) =>
        _epsilon = epsilon;

    /// <inheritdoc/>
    protected override string Kind => "instance_norm";

    private protected override void CheckAxes(Value x, Location location)
    {
        base.CheckAxes(x, location);
        CheckNotBatch(x, location);
    }

    private protected override Value Normalize(Value x)
    {
        int[] axes = [.. Enumerable.Range(1, x.Rank - 1).Where(a => a != Axis(x.Rank))];
        return Transformed(x.Standardize(axes, _epsilon), p => AlongChannels(p, x));
    }
}

/// <summary>Instance normalization in one call.</summary>
public static class InstanceNormSyntax
{
    extension(Value x)
    {
        /// <summary>x normalized by the mean and the variance of each channel of an example: a new <see cref="Layers.InstanceNorm"/> layer
        /// applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1003: x has fewer than three axes. SGC1004: no such axis,
        /// or the first. SGC1006: name taken. SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: a negative ε, or an initializer
        /// for what is left out.</exception>
        /// <inheritdoc cref="Layers.InstanceNorm.InstanceNorm(string,double,int,bool,bool,Initializer,Initializer,bool,string,int)"
        /// path="/param"/>
        public Value InstanceNorm(string? name = null, double epsilon = 1e-5, int axis = -1, bool scale = true,
            bool bias = true, Initializer? scaleInitializer = null, Initializer? biasInitializer = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new InstanceNorm(name, epsilon, axis, scale, bias, scaleInitializer, biasInitializer, trainable,
                location.File, location.Line).Apply(x, file, line);
        }
    }
}
