using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Convolutions over bf16 and their derivatives by Winograd's algorithm along rows, for targets that multiply pairs, whatever
/// they cost: awkward shapes, the error, what is not finite, and workers. Where the processor has no such instruction, it is computed in
/// steps.</summary>
[Trait("Category", "Target")]
public sealed class WinogradRowTests
{
    // Images, rows and columns of results, channels, filters.
    public static TheoryData<int, int, int, int, int> Shapes => new()
    {
        { 1, 2, 2, 2, 1 },      // one tile in a row
        { 1, 4, 3, 4, 5 },      // a shifted tile, fewer channels and filters than lanes, half a pair of images
        { 2, 5, 6, 18, 33 },    // a vector and one more
        { 3, 9, 11, 16, 70 },   // a narrower last panel, an odd number of images
        { 4, 7, 7, 40, 64 },
        { 2, 4, 5, 350, 20 },   // sums of channels in several levels
        { 1, 26, 27, 6, 9 },    // rows that blocks do not hold exactly
        { 2, 67, 130, 2, 3 },   // blocks of one row, or a few
        { 140, 2, 2, 2, 3 },    // very many blocks
    };

    /// <summary>|result - exact| ≤ 24·2⁻⁸·Σ over channels of max|x|·max|k|, the first maximum over what the result's tile reads, for a
    /// convolution with bias and relu, and for the derivative by the image with its mask; operands are bf16 already.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void Results_are_within_their_bound(int images, int rows, int columns, int channels, int filters)
    {
        var b = new FunctionBuilder("convolution");
        var x = b.Parameter("x", BF16[images, rows + 2, columns + 2, channels]);
        var kernel = b.Parameter("k", BF16[3, 3, channels, filters]);
        var y = Convolution(x, kernel, 2) + b.Parameter("bias", F32[filters]);
        var dy = b.Parameter("dy", BF16[images, rows, columns, filters]);
        var padded = dy.Pad([0, 2, 2, 0], [0, 2, 2, 0]);
        var reversed = kernel.Emit(Reverse.Instance, default, Reverse.Attributes([0, 1]));
        var function = b.Build(y.Maximum(y.Constant(0)).ConvertTo(BF16).ConvertTo(F32), Convolution(padded, reversed, 3));
        var arguments = JitFunction.Draw(function, channels);
        // An odd number of filters has no pairs: the derivative by the image is then of both axes, in f32.
        var results = Run(function, arguments, filters % 2 == 0 ? 2 : 1, "winograd_rows");
        var (image, taps, bias, cotangent) = (arguments[0], arguments[1], arguments[2], arguments[3]);
        double X(int n, int i, int j, int c) => At(image, [rows + 2, columns + 2, channels], n, i, j, c);
        double Dy(int n, int i, int j, int f) => i < 0 || j < 0 || i >= rows || j >= columns ? 0
            : At(cotangent, [rows, columns, filters], n, i, j, f);
        double K(int i, int j, int c, int f) => At(taps, [3, channels, filters], i, j, c, f);
        foreach (var (n, i, j) in Places(images, rows, columns))
            for (var f = 0; f < filters; f++)
            {
                var (sum, bound) = Exact(i, j, channels, (r, s, c) => X(n, r, s, c), (r, s, c) => K(r, s, c, f), columns + 2);
                var exact = Math.Max(sum + (double)bias[f], 0);
                Within(exact, bound + Math.Abs(exact) / 256, results[0][((long)(n * rows + i) * columns + j) * filters + f],
                    $"y[{n},{i},{j},{f}]");
            }
        foreach (var (n, i, j) in Places(images, rows + 2, columns + 2))
            for (var c = 0; c < channels; c++)
            {
                var (exact, bound) = Exact(
                    i, j, filters, (r, s, f) => Dy(n, r - 2, s - 2, f), (r, s, f) => K(2 - r, 2 - s, c, f), columns + 4);
                Within(exact, filters % 2 == 0 ? bound : 1e-4,
                    results[1][((long)(n * (rows + 2) + i) * (columns + 2) + j) * channels + c], $"dx[{n},{i},{j},{c}]");
            }
    }

    /// <summary>|result - exact| ≤ 6·2⁻⁸·Σ over tiles of max|x|·max|dy|, the first maximum over the four elements that a row of taps reads
    /// of a tile.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void Derivatives_by_filters_are_within_their_bound(int images, int rows, int columns, int channels, int filters)
    {
        var function = Gradient(images, rows, columns, channels, filters);
        var arguments = JitFunction.Draw(function, filters);
        var gradient = Run(function, arguments, 1, "winograd_rows_gradient")[0];
        double X(int n, int i, int j, int c) => At(arguments[0], [rows + 2, columns + 2, channels], n, i, j, c);
        double Dy(int n, int i, int j, int f) => At(arguments[1], [rows, columns, filters], n, i, j, f);
        foreach (var (i, j, c) in Places(3, 3, channels))
            for (var f = 0; f < filters; f++)
            {
                var (exact, scale) = (0.0, 0.0);
                foreach (var (n, row, tile) in Places(images, rows, (columns + 1) / 2))
                {
                    var first = Math.Min(2 * tile, columns - 2);
                    for (var s = 2 * tile; s < Math.Min(2 * tile + 2, columns); s++)
                        exact += X(n, row + i, s + j, c) * Dy(n, row, s, f);
                    scale += Enumerable.Range(first, 4).Max(s => Math.Abs(X(n, row + i, s, c)))
                        * Enumerable.Range(first, 2).Max(s => Math.Abs(Dy(n, row, s, f)));
                }
                Within(exact, 6.0 / 256 * scale, gradient[((long)(i * 3 + j) * channels + c) * filters + f], $"[{i},{j},{c},{f}]");
            }
    }

    /// <summary>Integers that are small, and of the taps even, are transformed exactly: results are too, whatever the blocks and the
    /// hints of the next.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    [InlineData(1, 3, 4, 600, 5)]
    [InlineData(1, 2, 600, 2, 3)]
    public void Small_integers_are_exact(int images, int rows, int columns, int channels, int filters)
    {
        var b = new FunctionBuilder("exact");
        var x = b.Parameter("x", BF16[images, rows + 2, columns + 2, channels]);
        var kernel = b.Parameter("k", BF16[3, 3, channels, filters]);
        var dy = b.Parameter("dy", BF16[images, rows, columns, filters]);
        // Images numbered by two axes, a part of each; and an epilogue that is a loop.
        var two = b.Parameter("two", BF16[2, images, rows + 2, columns + 4, channels])
            .Slice([0, 0, 0, 1, 0], [2, images, rows + 2, columns + 3, channels]).Window([2, 3], [3, 3]);
        var y = two.Emit(DotGeneral.Instance, default,
            new DotGeneral.Axes([], [], [4, 5, 6], [0, 1, 2]) { Result = F32 }.Attributes, kernel);
        var scaled = y * y.Constant(1.0 / 64);
        var gradient = b.Emit(DotGeneral.Instance, [x.Window([1, 2], [3, 3]), dy],
            new DotGeneral.Axes([], [], [0, 1, 2], [0, 1, 2]) { Result = F32 }.Attributes);
        var function = b.Build(Convolution(x, kernel, 2), gradient, scaled.Tanh() + scaled);
        var random = new Random(channels);
        Literal[] arguments = [.. function.Parameters.Select((p, i) =>
            WinogradTests.Filled(p.Type, _ => random.Next(-2, 3) * (i == 1 ? 2 : 1)))];
        var expected = ReferenceInterpreter.Run(function, arguments);
        foreach (var l2Bytes in (long[])[1 << 20, 16 << 10])
        {
            var results = Run(function, arguments, 2, "winograd_rows", l2Bytes);
            for (var r = 0; r < 2; r++) Assert.Equal(expected[r].ToBytes(), results[r].ToBytes());
            for (var i = 0L; i < results[2].Type.Shape.ElementCount; i++)
                Assert.Equal((double)expected[2][i], (double)results[2][i], 1e-5 * (1 + Math.Abs((double)expected[2][i])));
        }
    }

    /// <summary>Roundings that add up: the error is 23.5 of the bound's 24.</summary>
    [Fact]
    public void The_bound_is_nearly_reached()
    {
        double[] elements = [-(1 + 2.0 / 128), 1, 1 + 1.0 / 128, 0], taps = [172.0 / 256, 171.0 / 256, 171.0 / 256];
        var b = new FunctionBuilder("convolution");
        var (x, kernel) = (b.Parameter("x", BF16[1, 4, 4, 2]), b.Parameter("k", BF16[3, 3, 2, 1]));
        var function = b.Build(Convolution(x, kernel, 2));
        Literal[] arguments = [WinogradTests.Filled(x.Type, i => i % 2 == 0 ? elements[i / 2 % 4] : 0),
            WinogradTests.Filled(kernel.Type, i => i % 2 == 0 ? taps[i / 2 % 3] : 0)];
        var result = (double)Run(function, arguments, 1, "winograd_rows")[0][0];
        var exact = 3 * taps.Zip(elements, (k, d) => k * d).Sum();
        Assert.InRange(Math.Abs(result - exact) / (elements.Max(Math.Abs) * taps.Max()), 23.0 / 256, 24.0 / 256);
    }

    /// <summary>An infinity makes NaN or infinities of the results whose tiles read it, and of no others.</summary>
    [Fact]
    public void Infinity_stays_within_its_tiles()
    {
        const int Rows = 9, Columns = 11, Channels = 4, Filters = 6, Row = 5, Column = 6;
        var b = new FunctionBuilder("convolution");
        var x = b.Parameter("x", BF16[1, Rows + 2, Columns + 2, Channels]);
        var function = b.Build(Convolution(x, b.Parameter("k", BF16[3, 3, Channels, Filters]), 2));
        var arguments = JitFunction.Draw(function, 1);
        var special = arguments[0].ToArray();
        special[(Row * (Columns + 2) + Column) * Channels + 1] = double.PositiveInfinity;
        arguments[0] = new Literal(x.Type, special.AsSpan());
        var y = Run(function, arguments, 1, "winograd_rows")[0];
        foreach (var (i, j, f) in Places(Rows, Columns, Filters))
        {
            bool Reads(int at, int first, int count) => first <= at && at < first + count;
            var isFinite = double.IsFinite((double)y[(i * Columns + j) * Filters + f]);
            if (Reads(Row, i, 3) && Reads(Column, j, 3)) Assert.False(isFinite, $"[{i},{j},{f}]");
            else if (!(Reads(Row, i, 3) && Reads(Column, Math.Min(j / 2 * 2, Columns - 2), 4))) Assert.True(isFinite, $"[{i},{j},{f}]");
        }
    }

    /// <summary>An infinity of the image makes NaN or infinities of the derivatives by the taps of its channel in the rows that read it,
    /// and of no others.</summary>
    [Fact]
    public void Infinity_stays_within_its_channel()
    {
        const int Rows = 6, Columns = 7, Channels = 4, Filters = 6, Channel = 1;
        var function = Gradient(3, Rows, Columns, Channels, Filters);
        var arguments = JitFunction.Draw(function, 1);
        var special = arguments[0].ToArray();
        special[4 * Channels + Channel] = double.PositiveInfinity; // in the first row, which one row of taps reads
        arguments[0] = new Literal(arguments[0].Type, special.AsSpan());
        var gradient = Run(function, arguments, 1, "winograd_rows_gradient")[0];
        foreach (var (i, j, c) in Places(3, 3, Channels))
            for (var f = 0; f < Filters; f++)
                Assert.Equal(i == 0 && c == Channel, !double.IsFinite((double)gradient[((i * 3 + j) * Channels + c) * Filters + f]));
    }

    /// <summary>By cost: where the target multiplies pairs, a convolution with many channels and its derivative go along rows, few channels
    /// directly; bf16 where there are no pairs along both axes.</summary>
    [Theory]
    [InlineData(32, true, "winograd_rows")]
    [InlineData(4, true, "contraction")]
    [InlineData(32, false, "winograd")]
    public void Cost_decides(int channels, bool hasPairs, string name)
    {
        var b = new FunctionBuilder("convolution");
        var x = b.Parameter("x", BF16[16, 26, 26, channels]);
        var function = b.Build(Convolution(x, b.Parameter("k", BF16[3, 3, channels, 64]), 2));
        var target = TargetInfo.Create("x86-64-v4").Traits(1) with { HasPairDot = hasPairs };
        var program = LowerToLoops.Lower(JitFunction.Optimized(function, [new("fuse", new Fuse())]), [-1], target, 0, verifies: true);
        Assert.Equal(name, program.Calls.Single().Kernel.Name);
        var gradient = Gradient(16, 24, 24, channels, 64);
        program = LowerToLoops.Lower(JitFunction.Optimized(gradient, [new("fuse", new Fuse())]), [-1], target, 0, verifies: true);
        Assert.Equal(name == "contraction" ? name : $"{name}_gradient", program.Calls.Single().Kernel.Name);
    }

    private static Function Gradient(int images, int rows, int columns, int channels, int filters)
    {
        var b = new FunctionBuilder("gradient");
        var x = b.Parameter("x", BF16[images, rows + 2, columns + 2, channels]);
        var dy = b.Parameter("dy", BF16[images, rows, columns, filters]);
        return b.Build(b.Emit(DotGeneral.Instance, [x.Window([1, 2], [3, 3]), dy],
            new DotGeneral.Axes([], [], [0, 1, 2], [0, 1, 2]) { Result = F32 }.Attributes));
    }

    private static Value Convolution(Value x, Value kernel, int contracted) => x.Window([1, 2], [3, 3]).Emit(DotGeneral.Instance, default,
        new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, contracted]) { Result = F32 }.Attributes, kernel);

    private static double At(Literal literal, int[] sizes, int n, int i, int j, int k) =>
        (double)literal[(((long)n * sizes[0] + i) * sizes[1] + j) * sizes[2] + k];

    private static IEnumerable<(int, int, int)> Places(int first, int second, int third) =>
        from i in Enumerable.Range(0, first) from j in Enumerable.Range(0, second) from k in Enumerable.Range(0, third) select (i, j, k);

    // The result's tile reads four columns; the last is shifted to end with the image.
    private static (double Sum, double Bound) Exact(
        int row, int column, int channels, Func<int, int, int, double> x, Func<int, int, int, double> k, int width)
    {
        var (sum, scale) = (0.0, 0.0);
        int[] around = [.. Enumerable.Range(Math.Min(column / 2 * 2, width - 4), 4)];
        for (var c = 0; c < channels; c++)
        {
            var (most, mostTap) = (0.0, 0.0);
            for (var r = 0; r < 3; r++)
            {
                for (var s = 0; s < 3; s++)
                {
                    sum += x(row + r, column + s, c) * k(r, s, c);
                    mostTap = Math.Max(mostTap, Math.Abs(k(r, s, c)));
                }
                foreach (var s in around) most = Math.Max(most, Math.Abs(x(row + r, s, c)));
            }
            scale += most * mostTap;
        }
        return (sum, 24.0 / 256 * scale);
    }

    private static void Within(double exact, double bound, Scalar actual, string what)
    {
        if (!(Math.Abs((double)actual - exact) <= bound)) Assert.Fail($"{what} is {actual}, exactly {exact:R}, bound {bound:R}");
    }

    // Some kernels of a name, and the same bits from any number of workers.
    private static Literal[] Run(Function function, Literal[] arguments, int kernels, string name, long l2Bytes = 1 << 20)
    {
        var target = TargetInfo.Create();
        var fused = JitFunction.Optimized(function, [new("fuse", new Fuse())]);
        ImmutableArray<int> donated = [.. fused.Results.Select(_ => -1)];
        Literal[] With(int workers)
        {
            var traits = target.Traits(workers) with { HasPairDot = true, L2Bytes = l2Bytes };
            var program = LowerToLoops.Lower(fused, donated, traits, 0, verifies: true, algorithm: ConvolutionAlgorithm.Winograd);
            Assert.Equal(kernels, program.Calls.Count(c => c.Kernel.Name == name));
            using var code = Jit.Load(StepCompiler.Compile(program, target));
            return JitFunction.Call(code.Symbol(StepCompiler.EntryName), fused, program, arguments, workers, donated);
        }
        var alone = With(1);
        foreach (var workers in (int[])[2, 3, 8])
            foreach (var (one, many) in alone.Zip(With(workers))) Assert.Equal(one.ToBytes(), many.ToBytes());
        return alone;
    }
}
