using GraphCompiler.Bench.Torch;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Tests;

/// <summary>Convolutions, pools and finer grids beside libtorch's: results, and the gradients of Σy²/2 by x and by the kernel.</summary>
public sealed class TorchConvolutionTests
{
    /// <summary>Ours, of x [n, …, c] and a kernel [taps…, c / groups, f], and libtorch's, of x [n, c, …] and its own kernel.</summary>
    private sealed record Case(int[] X, int[]? Kernel, Func<Value, Value, Value> Ours, Func<Tensor, Tensor, Tensor> Theirs)
    {
        public Layout Layout { get; init; }
        public int Groups { get; init; } = 1;
        public bool IsTransposed { get; init; }
    }

    private static readonly Dictionary<string, Case> s_convolutions = new()
    {
        ["plain"] = new([2, 7, 6, 3], [3, 2, 3, 5], (x, k) => x.Convolve(k), (x, k) => conv2d(x, k)),
        ["padded, strided"] = new([2, 9, 8, 4], [3, 3, 4, 6], (x, k) => x.Convolve(k, (2, 1), [(1, 1), (2, 2)]),
            (x, k) => conv2d(x, k, null, [2, 1], [1, 2])),
        ["stride above kernel, dilated"] = new([1, 11, 12, 2], [2, 2, 2, 3], (x, k) => x.Convolve(k, (3, 4), dilation: (3, 2)),
            (x, k) => conv2d(x, k, null, [3, 4], null, [3, 2])),
        ["one by one"] = new([3, 4, 5, 8], [1, 1, 8, 4], (x, k) => x.Convolve(k, 2), (x, k) => conv2d(x, k, null, [2, 2])),
        ["groups"] = new([2, 6, 5, 6], [3, 3, 3, 4], (x, k) => x.Convolve(k, 1, 1, groups: 2),
            (x, k) => conv2d(x, k, null, null, [1, 1], null, 2)) { Groups = 2 },
        ["depthwise"] = new([2, 8, 7, 5], [3, 3, 1, 5], (x, k) => x.Convolve(k, 2, 1, groups: 5),
            (x, k) => conv2d(x, k, null, [2, 2], [1, 1], null, 5)) { Groups = 5 },
        ["depthwise, multiplied"] = new([1, 5, 6, 3], [2, 3, 1, 6], (x, k) => x.Convolve(k, groups: 3),
            (x, k) => conv2d(x, k, null, null, null, null, 3)) { Groups = 3 },
        ["cube"] = new([1, 4, 5, 3, 2], [2, 3, 2, 2, 3], (x, k) => x.Convolve(k, 1, 1),
            (x, k) => conv3d(x, k, null, null, [1, 1, 1])),
        ["channels first"] = new([2, 7, 6, 3], [3, 2, 3, 5], (x, k) => x.Convolve(k, (2, 1), 1, layout: Layout.ChannelsFirst),
            (x, k) => conv2d(x, k, null, [2, 1], [1, 1])) { Layout = Layout.ChannelsFirst },
        ["channels first, groups"] = new([2, 6, 5, 6], [3, 3, 3, 4],
            (x, k) => x.Convolve(k, groups: 2, dilation: (2, 1), layout: Layout.ChannelsFirst),
            (x, k) => conv2d(x, k, null, null, null, [2, 1], 2)) { Groups = 2, Layout = Layout.ChannelsFirst },
        ["channels first, depthwise"] = new([2, 6, 5, 4], [3, 3, 1, 4],
            (x, k) => x.Convolve(k, 2, 1, groups: 4, layout: Layout.ChannelsFirst),
            (x, k) => conv2d(x, k, null, [2, 2], [1, 1], null, 4)) { Groups = 4, Layout = Layout.ChannelsFirst },
        ["transposed"] = new([2, 4, 5, 3], [3, 2, 3, 4],
            (x, k) => x.ConvolveTranspose(k, (2, 3), [(1, 1), (0, 0)], (1, 2), (1, 2)),
            (x, k) => conv_transpose2d(x, k, null, [2, 3], [1, 0], [1, 2], [1, 2])) { IsTransposed = true },
        ["transposed, groups"] = new([1, 3, 4, 4], [2, 3, 2, 6], (x, k) => x.ConvolveTranspose(k, 2, 1, groups: 2),
            (x, k) => conv_transpose2d(x, k, null, [2, 2], [1, 1], null, null, 2)) { IsTransposed = true, Groups = 2 },
    };

    private static readonly Dictionary<string, Case> s_pools = new()
    {
        ["max"] = new([2, 7, 8, 3], null, (x, _) => x.MaxPool((3, 2), 2, [(1, 1), (0, 0)]),
            (x, _) => max_pool2d(x, [3, 2], [2, 2], [1, 0])),
        ["max, ceiling, dilated"] = new([1, 8, 9, 2], null, (x, _) => x.MaxPool(2, 3, 1, 2, ceiling: true),
            (x, _) => max_pool2d(x, [2, 2], [3, 3], [1, 1], [2, 2], true)),
        ["average"] = new([2, 7, 6, 3], null, (x, _) => x.AveragePool(3, 2, 1, countPadding: true),
            (x, _) => avg_pool2d(x, [3, 3], [2, 2], [1, 1])),
        ["average, ceiling"] = new([2, 8, 7, 2], null, (x, _) => x.AveragePool(3, (2, 3), 1, countPadding: true, ceiling: true),
            (x, _) => avg_pool2d(x, [3, 3], [2, 3], [1, 1], true)),
        ["average of what is there"] = new([1, 8, 7, 2], null, (x, _) => x.AveragePool(3, (2, 3), 1, ceiling: true),
            (x, _) => avg_pool2d(x, [3, 3], [2, 3], [1, 1], true, false)),
        ["average, channels first"] = new([1, 8, 7, 2], null,
            (x, _) => x.AveragePool(3, 2, 1, ceiling: true, layout: Layout.ChannelsFirst),
            (x, _) => avg_pool2d(x, [3, 3], [2, 2], [1, 1], true, false)) { Layout = Layout.ChannelsFirst },
        ["adaptive average"] = new([2, 7, 5, 3], null, (x, _) => x.AdaptiveAveragePool((3, 5)),
            (x, _) => adaptive_avg_pool2d(x, [3, 5])),
        ["adaptive average, larger"] = new([1, 3, 6, 2], null, (x, _) => x.AdaptiveAveragePool((5, 3)),
            (x, _) => adaptive_avg_pool2d(x, [5, 3])),
        ["adaptive max"] = new([2, 7, 5, 3], null, (x, _) => x.AdaptiveMaxPool((3, 5)), (x, _) => adaptive_max_pool2d(x, [3, 5])),
        ["global average"] = new([2, 2, 1, 3], null, (x, _) => x.GlobalAveragePool().Reshape([2, 1, 1, 3]),
            (x, _) => x.mean([2, 3], keepdim: true)),
        ["global max"] = new([2, 7, 5, 3], null, (x, _) => x.GlobalMaxPool().Reshape([2, 1, 1, 3]),
            (x, _) => x.amax([2, 3], keepdim: true)),
        ["nearest"] = new([1, 3, 4, 2], null, (x, _) => x.Upsample((2, 3)),
            (x, _) => interpolate(x, null, [2, 3], InterpolationMode.Nearest)),
        ["bilinear"] = new([2, 3, 4, 2], null, (x, _) => x.Upsample((2, 3), Interpolation.Linear),
            (x, _) => interpolate(x, null, [2, 3], InterpolationMode.Bilinear, false)),
        ["pixel shuffle"] = new([2, 3, 2, 8], null, (x, _) => x.PixelShuffle(2), (x, _) => pixel_shuffle(x, 2)),
    };

    [Fact]
    public void Convolutions_in_f64() => Compare<double>(s_convolutions, DType.F64, ScalarType.Float64, 1e-12);

    [Fact]
    public void Convolutions_in_f32() => Compare<float>(s_convolutions, DType.F32, ScalarType.Float32, 2e-5);

    [Fact]
    public void Pools_in_f32() => Compare<float>(s_pools, DType.F32, ScalarType.Float32, 2e-6);

    private static void Compare<T>(Dictionary<string, Case> cases, DType type, ScalarType torchType, double tolerance)
        where T : unmanaged, IConvertible
    {
        Assert.Null(LibTorch.Unavailable);
        using var scope = NewDisposeScope();
        var graph = new GraphBuilder("beside_libtorch");
        var (names, outputs, wanted) = (new List<string>(), new List<(string, Value)>(), new List<Tensor>());
        foreach (var (name, c) in cases)
        {
            var i = names.Count;
            var isFirst = c.Layout == Layout.ChannelsFirst;
            int[] shape = isFirst ? [c.X[0], c.X[^1], .. c.X[1..^1]] : c.X;
            var x = Declare(graph, $"x{i}", type, shape, 0.7);
            var kernel = c.Kernel is null ? null : Declare(graph, $"kernel{i}", type, c.Kernel, 1.3);
            var y = c.Ours(x, kernel!);
            Value[] parameters = kernel is null ? [x] : [x, kernel];
            var gradients = (y.Square() * 0.5).Sum().Gradient(parameters);
            outputs.AddRange([($"y{i}", y), .. gradients.Select((g, k) => ($"gradient{i}_{k}", g))]);

            var (tx, tk) = (Leaf(shape, 0.7, torchType), c.Kernel is null ? null : Leaf(c.Kernel, 1.3, torchType));
            long[] toFirst = [0, c.X.Length - 1, .. Enumerable.Range(1, c.X.Length - 2)];
            long[] toLast = [0, .. Enumerable.Range(2, c.X.Length - 2), 1];
            var result = c.Theirs(isFirst ? tx : tx.permute(toFirst), tk is null ? tx : TorchKernel(tk, c));
            if (!isFirst) result = result.permute(toLast);
            (result.square() * 0.5).sum().backward();
            names.AddRange(Enumerable.Repeat(name, 1 + parameters.Length));
            wanted.AddRange(tk is null ? [result, tx.grad!] : [result, tx.grad!, tk.grad!]);
        }
        using var function = graph.Compile(outputs.ToArray().AsSpan());
        function.Run();
        for (var i = 0; i < wanted.Count; i++)
        {
            var (name, value) = outputs[i];
            var expected = wanted[i].detach().contiguous().to_type(ScalarType.Float64).data<double>().ToArray();
            var found = function.Output<T>(name);
            Assert.Equal(wanted[i].shape, value.Shape.Select(s => (long)s));
            var scale = expected.Max(Math.Abs);
            Assert.True(scale > 1e-3, $"{names[i]}, {name} is at most {scale}");
            for (var k = 0; k < expected.Length; k++)
            {
                var actual = System.Convert.ToDouble(found[k], null);
                if (!(Math.Abs(expected[k] - actual) <= tolerance * scale))
                    Assert.Fail($"{names[i]}, {name}[{k}]: libtorch has {expected[k]:R}, we have {actual:R}");
            }
        }
    }

    private static double[] Waves(int[] shape, double step) =>
        [.. Enumerable.Range(0, shape.Aggregate(1, (product, n) => product * n)).Select(i => Math.Sin(step * (i + 1)))];

    private static Value Declare(GraphBuilder graph, string name, DType type, int[] shape, double step) =>
        graph.Variable(name, type[shape], Initializer.FromArray(Waves(shape, step)));

    private static Tensor Leaf(int[] shape, double step, ScalarType type) =>
        tensor(Waves(shape, step)).reshape([.. shape.Select(n => (long)n)]).to_type(type).detach().requires_grad_();

    // [taps…, c / groups, f] as [f, c / groups, taps…], or as [c, f / groups, taps…] of a transposed convolution.
    private static Tensor TorchKernel(Tensor kernel, Case c)
    {
        var d = c.Kernel!.Length - 2;
        long[] taps = [.. Enumerable.Range(0, d)];
        if (!c.IsTransposed) return kernel.permute([d + 1, d, .. taps]);
        long[] sizes = [.. c.Kernel[..d]];
        var parts = kernel.reshape([.. sizes, c.Kernel[d], c.Groups, c.Kernel[d + 1] / c.Groups]).permute([d + 1, d, d + 2, .. taps]);
        return parts.reshape([c.Kernel[d] * c.Groups, c.Kernel[d + 1] / c.Groups, .. sizes]);
    }
}
