using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>The rule of windows some elements apart that are added: a convolution with stride, transposed.</summary>
internal static class StridedWindowRules
{
    /// <summary>overlap_add(dot(x, y)) with stride s → that of windows one apart, which give s elements each: no zeros between the
    /// elements of x are multiplied.</summary>
    /// <remarks>Tap q·s + p of window o lies on element (o + q)·s + p. So y's taps, with zeros around them up to a multiple of s, are an
    /// axis of taps q and one of phases p, and the phases of the result stand beside its positions.</remarks>
    internal static Value? OverlapAddOfDot(RewriteSite site)
    {
        if (AddedWindows.Of(site) is not { } added || added.Windows.Stride.All(s => s == 1) || added.Windows.Dilation.Any(d => d != 1))
            return null;
        return TappedDot.Below(added.Site) is { } below ? new Phases(added).Apply(below) : null;
    }

    /// <summary>A convolution by phases of its stride.</summary>
    private sealed class Phases
    {
        private readonly AddedWindows _added;
        private readonly RewriteSite _site;
        private readonly Window.Geometry _windows;
        // Zeros before the taps, so that the part begins with phase 0; taps of each phase.
        private readonly int[] _before;
        private readonly int[] _taps;
        // Positions of the sum, and those of them that the part begins and ends with.
        private readonly int[] _positions;
        private readonly int[] _first;
        private readonly int[] _count;

        public Phases(AddedWindows added)
        {
            (_added, _site, _windows) = (added, added.Site, added.Windows);
            int[] PerAxis(Func<int, int> value) => [.. Enumerable.Range(0, _windows.Axes.Length).Select(value)];
            (_before, _taps) = (PerAxis(added.BeforeTaps), PerAxis(added.TapsOfPhase));
            _positions = PerAxis(i => _windows.Count(i, _site.Type.Shape[_windows.Axes[i]]) + _taps[i] - 1);
            _first = PerAxis(i => Math.Min((added.Start[i] + _before[i]) / _windows.Stride[i], _positions[i]));
            _count = PerAxis(i => Math.Min(added.CountOfPhase(i), _positions[i] - _first[i]));
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
            var (low, high) = (new int[y.Rank], new int[y.Rank]);
            for (var i = 0; i < taps.Length; i++)
                (low[taps[i]], high[taps[i]]) = (_before[i], _taps[i] * _windows.Stride[i] - _windows.Size[i] - _before[i]);
            var padded = _site.EmitWith(Pad.Instance, Pad.Attributes(0, low, high, new int[y.Rank]), y);
            int[] sizes = [.. Enumerable.Range(0, y.Rank).SelectMany(axis => Array.IndexOf(taps, axis) is var i and >= 0
                ? (int[])[_taps[i], _windows.Stride[i]] : [y.Shape[axis]])];
            return _site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape(sizes)), padded);
        }

        private Value Add(Value windows)
        {
            int[] one = [.. _taps.Select(_ => 1)], sizes = [.. _site.Type.Shape];
            for (var i = 0; i < _positions.Length; i++) sizes[_windows.Axes[i]] = _positions[i];
            var (first, geometry) = (_windows.FirstTap, new Window.Geometry(_windows.Axes, _taps, one, one));
            var shape = new Shape([.. sizes[..first], .. _windows.Stride, .. sizes[first..]]);
            var whole = _site.EmitWith(OverlapAdd.Instance, OverlapAdd.Attributes(geometry, shape), windows);
            int[] part = [.. shape];
            for (var i = 0; i < _count.Length; i++) part[_windows.Axes[i]] = _count[i];
            return new AddedWindows(_site, geometry, _first, new Shape(part)).Part(whole);
        }

        // The phases come beside their positions; elements beyond the last window are 0.
        private Value Merge(Value phases)
        {
            var (shape, first) = (_added.Shape, _windows.FirstTap);
            var rank = shape.Rank;
            int[] order = [.. Enumerable.Range(0, rank).SelectMany(axis => Array.IndexOf(_windows.Axes, axis) is var i and >= 0
                ? (int[])[axis, first + i] : [axis < first ? axis : axis + _taps.Length])];
            int[] sizes = [.. shape], limit = [.. shape], high = new int[rank];
            for (var i = 0; i < _count.Length; i++)
            {
                var axis = _windows.Axes[i];
                sizes[axis] = _count[i] * _windows.Stride[i];
                (limit[axis], high[axis]) = (Math.Min(sizes[axis], shape[axis]), Math.Max(shape[axis] - sizes[axis], 0));
            }
            var merged = _site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape(sizes)), DotRules.InOrder(_site, phases, order));
            var part = _site.EmitWith(Slice.Instance, Slice.Attributes(new int[rank], limit), merged);
            return _site.EmitWith(Pad.Instance, Pad.Attributes(0, new int[rank], high, new int[rank]), part);
        }
    }
}
