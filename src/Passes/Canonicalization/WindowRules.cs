using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Rules of windows: those of one tap are slices, and a convolution's derivative is a convolution.</summary>
internal static class WindowRules
{
    /// <summary>Windows of one tap → a slice with unit axes.</summary>
    internal static Value? OfOneTap(RewriteSite site)
    {
        var (windows, x) = (Window.Geometry.Of(site.Operation), site[0]);
        if (windows.Size.Any(s => s != 1)) return null;
        var (limit, stride) = ((int[])[.. x.Shape], (int[])[.. x.Shape.Select(_ => 1)]);
        for (var i = 0; i < windows.Axes.Length; i++) stride[windows.Axes[i]] = windows.Stride[i];
        var sliced = stride.All(s => s == 1) ? x : site.EmitWith(Slice.Instance, Slice.Attributes(new int[limit.Length], limit, stride), x);
        return site.EmitWith(Reshape.Instance, Reshape.Attributes(site.Type.Shape), sliced);
    }

    /// <summary>Windows of one tap, added → the elements with zeros between them.</summary>
    internal static Value? OverlapAddOfOneTap(RewriteSite site)
    {
        var windows = Window.Geometry.Of(site.Operation);
        if (windows.Size.Any(s => s != 1)) return null;
        int[] positions = [.. site.Type.Shape];
        for (var i = 0; i < windows.Axes.Length; i++) positions[windows.Axes[i]] = windows.Count(i, site.Type.Shape[windows.Axes[i]]);
        var x = site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape(positions)), site[0]);
        return positions.SequenceEqual(site.Type.Shape) ? x : Spread(site, x, windows.Axes, windows.Stride, [.. site.Type.Shape]);
    }

    /// <summary>overlap_add(dot(x, y)), the positions from x and the taps from y → dot(window(pad(x)), reverse(y)) over the taps too: the
    /// windows of the product are never in memory. Of a slice of it, only what is read is computed.</summary>
    /// <remarks>window · stride + tap · dilation = at: with stride - 1 zeros between x's elements and (size - 1) · dilation before them,
    /// the taps of the window that begins at `at` meet y's in the opposite order. Windows that do not overlap are better added. A transpose
    /// between the two comes after.</remarks>
    internal static Value? OverlapAddOfDot(RewriteSite site)
    {
        if (AddedWindows.Of(site) is not { } added || TappedDot.Below(added.Site) is not { } below) return null;
        if (!below.IsNarrow) return Convolution(added, below);
        return added.Windows.Axes.Length == 1 ? null : AddLastAxisApart(added);
    }

    // With few channels a result of the taps along one axis too fills the vectors of the contraction; those are then added.
    private static Value AddLastAxisApart(AddedWindows added)
    {
        var (site, windows) = (added.Site, added.Windows);
        var (count, first) = (windows.Axes.Length, windows.FirstTap);
        var (axis, tap) = (windows.Axes[^1], first + count - 1);
        int[] order = [.. Enumerable.Range(0, windows.Axes[^2] + 1), .. Enumerable.Range(first, count - 1),
            .. Enumerable.Range(windows.Axes[^2] + 1, first - windows.Axes[^2] - 1), .. Enumerable.Range(tap, site[0].Rank - tap)];
        var moved = DotRules.InOrder(site, site[0], order);
        int[] sizes = [.. site.Type.Shape];
        sizes[axis] = windows.Count(count - 1, sizes[axis]);
        Window.Geometry Axes(Range range) => new(windows.Axes[range], windows.Size[range], windows.Stride[range], windows.Dilation[range]);
        var others = OverlapAdd.Attributes(Axes(..^1), new Shape([.. sizes[..first], windows.Size[^1], .. sizes[first..]]));
        var inner = added.Part(site.EmitWith(OverlapAdd.Instance, others, moved), windows.Axes[..^1]);
        int[] outer = [.. added.Shape];
        outer[axis] = site.Type.Shape[axis];
        var last = site.EmitWith(OverlapAdd.Instance, OverlapAdd.Attributes(Axes(^1..), new Shape(outer)), inner);
        return added.Part(last, [axis]);
    }

    private static Value? Convolution(AddedWindows added, TappedDot below)
    {
        var (site, windows) = (added.Site, added.Windows);
        var (x, y, positions) = (below.Positioned, below.Tapped, below.Positions);
        if (!below.KeepsOrder) return null;
        int[] sizes = [.. x.Shape], reach = [.. windows.Size.Select((size, i) => (size - 1) * windows.Dilation[i])];
        int[] low = [.. reach.Zip(added.Start, (r, start) => r - start)];
        for (var i = 0; i < positions.Length; i++)
        {
            sizes[positions[i]] = added.Shape[windows.Axes[i]] + reach[i];
            var isWithin = low[i] >= 0 && sizes[positions[i]] - low[i] > (x.Shape[positions[i]] - 1) * windows.Stride[i];
            // Windows that lie outside the part altogether: rare enough to be computed.
            if (!isWithin)
                return Convolution(new(site, windows, new int[low.Length], site.Type.Shape), below) is { } whole ? added.Part(whole) : null;
        }
        var padded = Spread(site, x, positions, windows.Stride, sizes, low);
        return below.Convolve(site, padded, y, windows.Size, windows.Dilation);
    }

    // x with zeros between its elements along some axes, and before and after them, up to the given sizes.
    private static Value Spread(RewriteSite site, Value x, int[] along, int[] stride, int[] sizes, int[]? before = null)
    {
        var (low, high, interior) = (new int[x.Rank], new int[x.Rank], new int[x.Rank]);
        for (var i = 0; i < along.Length; i++)
        {
            var axis = along[i];
            (low[axis], interior[axis]) = (before?[i] ?? 0, stride[i] - 1);
            high[axis] = sizes[axis] - low[axis] - ((x.Shape[axis] - 1) * stride[i] + 1);
        }
        return site.EmitWith(Pad.Instance, Pad.Attributes(0, low, high, interior), x);
    }
}
