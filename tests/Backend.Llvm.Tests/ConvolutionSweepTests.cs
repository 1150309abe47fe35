using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.Backend.Llvm.Tests.SizeSweep;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Convolutions, their derivatives, and pools at every size of <see cref="SizeSweep"/>: as width, channels and filters, with
/// strides, dilation and columns that no window covers.</summary>
[Trait("Category", "Target")]
public sealed class ConvolutionSweepTests
{
    [Fact]
    public void Widths() => Sweep([F32, F64], (b, dtype, n) => Convolution(b, dtype, width: n + 3, channels: 1 + n % 4,
        filters: Other(n, 1), taps: 1 + n % 4, stride: 1 + n % 3, dilation: 1), tolerance: 1e-4);

    [Fact]
    public void Channels() => Sweep([F32, F64], (b, dtype, n) => Convolution(b, dtype, width: 5 + Other(n, 1) / 2, channels: n, filters: 3,
        taps: 3, stride: 1 + n % 2, dilation: 1 + n % 2), tolerance: 1e-4);

    [Fact]
    public void Filters() => Sweep([F32, F64], (b, dtype, n) => Convolution(b, dtype, width: 4 + n % 14, channels: 1 + n % 3, filters: n,
        taps: 2, stride: 1, dilation: 1 + n % 3), tolerance: 1e-4, byTurns: [I32, F16]);

    // Several blocks of K, of which each is whole steps.
    [Fact]
    public void LongKernels() => Sweep([F32], (b, dtype, n) => n % 8 != 1 ? [b.Parameter("x", dtype[n])]
        : Convolution(b, dtype, width: 9, channels: 90 + n, filters: 18, taps: 3, stride: 1, dilation: 1), tolerance: 1e-3);

    [Fact]
    public void Pools() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (x, ct) = (b.Parameter("x", dtype[2, 7, n]), b.Parameter("ct", dtype[2, 3, n]));
        var (rows, line) = (b.Parameter("rows", dtype[n + 2, 2]), b.Parameter("line", dtype[n + 3]));
        Window.Geometry pairs = new([1], [2], [2], [1]);
        var windows = x.Window([1], [2], [2]);
        var (largest, padded) = (windows.Max([2]), rows.Pad([1, 0], [2, 0], -1).Window([0], [3], [2]));
        Value AsWindows(Value y) => y.Emit(Broadcast.Instance, default, Broadcast.Attributes(windows.Shape, [0, 1, 3]));
        var chosen = windows.Equal(AsWindows(largest)).Select(AsWindows(ct), windows.Constant(0));
        return [largest, windows.Mean([2]), Added(chosen, pairs, x), padded.Max([1]), Added(padded * padded, new([0], [3], [2], [1]),
            rows.Pad([1, 0], [2, 0])), line.Window([0], [3]).Sum([1]), line.Window([0], [2], [3]).Max([0]), line.Reverse() * line];
    });

    // A sum of few taps, which are unrolled, its gradients (the kernel's in one pass for all taps where the channels are many), a pool of
    // two axes with what it chose, and sums of columns in several rows at once.
    [Fact]
    public void Depthwise() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (channels, width) = (n % 3 == 0 ? n + 64 : n, 4 + n % 9);
        var (x, kernel) = (b.Parameter("x", dtype[2, 5, width, channels]), b.Parameter("k", dtype[2, 3, channels]));
        var ct = b.Parameter("ct", dtype[2, 4, width - 2, channels]);
        var (windows, pairs) = (x.Window([1, 2], [2, 3]), x.Window([1, 2], [2, 2], [2, 2]));
        Value As(Value y, Value to, params int[] axes) => y.Emit(Broadcast.Instance, default, Broadcast.Attributes(to.Shape, axes));
        var largest = pairs.Max([3, 4]);
        var padded = x.Pad([0, 1, 2, 0], [0, 1, 1, 0]).Window([1, 2], [3, 3], [1 + n % 2, 1 + n % 2]);
        var taps = b.Parameter("taps", dtype[3, 3, channels]);
        var other = b.Parameter("other", dtype[2, padded.Shape[1], padded.Shape[2], channels]);
        var (tapped, placed) = (As(taps, padded, 3, 4, 5), As(other, padded, 0, 1, 2, 5));
        var (factors, repeated) = (As(kernel, windows, 3, 4, 5), As(ct, windows, 0, 1, 2, 5));
        return [(windows * factors).Sum([3, 4]), (windows * repeated).Sum([0, 1, 2]),
            Added(factors * repeated, new([1, 2], [2, 3], [1, 1], [1, 1]), x), largest,
            (padded * tapped).Sum([3, 4]), (padded * placed).Sum([0, 1, 2]), padded.Max([3, 4]), Within(placed * tapped, 1 + n % 2, x),
            pairs.Equal(As(largest, pairs, 0, 1, 2, 5)), x.Sum([0, 1, 2]), x.Sum([0]), x + As(ct.Sum([0, 1, 2]), x, 3)];
    }, tolerance: 1e-4);

    // x over two axes, the kernel's gradient and x's, the last as the product of all windows that overlap.
    private static Value[] Convolution(FunctionBuilder b, DType dtype, int width, int channels, int filters, int taps, int stride,
        int dilation)
    {
        if ((taps - 1) * dilation >= width) (taps, dilation) = (2, 1);
        var (x, kernel) = (b.Parameter("x", dtype[2, 4, width, channels]), b.Parameter("k", dtype[2, taps, channels, filters]));
        Window.Geometry geometry = new([1, 2], [2, taps], [1, stride], [1, dilation]);
        var windows = x.Window(geometry.Axes, geometry.Size, geometry.Stride, geometry.Dilation);
        var y = windows.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, kernel);
        var ct = b.Parameter("ct", y.Type);
        var ofKernel = windows.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [0, 1, 2], [0, 1, 2]).Attributes, ct);
        var product = ct.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3], [3]).Attributes, kernel);
        var padded = x.Pad([0, 1, 2, 0], [0, 0, 1, 0]).Window(geometry.Axes, geometry.Size, geometry.Stride, geometry.Dilation);
        var follows = padded.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, kernel);
        return [y + b.Parameter("bias", dtype[filters]), ofKernel, Added(product, geometry, x), follows.Maximum(follows.Constant(0))];
    }

    // The sum of padded windows, of which only the image is read.
    private static Value Within(Value windows, int stride, Value x)
    {
        Shape whole = new(x.Shape[0], x.Shape[1] + 2, x.Shape[2] + 3, x.Shape[3]);
        var geometry = new Window.Geometry([1, 2], [3, 3], [stride, stride], [1, 1]);
        return windows.Emit(OverlapAdd.Instance, default, OverlapAdd.Attributes(geometry, whole))
            .Slice([0, 1, 2, 0], [x.Shape[0], x.Shape[1] + 1, x.Shape[2] + 2, x.Shape[3]]);
    }

    private static Value Added(Value windows, Window.Geometry geometry, Value x) =>
        windows.Emit(OverlapAdd.Instance, default, OverlapAdd.Attributes(geometry, x.Shape));
}
