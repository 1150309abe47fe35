using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Pools whose windows follow from the size that the result shall have.</summary>
public static class AdaptivePoolingSyntax
{
    extension(Value x)
    {
        /// <summary>The means of windows that cover x[batch, …, channels] so that the result has <paramref name="size"/> positions: along
        /// an
        /// axis of n elements window i is from ⌊i·n / size⌋ to before ⌈(i + 1)·n / size⌉, as PyTorch's.</summary>
        /// <param name="size">Positions of the result along each spatial axis, at least 1.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: a spatial axis is empty. SGC1003: x has no spatial
        /// axis. SGC1011: size or layout. SGC1012: too large.</exception>
        public Value AdaptiveAveragePool(PerAxis size, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(AdaptiveAveragePool), x, layout, new(file, line));
            call.CheckFloating();
            return Pooled(call, size, layout, 0, (y, axis) => y.Mean(axis), (y, count) => y.Sum(1) / count);
        }

        /// <summary>The largest elements of windows that cover x[batch, …, channels] so that the result has <paramref name="size"/>
        /// positions, which are those of <see cref="AdaptiveAveragePool"/>.</summary>
        /// <param name="size">Positions of the result along each spatial axis, at least 1.</param>
        /// <param name="layout">Of x and of the result.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is bool. SGC1002: a spatial axis is empty. SGC1003: x has no spatial axis. SGC1011:
        /// size or layout. SGC1012: too large.</exception>
        public Value AdaptiveMaxPool(PerAxis size, Layout layout = Layout.ChannelsLast,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = SpatialCall.Of(nameof(AdaptiveMaxPool), x, layout, new(file, line));
            call.CheckNumeric();
            return Pooled(call, size, layout, x.DType.Lowest, (y, axis) => y.Max(axis), (y, _) => y.Max(1));
        }
    }

    private static Value Pooled(SpatialCall call, PerAxis size, Layout layout, Scalar outside, Func<Value, int, Value> even,
        Func<Value, Value, Value> uneven)
    {
        var x = call.Operands[0];
        var axes = SpatialWindows.SpatialAxes(x.Rank, layout);
        var sizes = call.Numbers(nameof(size), size, axes.Length, 0);
        foreach (var axis in axes)
            call.Require(x.Shape[axis] > 0, DiagnosticCode.ShapeMismatch, () => $"axis {axis} of {x.Type} is empty");
        return call.Compose(() =>
        {
            var y = x;
            for (var i = 0; i < axes.Length; i++)
            {
                var (axis, n) = (axes[i], x.Shape[axes[i]]);
                if (n == sizes[i]) continue;
                y = n % sizes[i] == 0
                    ? even(y.Reshape([.. y.Shape.Take(axis), sizes[i], n / sizes[i], .. y.Shape.Skip(axis + 1)]), axis + 1)
                    : Uneven(y, axis, sizes[i], outside, uneven);
            }
            return y;
        });
    }

    // The windows have different sizes: the rows of each are taken, as many as the largest has, and those beyond it are not counted.
    private static Value Uneven(Value x, int axis, int size, Scalar outside, Func<Value, Value, Value> reduce)
    {
        var (n, rest) = (x.Shape[axis], x.Shape[axis] % size);
        var largest = n / size + (size % rest == 0 ? 1 : 2);
        var window = Positions(x, size);
        var start = window * n / size;
        var count = ((window + 1) * n + (size - 1)) / size - start;
        var tap = Positions(x, largest);
        int[] toFront = [axis, .. Enumerable.Range(0, x.Rank).Where(a => a != axis)];
        int[] toBack = [.. Enumerable.Range(1, axis), 0, .. Enumerable.Range(axis + 1, x.Rank - 1 - axis)];
        int[] ones = [.. Enumerable.Repeat(1, x.Rank - 1)];
        var rows = x.Transpose(toFront).Take(start.ExpandDims(1) + tap);
        var isWithin = (tap < count.ExpandDims(1)).Reshape([size, largest, .. ones]);
        var kept = isWithin.Select(rows, rows.Constant(outside));
        return reduce(kept, count.ConvertTo(x.DType).Reshape([size, .. ones])).Transpose(toBack);
    }

    private static Value Positions(Value x, int count) =>
        x.Builder.Emit(Iota.Instance, [], Iota.Attributes(DType.I64[count], 0));
}
