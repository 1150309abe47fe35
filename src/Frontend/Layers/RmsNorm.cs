using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Root mean square normalization (Zhang and Sennrich 2019): x / √(mean of x² + ε) · scale along the last axes of each
/// example.</summary>
public sealed class RmsNorm : LastAxesNormalization
{
    private readonly double? _epsilon;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="name">Prefix of the variable <c>name/scale</c>, of the shape of the last axes; <c>rms_norm</c>, <c>rms_norm_1</c> and
    /// so on when null.</param>
    /// <param name="axes">How many axes are normalized over, counted from the end, at least 1.</param>
    /// <param name="epsilon">Added to the mean of squares, at least 0; when null the machine epsilon of the type that it is computed in, as
    /// PyTorch's.</param>
    /// <param name="scale">Whether the result is scaled.</param>
    /// <param name="scaleInitializer">First elements of the scale; ones when null.</param>
    /// <param name="trainable">Whether an optimizer changes the scale.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: fewer than one axis, a negative ε, or an initializer for what is left out.</exception>
    public RmsNorm(string? name = null, int axes = 1, double? epsilon = null, bool scale = true, Initializer? scaleInitializer = null,
        bool trainable = true, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        : base(name, axes, epsilon, new(scale, false, scaleInitializer, null), trainable, new(file, line)) =>
        _epsilon = epsilon;

    /// <inheritdoc/>
    protected override string Kind => "rms_norm";

    private protected override Value Normalize(Value x) =>
        Transformed(x.RmsNormalize(LastAxes, _epsilon), p => p);
}

/// <summary>Root mean square normalization in one call.</summary>
public static class RmsNormSyntax
{
    extension(Value x)
    {
        /// <summary>x over its root mean square along the last axes: a new <see cref="Layers.RmsNorm"/> layer applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1003: x has too few axes. SGC1006: name taken. SGC1008: x
        /// is not of a <see cref="GraphBuilder"/>. SGC1011: fewer than one axis, a negative ε, or an initializer for what is left
        /// out.</exception>
        /// <inheritdoc cref="Layers.RmsNorm.RmsNorm(string,int,double?,bool,Initializer,bool,string,int)" path="/param"/>
        public Value RmsNorm(string? name = null, int axes = 1, double? epsilon = null, bool scale = true,
            Initializer? scaleInitializer = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new RmsNorm(name, axes, epsilon, scale, scaleInitializer, trainable,
                location.File, location.Line).Apply(x, file, line);
        }
    }
}
