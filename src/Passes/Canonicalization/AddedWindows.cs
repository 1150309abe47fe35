using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Overlapping windows that are added, and the part of their sum that is read: what was padded is cut off again.</summary>
/// <param name="Site">The overlap_add.</param>
/// <param name="Windows">Its windows.</param>
/// <param name="Start">The first element of the part along each axis of the windows.</param>
/// <param name="Shape">Of the part.</param>
internal sealed record AddedWindows(RewriteSite Site, Window.Geometry Windows, int[] Start, Shape Shape)
{
    /// <summary>Those of an overlap_add, or of a slice that alone reads one; null for an overlap_add that belongs to its slice.</summary>
    public static AddedWindows? Of(RewriteSite site)
    {
        if (site.Operation.Op is OverlapAdd)
        {
            var windows = Window.Geometry.Of(site.Operation);
            return site.OnlyReader is { Op: Slice } slice && IsAlong(windows, slice) ? null
                : new(site, windows, new int[windows.Axes.Length], site.Type.Shape);
        }
        if (!site.IsOnlyUse(0, OverlapAdd.Instance) || site.Defined(0, OverlapAdd.Instance) is null) return null;
        var below = site.Below(0);
        var (sliced, start) = (Window.Geometry.Of(below.Operation), site.Operation.Ints("start"));
        return IsAlong(sliced, site.Operation) ? new(below, sliced, [.. sliced.Axes.Select(a => start[a])], site.Type.Shape) : null;
    }

    /// <summary>The part of the whole sum.</summary>
    public Value Part(Value whole) => Part(whole, Windows.Axes);

    /// <summary>The part along some axes of the windows only.</summary>
    public Value Part(Value whole, int[] axes)
    {
        var (start, limit) = (new int[whole.Rank], (int[])[.. whole.Shape]);
        foreach (var axis in axes)
        {
            start[axis] = Start[Array.IndexOf(Windows.Axes, axis)];
            limit[axis] = start[axis] + Shape[axis];
        }
        return limit.SequenceEqual(whole.Shape) && start.All(s => s == 0) ? whole
            : Site.EmitWith(Slice.Instance, Slice.Attributes(start, limit), whole);
    }

    /// <summary>Zeros before the taps along an axis of the windows, with which the part begins with the stride's first phase.</summary>
    public int BeforeTaps(int i) => (Windows.Stride[i] - Start[i] % Windows.Stride[i]) % Windows.Stride[i];

    /// <summary>Taps of each phase of the stride, with these zeros.</summary>
    public int TapsOfPhase(int i) => Ceiling(Windows.Size[i] + BeforeTaps(i), Windows.Stride[i]);

    /// <summary>Elements of the part in each phase; the last phases may have one more than is read.</summary>
    public int CountOfPhase(int i) => Ceiling(Shape[Windows.Axes[i]], Windows.Stride[i]);

    private static int Ceiling(int x, int stride) => (x + stride - 1) / stride;

    // Whether a slice cuts nothing off along other axes, and leaves no element out.
    private static bool IsAlong(Window.Geometry windows, Operation slice) => slice.Ints("stride").All(s => s == 1)
        && Enumerable.Range(0, slice.Result.Rank).All(a => windows.Axes.Contains(a) || slice.Result.Shape[a] == slice.Operands[0].Shape[a]);
}
