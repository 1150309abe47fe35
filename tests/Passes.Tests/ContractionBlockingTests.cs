using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>How contractions are blocked for registers, caches and workers.</summary>
public sealed class ContractionBlockingTests
{
    private static readonly TargetTraits s_target =
        new(VectorBytes: 64, VectorRegisters: 32, L1Bytes: 48 << 10, L2Bytes: 2 << 20, Workers: 2);

    private static ContractionBlocking Choose(int m, int k, int n, bool partitionsM, TargetTraits target, bool takesWholeN = false)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", DType.F32[m, k]);
        var dot = x.MatMul(builder.Parameter("y", DType.F32[k, n]));
        return ContractionBlocking.Choose(new ContractionShape(dot.Definition!), DType.F32, target, partitionsM, takesWholeN);
    }

    [Theory]
    [InlineData(784, 64, 128)]
    [InlineData(512, 128, 512)]
    [InlineData(2048, 256, 2048)]
    [InlineData(29, 8, 64)]
    public void WorkersPartitionMWhereAnUpdateFollows(int m, int k, int n)
    {
        Assert.Equal(0, Choose(m, k, n, partitionsM: true, s_target).BlocksM % 2);
    }

    [Theory]
    [InlineData(32, 64, 64)]
    [InlineData(64, 10, 96)]
    public void WithWholeNEachWorkerHasOneTileRange(int m, int k, int n)
    {
        var blocking = Choose(m, k, n, partitionsM: false, s_target, takesWholeN: true);
        Assert.Equal((2, n / blocking.TileN), (blocking.BlocksM, blocking.PanelsPerGroup));
    }

    [Fact]
    public void OneTileIsNotPartitioned() => Assert.Equal(1, Choose(10, 64, 128, partitionsM: true, s_target).BlocksM);

    [Theory]
    [InlineData(64, 784, 128)]
    [InlineData(2048, 2048, 2048)]
    [InlineData(13, 1, 7)]
    [InlineData(1, 5000, 33)]
    public void TilesCoverMAndBlocksCoverK(int m, int k, int n)
    {
        foreach (var partitionsM in (bool[])[false, true])
        {
            var blocking = Choose(m, k, n, partitionsM, s_target);
            Assert.InRange(blocking.Tiles * blocking.TileM, m, m + blocking.TileM * blocking.BlocksM - 1);
            Assert.InRange(blocking.BlockK * blocking.BlocksK, k, k + blocking.BlockK - 1);
            Assert.True(blocking.BlockK * blocking.TileN * sizeof(float) <= s_target.L1Bytes / 2,
                $"a panel of {blocking.BlockK} does not fit");
            Assert.True(blocking.TileM * (blocking.TileN / 16) <= 28, "more accumulators than registers");
        }
    }
}
