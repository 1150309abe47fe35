using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Layer normalization (Ba et al. 2016): (x - mean) / √(variance + ε) · scale + bias with the mean and the variance along the last
/// axes of each example.</summary>
public sealed class LayerNorm : LastAxesNormalization
{
    private readonly double _epsilon;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="name">Prefix of the variables <c>name/scale</c> and <c>name/bias</c>, each of the shape of the last axes;
    /// <c>layer_norm</c>, <c>layer_norm_1</c> and so on when null.</param>
    /// <param name="axes">How many axes are normalized over, counted from the end, at least 1.</param>
    /// <param name="epsilon">Added to the variance, at least 0.</param>
    /// <param name="scale">Whether the result is scaled.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="scaleInitializer">First elements of the scale; ones when null.</param>
    /// <param name="biasInitializer">First elements of the bias; zeros when null.</param>
    /// <param name="trainable">Whether an optimizer changes scale and bias.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: fewer than one axis, a negative ε, or an initializer for what is left out.</exception>
    public LayerNorm(string? name = null, int axes = 1, double epsilon = 1e-5, bool scale = true, bool bias = true,
        Initializer? scaleInitializer = null, Initializer? biasInitializer = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        : base(name, axes, epsilon, new(scale, bias, scaleInitializer, biasInitializer), trainable, new(file, line)) =>
        _epsilon = epsilon;

    /// <inheritdoc/>
    protected override string Kind => "layer_norm";

    private protected override Value Normalize(Value x) => Transformed(x.Standardize(LastAxes, _epsilon), p => p);
}

/// <summary>Layer normalization in one call.</summary>
public static class LayerNormSyntax
{
    extension(Value x)
    {
        /// <summary>x normalized along its last axes: a new <see cref="Layers.LayerNorm"/> layer applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1003: x has too few axes. SGC1006: name taken. SGC1008: x
        /// is not of a <see cref="GraphBuilder"/>. SGC1011: fewer than one axis, a negative ε, or an initializer for what is left
        /// out.</exception>
        /// <inheritdoc cref="Layers.LayerNorm.LayerNorm(string,int,double,bool,bool,Initializer,Initializer,bool,string,int)"
        /// path="/param"/>
        public Value LayerNorm(string? name = null, int axes = 1, double epsilon = 1e-5, bool scale = true,
            bool bias = true, Initializer? scaleInitializer = null, Initializer? biasInitializer = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new LayerNorm(name, axes, epsilon, scale, bias, scaleInitializer, biasInitializer, trainable,
                location.File, location.Line).Apply(x, file, line);
        }
    }
}
