using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Finer grids: upsampling, and channels that become positions.</summary>
public static class ResamplingSyntax
{
    extension(Value x)
    {
        /// <summary>x[batch, …, channels] with <paramref name="factor"/> times the positions along each spatial axis.</summary>
        /// <remarks>Positions are centres of cells, and beyond the first and last there is nothing to interpolate with, so that these are
        /// repeated (as Keras, and as PyTorch without align_corners).</remarks>
        /// <param name="factor">At least 1.</param>
        /// <param name="interpolation">Nearest or linear.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: linear, and x is not floating point. SGC1003: x has no spatial axis. SGC1011: factor,
        /// interpolation or layout. SGC1012: too large.</exception>
        public Value Upsample(PerAxis factor, Interpolation interpolation = Interpolation.Nearest, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(Upsample), x, layout, new(file, line));
            var factors = call.Numbers(nameof(factor), factor, x.Rank - 2, 0);
            call.Require(Enum.IsDefined(interpolation), DiagnosticCode.BadArgument, () => $"{interpolation} is no interpolation");
            if (interpolation == Interpolation.Linear) call.CheckFloating();
            var axes = SpatialWindows.SpatialAxes(x.Rank, layout);
            return call.Compose(() =>
            {
                var y = x;
                for (var i = 0; i < axes.Length; i++)
                    if (factors[i] > 1 && interpolation == Interpolation.Linear && y.Shape[axes[i]] > 0)
                        y = Interpolated(y, axes[i], factors[i]);
                    else if (factors[i] > 1) y = Repeated(y, axes[i], factors[i]);
                return y;
            });
        }

        /// <summary>x[batch, …, channels · r²] as [batch, r times as many positions, channels]: the parts of a channel become neighbours
        /// (Shi et al. 2016).</summary>
        /// <remarks>A channel's parts are together, in row-major order of where they go, as PyTorch's.</remarks>
        /// <param name="factor">r for each spatial axis, at least 1; their product divides the channels.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1002: the product does not divide the channels. SGC1003: x has no spatial axis. SGC1011:
        /// factor or layout. SGC1012: too large.</exception>
        public Value PixelShuffle(PerAxis factor, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(PixelShuffle), x, layout, new(file, line));
            var (d, isLast) = (x.Rank - 2, layout == Layout.ChannelsLast);
            var factors = call.Numbers(nameof(factor), factor, d, 0);
            var (channels, parts) = (x.Shape[isLast ? d + 1 : 1], factors.Aggregate(1.0, (product, f) => product * f));
            call.Require(channels % parts == 0, DiagnosticCode.ShapeMismatch, () => $"{parts} parts, the product of factor = {factor}, do "
                + $"not divide the {channels} channels of {x.Type}");
            return call.Compose(() =>
            {
                var whole = channels / (int)parts;
                var (positions, first) = (SpatialWindows.SpatialAxes(x.Rank, layout), isLast ? d + 1 : 1);
                var split = x.Reshape([.. x.Shape.Take(first), whole, .. factors, .. x.Shape.Skip(first + 1)]);
                // Each position, then what becomes its neighbours.
                var pairs = positions.SelectMany((p, i) => (int[])[isLast ? p : p + d, first + 1 + i]);
                var moved = split.Transpose(isLast ? [0, .. pairs, first] : [0, first, .. pairs]);
                int[] sizes = [.. x.Shape];
                sizes[first] = whole;
                for (var i = 0; i < d; i++) sizes[positions[i]] = SpatialWindows.ToInt(call, (long)sizes[positions[i]] * factors[i]);
                return moved.Reshape(sizes);
            });
        }
    }

    private static Value Repeated(Value x, int axis, int factor) => Merged(x.Emit(Broadcast.Instance, default, Broadcast.Attributes(
        new Shape([.. x.Shape.Take(axis + 1), factor, .. x.Shape.Skip(axis + 1)]),
        Enumerable.Range(0, x.Rank + 1).Where(a => a != axis + 1))), axis);

    // Part i of a cell is (i + 1/2) / factor - 1/2 from its centre, on the side of the one before it or of the next.
    private static Value Interpolated(Value x, int axis, int factor)
    {
        int[] start = new int[x.Rank], limit = [.. x.Shape];
        Value Part(int from, int to)
        {
            (start[axis], limit[axis]) = (from, to);
            return x.Slice(start, limit);
        }
        var n = x.Shape[axis];
        var before = Part(0, 1).Concat(Part(0, n - 1), axis);
        var after = Part(1, n).Concat(Part(n - 1, n), axis);
        var part = x.Builder.Emit(Iota.Instance, [], Iota.Attributes(DType.I32[factor], 0)).ConvertTo(DType.F64);
        var offset = ((part + 0.5) * (1.0 / factor) - 0.5).Reshape([factor, .. Enumerable.Repeat(1, x.Rank - 1 - axis)]);
        var zero = offset.Constant(0);
        Value Weighted(Value y, Value weights) => y.ExpandDims(axis + 1) * weights.ConvertTo(x.DType);
        return Merged(Weighted(x, 1 - offset.Abs()) + Weighted(before, (-offset).Maximum(zero)) + Weighted(after, offset.Maximum(zero)),
            axis);
    }

    // An axis joined with the one behind it.
    private static Value Merged(Value x, int axis) => x.Emit(Reshape.Instance, default,
        Reshape.Attributes(Shape.Of([.. x.Shape.Take(axis), (long)x.Shape[axis] * x.Shape[axis + 1], .. x.Shape.Skip(axis + 2)])));
}
