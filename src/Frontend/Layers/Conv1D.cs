using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>A convolution over one axis: x[batch, length, channels] becomes [batch, …, filters], as
/// <see cref="ConvolutionSyntax.Convolve"/> has it, plus a bias.</summary>
public sealed class Conv1D : Convolution
{
    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="filters">Number of channels of the result, at least 1.</param>
    /// <param name="size">Taps of the kernel along each spatial axis, at least 1.</param>
    /// <param name="stride">Elements from a window to the next, at least 1; 1 by default.</param>
    /// <param name="padding">Zeros around x; none by default.</param>
    /// <param name="dilation">Elements from a tap to the next, at least 1; 1 by default.</param>
    /// <param name="groups">Divides channels and filters into parts that are convolved by themselves.</param>
    /// <param name="layout">Where x and the result have their channels.</param>
    /// <param name="name">Prefix of the variables <c>name/kernel</c> [taps, channels / groups, filters] and <c>name/bias</c>
    /// [filters]; <c>conv1d</c>, <c>conv1d_1</c> and so on when null.</param>
    /// <param name="kernel">First elements of the kernel; He normal when null.</param>
    /// <param name="activation">Applied to the result, such as <c>h => h.Relu()</c>; none when null.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="biasInitializer">First elements of the bias; zeros when null.</param>
    /// <param name="trainable">Whether an optimizer changes kernel and bias.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: filters, size, groups or layout, or an initializer for no bias.</exception>
    public Conv1D(int filters, PerAxis size, PerAxis stride = default, Padding padding = default, PerAxis dilation = default,
        int groups = 1, Layout layout = Layout.ChannelsLast, string? name = null, Initializer? kernel = null,
        Func<Value, Value>? activation = null, bool bias = true, Initializer? biasInitializer = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        : base(1, new(size, stride, padding, default, dilation, groups, layout),
            new(filters, name, kernel, activation, bias, biasInitializer, trainable, new(file, line)))
    {
    }

    /// <inheritdoc/>
    protected override string Kind => "conv1d";

    private protected override Value Multiply(Value x) =>
        x.Convolve(Kernel, Given.Stride, Given.Padding, Given.Dilation, Given.Groups, Given.Layout);
}

/// <summary>Convolutions over one axis in one call.</summary>
public static class Conv1DSyntax
{
    extension(Value x)
    {
        /// <summary>Convolution + bias for x[batch, length, channels]: a new <see cref="Conv1D"/> layer applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: a kernel larger than the padded x.
        /// SGC1003: x has another rank. SGC1006: name taken. SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: filters, size,
        /// stride, padding, dilation, groups or layout, or an initializer for no bias. SGC1012: too large.</exception>
        /// <inheritdoc cref="Layers.Conv1D.Conv1D" path="/param"/>
        public Value Conv1D(int filters, PerAxis size, PerAxis stride = default, Padding padding = default, PerAxis dilation = default,
            int groups = 1, Layout layout = Layout.ChannelsLast, string? name = null, Initializer? kernel = null,
            Func<Value, Value>? activation = null, bool bias = true, Initializer? biasInitializer = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new Conv1D(filters, size, stride, padding, dilation, groups, layout, name, kernel, activation, bias,
                biasInitializer, trainable, location.File, location.Line).Apply(x, file, line);
        }
    }
}
