using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>The rule of a strided convolution, transposed, whose phases have different numbers of taps.</summary>
internal static class PhaseRules
{
    /// <summary>Most phases, each of which is a product of its own.</summary>
    private const int MostPhases = 8;

    /// <summary>Channels that fill the lanes of a vector in each product.</summary>
    private const int LeastChannels = 16;

    /// <summary>overlap_add(dot(x, y)) with stride s → for each phase of the elements a convolution of x with the taps of y that lie on
    /// it, s apart; the phases are interleaved. No zeros are multiplied: 3 taps with stride 2 take 9 products, equal phases 16.</summary>
    internal static Value? OverlapAddOfDot(RewriteSite site)
    {
        if (AddedWindows.Of(site) is not { } added || added.Windows.Stride.All(s => s == 1) || added.Windows.Dilation.Any(d => d != 1))
            return null;
        var windows = added.Windows;
        if (windows.Stride.Aggregate(1L, (n, s) => n * s) > MostPhases || windows.Size.Zip(windows.Stride).Any(p => p.First < p.Second)
            || windows.Size.Zip(windows.Stride).All(p => p.First % p.Second == 0)) return null;
        if (TappedDot.Below(added.Site) is not { } below || below.Channels < LeastChannels) return null;
        return below.KeepsOrder ? new Phases(added, below).Build() : null;
    }

    /// <summary>Element m·s + p of the part is what tap q·s + t of window m - q lies on, for some q from a first to a last.</summary>
    private sealed class Phases(AddedWindows added, TappedDot below)
    {
        private readonly RewriteSite _site = added.Site;
        private readonly Window.Geometry _windows = added.Windows;

        /// <summary>Along an axis: the first tap, how many a stride apart, and the last window of the phase's first element.</summary>
        private readonly record struct Phase(int FirstTap, int Taps, int LastWindow);

        public Value Build()
        {
            var (x, count) = (below.Positioned, _windows.Axes.Length);
            Phase[][] phases = [.. _windows.Stride.Select((stride, i) => Enumerable.Range(0, stride).Select(p => Of(i, p)).ToArray())];
            var (low, high) = (new int[x.Rank], new int[x.Rank]);
            for (var i = 0; i < count; i++)
            {
                var (axis, positions) = (below.Positions[i], added.CountOfPhase(i));
                low[axis] = Math.Max(phases[i].Max(p => p.Taps - 1 - p.LastWindow), 0);
                high[axis] = Math.Max(phases[i].Max(p => p.LastWindow) + positions - x.Shape[axis], 0);
            }
            var padded = _site.EmitWith(Pad.Instance, Pad.Attributes(0, low, high, new int[x.Rank]), x);
            var sum = Interleaved([]);
            int[] sizes = [.. added.Shape];
            for (var i = 0; i < count; i++) sizes[_windows.Axes[i]] = added.CountOfPhase(i) * _windows.Stride[i];
            sum = _site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape(sizes)), sum);
            return _site.EmitWith(Slice.Instance, Slice.Attributes(new int[sizes.Length], [.. added.Shape]), sum);

            // The phases of an axis stand behind its positions.
            Value Interleaved(Phase[] outer)
            {
                if (outer.Length == count) return Product(padded, low, outer);
                Value[] parts = [.. phases[outer.Length].Select(p => Interleaved([.. outer, p]))];
                var axis = _windows.Axes[outer.Length] + 1 + outer.Length;
                return parts.Length == 1 ? parts[0]
                    : _site.EmitWith(Concatenate.Instance, AttributeMap.Empty.With("dimension", axis), parts[0], parts.AsSpan(1));
            }
        }

        private Value Product(Value padded, int[] low, Phase[] phases)
        {
            var y = below.Tapped;
            int[] first = new int[padded.Rank], limit = [.. padded.Shape];
            int[] firstTap = new int[y.Rank], tapLimit = [.. y.Shape], stride = [.. y.Shape.Select(_ => 1)];
            for (var i = 0; i < phases.Length; i++)
            {
                var (axis, tap, phase) = (below.Positions[i], below.Taps[i], phases[i]);
                first[axis] = low[axis] + phase.LastWindow - (phase.Taps - 1);
                limit[axis] = first[axis] + added.CountOfPhase(i) + phase.Taps - 1;
                (firstTap[tap], stride[tap]) = (phase.FirstTap, _windows.Stride[i]);
                tapLimit[tap] = phase.FirstTap + (phase.Taps - 1) * stride[tap] + 1;
            }
            var read = _site.EmitWith(Slice.Instance, Slice.Attributes(first, limit), padded);
            var taps = _site.EmitWith(Slice.Instance, Slice.Attributes(firstTap, tapLimit, stride), y);
            var sum = below.Convolve(_site, read, taps, [.. phases.Select(p => p.Taps)], _windows.Dilation);
            int[] sizes = [.. Enumerable.Range(0, sum.Rank).SelectMany(axis => _windows.Axes.Contains(axis)
                ? (int[])[sum.Shape[axis], 1] : [sum.Shape[axis]])];
            return _site.EmitWith(Reshape.Instance, Reshape.Attributes(new Shape(sizes)), sum);
        }

        private Phase Of(int i, int phase)
        {
            var (at, stride) = (added.Start[i] + phase, _windows.Stride[i]);
            var first = at % stride;
            return new(first, (_windows.Size[i] - first + stride - 1) / stride, at / stride);
        }
    }
}
