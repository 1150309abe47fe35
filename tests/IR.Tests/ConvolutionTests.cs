using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.IR.Tests;

/// <summary>Convolutions: values by hand, and against loops that know nothing of windows; what is refused.</summary>
public sealed class ConvolutionTests
{
    /// <summary>A convolution over two axes in numbers: taps, stride, dilation and padding of each.</summary>
    public sealed record Case(string Name, int Batch, (int H, int W) Size, int Channels, (int H, int W) Taps, int Filters)
    {
        public (int H, int W) Stride { get; init; } = (1, 1);
        public (int H, int W) Dilation { get; init; } = (1, 1);
        public (int Low, int High)[] Pads { get; init; } = [(0, 0), (0, 0)];
        public (int H, int W) More { get; init; }
        public int Groups { get; init; } = 1;
        public override string ToString() => Name;
    }

    private static readonly Case[] s_cases =
    [
        new("plain", 2, (5, 6), 3, (3, 2), 4),
        new("padded", 1, (3, 4), 2, (3, 3), 1) { Pads = [(1, 2), (0, 3)] },
        new("stride_above_kernel", 2, (7, 9), 2, (2, 1), 3) { Stride = (3, 4) },
        new("dilated", 1, (8, 9), 2, (3, 2), 2) { Dilation = (2, 5), Stride = (2, 1) },
        new("remainder", 2, (8, 7), 1, (3, 3), 2) { Stride = (2, 3), Pads = [(1, 0), (0, 1)], More = (1, 2) },
        new("one_sized", 1, (1, 1), 1, (1, 1), 1),
        new("one_tap_strided", 2, (5, 4), 3, (1, 1), 2) { Stride = (2, 3), More = (1, 1) },
        new("whole", 2, (4, 3), 2, (4, 3), 3),
        new("no_batch", 0, (4, 4), 2, (3, 3), 3) { Pads = [(1, 1), (1, 1)] },
        new("no_channels", 1, (3, 3), 0, (2, 2), 2),
        new("groups", 2, (4, 5), 4, (3, 2), 6) { Groups = 2, Pads = [(1, 1), (0, 1)], Stride = (1, 2) },
        new("depthwise", 2, (5, 4), 3, (3, 3), 3) { Groups = 3, Pads = [(1, 1), (1, 1)], Stride = (2, 1) },
        new("depthwise_multiplied", 1, (4, 4), 2, (2, 3), 6) { Groups = 2, Dilation = (2, 1) },
        new("padding_above_kernel", 1, (3, 5), 2, (2, 2), 2) { Pads = [(3, 0), (0, 4)], Stride = (2, 2), More = (1, 0) },
    ];

    public static TheoryData<string, Layout> Cases
    {
        get
        {
            var data = new TheoryData<string, Layout>();
            foreach (var c in s_cases)
            {
                data.Add(c.Name, Layout.ChannelsLast);
                data.Add(c.Name, Layout.ChannelsFirst);
            }
            return data;
        }
    }

    private static double At(double[] x, Shape shape, params int[] index) => x[shape.Ravel(index)];
    private static double[] Waves(Shape shape, double step) =>
        [.. Enumerable.Range(0, (int)shape.ElementCount).Select(i => Math.Sin(step * (i + 1)))];

    private static Literal Run(Func<Value, Value, Value> apply, Shape x, double[] xs, Shape kernel, double[] ks, Layout layout)
    {
        var f = new FunctionBuilder("f");
        var (px, pk) = (f.Parameter("x", F64[layout == Layout.ChannelsLast ? x.Sizes : new Shape(x[0], x[3], x[1], x[2]).Sizes]),
            f.Parameter("kernel", F64[kernel.Sizes]));
        if (layout == Layout.ChannelsFirst)
        {
            var moved = new double[xs.Length];
            for (var i = 0; i < moved.Length; i++)
            {
                var at = new int[4];
                px.Shape.Unravel(i, at);
                moved[i] = At(xs, x, at[0], at[2], at[3], at[1]);
            }
            xs = moved;
        }
        var y = apply(px, pk);
        if (layout == Layout.ChannelsFirst) y = y.Transpose([0, 2, 3, 1]);
        return ReferenceInterpreter.Run(f.Build(y), new Literal(px.Type, xs), new Literal(pk.Type, ks))[0];
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_convolution_is_what_loops_compute(string name, Layout layout)
    {
        var c = s_cases.Single(s => s.Name == name);
        var (x, kernel) = (new Shape(c.Batch, c.Size.H, c.Size.W, c.Channels),
            new Shape(c.Taps.H, c.Taps.W, c.Channels / c.Groups, c.Filters));
        var (xs, ks) = (Waves(x, 0.7), Waves(kernel, 1.3));
        var found = Run((v, k) => v.Convolve(k, c.Stride, Padding.Create(c.Pads), c.Dilation, c.Groups, layout), x, xs, kernel, ks, layout);
        int Count(int n, (int Low, int High) pad, int taps, int stride, int dilation) =>
            (n + pad.Low + pad.High - (taps - 1) * dilation - 1) / stride + 1;
        var result = new Shape(c.Batch, Count(c.Size.H, c.Pads[0], c.Taps.H, c.Stride.H, c.Dilation.H),
            Count(c.Size.W, c.Pads[1], c.Taps.W, c.Stride.W, c.Dilation.W), c.Filters);
        Assert.Equal(result, found.Type.Shape);
        var at = new int[4];
        for (var i = 0; i < result.ElementCount; i++)
        {
            result.Unravel(i, at);
            var sum = 0.0;
            for (var kh = 0; kh < c.Taps.H; kh++)
                for (var kw = 0; kw < c.Taps.W; kw++)
                    for (var ch = 0; ch < c.Channels / c.Groups; ch++)
                    {
                        var (h, w) = (at[1] * c.Stride.H + kh * c.Dilation.H - c.Pads[0].Low,
                            at[2] * c.Stride.W + kw * c.Dilation.W - c.Pads[1].Low);
                        if (h < 0 || h >= c.Size.H || w < 0 || w >= c.Size.W) continue;
                        var channel = at[3] / (c.Filters / c.Groups) * (c.Channels / c.Groups) + ch;
                        sum += At(xs, x, at[0], h, w, channel) * At(ks, kernel, kh, kw, ch, at[3]);
                    }
            Assert.Equal(sum, (double)found[i], 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_transposed_convolution_adds_what_loops_add(string name, Layout layout)
    {
        var c = s_cases.Single(s => s.Name == name);
        var (x, kernel) = (new Shape(c.Batch, c.Size.H, c.Size.W, c.Channels),
            new Shape(c.Taps.H, c.Taps.W, c.Channels / c.Groups, c.Filters));
        var (xs, ks) = (Waves(x, 0.7), Waves(kernel, 1.3));
        var found = Run((v, k) => v.ConvolveTranspose(k, c.Stride, Padding.Create(c.Pads), c.More, c.Dilation, c.Groups, layout),
            x, xs, kernel, ks, layout);
        int Count(int n, (int Low, int High) pad, int taps, int stride, int dilation, int more) =>
            (n - 1) * stride + (taps - 1) * dilation + 1 - pad.Low - pad.High + more;
        var result = new Shape(c.Batch, Count(c.Size.H, c.Pads[0], c.Taps.H, c.Stride.H, c.Dilation.H, c.More.H),
            Count(c.Size.W, c.Pads[1], c.Taps.W, c.Stride.W, c.Dilation.W, c.More.W), c.Filters);
        Assert.Equal(result, found.Type.Shape);
        var expected = new double[result.ElementCount];
        var at = new int[4];
        for (var i = 0; i < xs.Length; i++)
        {
            x.Unravel(i, at);
            for (var kh = 0; kh < c.Taps.H; kh++)
                for (var kw = 0; kw < c.Taps.W; kw++)
                    for (var part = 0; part < c.Filters / c.Groups; part++)
                    {
                        var (h, w) = (at[1] * c.Stride.H + kh * c.Dilation.H - c.Pads[0].Low,
                            at[2] * c.Stride.W + kw * c.Dilation.W - c.Pads[1].Low);
                        if (h < 0 || h >= result[1] || w < 0 || w >= result[2]) continue;
                        var (group, channel) = Math.DivRem(at[3], c.Channels / c.Groups);
                        var filter = group * (c.Filters / c.Groups) + part;
                        expected[result.Ravel([at[0], h, w, filter])] += xs[i] * At(ks, kernel, kh, kw, channel, filter);
                    }
        }
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], (double)found[i], 1e-12);
    }

    private static double[] Apply(Shape x, double[] xs, Shape kernel, double[] ks, Func<Value, Value, Value> apply)
    {
        var f = new FunctionBuilder("f");
        var y = apply(f.Parameter("x", F64[x.Sizes]), f.Parameter("kernel", F64[kernel.Sizes]));
        return ReferenceInterpreter.Run(f.Build(y), new Literal(F64[x.Sizes], xs), new Literal(F64[kernel.Sizes], ks))[0].ToArray();
    }

    [Fact]
    public void Values_by_hand()
    {
        Shape line = new(1, 4, 1), three = new(3, 1, 1);
        Assert.Equal([1.0 + 20 + 300, 2 + 30 + 400], Apply(line, [1, 2, 3, 4], three, [1, 10, 100], (x, k) => x.Convolve(k)));
        Assert.Equal([10.0 + 200, 321, 432, 3 + 40],
            Apply(line, [1, 2, 3, 4], three, [1, 10, 100], (x, k) => x.Convolve(k, padding: Padding.Same)));
        // TensorFlow's rule: two windows need one element of padding, which is behind.
        Assert.Equal([321.0, 3 + 40],
            Apply(line, [1, 2, 3, 4], three, [1, 10, 100], (x, k) => x.Convolve(k, stride: 2, padding: Padding.Same)));
        // Each element leaves its copy of the kernel, two apart.
        Assert.Equal([1.0, 10, 100 + 2, 20, 200],
            Apply(new(1, 2, 1), [1, 2], three, [1, 10, 100], (x, k) => x.ConvolveTranspose(k, stride: 2)));
        Assert.Equal([1.0, 10, 100 + 2, 20],
            Apply(new(1, 2, 1), [1, 2], three, [1, 10, 100], (x, k) => x.ConvolveTranspose(k, stride: 2, padding: Padding.Same)));
        Assert.Equal([1.0, 0, 0, 2, 0, 0],
            Apply(new(1, 2, 1), [1, 2], new(1, 1, 1), [1], (x, k) => x.ConvolveTranspose(k, stride: 3, padding: Padding.Same)));
        Assert.Equal([1.0, 0, 0, 2, 0],
            Apply(new(1, 2, 1), [1, 2], new(1, 1, 1), [1], (x, k) => x.ConvolveTranspose(k, stride: 3, outputPadding: 1)));
        // A cube of ones: how many of its 8 corners' neighbours each element of the padded cube has.
        Assert.Equal([8.0, 8], Apply(new(1, 2, 2, 3, 1), [.. Enumerable.Repeat(1.0, 12)], new(2, 2, 2, 1, 1),
            [.. Enumerable.Repeat(1.0, 8)], (x, k) => x.Convolve(k)));
    }

    [Theory]
    [InlineData(5, 3, 1, 1)]
    [InlineData(6, 3, 2, 1)]
    [InlineData(6, 2, 3, 2)]
    [InlineData(6, 1, 3, 1)]
    [InlineData(4, 5, 2, 2)]
    public void A_transposed_convolution_is_a_convolutions_adjoint(int n, int taps, int stride, int dilation)
    {
        // <conv(x), y> = <x, transpose(y)> with channels and filters exchanged.
        var count = n / stride;
        var (xs, ks, ys) = (Waves(new(2, n, 2), 0.7), Waves(new(taps, 2, 3), 1.1), Waves(new(2, count, 3), 0.3));
        var forward = Apply(new(2, n, 2), xs, new(taps, 2, 3), ks, (x, k) => x.Convolve(k, stride, Padding.Same, dilation));
        var back = Apply(new(2, count, 3), ys, new(taps, 2, 3), ks,
            (y, k) => y.ConvolveTranspose(k.Transpose([0, 2, 1]), stride, Padding.Same, dilation: dilation));
        Assert.Equal(xs.Length, back.Length);
        Assert.Equal(forward.Zip(ys).Sum(p => p.First * p.Second), back.Zip(xs).Sum(p => p.First * p.Second), 1e-12);
    }

    private static readonly FunctionBuilder s_refused = new("refused");
    private static readonly Value s_image = s_refused.Parameter("image", F32[2, 5, 6, 4]);

    public static TheoryData<string, string, string> Refused => new()
    {
        { "channels", "SGC1002", "x has 4 channels on axis 3|f32[3,3,5,8] is for 5|\"image\" : f32[2,5,6,4]" },
        { "group_channels", "SGC1002", "2 in each of 2 groups|f32[3,3,4,8] is for 4" },
        { "first", "SGC1002", "x has 5 channels on axis 1" },
        { "large", "SGC1002", "7 taps|spans 7 elements|axis 1 of f32[2,5,6,4], 6 elements with padding|Padding.Same" },
        { "dilated", "SGC1002", "3 taps, 3 apart, spans 7 elements|axis 1" },
        { "no_taps", "SGC1002", "f32[0,3,4,8] has no taps" },
        { "stride", "SGC1011", "stride = 0 must be at least 1" },
        { "dilation", "SGC1011", "dilation = (1, -2) must be at least 1" },
        { "per_axis", "SGC1011", "stride = (1, 1, 2)|2 spatial axes" },
        { "padding", "SGC1011", "padding = -1 must not be negative" },
        { "pairs", "SGC1011", "padding = [(1, 0)]|2 spatial axes" },
        { "groups", "SGC1011", "groups = 3 must be at least 1 and divide the 4 channels and the 8 filters" },
        { "no_groups", "SGC1011", "groups = 0" },
        { "layout", "SGC1011", "7 is no layout" },
        { "rank", "SGC1003", "2 spatial axes, so the kernel needs 4 axes|f32[3,4,8]" },
        { "x_rank", "SGC1003", "f32[5,4]" },
        { "types", "SGC1001", "f32[2,5,6,4] and f64[3,3,4,8]" },
        { "bool", "SGC1001", "bool" },
        { "output_padding", "SGC1011", "outputPadding = 2 must be below the stride, 2" },
        { "output_padding_same", "SGC1011", "Padding.Same decides the size" },
        { "nothing", "SGC1002", "padding = 4 leaves -1 elements of axis 1" },
        { "too_large", "SGC1012", "2147483647" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_does_not_fit_is_refused_at_the_call(string what, string code, string says)
    {
        var x = s_image;
        Value Kernel(params int[] sizes) => s_refused.Constant(Literal.Rounded(F32[sizes], 1));
        Func<Value> call = what switch
        {
            "channels" => () => x.Convolve(Kernel(3, 3, 5, 8)),
            "group_channels" => () => x.Convolve(Kernel(3, 3, 4, 8), groups: 2),
            "first" => () => x.Convolve(Kernel(3, 3, 4, 8), layout: Layout.ChannelsFirst),
            "large" => () => x.Convolve(Kernel(7, 3, 4, 8), padding: [(0, 1), (1, 0)]),
            "dilated" => () => x.Convolve(Kernel(3, 3, 4, 8), dilation: 3),
            "no_taps" => () => x.Convolve(Kernel(0, 3, 4, 8)),
            "stride" => () => x.Convolve(Kernel(3, 3, 4, 8), stride: 0),
            "dilation" => () => x.Convolve(Kernel(3, 3, 4, 8), dilation: (1, -2)),
            "per_axis" => () => x.Convolve(Kernel(3, 3, 4, 8), stride: (1, 1, 2)),
            "padding" => () => x.Convolve(Kernel(3, 3, 4, 8), padding: -1),
            "pairs" => () => x.Convolve(Kernel(3, 3, 4, 8), padding: [(1, 0)]),
            "groups" => () => x.Convolve(Kernel(3, 3, 4, 8), groups: 3),
            "no_groups" => () => x.Convolve(Kernel(3, 3, 4, 8), groups: 0),
            "layout" => () => x.Convolve(Kernel(3, 3, 4, 8), layout: (Layout)7),
            "rank" => () => x.Convolve(Kernel(3, 4, 8)),
            "x_rank" => () => Kernel(5, 4).Convolve(Kernel(4, 8)),
            "types" => () => x.Convolve(Kernel(3, 3, 4, 8).ConvertTo(F64)),
            "bool" => () => x.Greater(x).Convolve(x.Greater(x)),
            "output_padding" => () => x.ConvolveTranspose(Kernel(3, 3, 4, 8), stride: 2, outputPadding: (0, 2)),
            "output_padding_same" => () => x.ConvolveTranspose(Kernel(3, 3, 4, 8), stride: 2, padding: Padding.Same, outputPadding: 1),
            "nothing" => () => x.ConvolveTranspose(Kernel(3, 3, 4, 8), padding: 4),
            "too_large" => () => x.Convolve(Kernel(3, 3, 4, 8), padding: int.MaxValue),
            _ => throw new ArgumentException(what),
        };
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal(code, error.Code);
        Assert.EndsWith("ConvolutionTests.cs", error.Diagnostics[0].Location.File, StringComparison.Ordinal);
        Assert.All(says.Split('|'), s => Assert.Contains(s, error.Message, StringComparison.Ordinal));
    }
}
