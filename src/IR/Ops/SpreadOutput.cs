using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>A transposed convolution as a convolution: x with zeros between and around its elements, read by windows of stride 1.</summary>
internal sealed class SpreadOutput
{
    private readonly int[] _interior, _low, _high, _cropLow, _cropHigh, _axes;

    /// <summary>The padding of x, and what is taken away of the result where the padding to take away is larger than a window.</summary>
    public SpreadOutput(SpatialCall call, int[] size, int[] stride, int[] dilation, Padding padding, int[] outputPadding, int[] axes)
    {
        var (x, d) = (call.Operands[0], axes.Length);
        (_axes, _interior) = (axes, [.. stride.Select(s => s - 1)]);
        (_low, _high, _cropLow, _cropHigh) = (new int[d], new int[d], new int[d], new int[d]);
        Windows = new(new(axes, size, [.. stride.Select(_ => 1)], dilation), new int[d], new int[d], new int[d]);
        var pads = SpatialWindows.Explicit(call, padding, d);
        for (var i = 0; i < d; i++)
        {
            var (at, elements, extent, more) = (i, x.Shape[axes[i]], Windows.Windows.Extent(i), (long)outputPadding[i]);
            call.Require(more < Math.Max(stride[i], dilation[i]), DiagnosticCode.BadArgument,
                () => $"outputPadding = {more} must be below the stride, {stride[at]}, or the dilation, {dilation[at]}");
            if (padding.IsSame)
            {
                call.Require(more == 0, DiagnosticCode.BadArgument, () => "Padding.Same decides the size, so there is no output padding");
                pads[i] = SpatialWindows.Same(call, (long)elements * stride[i], extent, stride[i]);
                // Windows that leave gaps end before the result does.
                more = Math.Max(stride[i] - extent, 0);
            }
            var (low, high) = (extent - 1 - pads[i].Low, extent - 1 - pads[i].High + more);
            var result = (elements == 0 ? 0 : (elements - 1L) * stride[i] + 1) + low + high - (extent - 1);
            call.Require(result >= 1, DiagnosticCode.ShapeMismatch,
                () => $"padding = {padding} leaves {result} elements of axis {axes[at]}");
            (_low[i], _cropLow[i]) = (SpatialWindows.ToInt(call, Math.Max(low, 0)), (int)Math.Max(-low, 0));
            (_high[i], _cropHigh[i]) = (SpatialWindows.ToInt(call, Math.Max(high, 0)), (int)Math.Max(-high, 0));
        }
    }

    /// <summary>Of what <see cref="Spread"/> gives.</summary>
    public SpatialWindows Windows { get; }

    /// <summary>x with zeros between and around its elements.</summary>
    public Value Spread(Value x)
    {
        var (low, high, interior) = (new int[x.Rank], new int[x.Rank], new int[x.Rank]);
        for (var i = 0; i < _axes.Length; i++)
            (low[_axes[i]], high[_axes[i]], interior[_axes[i]]) = (_low[i], _high[i], _interior[i]);
        return x.Pad(low, high, 0, interior);
    }

    /// <summary>The result without what is taken away at its ends.</summary>
    public Value Cropped(Value y)
    {
        if (_cropLow.All(n => n == 0) && _cropHigh.All(n => n == 0)) return y;
        var (start, limit) = (new int[y.Rank], (int[])[.. y.Shape]);
        for (var i = 0; i < _axes.Length; i++)
        {
            start[_axes[i]] = _cropLow[i];
            limit[_axes[i]] -= _cropHigh[i];
        }
        return y.Slice(start, limit);
    }
}
