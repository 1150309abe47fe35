using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Contractions whose blocking depends on the number of workers, and large reductions that workers share: the order of additions
/// must not depend on it.</summary>
[Trait("Category", "Target")]
public sealed class SameBitsTests
{
    public static TheoryData<int, int, int> Sizes =>
        new() { { 64, 800, 32 }, { 64, 2000, 32 }, { 40, 1111, 70 }, { 8, 3000, 16 }, { 130, 530, 130 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void OfContractionsForAnyNumberOfWorkers(int m, int k, int n)
    {
        var b = new FunctionBuilder("matmul");
        var (x, y, z) = (b.Parameter("x", F32[m, k]), b.Parameter("y", F32[k, n]), b.Parameter("z", F32[n, k]));
        var function = b.Build(x.MatMul(y), x.MatMul(z.Transpose()).Tanh());
        Check(function, k, [2, 3, 5]);
    }

    /// <summary>Sums, a softmax and an update by a norm, of shapes whose split is an axis's, of leading axes, or none (a prime).</summary>
    [Theory]
    [InlineData(65_536)]
    [InlineData(100_000)]
    [InlineData(34_833)]
    [InlineData(65_537)]
    [InlineData(3, 16_400)]
    [InlineData(64, 1_000)]
    [InlineData(20_000, 3)]
    [InlineData(16_384, 1)]
    [InlineData(2, 262_144)]
    public void OfReductionsForAnyNumberOfWorkers(params int[] sizes)
    {
        var b = new FunctionBuilder("reductions");
        var (x, y) = (b.Parameter("x", F32[sizes]), b.Parameter("y", F32[sizes]));
        var d = x - y;
        var clipped = x - Broadcasting.To((y * y).Sum().Rsqrt(), y.Shape) * y;
        Value[] ends = [x.Sum([0]), x.Sum([-1]), x.Softmax(0), x.Softmax(-1)];
        var function = b.Build([(d * d).Sum(), 2 * d, clipped, (x * y).Max(), .. ends]);
        Check(function, sizes[0], [2, 3, 4, 5, 6, 7, 8]);
    }

    [Theory]
    [InlineData(4, 14, 6, 16)]
    [InlineData(2, 28, 1, 6)]
    [InlineData(3, 9, 40, 33)]
    public void OfConvolutionsForAnyNumberOfWorkers(int batch, int size, int channels, int filters)
    {
        var b = new FunctionBuilder("convolution");
        var (x, kernel) = (b.Parameter("x", F32[batch, size, size, channels]), b.Parameter("k", F32[3, 3, channels, filters]));
        var windows = x.Pad([0, 1, 1, 0], [0, 1, 1, 0]).Window([1, 2], [3, 3]);
        var y = windows.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, kernel);
        var ct = b.Parameter("ct", y.Type);
        var product = ct.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3], [3]).Attributes, kernel);
        var function = b.Build(y.Maximum(y.Constant(0)), y.Sum(0, 1, 2), y.Window([1, 2], [2, 2], [2, 2]).Max([3, 4]),
            windows.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [0, 1, 2], [0, 1, 2]).Attributes, ct),
            product.Emit(OverlapAdd.Instance, default, OverlapAdd.Attributes(new([1, 2], [3, 3], [1, 1], [1, 1]),
                new Shape(batch, size + 2, size + 2, channels))));
        Check(function, size, [2, 3, 4, 8]);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(72)]
    public void OfSumsOfFewColumnsForAnyNumberOfWorkers(int channels)
    {
        var b = new FunctionBuilder("depthwise");
        var (x, kernel) = (b.Parameter("x", F32[5, 14, 30, channels]), b.Parameter("k", F32[3, 3, channels]));
        var windows = x.Window([1, 2], [3, 3]);
        var ct = b.Parameter("ct", F32[5, 12, 28, channels]);
        Value AsWindows(Value y, params int[] axes) =>
            y.Emit(Broadcast.Instance, default, Broadcast.Attributes(windows.Shape, axes));
        var function = b.Build((windows * AsWindows(kernel, 3, 4, 5)).Sum(3, 4), (windows * AsWindows(ct, 0, 1, 2, 5)).Sum(0, 1, 2),
            ct.Sum(0, 1, 2), x.Window([1, 2], [2, 2], [2, 2]).Max([3, 4]));
        Check(function, channels, [2, 3, 4, 8]);
    }

    /// <summary>Which of two NaNs a product or a sum keeps, and so its sign, does not depend on the workers either, nor does what
    /// infinities and zeros make: in tiles and beside them, in sums and in what follows.</summary>
    [Theory]
    [InlineData(7, 33, 8, true, 2)]
    [InlineData(7, 33, 17, true, 60)]
    [InlineData(33, 7, 33, false, 2)]
    [InlineData(40, 257, 70, true, 60)]
    [InlineData(130, 64, 33, false, 60)]
    public void OfNotANumberForAnyNumberOfWorkers(int m, int k, int n, bool isDouble, int oneSpecialIn)
    {
        var dtype = isDouble ? F64 : F32;
        var b = new FunctionBuilder("special");
        var (x, y, z) = (b.Parameter("x", dtype[m, k]), b.Parameter("y", dtype[k, n]), b.Parameter("z", dtype[n]));
        var (xt, yt) = (b.Parameter("xt", dtype[k, m]), b.Parameter("yt", dtype[n, k]));
        var product = x.MatMul(y);
        var function = b.Build([product, (product * 2 + z).Clip(-16, 16), -product.Tanh(), x.MatMul(yt.Transpose()) + 1,
            xt.Transpose().MatMul(y) - z, z - xt.Transpose().MatMul(yt.Transpose()), product.Sum(), product.Max([0]), x.Sum([0]),
            x.Sum([1]), (x + x.Sum([0])) * (x - 1), x.Softmax()]);
        double[] special = [double.NaN, -double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, -0.0];
        Check(function, seed: m + k + n, [2, 3, 5],
            random => random.Next(oneSpecialIn) == 0 ? special[random.Next(special.Length)] : random.Next(-3, 4));
    }

    private static void Check(Function function, int seed, int[] numbersOfWorkers, Func<Random, double>? element = null)
    {
        element ??= random => 2 * random.NextDouble() - 1;
        var random = new Random(seed);
        Literal[] arguments = [.. function.Parameters.Select(p =>
            new Literal(p.Type, [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => (Scalar)element(random))]))];
        var alone = JitFunction.Run(function, arguments, workers: 1, parallelWork: 0);
        foreach (var workers in numbersOfWorkers)
        {
            var threaded = JitFunction.Run(function, arguments, workers, parallelWork: 0);
            for (var r = 0; r < alone.Length; r++) Assert.Equal(alone[r].ToBytes(), threaded[r].ToBytes());
        }
    }
}
