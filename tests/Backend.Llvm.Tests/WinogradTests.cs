using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Convolutions by Winograd's algorithm, whatever they cost: awkward shapes, the error, what is not finite, and workers.</summary>
[Trait("Category", "Target")]
public sealed class WinogradTests
{
    public static TheoryData<int, int, int, int, int> Shapes => new()
    {
        { 1, 4, 4, 1, 1 },      // one tile
        { 1, 5, 5, 3, 5 },      // shifted along both axes, fewer channels and filters than lanes
        { 2, 5, 8, 17, 33 },    // a vector and one more
        { 3, 11, 7, 16, 64 },   // more tiles than a register tile has rows
        { 2, 16, 19, 40, 70 },  // a narrower last panel, a shifted last block
        { 1, 6, 6, 300, 20 },   // sums in several levels
        { 1, 3, 9, 8, 8 },      // one row of results: direct
    };

    // With bias and relu; the derivative by the image, through its mask; an epilogue that is a loop; and a padded image, numbered by two
    // axes.
    [Theory]
    [MemberData(nameof(Shapes))]
    public void AgreesWithTheReference(int images, int height, int width, int channels, int filters)
    {
        var b = new FunctionBuilder("convolution");
        var (x, kernel) = (b.Parameter("x", F32[images, height, width, channels]), b.Parameter("k", F32[3, 3, channels, filters]));
        var y = Convolution(x, kernel) + b.Parameter("bias", F32[filters]);
        var ct = b.Parameter("ct", y.Type);
        var product = ct.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3], [3]).Attributes, kernel);
        var added = product.Emit(OverlapAdd.Instance, default,
            OverlapAdd.Attributes(new([1, 2], [3, 3], [1, 1], [1, 1]), x.Shape));
        var two = b.Parameter("two", F32[2, images, height, width, channels]);
        var windows = two.Pad([0, 0, 1, 1, 0], [0, 0, 1, 1, 0]).Window([2, 3], [3, 3]);
        var other = windows.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [4, 5, 6], [0, 1, 2]).Attributes, kernel);
        var function = b.Build(y.Maximum(y.Constant(0)), (x > x.Constant(0)).Select(added, x.Constant(0)), other.Tanh() * other);
        CompiledFunctionTests.AgreeOnce(function, 1e-4 * Math.Max(1, channels / 30.0), channels, workers: 1 + height % 2,
            ConvolutionAlgorithm.Winograd);
    }

    [Theory]
    [InlineData(4, 14, 6, 16)]
    [InlineData(3, 23, 40, 33)]
    public void HasTheSameBitsForAnyNumberOfWorkers(int images, int size, int channels, int filters)
    {
        var (function, x, kernel) = Function(images, size, channels, filters);
        var random = new Random(size);
        Literal[] arguments = [Filled(x, _ => random.NextDouble() - 0.5), Filled(kernel, _ => random.NextDouble() - 0.5)];
        var alone = Run(function, arguments)[0].ToBytes();
        foreach (var workers in (int[])[2, 3, 4, 8])
            Assert.Equal(alone, JitFunction.Run(function, arguments, workers, parallelWork: 0,
                algorithm: ConvolutionAlgorithm.Winograd)[0].ToBytes());
    }

    /// <summary>|result - exact| ≤ 2·log2(9·channels)·2⁻²⁴·9·Σ over channels of max|x|·max|k|, the first maximum over what the result's
    /// tile reads.</summary>
    [Theory]
    [InlineData(1, "random")]
    [InlineData(16, "random")]
    [InlineData(40, "equal")]
    [InlineData(300, "random")]
    [InlineData(300, "equal")]
    [InlineData(33, "spike")]
    [InlineData(33, "alternating")]
    public void ErrorIsWithinItsBound(int channels, string kind)
    {
        const int Size = 9, Filters = 4;
        var (function, x, kernel) = Function(1, Size, channels, Filters);
        var random = new Random(channels);
        double Element(long i) => kind switch
        {
            "equal" => 0.1f,
            "spike" => i % 101 == 0 ? 1e6f : random.NextDouble() - 0.5,
            "alternating" => (i % 2 * 2 - 1) * (1 + random.NextDouble() / 100),
            _ => random.NextDouble() - 0.5,
        };
        var image = Filled(x, Element);
        var taps = Filled(kernel, i => kind == "alternating" ? Element(i / Filters) : random.NextDouble() - 0.5);
        var results = Run(function, [image, taps])[0];
        double X(int row, int column, int c) => (double)image[((long)row * Size + column) * channels + c];
        double K(int i, int j, int c, int f) => (double)taps[(((long)i * 3 + j) * channels + c) * Filters + f];
        var factor = 2 * Math.Log2(9 * channels) * Math.Pow(2, -24) * 9;
        foreach (var (row, column, f) in Indices(Size - 2, Filters))
        {
            var (exact, scale) = (0.0, 0.0);
            for (var c = 0; c < channels; c++)
            {
                for (var i = 0; i < 3; i++)
                    for (var j = 0; j < 3; j++) exact += X(row + i, column + j, c) * K(i, j, c, f);
                scale += Around(row, column, Size).Max(at => Math.Abs(X(at.Row, at.Column, c)))
                    * Enumerable.Range(0, 9).Max(t => Math.Abs(K(t / 3, t % 3, c, f)));
            }
            var error = Math.Abs((double)results[((long)row * (Size - 2) + column) * Filters + f] - exact);
            Assert.True(error <= factor * scale, $"[{row},{column},{f}]: error {error}, bound {factor * scale}");
        }
    }

    /// <summary>An infinity makes NaN or infinities of the results that read it, and perhaps of others of their tiles, and of no more;
    /// directly it reaches those that read it.</summary>
    [Fact]
    public void InfinityStaysWithinItsTiles()
    {
        const int Size = 12, At = 5;
        var (function, x, kernel) = Function(1, Size, 1, 1);
        Literal[] arguments = [Filled(x, i => i == At * Size + At ? double.PositiveInfinity : 1), Filled(kernel, _ => 1)];
        var direct = JitFunction.Run(function, arguments, algorithm: ConvolutionAlgorithm.Direct)[0];
        var byTiles = Run(function, arguments)[0];
        foreach (var (row, column, _) in Indices(Size - 2, 1))
        {
            var i = (long)row * (Size - 2) + column;
            bool Reads(int first, int count) => first <= At && At < first + count;
            var isRead = Reads(row, 3) && Reads(column, 3);
            Assert.Equal(isRead ? double.PositiveInfinity : 9, (double)direct[i]);
            if (isRead) Assert.False(double.IsFinite((double)byTiles[i]));
            else if (!(Reads(row / 2 * 2, 4) && Reads(column / 2 * 2, 4))) Assert.Equal(9, (double)byTiles[i]);
        }
    }

    /// <summary>Results are finite while elements and taps are below a quarter and a fifth, and the sum of nine times the products of the
    /// channels' largest is below a ninth, of the largest number.</summary>
    [Theory]
    [InlineData(0.24, 1e-3)]
    [InlineData(1e-20, 4e17)]
    [InlineData(5e-41, 6e37)]
    public void LargeElementsHaveFiniteResults(double element, double tap)
    {
        var (function, x, kernel) = Function(1, 7, 3, 2);
        var random = new Random(1);
        var results = Run(function, [Filled(x, _ => element * float.MaxValue * (2 * random.Next(2) - 1)), Filled(kernel, _ => tap)])[0];
        for (var i = 0L; i < results.Type.Shape.ElementCount; i++) Assert.True(double.IsFinite((double)results[i]), $"{i}: {results[i]}");
    }

    private static (Function Function, TensorType X, TensorType Kernel) Function(int images, int size, int channels, int filters)
    {
        var b = new FunctionBuilder("convolution");
        var (x, kernel) = (b.Parameter("x", F32[images, size, size, channels]), b.Parameter("k", F32[3, 3, channels, filters]));
        return (b.Build(Convolution(x, kernel)), x.Type, kernel.Type);
    }

    private static Value Convolution(Value x, Value kernel) => x.Window([1, 2], [3, 3])
        .Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, kernel);

    private static Literal[] Run(Function function, Literal[] arguments) =>
        JitFunction.Run(function, arguments, algorithm: ConvolutionAlgorithm.Winograd);

    private static Literal Filled(TensorType type, Func<long, double> element) =>
        new(type, [.. Enumerable.Range(0, (int)type.Shape.ElementCount).Select(i => (Scalar)(double)(float)element(i))]);

    private static IEnumerable<(int Row, int Column, int Filter)> Indices(int size, int filters) =>
        Enumerable.Range(0, size * size * filters).Select(i => (i / filters / size, i / filters % size, i % filters));

    // A tile begins at a result's own row or the one before, and has four rows; columns likewise.
    private static IEnumerable<(int Row, int Column)> Around(int row, int column, int size) =>
        from r in Enumerable.Range(row - 1, 5)
        from c in Enumerable.Range(column - 1, 5)
        where r >= 0 && c >= 0 && r < size && c < size
        select (r, c);
}
