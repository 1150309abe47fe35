using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Derivatives of convolutions by their filters by Winograd's algorithm, whatever they cost: awkward shapes, the error, what is
/// not finite, and workers.</summary>
[Trait("Category", "Target")]
public sealed class WinogradGradientTests
{
    // Images, rows and columns of the cotangent, channels, filters.
    public static TheoryData<int, int, int, int, int> Shapes => new()
    {
        { 1, 2, 2, 1, 1 },        // one tile
        { 1, 3, 3, 3, 5 },        // shifted along both axes, fewer channels and filters than lanes
        { 2, 3, 6, 17, 33 },      // a vector and one more; a shifted last range of channels
        { 3, 9, 5, 16, 64 },
        { 2, 14, 17, 40, 70 },    // a narrower last panel
        { 1, 46, 22, 5, 9 },      // tiles that blocks do not hold exactly
        { 1, 193, 181, 2, 3 },    // blocks in two levels, with a remainder
        { 1, 1, 9, 8, 8 },        // one row: direct
    };

    // Of an image, and of one that is padded; with an optimizer's update, and an epilogue that is a loop.
    [Theory]
    [MemberData(nameof(Shapes))]
    public void AgreesWithTheReference(int images, int rows, int columns, int channels, int filters)
    {
        var b = new FunctionBuilder("gradient");
        var x = b.Parameter("x", F32[images, rows + 2, columns + 2, channels]);
        var (y, kernel) = (b.Parameter("ct", F32[images, rows, columns, filters]), b.Parameter("k", F32[3, 3, channels, filters]));
        var gradient = Gradient(x, y) * kernel.Constant(1.0 / (images * rows * columns));
        var small = b.Parameter("small", F32[images, rows, columns, channels]);
        var padded = Gradient(small.Pad([0, 1, 1, 0], [0, 1, 1, 0]), y) * kernel.Constant(1.0 / (images * rows * columns));
        var function = b.Build(kernel - gradient * kernel.Constant(0.1), padded.Tanh() * padded + kernel.Tanh());
        CompiledFunctionTests.AgreeOnce(function, 1e-5, channels, workers: 1 + filters % 3, ConvolutionAlgorithm.Winograd);
    }

    [Theory]
    [InlineData(4, 14, 9, 16)]
    [InlineData(3, 23, 40, 33)]
    [InlineData(2, 12, 64, 128)]
    public void HasTheSameBitsForAnyNumberOfWorkers(int images, int size, int channels, int filters)
    {
        var (function, x, y) = Function(images, size, channels, filters);
        var random = new Random(size);
        Literal[] arguments = [WinogradTests.Filled(x, _ => random.NextDouble() - 0.5),
            WinogradTests.Filled(y, _ => random.NextDouble() - 0.5)];
        var alone = WinogradTests.Run(function, arguments)[0].ToBytes();
        Assert.NotEqual(alone, JitFunction.Run(function, arguments, algorithm: ConvolutionAlgorithm.Direct)[0].ToBytes());
        foreach (var workers in (int[])[2, 3, 4, 8])
            Assert.Equal(alone, JitFunction.Run(function, arguments, workers, parallelWork: 0,
                algorithm: ConvolutionAlgorithm.Winograd)[0].ToBytes());
    }

    /// <summary>|result - exact| ≤ 2·log2(4·tiles)·2⁻²⁴·4·Σ over tiles of max|x|·max|y|, over the 4×4 elements and the 2×2 of the cotangent
    /// of a tile.</summary>
    [Theory]
    [InlineData(1, 2, "random")]
    [InlineData(1, 15, "random")]
    [InlineData(2, 40, "equal")]
    [InlineData(3, 64, "random")]
    [InlineData(1, 64, "spike")]
    [InlineData(2, 33, "alternating")]
    public void ErrorIsWithinItsBound(int images, int size, string kind)
    {
        const int Channels = 2, Filters = 3;
        var (function, x, y) = Function(images, size, Channels, Filters);
        var random = new Random(size);
        double Element(long i) => kind switch
        {
            "equal" => 0.1f,
            "spike" => i % 101 == 0 ? 1e6f : random.NextDouble() - 0.5,
            "alternating" => (i % 2 * 2 - 1) * (1 + random.NextDouble() / 100),
            _ => random.NextDouble() - 0.5,
        };
        var image = WinogradTests.Filled(x, i => Element(i / Channels));
        var cotangent = WinogradTests.Filled(y, i => kind == "alternating" ? Element(i / Filters) : random.NextDouble() - 0.5);
        var results = WinogradTests.Run(function, [image, cotangent])[0];
        double X(int n, int row, int column, int c) => (double)image[(((long)n * (size + 2) + row) * (size + 2) + column) * Channels + c];
        double Y(int n, int row, int column, int f) => (double)cotangent[(((long)n * size + row) * size + column) * Filters + f];
        int[] firsts = [.. Enumerable.Range(0, (size + 1) / 2).Select(i => Math.Min(2 * i, size - 2))];
        var tiles = images * firsts.Length * firsts.Length;
        var factor = 2 * Math.Log2(4 * tiles) * Math.Pow(2, -24) * 4;
        foreach (var (i, j, c, f) in from i in Enumerable.Range(0, 3) from j in Enumerable.Range(0, 3)
            from c in Enumerable.Range(0, Channels) from f in Enumerable.Range(0, Filters)
            select (i, j, c, f))
        {
            var exact = (from n in Enumerable.Range(0, images) from row in Enumerable.Range(0, size)
                from column in Enumerable.Range(0, size)
                select X(n, row + i, column + j, c) * Y(n, row, column, f)).Sum();
            var scale = (from n in Enumerable.Range(0, images) from row in firsts from column in firsts
                select Most(4, (r, s) => X(n, row + r, column + s, c)) * Most(2, (r, s) => Y(n, row + r, column + s, f))).Sum();
            var error = Math.Abs((double)results[(((long)i * 3 + j) * Channels + c) * Filters + f] - exact);
            Assert.True(error <= factor * scale, $"[{i},{j},{c},{f}]: error {error}, bound {factor * scale}");
        }

        static double Most(int count, Func<int, int, double> element) =>
            Enumerable.Range(0, count * count).Max(i => Math.Abs(element(i / count, i % count)));
    }

    /// <summary>An infinity makes NaN or infinities of results of its channel or filter, and of no others.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void InfinityStaysWithinItsChannelOrFilter(bool isOfImage)
    {
        const int Size = 7, Channels = 3, Filters = 5, At = 2;
        var (function, x, y) = Function(2, Size, Channels, Filters);
        Literal Ones(TensorType type, int innermost, bool hasInfinity) => WinogradTests.Filled(type,
            i => hasInfinity && i == (3 * Size + 4) * innermost + At ? double.PositiveInfinity : 1);
        var results = WinogradTests.Run(function, [Ones(x, Channels, isOfImage), Ones(y, Filters, !isOfImage)])[0];
        for (var i = 0; i < 9 * Channels * Filters; i++)
        {
            if ((isOfImage ? i / Filters % Channels : i % Filters) == At) Assert.False(double.IsFinite((double)results[i]));
            else Assert.Equal(2 * Size * Size, (double)results[i]);
        }
    }

    /// <summary>Results are finite while |x| and |y| are below a quarter, and 4·Σ over tiles of max|x|·max|y| is below a ninth, of the
    /// largest number.</summary>
    [Theory]
    [InlineData(0.24, 0.0015)]
    [InlineData(1e-20, 1.5e17)]
    [InlineData(7e-42, 0.24 * 3.4e38)]
    public void LargeElementsHaveFiniteResults(double element, double cotangent)
    {
        // 16 tiles.
        var (function, x, y) = Function(1, 7, 3, 2);
        var random = new Random(1);
        double Sign() => 2 * random.Next(2) - 1;
        var results = WinogradTests.Run(function, [WinogradTests.Filled(x, _ => element * float.MaxValue * Sign()),
            WinogradTests.Filled(y, _ => cotangent * Sign())])[0];
        for (var i = 0L; i < results.Type.Shape.ElementCount; i++) Assert.True(double.IsFinite((double)results[i]), $"{i}: {results[i]}");
    }

    private static (Function Function, TensorType X, TensorType Cotangent) Function(int images, int size, int channels, int filters)
    {
        var b = new FunctionBuilder("gradient");
        var (x, y) = (b.Parameter("x", F32[images, size + 2, size + 2, channels]), b.Parameter("ct", F32[images, size, size, filters]));
        return (b.Build(Gradient(x, y)), x.Type, y.Type);
    }

    private static Value Gradient(Value x, Value cotangent) => x.Window([1, 2], [3, 3])
        .Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [0, 1, 2], [0, 1, 2]).Attributes, cotangent);
}
