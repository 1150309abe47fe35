using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Convolutions: contractions of windows with a kernel [taps…, channels / groups, filters].</summary>
public static class ConvolutionSyntax
{
    extension(Value x)
    {
        /// <summary>Convolves x[batch, …, channels] with a kernel [taps…, channels / groups, filters], as neural networks do
        /// (cross-correlation): the result is [batch, …, filters]. It has as many spatial axes as the kernel has axes of taps.</summary>
        /// <remarks>Filters are in <paramref name="groups"/> equal parts, each of which reads its own part of the channels. No window is
        /// ever in memory: the contraction reads x. Gradients of every order.</remarks>
        /// <param name="kernel">Of x's element type, for example [3, 3, channels, filters].</param>
        /// <param name="stride">Elements from a window to the next, at least 1; 1 by default.</param>
        /// <param name="padding">Zeros around x; none by default.</param>
        /// <param name="dilation">Elements from a tap to the next, at least 1; 1 by default.</param>
        /// <param name="groups">Divides channels and filters; channels for a depthwise convolution.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: element types. SGC1002: channels, or a kernel larger than the padded x. SGC1003:
        /// ranks. SGC1008: a value of another builder. SGC1011: stride, padding, dilation, groups or layout. SGC1012: too
        /// large.</exception>
        public Value Convolve(Value kernel, PerAxis stride = default, Padding padding = default, PerAxis dilation = default,
            int groups = 1, Layout layout = Layout.ChannelsLast, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = Check(nameof(Convolve), x, kernel, groups, layout, new(file, line));
            var axes = kernel.Rank - 2;
            var windows = SpatialWindows.Of(call, Taps(call, kernel), call.Numbers(nameof(stride), stride, axes, 1),
                call.Numbers(nameof(dilation), dilation, axes, 1), padding, layout);
            return call.Compose(() => Contract(windows, windows.Padded(x), kernel, groups, layout));
        }

        /// <summary>The transpose of a convolution by position: each element of x[batch, …, channels] adds the kernel [taps…, channels /
        /// groups, filters], times itself, to the result [batch, …, filters], <paramref name="stride"/> apart.</summary>
        /// <remarks>It is what <see cref="Convolve"/>'s gradient is, with kernels of the same shape: size (n - 1)·stride + (taps -
        /// 1)·dilation + 1 - padding + output padding along an axis, or n·stride for <see cref="Padding.Same"/>.</remarks>
        /// <param name="kernel">Of x's element type.</param>
        /// <param name="stride">Elements of the result for one of x, at least 1; 1 by default.</param>
        /// <param name="padding">What is taken away around the result; nothing by default.</param>
        /// <param name="outputPadding">Elements that the result has more, after each axis: from 0 to below stride or dilation.</param>
        /// <param name="dilation">Elements from a tap to the next, at least 1; 1 by default.</param>
        /// <param name="groups">Divides channels and filters.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: element types. SGC1002: channels, or padding that leaves nothing. SGC1003: ranks.
        /// SGC1008: a value of another builder. SGC1011: stride, padding, output padding, dilation, groups or layout. SGC1012: too
        /// large.</exception>
        public Value ConvolveTranspose(Value kernel, PerAxis stride = default, Padding padding = default, PerAxis outputPadding = default,
            PerAxis dilation = default, int groups = 1, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = Check(nameof(ConvolveTranspose), x, kernel, groups, layout, new(file, line));
            var axes = kernel.Rank - 2;
            var spread = new SpreadOutput(call, Taps(call, kernel), call.Numbers(nameof(stride), stride, axes, 1),
                call.Numbers(nameof(dilation), dilation, axes, 1), padding,
                call.Numbers(nameof(outputPadding), outputPadding, axes, 0, least: 0), SpatialWindows.SpatialAxes(x.Rank, layout));
            return call.Compose(() =>
            {
                // The taps of the window that begins at an element of the result meet the kernel's in the opposite order.
                var reversed = kernel.Reverse(Enumerable.Range(0, axes).ToArray());
                return spread.Cropped(Contract(spread.Windows, spread.Spread(x), reversed, groups, layout));
            });
        }
    }

    private static SpatialCall Check(string name, Value x, Value kernel, int groups, Layout layout, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(kernel);
        var call = new SpatialCall(name, x.Builder.Pinned ?? location, x, kernel);
        call.CheckLayout(layout);
        call.Require(kernel.Rank == x.Rank, DiagnosticCode.RankMismatch, () => $"x has {x.Rank - 2} spatial axes, so the kernel needs "
            + $"{x.Rank} axes, [taps…, channels / groups, filters], got {kernel.Type}");
        call.Require(x.DType == kernel.DType, DiagnosticCode.DTypeMismatch,
            () => $"element types differ: {x.Type} and {kernel.Type}; convert one of them");
        call.CheckNumeric();
        var (channels, filters) = (x.Shape[layout == Layout.ChannelsLast ? ^1 : 1], kernel.Shape[^1]);
        call.Require(groups >= 1 && channels % groups == 0 && filters % groups == 0, DiagnosticCode.BadArgument,
            () => $"groups = {groups} must be at least 1 and divide the {channels} channels and the {filters} filters");
        call.Require(kernel.Shape[^2] == channels / groups, DiagnosticCode.ShapeMismatch, () => $"x has {channels} channels"
            + $"{(groups > 1 ? $", {channels / groups} in each of {groups} groups," : "")} on axis "
            + $"{(layout == Layout.ChannelsLast ? x.Rank - 1 : 1)}, and the kernel {kernel.Type} is for {kernel.Shape[^2]}");
        return call;
    }

    private static int[] Taps(SpatialCall call, Value kernel)
    {
        int[] taps = [.. kernel.Shape.SkipLast(2)];
        call.Require(taps.All(n => n >= 1), DiagnosticCode.ShapeMismatch, () => $"the kernel {kernel.Type} has no taps along an axis");
        return taps;
    }

    private static Value Contract(SpatialWindows windows, Value padded, Value kernel, int groups, Layout layout)
    {
        var isDepthwise = groups > 1 && kernel.Shape[^2] == 1;
        return (layout, isDepthwise) switch
        {
            (Layout.ChannelsLast, false) => ChannelsLast(windows, padded, kernel, groups),
            (Layout.ChannelsLast, true) => DepthwiseLast(windows, padded, kernel),
            (_, false) => ChannelsFirst(windows, padded, kernel, groups),
            (_, true) => DepthwiseFirst(windows, padded, kernel),
        };
    }

    // [n, positions, taps, c] · [taps, c, f]; with groups the channels are split before there are windows, which stay a view.
    private static Value ChannelsLast(SpatialWindows windows, Value x, Value kernel, int groups)
    {
        var (d, filters) = (windows.Count, kernel.Shape[^1]);
        var taps = Enumerable.Range(0, d).ToArray();
        if (groups == 1)
            return Dot(windows.Read(x), kernel, new([], [], [.. windows.Taps, 2 * d + 1], [.. taps, d]));
        var parts = windows.Read(x.Reshape([.. x.Shape.SkipLast(1), groups, x.Shape[^1] / groups]));
        var y = Dot(parts, Grouped(kernel, groups), new([2 * d + 1], [d + 1], [.. windows.Taps, 2 * d + 2], [.. taps, d]));
        y = y.Transpose([.. Enumerable.Range(1, d + 1), 0, d + 2]);
        return y.Reshape([.. y.Shape.SkipLast(2), filters]);
    }

    // [n, taps, c, f] · [n, c, positions, taps], the kernel being the same for all of the batch: the result needs no transpose.
    private static Value ChannelsFirst(SpatialWindows windows, Value x, Value kernel, int groups)
    {
        var (d, n, filters) = (windows.Count, x.Shape[0], kernel.Shape[^1]);
        var taps = Enumerable.Range(1, d).ToArray();
        if (groups == 1)
            return Dot(Repeated(kernel, n), windows.Read(x), new([0], [0], [.. taps, d + 1], [.. windows.Taps, 1]));
        var behind = windows.BehindGroups();
        var parts = behind.Read(x.Reshape([n, groups, x.Shape[1] / groups, .. x.Shape.Skip(2)]));
        var y = Dot(Repeated(Grouped(kernel, groups), n), parts, new([0, d + 2], [0, 1], [.. taps, d + 1], [.. behind.Taps, 2]));
        return y.Reshape([n, filters, .. y.Shape.Skip(3)]);
    }

    // A filter reads one channel, so that nothing is contracted but taps: a sum with lanes over channels.
    private static Value DepthwiseLast(SpatialWindows windows, Value x, Value kernel)
    {
        var (channels, filters) = (x.Shape[^1], kernel.Shape[^1]);
        var read = windows.Read(x);
        if (filters == channels) return (read * kernel.Squeeze(-2)).Sum(windows.Taps);
        var y = (read.ExpandDims(-1) * kernel.Reshape([.. kernel.Shape.SkipLast(2), channels, filters / channels])).Sum(windows.Taps);
        return y.Reshape([.. y.Shape.SkipLast(2), filters]);
    }

    private static Value DepthwiseFirst(SpatialWindows windows, Value x, Value kernel)
    {
        var (d, channels, filters) = (windows.Count, x.Shape[1], kernel.Shape[^1]);
        int[] taps = [.. kernel.Shape.SkipLast(2)], ones = [.. taps.Select(_ => 1)];
        var factors = kernel.Reshape([.. taps, channels, filters / channels]).Transpose([d, d + 1, .. Enumerable.Range(0, d)]);
        var behind = windows.BehindGroups();
        var y = (behind.Read(x.ExpandDims(2)) * factors.Reshape([channels, filters / channels, .. ones, .. taps])).Sum(behind.Taps);
        return y.Reshape([x.Shape[0], filters, .. y.Shape.Skip(3)]);
    }

    // [taps, c / groups, f] as [taps, c / groups, groups, f / groups].
    private static Value Grouped(Value kernel, int groups) =>
        kernel.Reshape([.. kernel.Shape.SkipLast(1), groups, kernel.Shape[^1] / groups]);

    private static Value Repeated(Value kernel, int batch) => kernel.Emit(Broadcast.Instance, default,
        Broadcast.Attributes(new Shape([batch, .. kernel.Shape]), Enumerable.Range(1, kernel.Rank)));

    private static Value Dot(Value x, Value y, DotGeneral.Axes axes) => x.Emit(DotGeneral.Instance, default, axes.Attributes, y);
}
