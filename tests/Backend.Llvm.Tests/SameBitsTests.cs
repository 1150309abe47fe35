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

    private static void Check(Function function, int seed, int[] numbersOfWorkers)
    {
        var random = new Random(seed);
        Literal[] arguments = [.. function.Parameters.Select(p =>
            new Literal(p.Type, [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => 2 * random.NextDouble() - 1)]))];
        var alone = JitFunction.Run(function, arguments, workers: 1, parallelWork: 0);
        foreach (var workers in numbersOfWorkers)
        {
            var threaded = JitFunction.Run(function, arguments, workers, parallelWork: 0);
            for (var r = 0; r < alone.Length; r++) Assert.Equal(alone[r].ToBytes(), threaded[r].ToBytes());
        }
    }
}
