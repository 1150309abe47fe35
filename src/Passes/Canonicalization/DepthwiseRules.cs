using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>The rule of windows that are products element by element and are added: a depthwise convolution's gradient.</summary>
internal static class DepthwiseRules
{
    /// <summary>overlap_add(x · y), x being the same at all taps and y at all positions → Σ over taps of window(pad(x)) · reverse(y), of
    /// which only the part that is read is computed. With stride s, y's taps are q taps of s phases, and the phases of the result stand
    /// beside its positions.</summary>
    /// <remarks>As in <see cref="StridedWindowRules"/>. Channels come last, so that the sum is one by columns.</remarks>
    internal static Value? OverlapAddOfProduct(RewriteSite site)
    {
        if (AddedWindows.Of(site) is not { } added || !added.Site.IsOnlyUse(0, Multiply.Instance)
            || added.Site.Defined(0, Multiply.Instance) is not { } product) return null;
        var windows = added.Windows;
        var isStrided = windows.Stride.Any(s => s > 1);
        if (windows.Axes[^1] == added.Shape.Rank - 1 || (isStrided && windows.Dilation.Any(d => d > 1))
            || windows.Size.Zip(windows.Stride).All(p => p.First <= p.Second)) return null;
        int[] taps = [.. windows.Size.Select((_, i) => windows.FirstTap + i)];
        for (var operand = 0; operand < 2; operand++)
            if (RepeatedAlong(product.Operands[operand], taps) is { } x
                && RepeatedAlong(product.Operands[1 - operand], windows.Axes) is { } y
                && windows.Axes.All(Broadcast.Dimensions(x).Contains) && taps.All(Broadcast.Dimensions(y).Contains))
                return new Sum(added, x, y, taps).Build();
        return null;
    }

    private static Operation? RepeatedAlong(Value value, int[] axes) => value.Definition is { Op: Broadcast } broadcast
        && Broadcast.Dimensions(broadcast) is var dimensions && !axes.Any(dimensions.Contains)
        && dimensions.Zip(dimensions.Skip(1)).All(p => p.First < p.Second) ? broadcast : null;

    /// <summary>The sum over taps. Its domain is the result's, a strided axis being positions and phases; taps come behind.</summary>
    private sealed class Sum
    {
        private readonly RewriteSite _site;
        private readonly Window.Geometry _windows;
        private readonly Operation _x;
        private readonly Operation _y;
        private readonly int[] _axesOfTaps;
        // What is computed, and of it what is read, where that is less.
        private readonly AddedWindows _added;
        private readonly AddedWindows? _part;
        // Zeros before the taps, so that the part begins with phase 0; taps of each phase; positions.
        private readonly int[] _before;
        private readonly int[] _taps;
        private readonly int[] _count;

        public Sum(AddedWindows added, Operation x, Operation y, int[] axesOfTaps)
        {
            (_site, _windows, _x, _y, _axesOfTaps) = (added.Site, added.Windows, x, y, axesOfTaps);
            _added = added;
            (_before, _taps, _count) = Phases(added);
            if (Enumerable.Range(0, _taps.Length).All(i => Low(i) >= 0 && High(i) >= 0)) return;
            // Windows that lie outside the part altogether: rare enough to be computed.
            (_part, _added) = (added, added with { Start = new int[_windows.Axes.Length], Shape = _site.Type.Shape });
            (_before, _taps, _count) = Phases(_added);

            static (int[] Before, int[] Taps, int[] Count) Phases(AddedWindows of)
            {
                int[] PerAxis(Func<int, int> value) => [.. Enumerable.Range(0, of.Windows.Axes.Length).Select(value)];
                return (PerAxis(of.BeforeTaps), PerAxis(of.TapsOfPhase), PerAxis(of.CountOfPhase));
            }
        }

        public Value Build()
        {
            var sum = _site.EmitWith(ReduceSum.Instance, ReduceSum.Attributes([.. _windows.Axes.Select((_, i) => FirstTap + i)]),
                _site.Emit(Multiply.Instance, Windows(), Kernel()));
            int[] sizes = [.. _added.Shape];
            for (var i = 0; i < _count.Length; i++) sizes[_windows.Axes[i]] = _count[i] * _windows.Stride[i];
            var merged = _site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape(sizes)), sum);
            var all = _site.EmitWith(Slice.Instance, Slice.Attributes(new int[sizes.Length], [.. _added.Shape]), merged);
            return _part?.Part(all) ?? all;
        }

        private Value Windows()
        {
            var source = _x.Operands[0];
            var dimensions = Broadcast.Dimensions(_x);
            var (low, high) = (new int[source.Rank], new int[source.Rank]);
            int[] axes = [.. _windows.Axes.Select(a => Array.IndexOf(dimensions, a))];
            for (var i = 0; i < axes.Length; i++) (low[axes[i]], high[axes[i]]) = (Low(i), High(i));
            var padded = _site.EmitWith(Pad.Instance, Pad.Attributes(0, low, high, new int[source.Rank]), source);
            var geometry = new Window.Geometry(axes, _taps, [.. axes.Select(_ => 1)], _windows.Dilation);
            var read = _site.EmitWith(Window.Instance, geometry.Attributes, padded);
            var inDomain = dimensions.Select(Axis).ToList();
            inDomain.InsertRange(geometry.FirstTap, _taps.Select((_, i) => FirstTap + i));
            return InDomain(read, [.. inDomain]);
        }

        // The taps of the window that begins at an element meet y's in the opposite order.
        private Value Kernel()
        {
            var y = _y.Operands[0];
            var dimensions = Broadcast.Dimensions(_y);
            var (low, high) = (new int[y.Rank], new int[y.Rank]);
            var (sizes, inDomain, reversed) = (new List<int>(), new List<int>(), new List<int>());
            for (var axis = 0; axis < y.Rank; axis++)
            {
                var i = Array.IndexOf(_axesOfTaps, dimensions[axis]);
                sizes.Add(i < 0 ? y.Shape[axis] : _taps[i]);
                inDomain.Add(i < 0 ? Axis(dimensions[axis]) : FirstTap + i);
                if (i < 0) continue;
                reversed.Add(sizes.Count - 1);
                var stride = _windows.Stride[i];
                if (stride == 1) continue;
                (low[axis], high[axis]) = (_before[i], _taps[i] * stride - _windows.Size[i] - _before[i]);
                sizes.Add(stride);
                inDomain.Add(Axis(_windows.Axes[i]) + 1);
            }
            y = _site.EmitWith(Pad.Instance, Pad.Attributes(0, low, high, new int[y.Rank]), y);
            y = _site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape([.. sizes])), y);
            y = _site.EmitWith(Reverse.Instance, Reverse.Attributes(reversed), y);
            return InDomain(y, [.. inDomain]);
        }

        // A broadcast keeps its operand's axes in order.
        private Value InDomain(Value value, int[] axes)
        {
            int[] order = [.. Enumerable.Range(0, axes.Length).OrderBy(i => axes[i])];
            return _site.EmitWith(Broadcast.Instance, Broadcast.Attributes(Domain, axes.Order()), DotRules.InOrder(_site, value, order));
        }

        private Shape Domain
        {
            get
            {
                int[] Split(int axis, int i) => i < 0 ? [_added.Shape[axis]]
                    : _windows.Stride[i] == 1 ? [_count[i]] : [_count[i], _windows.Stride[i]];
                int[] sizes = [.. Enumerable.Range(0, _added.Shape.Rank).SelectMany(a => Split(a, Array.IndexOf(_windows.Axes, a)))];
                return new([.. sizes[..FirstTap], .. _taps, .. sizes[FirstTap..]]);
            }
        }

        private int FirstTap => _windows.FirstTap + _windows.Stride.Count(s => s > 1);

        // Where an axis of the windows, no tap, is in the domain.
        private int Axis(int axis)
        {
            if (axis >= _windows.FirstTap) return axis + _windows.Stride.Count(s => s > 1);
            return axis + Enumerable.Range(0, _count.Length).Count(i => _windows.Axes[i] < axis && _windows.Stride[i] > 1);
        }

        // Elements that are padded before x along an axis, and after.
        private int Low(int i) => (_taps[i] - 1) * _windows.Dilation[i] - (_added.Start[i] + _before[i]) / _windows.Stride[i];
        private int High(int i) => _count[i] + (_taps[i] - 1) * _windows.Dilation[i] - Low(i) - Positions(i);
        private int Positions(int i) => _windows.Count(i, _site.Type.Shape[_windows.Axes[i]]);
    }
}
