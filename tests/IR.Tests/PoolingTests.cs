using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.IR.Tests;

/// <summary>Pools and finer grids: values by hand, and pools against loops that know nothing of windows; what is refused.</summary>
public sealed class PoolingTests
{
    private static double[] Run(Shape shape, double[] x, Func<Value, Value> apply)
    {
        var f = new FunctionBuilder("f");
        return ReferenceInterpreter.Run(f.Build(apply(f.Parameter("x", F64[shape.Sizes]))), new Literal(F64[shape.Sizes], x))[0].ToArray();
    }

    // A line as the image that it is in each layout.
    private static void Line(double[] expected, double[] x, Func<Value, Layout, Value> apply)
    {
        foreach (var layout in Enum.GetValues<Layout>())
        {
            var found = Run(layout == Layout.ChannelsLast ? new(1, x.Length, 1) : new(1, 1, x.Length), x, v => apply(v, layout));
            Assert.Equal(expected.Length, found.Length);
            for (var i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i], 1e-14);
        }
    }

    [Fact]
    public void Pools_by_hand()
    {
        double[] x = [1, 5, 2, 4, 3];
        Line([5, 4], x, (v, l) => v.MaxPool(2, layout: l));
        Line([5, 4, 3], x, (v, l) => v.MaxPool(2, ceiling: true, layout: l));
        Line([5, 5, 4], x, (v, l) => v.MaxPool(3, 2, padding: 1, layout: l));
        Line([5, 4, 3], x, (v, l) => v.MaxPool(2, padding: Padding.Same, layout: l));
        Line([2, 5, 3], x, (v, l) => v.MaxPool(2, 1, dilation: 2, layout: l));
        Line([3, 3], x, (v, l) => v.AveragePool(2, layout: l));
        Line([3, 3, 3], x, (v, l) => v.AveragePool(2, ceiling: true, layout: l));
        Line([3, 3, 3], x, (v, l) => v.AveragePool(2, ceiling: true, countPadding: true, layout: l));
        Line([3, 11 / 3.0, 3.5], x, (v, l) => v.AveragePool(3, 2, padding: 1, layout: l));
        Line([2, 11 / 3.0, 7 / 3.0], x, (v, l) => v.AveragePool(3, 2, padding: 1, countPadding: true, layout: l));
        Line([Math.Sqrt(26), Math.Sqrt(20)], x, (v, l) => v.L2Pool(2, layout: l));
        Line([3], x, (v, l) => v.GlobalAveragePool(layout: l));
        Line([5], x, (v, l) => v.GlobalMaxPool(layout: l));
        // Windows [0, 2), [1, 4), [3, 5), and [0, 3), [2, 5).
        Line([3, 11 / 3.0, 3.5], x, (v, l) => v.AdaptiveAveragePool(3, l));
        Line([5, 5, 4], x, (v, l) => v.AdaptiveMaxPool(3, l));
        Line([8 / 3.0, 3], x, (v, l) => v.AdaptiveAveragePool(2, l));
        Line([1, 1, 5, 5, 5, 2, 2, 4, 4, 4], [1, 5, 2, 4], (v, l) => v.AdaptiveMaxPool(10, l));
        Line([3], x, (v, l) => v.AdaptiveAveragePool(1, l));
    }

    [Fact]
    public void Grids_by_hand()
    {
        Line([1, 1, 5, 5, 2, 2], [1, 5, 2], (v, l) => v.Upsample(2, layout: l));
        Line([1, 2, 4, 4.25, 2.75, 2], [1, 5, 2], (v, l) => v.Upsample(2, Interpolation.Linear, l));
        Line([0, 0, 1, 2, 3, 3], [0, 3], (v, l) => v.Upsample(3, Interpolation.Linear, l));
        Line([7, 7, 7], [7], (v, l) => v.Upsample(3, Interpolation.Linear, l));
        // Bilinear is linear along one axis and then the other.
        Assert.Equal([0, 0.25, 0.75, 1, 0.5, 0.75, 1.25, 1.5, 1.5, 1.75, 2.25, 2.5, 2, 2.25, 2.75, 3],
            Run(new(1, 2, 2, 1), [0, 1, 2, 3], v => v.Upsample(2, Interpolation.Linear)));
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3], Run(new(1, 2, 2, 1), [0, 1, 2, 3], v => v.Upsample((1, 2))));
        Assert.Equal([], Run(new(0, 2, 3), [], v => v.Upsample(2, Interpolation.Linear)));
        // [1, 2 · 4, 1, 2]: part k of channel c at column w is 100c + 10k + w.
        double[] parts = [.. from c in Enumerable.Range(0, 2) from k in Enumerable.Range(0, 4) from w in Enumerable.Range(0, 2)
            select 100.0 * c + 10 * k + w];
        double[] shuffled = [0, 10, 1, 11, 20, 30, 21, 31, 100, 110, 101, 111, 120, 130, 121, 131];
        Assert.Equal(shuffled, Run(new(1, 8, 1, 2), parts, v => v.PixelShuffle(2, Layout.ChannelsFirst)));
        Assert.Equal(shuffled, Run(new(1, 8, 1, 2), parts,
            v => v.Transpose([0, 2, 3, 1]).PixelShuffle(2).Transpose([0, 3, 1, 2])));
    }

    [Theory]
    [InlineData(2, 7, 6, 3, 2, 2, 1, 0, 1, 1, false)]
    [InlineData(1, 8, 5, 2, 3, 3, 2, 2, 0, 1, true)]
    [InlineData(2, 9, 4, 1, 2, 5, 3, 0, 0, 1, true)]
    [InlineData(1, 6, 7, 2, 3, 1, 2, 1, 2, 2, false)]
    [InlineData(0, 4, 4, 2, 2, 2, 2, 0, 0, 1, true)]
    [InlineData(1, 1, 1, 1, 1, 3, 1, 0, 0, 1, true)]
    [InlineData(3, 5, 5, 1, 3, 2, 2, 2, 2, 1, true)]
    public void Pools_are_what_loops_compute(int batch, int height, int width, int channels, int size, int strideH, int strideW, int low,
        int high, int dilation, bool ceiling)
    {
        var x = new Shape(batch, height, width, channels);
        double[] xs = [.. Enumerable.Range(0, (int)x.ElementCount).Select(i => Math.Sin(2.1 * i + 1))];
        Padding padding = [(low, high), (low, high)];
        var largest = Run(x, xs, v => v.MaxPool(size, (strideH, strideW), padding, dilation, ceiling));
        var means = dilation > 1 ? null : Run(x, xs, v => v.AveragePool(size, (strideH, strideW), padding, ceiling: ceiling));
        var counted = dilation > 1 ? null : Run(x, xs, v => v.AveragePool(size, (strideH, strideW), padding, true, ceiling));
        int[] starts(int n, int stride) => [.. Enumerable.Range(0, 100).Select(i => i * stride - low).Where(s =>
            s + (size - 1) * dilation < n + high || (ceiling && s < n && s - stride + (size - 1) * dilation < n + high - 1))];
        var at = 0;
        foreach (var n in Enumerable.Range(0, batch))
            foreach (var h in starts(height, strideH))
                foreach (var w in starts(width, strideW))
                    foreach (var c in Enumerable.Range(0, channels))
                    {
                        var taps = (from i in Enumerable.Range(0, size) from j in Enumerable.Range(0, size)
                                    select (H: h + i * dilation, W: w + j * dilation)).ToArray();
                        double[] inside = [.. taps.Where(t => t.H >= 0 && t.H < height && t.W >= 0 && t.W < width)
                            .Select(t => xs[x.Ravel([n, t.H, t.W, c])])];
                        Assert.Equal(inside.Max(), largest[at]);
                        if (means is not null) Assert.Equal(inside.Average(), means[at], 1e-14);
                        var all = taps.Count(t => t.H < height + high && t.W < width + high);
                        if (counted is not null) Assert.Equal(inside.Sum() / all, counted[at], 1e-14);
                        at++;
                    }
        Assert.Equal(largest.Length, at);
    }

    [Fact]
    public void A_window_of_padding_alone_has_the_lowest_number()
    {
        Line([double.NegativeInfinity], [7], (v, l) => v.MaxPool(2, padding: 1, dilation: 2, layout: l));
        var f = new FunctionBuilder("f");
        var y = f.Parameter("x", I32[1, 3, 1]).MaxPool(2, 1, padding: 1);
        Assert.Equal([1, 5, 5, -2.0], ReferenceInterpreter.Run(f.Build(y), new Literal(I32[1, 3, 1], 1, 5, -2))[0].ToArray());
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        { "max", "SGC1002", "MaxPool: a window of 6 taps|axis 1 of f32[2,5,6,4]" },
        { "size", "SGC1011", "size = 0 must be at least 1" },
        { "no_size", "SGC1011", "size must be given" },
        { "stride", "SGC1011", "stride = -1 must be at least 1" },
        { "padding", "SGC1011", "padding = [(1, 2), (1, 0)] must be smaller than a window, 2 elements along axis 1" },
        { "average_integers", "SGC1001", "AveragePool: needs floating point, got i32" },
        { "average_all_integers", "SGC1001", "GlobalAveragePool: needs floating point" },
        { "max_bool", "SGC1001", "MaxPool: needs numbers, got bool" },
        { "rank", "SGC1003", "f32[5,4]" },
        { "adaptive", "SGC1011", "size = (3, 0)" },
        { "adaptive_empty", "SGC1002", "axis 2 of f32[2,5,0] is empty" },
        { "factor", "SGC1011", "factor = 0" },
        { "interpolation", "SGC1011", "9 is no interpolation" },
        { "linear", "SGC1001", "Upsample: needs floating point, got i32" },
        { "shuffle", "SGC1002", "9 parts|4 channels" },
        { "large", "SGC1012", "Upsample" },
        { "layout", "SGC1011", "5 is no layout" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_does_not_fit_is_refused_at_the_call(string what, string code, string says)
    {
        var f = new FunctionBuilder("refused");
        var x = f.Parameter("image", F32[2, 5, 6, 4]);
        var i = f.Parameter("integers", I32[2, 5, 6, 4]);
        Func<Value> call = what switch
        {
            "max" => () => x.MaxPool(6),
            "size" => () => x.MaxPool(0),
            "no_size" => () => x.AveragePool(default),
            "stride" => () => x.L2Pool(2, -1),
            "padding" => () => x.MaxPool(2, padding: [(1, 2), (1, 0)]),
            "average_integers" => () => i.AveragePool(2),
            "average_all_integers" => () => i.GlobalAveragePool(),
            "max_bool" => () => x.Greater(x).MaxPool(2),
            "rank" => () => f.Parameter("m", F32[5, 4]).MaxPool(2),
            "adaptive" => () => x.AdaptiveAveragePool((3, 0)),
            "adaptive_empty" => () => f.Parameter("e", F32[2, 5, 0]).AdaptiveMaxPool(2, Layout.ChannelsFirst),
            "factor" => () => x.Upsample(0),
            "interpolation" => () => x.Upsample(2, (Interpolation)9),
            "linear" => () => i.Upsample(2, Interpolation.Linear),
            "shuffle" => () => x.PixelShuffle(3),
            "large" => () => x.Upsample(int.MaxValue),
            "layout" => () => x.GlobalMaxPool(layout: (Layout)5),
            _ => throw new ArgumentException(what),
        };
        var operations = f.Operations.Count;
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal(code, error.Code);
        Assert.EndsWith("PoolingTests.cs", error.Diagnostics[0].Location.File, StringComparison.Ordinal);
        Assert.All(says.Split('|'), s => Assert.Contains(s, error.Message, StringComparison.Ordinal));
        Assert.True(f.Operations.Count - operations <= 1, "a call that fails leaves nothing behind");
    }
}
