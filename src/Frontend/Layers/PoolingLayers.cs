using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Pools over a stated number of spatial axes, each as the one of <see cref="PoolingSyntax"/> for any number of them.</summary>
public static class PoolingLayerSyntax
{
    extension(Value x)
    {
        /// <summary>The largest element of each window of x[batch, length, channels].</summary>
        /// <inheritdoc cref="PoolingSyntax.MaxPool"/>
        public Value MaxPool1D(PerAxis size, PerAxis stride = default, Padding padding = default,
            PerAxis dilation = default, bool ceiling = false, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Checked(x, 1, new(file, line)).MaxPool(size, stride, padding, dilation, ceiling, layout, file, line);

        /// <summary>The largest element of each window of x[batch, height, width, channels].</summary>
        /// <inheritdoc cref="PoolingSyntax.MaxPool"/>
        public Value MaxPool2D(PerAxis size, PerAxis stride = default, Padding padding = default,
            PerAxis dilation = default, bool ceiling = false, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Checked(x, 2, new(file, line)).MaxPool(size, stride, padding, dilation, ceiling, layout, file, line);

        /// <summary>The largest element of each window of x[batch, depth, height, width, channels].</summary>
        /// <inheritdoc cref="PoolingSyntax.MaxPool"/>
        public Value MaxPool3D(PerAxis size, PerAxis stride = default, Padding padding = default,
            PerAxis dilation = default, bool ceiling = false, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Checked(x, 3, new(file, line)).MaxPool(size, stride, padding, dilation, ceiling, layout, file, line);

        /// <summary>The mean of each window of x[batch, length, channels].</summary>
        /// <inheritdoc cref="PoolingSyntax.AveragePool"/>
        public Value AveragePool1D(PerAxis size, PerAxis stride = default, Padding padding = default,
            bool countPadding = false, bool ceiling = false, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Checked(x, 1, new(file, line)).AveragePool(size, stride, padding, countPadding, ceiling, layout, file, line);

        /// <summary>The mean of each window of x[batch, height, width, channels].</summary>
        /// <inheritdoc cref="PoolingSyntax.AveragePool"/>
        public Value AveragePool2D(PerAxis size, PerAxis stride = default, Padding padding = default,
            bool countPadding = false, bool ceiling = false, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Checked(x, 2, new(file, line)).AveragePool(size, stride, padding, countPadding, ceiling, layout, file, line);

        /// <summary>The mean of each window of x[batch, depth, height, width, channels].</summary>
        /// <inheritdoc cref="PoolingSyntax.AveragePool"/>
        public Value AveragePool3D(PerAxis size, PerAxis stride = default, Padding padding = default,
            bool countPadding = false, bool ceiling = false, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Checked(x, 3, new(file, line)).AveragePool(size, stride, padding, countPadding, ceiling, layout, file, line);
    }

    private static Value Checked(Value x, int axes, Location location, [CallerMemberName] string name = "")
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Rank == axes + 2 ? x : throw new GraphException(DiagnosticCode.RankMismatch,
            $"{name}: needs a batch, {axes} spatial axes and channels, got {x} : {x.Type}; reshape it", x.Builder.Pinned ?? location);
    }
}
