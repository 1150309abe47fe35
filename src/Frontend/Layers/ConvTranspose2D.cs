using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>A transposed convolution over two axes: x[batch, height, width, channels] becomes a larger [batch, …, filters],
/// as <see cref="ConvolutionSyntax.ConvolveTranspose"/> has it, plus a bias.</summary>
public sealed class ConvTranspose2D : Convolution
{
    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="filters">Number of channels of the result, at least 1.</param>
    /// <param name="size">Taps of the kernel along each spatial axis, at least 1.</param>
    /// <param name="stride">Elements of the result for one of x, at least 1; 1 by default.</param>
    /// <param name="padding">What is taken away around the result; none by default.</param>
    /// <param name="outputPadding">Elements that the result has more, after each axis; none by default.</param>
    /// <param name="dilation">Elements from a tap to the next, at least 1; 1 by default.</param>
    /// <param name="groups">Divides channels and filters into parts that are convolved by themselves.</param>
    /// <param name="layout">Where x and the result have their channels.</param>
    /// <param name="name">Prefix of the variables <c>name/kernel</c> [height, width, channels / groups, filters] and <c>name/bias</c>
    /// [filters]; <c>conv_transpose2d</c>, <c>conv_transpose2d_1</c> and so on when null.</param>
    /// <param name="kernel">First elements of the kernel; He normal when null.</param>
    /// <param name="activation">Applied to the result, such as <c>h => h.Relu()</c>; none when null.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="biasInitializer">First elements of the bias; zeros when null.</param>
    /// <param name="trainable">Whether an optimizer changes kernel and bias.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: filters, size, groups or layout, or an initializer for no bias.</exception>
    public ConvTranspose2D(int filters, PerAxis size, PerAxis stride = default, Padding padding = default,
        PerAxis outputPadding = default, PerAxis dilation = default, int groups = 1, Layout layout = Layout.ChannelsLast,
        string? name = null, Initializer? kernel = null, Func<Value, Value>? activation = null, bool bias = true,
        Initializer? biasInitializer = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        : base(2, new(size, stride, padding, outputPadding, dilation, groups, layout),
            new(filters, name, kernel, activation, bias, biasInitializer, trainable, new(file, line)))
    {
    }

    /// <inheritdoc/>
    protected override string Kind => "conv_transpose2d";

    private protected override Value Multiply(Value x) =>
        x.ConvolveTranspose(Kernel, Given.Stride, Given.Padding, Given.OutputPadding, Given.Dilation, Given.Groups,
            Given.Layout);
}

/// <summary>Transposed convolutions over two axes in one call.</summary>
public static class ConvTranspose2DSyntax
{
    extension(Value x)
    {
        /// <summary>The transposed convolution + bias for x[batch, height, width, channels]: a new <see cref="ConvTranspose2D"/> layer
        /// applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: padding that leaves nothing.
        /// SGC1003: x has another rank. SGC1006: name taken. SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: filters, size,
        /// stride, padding, output padding, dilation, groups or layout, or an initializer for no bias. SGC1012: too large.</exception>
        /// <inheritdoc cref="Layers.ConvTranspose2D.ConvTranspose2D" path="/param"/>
        public Value ConvTranspose2D(int filters, PerAxis size, PerAxis stride = default, Padding padding = default,
            PerAxis outputPadding = default, PerAxis dilation = default, int groups = 1, Layout layout = Layout.ChannelsLast,
            string? name = null, Initializer? kernel = null, Func<Value, Value>? activation = null, bool bias = true,
            Initializer? biasInitializer = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new ConvTranspose2D(filters, size, stride, padding, outputPadding, dilation, groups, layout, name, kernel, activation,
                bias, biasInitializer, trainable, location.File, location.Line).Apply(x, file, line);
        }
    }
}
