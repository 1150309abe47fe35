using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Pools: reductions of windows over the spatial axes of a batch.</summary>
public static class PoolingSyntax
{
    extension(Value x)
    {
        /// <summary>The largest element of each window of x[batch, …, channels]; NaN if any is NaN.</summary>
        /// <remarks>Padding is never chosen; a window of nothing else (as dilation may have it) gives the lowest number of the type, -∞.
        /// Elements that tie share the gradient equally, as those of <see cref="ReduceMax"/>.</remarks>
        /// <param name="size">Taps of a window along each spatial axis, at least 1.</param>
        /// <param name="stride">Elements from a window to the next, at least 1; the size by default.</param>
        /// <param name="padding">Around x, on each side smaller than a window; none by default.</param>
        /// <param name="dilation">Elements from a tap to the next, at least 1; 1 by default.</param>
        /// <param name="ceiling">Whether elements that are left over at the end, or padding before them, have a window of their
        /// own.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is bool. SGC1002: a window larger than the padded x. SGC1003: x has no spatial
        /// axis. SGC1011: size, stride, padding, dilation or layout. SGC1012: too large.</exception>
        public Value MaxPool(PerAxis size, PerAxis stride = default, Padding padding = default, PerAxis dilation = default,
            bool ceiling = false, Layout layout = Layout.ChannelsLast, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(MaxPool), x, layout, new(file, line));
            call.CheckNumeric();
            var windows = WindowsOf(call, size, stride, padding, dilation, ceiling, layout);
            return call.Compose(() => windows.Over(x, x.DType.Lowest).Max(windows.Taps));
        }

        /// <summary>The mean of each window of x[batch, …, channels].</summary>
        /// <param name="size">Taps of a window along each spatial axis, at least 1.</param>
        /// <param name="stride">Elements from a window to the next, at least 1; the size by default.</param>
        /// <param name="padding">Zeros around x, on each side fewer than a window has; none by default.</param>
        /// <param name="countPadding">Whether a mean counts the padding in its window, as PyTorch's does by default; else it is that of
        /// x's elements, as TensorFlow's and Keras's.</param>
        /// <param name="ceiling">Whether elements that are left over at the end, or padding before them, have a window of their own; what
        /// it has beyond the padding is never counted.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: a window larger than the padded x. SGC1003: x has
        /// no spatial axis. SGC1011: size, stride, padding or layout. SGC1012: too large.</exception>
        public Value AveragePool(PerAxis size, PerAxis stride = default, Padding padding = default, bool countPadding = false,
            bool ceiling = false, Layout layout = Layout.ChannelsLast, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(AveragePool), x, layout, new(file, line));
            call.CheckFloating();
            var windows = WindowsOf(call, size, stride, padding, default, ceiling, layout);
            return call.Compose(() => Divided(windows.Over(x).Sum(windows.Taps), x, windows, countPadding, layout));
        }

        /// <summary>√Σx² of each window of x[batch, …, channels]; its derivative is 0 where all of a window is 0.</summary>
        /// <remarks>It is not divided by the window's size, as PyTorch's.</remarks>
        /// <param name="size">Taps of a window along each spatial axis, at least 1.</param>
        /// <param name="stride">Elements from a window to the next, at least 1; the size by default.</param>
        /// <param name="padding">Zeros around x, on each side fewer than a window has; none by default.</param>
        /// <param name="ceiling">Whether elements that are left over at the end, or padding before them, have a window of their
        /// own.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <inheritdoc cref="AveragePool" path="/exception"/>
        public Value L2Pool(PerAxis size, PerAxis stride = default, Padding padding = default, bool ceiling = false,
            Layout layout = Layout.ChannelsLast, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(L2Pool), x, layout, new(file, line));
            call.CheckFloating();
            var windows = WindowsOf(call, size, stride, padding, default, ceiling, layout);
            return call.Compose(() =>
            {
                var squares = windows.Over(x).Square().Sum(windows.Taps);
                var isZero = squares.Equal(0);
                return isZero.Select(squares.Constant(0), isZero.Select(squares.Constant(1), squares).Sqrt());
            });
        }

        /// <summary>The mean over all spatial axes of x[batch, …, channels]: [batch, channels].</summary>
        /// <param name="keepAxes">Whether the spatial axes stay, with size 1.</param>
        /// <param name="layout">Of x.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1003: x has no spatial axis. SGC1011: layout.</exception>
        public Value GlobalAveragePool(bool keepAxes = false, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(GlobalAveragePool), x, layout, new(file, line));
            call.CheckFloating();
            return x.Mean(SpatialWindows.SpatialAxes(x.Rank, layout), keepAxes, call.Location.File, call.Location.Line);
        }

        /// <summary>The largest element over all spatial axes of x[batch, …, channels]: [batch, channels].</summary>
        /// <param name="keepAxes">Whether the spatial axes stay, with size 1.</param>
        /// <param name="layout">Of x.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is bool. SGC1002: a spatial axis is empty. SGC1003: x has no spatial axis.
        /// SGC1011: layout.</exception>
        public Value GlobalMaxPool(bool keepAxes = false, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(GlobalMaxPool), x, layout, new(file, line));
            return x.Max(SpatialWindows.SpatialAxes(x.Rank, layout), keepAxes, call.Location.File, call.Location.Line);
        }
    }

    private static SpatialWindows WindowsOf(SpatialCall call, PerAxis size, PerAxis stride, Padding padding, PerAxis dilation,
        bool ceiling, Layout layout)
    {
        var axes = call.Operands[0].Rank - 2;
        var sizes = call.Numbers(nameof(size), size, axes, 0);
        var windows = SpatialWindows.Of(call, sizes, stride.IsDefault ? sizes : call.Numbers(nameof(stride), stride, axes, 1),
            call.Numbers(nameof(dilation), dilation, axes, 1), padding, layout, ceiling);
        for (var i = 0; i < axes; i++)
        {
            var at = i;
            call.Require(windows.Low[i] < windows.Windows.Extent(i) && windows.High[i] - windows.Overhang[i] < windows.Windows.Extent(i),
                DiagnosticCode.BadArgument, () => $"padding = {padding} must be smaller than a window, {windows.Windows.Extent(at)} "
                + $"elements along axis {windows.Windows.Axes[at]}");
        }
        return windows;
    }

    // Windows at the ends may have fewer elements than others.
    private static Value Divided(Value sums, Value x, SpatialWindows windows, bool countPadding, Layout layout)
    {
        var (size, counts) = (1.0, default(Value));
        for (var i = 0; i < windows.Count; i++)
        {
            if (windows.Counts(x, i, countPadding) is not { } along) size *= windows.Windows.Size[i];
            else
            {
                int[] behind = [.. Enumerable.Repeat(1, windows.Count - 1 - i + (layout == Layout.ChannelsLast ? 1 : 0))];
                along = along.Reshape([along.Shape[0], .. behind]);
                counts = counts is null ? along : counts * along;
            }
        }
        return counts is null ? sums * (1 / size) : sums / (size == 1 ? counts : counts * size);
    }
}
