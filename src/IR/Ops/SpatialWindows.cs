using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>The windows of a convolution or pool over the spatial axes of a batch, and the padding that they need.</summary>
/// <param name="Windows">Over the padded tensor.</param>
/// <param name="Low">Padding before each spatial axis.</param>
/// <param name="High">Padding after it.</param>
/// <param name="Overhang">How much of that only the last window needs that a ceiling adds.</param>
internal sealed record SpatialWindows(Window.Geometry Windows, int[] Low, int[] High, int[] Overhang)
{
    /// <summary>Number of spatial axes.</summary>
    public int Count => Low.Length;

    /// <summary>The spatial axes of a tensor.</summary>
    public static int[] SpatialAxes(int rank, Layout layout) => [.. Enumerable.Range(layout == Layout.ChannelsLast ? 1 : 2, rank - 2)];

    /// <summary>The axes of the taps in what <see cref="Over"/> gives.</summary>
    public int[] Taps => [.. Enumerable.Range(Windows.FirstTap, Count)];

    /// <summary>The windows of the call's first operand, checked.</summary>
    /// <param name="call">Named in errors.</param>
    /// <param name="size">Taps along each spatial axis, at least 1.</param>
    /// <param name="stride">Elements from a window to the next, at least 1.</param>
    /// <param name="dilation">Elements from a tap to the next, at least 1.</param>
    /// <param name="padding">What stands around the tensor.</param>
    /// <param name="layout">Where its channels are.</param>
    /// <param name="ceiling">Whether a last window may begin within the tensor and end outside of the padding.</param>
    public static SpatialWindows Of(SpatialCall call, int[] size, int[] stride, int[] dilation, Padding padding, Layout layout,
        bool ceiling = false)
    {
        var x = call.Operands[0];
        var axes = SpatialAxes(x.Rank, layout);
        var windows = new Window.Geometry(axes, size, stride, dilation);
        var pads = Explicit(call, padding, axes.Length);
        var (low, high, overhang) = (new int[axes.Length], new int[axes.Length], new int[axes.Length]);
        for (var i = 0; i < axes.Length; i++)
        {
            var (at, elements, extent) = (i, x.Shape[axes[i]], windows.Extent(i));
            if (padding.IsSame) pads[i] = Same(call, elements, extent, stride[i]);
            var padded = (long)pads[i].Low + elements + pads[i].High;
            call.Require(extent <= padded, DiagnosticCode.ShapeMismatch, () => $"a window of {size[at]} taps"
                + $"{(dilation[at] > 1 ? $", {dilation[at]} apart," : "")} spans {extent} elements and does not fit axis {axes[at]} of "
                + $"{x.Type}, {padded} elements with padding; pad more (Padding.Same), or take a smaller window");
            var count = (padded - extent) / stride[i] + 1;
            // A window that a ceiling adds begins before the padding behind the tensor.
            if (ceiling && (padded - extent) % stride[i] != 0 && count * stride[i] < (long)pads[i].Low + elements)
                overhang[i] = ToInt(call, count * stride[i] + extent - padded);
            (low[i], high[i]) = (pads[i].Low, ToInt(call, (long)pads[i].High + overhang[i]));
        }
        return new(windows, low, high, overhang);
    }

    /// <summary>The padding of an argument, for each axis; zeros for <see cref="Padding.Same"/>.</summary>
    public static (int Low, int High)[] Explicit(SpatialCall call, Padding padding, int axes)
    {
        var pads = padding.Of(axes) ?? throw call.Error(DiagnosticCode.BadArgument,
            $"padding = {padding}, but there are {axes} spatial axes; give one number, or {axes} pairs");
        call.Require(pads.All(p => p.Low >= 0 && p.High >= 0), DiagnosticCode.BadArgument,
            () => $"padding = {padding} must not be negative");
        return pads;
    }

    /// <summary>The padding that gives ⌈elements / stride⌉ windows.</summary>
    public static (int Low, int High) Same(SpatialCall call, long elements, long extent, int stride)
    {
        var count = (elements + stride - 1) / stride;
        var total = ToInt(call, Math.Max((count - 1) * stride + extent - elements, 0));
        return (total / 2, total - total / 2);
    }

    /// <summary>The windows of x, padded with a constant: [batch, positions, taps, channels] or [batch, channels, positions,
    /// taps].</summary>
    public Value Over(Value x, Scalar around = default) => Read(Padded(x, around));

    /// <summary>x within its padding.</summary>
    public Value Padded(Value x, Scalar around = default)
    {
        if (Low.All(n => n == 0) && High.All(n => n == 0)) return x;
        var (low, high) = (new int[x.Rank], new int[x.Rank]);
        for (var i = 0; i < Count; i++) (low[Windows.Axes[i]], high[Windows.Axes[i]]) = (Low[i], High[i]);
        return x.Pad(low, high, around);
    }

    /// <summary>The windows of what is padded.</summary>
    public Value Read(Value padded) => padded.Window(Windows.Axes, Windows.Size, Windows.Stride, Windows.Dilation);

    /// <summary>How many elements each window has along the i-th spatial axis, x's and, if they count, the padding's: a vector, or null
    /// if that is the window's size.</summary>
    public Value? Counts(Value x, int i, bool countPadding)
    {
        var (low, high) = countPadding ? (0, Overhang[i]) : (Low[i], High[i]);
        if (low == 0 && high == 0) return null;
        var elements = x.Shape[Windows.Axes[i]] + (countPadding ? Low[i] + High[i] - Overhang[i] : 0);
        var ones = x.Builder.Constant(Literal.Rounded(x.DType[elements], 1));
        return ones.Pad([low], [high]).Window([0], [Windows.Size[i]], [Windows.Stride[i]]).Sum(1);
    }

    /// <summary>The same windows of a tensor whose channels [batch, channels, …] are split into groups.</summary>
    public SpatialWindows BehindGroups() => this with { Windows = Windows.Behind() };

    /// <summary>A size that may be too large.</summary>
    public static int ToInt(SpatialCall call, long size) => size <= int.MaxValue ? (int)size
        : throw call.Error(DiagnosticCode.TooLarge, $"the padded tensor has {size} elements along an axis; the most are {int.MaxValue}");
}
