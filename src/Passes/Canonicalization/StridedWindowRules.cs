using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>The rule of windows some elements apart that are added: a convolution with stride, transposed.</summary>
internal static class StridedWindowRules
{
    /// <summary>overlap_add(dot(x, y)) with stride s → that of windows one apart, which give s elements each: no zeros between the
    /// elements of x are multiplied.</summary>
    /// <remarks>Tap q·s + p of window o lies on element (o + q)·s + p. So y's taps, with zeros after the last up to a multiple of s, are an
    /// axis of taps q and one of phases p, and the phases of the result stand beside its positions.</remarks>
    internal static Value? OverlapAddOfDot(RewriteSite site)
    {
        var windows = Window.Geometry.Of(site.Operation);
        if (windows.Stride.All(s => s == 1) || windows.Dilation.Any(d => d != 1)) return null;
        return TappedDot.Below(site) is { } below ? new Phases(site, windows).Apply(below) : null;
    }

    /// <summary>A convolution by phases of its stride.</summary>
    private sealed class Phases
    {
        private readonly RewriteSite _site;
        private readonly Window.Geometry _windows;
        // Taps of each phase, and positions of the result.
        private readonly int[] _taps;
        private readonly int[] _positions;

        public Phases(RewriteSite site, Window.Geometry windows)
        {
            (_site, _windows) = (site, windows);
            _taps = [.. windows.Size.Zip(windows.Stride, (size, stride) => (size + stride - 1) / stride)];
            _positions = [.. windows.Axes.Select((axis, i) => windows.Count(i, site.Type.Shape[axis]) + _taps[i] - 1)];
        }

        public Value Apply(TappedDot below)
        {
            // Each tap's axis is followed by that of its phases.
            int Axis(int[] split, int axis) => axis + split.Count(t => t < axis);
            int[] Renamed(int[] axes) => [.. axes.Select(a => Axis(below.Taps, a))];
            var axes = DotGeneral.Axes.Of(below.Dot.Attributes);
            axes = below.Operand == 0 ? axes with { BatchX = Renamed(axes.BatchX), ContractX = Renamed(axes.ContractX) }
                : axes with { BatchY = Renamed(axes.BatchY), ContractY = Renamed(axes.ContractY) };
            Value[] operands = [.. below.Dot.Operands];
            operands[below.Operand] = Split(below.Tapped, below.Taps);
            var product = _site.EmitWith(DotGeneral.Instance, axes.Attributes, operands[0], operands[1]);
            var (taps, moved, first) = (below.TapsOfResult, below.Moved, _windows.FirstTap);
            int[] order = [.. moved[..first].Select(a => Axis(taps, a)), .. taps.Select(t => Axis(taps, t)),
                .. taps.Select(t => Axis(taps, t) + 1), .. moved[(first + taps.Length)..].Select(a => Axis(taps, a))];
            return Merge(Add(DotRules.InOrder(_site, product, order)));
        }

        private Value Split(Value y, int[] taps)
        {
            var high = new int[y.Rank];
            for (var i = 0; i < taps.Length; i++) high[taps[i]] = _taps[i] * _windows.Stride[i] - _windows.Size[i];
            var padded = high.All(h => h == 0) ? y
                : _site.EmitWith(Pad.Instance, Pad.Attributes(0, new int[y.Rank], high, new int[y.Rank]), y);
            int[] sizes = [.. Enumerable.Range(0, y.Rank).SelectMany(axis => Array.IndexOf(taps, axis) is var i and >= 0
                ? (int[])[_taps[i], _windows.Stride[i]] : [y.Shape[axis]])];
            return _site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape(sizes)), padded);
        }

        private Value Add(Value windows)
        {
            int[] one = [.. _taps.Select(_ => 1)], sizes = [.. _site.Type.Shape];
            for (var i = 0; i < _positions.Length; i++) sizes[_windows.Axes[i]] = _positions[i];
            var (first, geometry) = (_windows.FirstTap, new Window.Geometry(_windows.Axes, _taps, one, one));
            return _site.EmitWith(OverlapAdd.Instance,
                OverlapAdd.Attributes(geometry, new Shape([.. sizes[..first], .. _windows.Stride, .. sizes[first..]])), windows);
        }

        // The phases come beside their positions; elements beyond the last window are 0.
        private Value Merge(Value phases)
        {
            var (rank, first, shape) = (_site.Type.Rank, _windows.FirstTap, _site.Type.Shape);
            int[] order = [.. Enumerable.Range(0, rank).SelectMany(axis => Array.IndexOf(_windows.Axes, axis) is var i and >= 0
                ? (int[])[axis, first + i] : [axis < first ? axis : axis + _taps.Length])];
            int[] sizes = [.. shape], limit = [.. shape], high = new int[rank];
            for (var i = 0; i < _positions.Length; i++)
            {
                var axis = _windows.Axes[i];
                sizes[axis] = _positions[i] * _windows.Stride[i];
                (limit[axis], high[axis]) = (Math.Min(sizes[axis], shape[axis]), Math.Max(shape[axis] - sizes[axis], 0));
            }
            var merged = _site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape(sizes)), DotRules.InOrder(_site, phases, order));
            if (!limit.SequenceEqual(sizes))
                merged = _site.EmitWith(Slice.Instance, Slice.Attributes(new int[rank], limit, [.. limit.Select(_ => 1)]), merged);
            return high.All(h => h == 0) ? merged
                : _site.EmitWith(Pad.Instance, Pad.Attributes(0, new int[rank], high, new int[rank]), merged);
        }
    }
}
