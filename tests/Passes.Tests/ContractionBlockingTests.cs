using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>How products are cut for registers, caches and workers.</summary>
public sealed class ContractionBlockingTests
{
    private static readonly TargetTraits s_target =
        new(VectorBytes: 64, VectorRegisters: 32, L1Bytes: 48 << 10, L2Bytes: 2 << 20, Workers: 2);

    private static ContractionBlocking Cut(int rows, int depth, int columns, bool dividesRows, TargetTraits target,
        bool takesWholeRows = false)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", DType.F32[rows, depth]);
        var product = x.MatMul(builder.Parameter("y", DType.F32[depth, columns]));
        return ContractionBlocking.Choose(new ContractionShape(product.Definition!), DType.F32, target, dividesRows, takesWholeRows);
    }

    [Theory]
    [InlineData(784, 64, 128)]
    [InlineData(512, 128, 512)]
    [InlineData(2048, 256, 2048)]
    [InlineData(29, 8, 64)]
    public void EachWorkerHasRowsOfItsOwnWhereAnUpdateFollows(int rows, int depth, int columns)
    {
        Assert.Equal(0, Cut(rows, depth, columns, dividesRows: true, s_target).RowBlocks % 2);
    }

    [Theory]
    [InlineData(32, 64, 64)]
    [InlineData(64, 10, 96)]
    public void WholeRowsAreOneTaskForEachWorker(int rows, int depth, int columns)
    {
        var cut = Cut(rows, depth, columns, dividesRows: false, s_target, takesWholeRows: true);
        Assert.Equal((2, columns / cut.TileColumns), (cut.RowBlocks, cut.PanelsPerGroup));
    }

    [Fact]
    public void RowsOfOneTileAreNotDivided() => Assert.Equal(1, Cut(10, 64, 128, dividesRows: true, s_target).RowBlocks);

    [Theory]
    [InlineData(64, 784, 128)]
    [InlineData(2048, 2048, 2048)]
    [InlineData(13, 1, 7)]
    [InlineData(1, 5000, 33)]
    public void EveryRowAndDepthIsCovered(int rows, int depth, int columns)
    {
        foreach (var divides in (bool[])[false, true])
        {
            var cut = Cut(rows, depth, columns, divides, s_target);
            Assert.InRange(cut.Tiles * cut.TileRows, rows, rows + cut.TileRows * cut.RowBlocks - 1);
            Assert.InRange(cut.BlockDepth * cut.DepthBlocks, depth, depth + cut.BlockDepth - 1);
            Assert.True(cut.BlockDepth * cut.TileColumns * sizeof(float) <= s_target.L1Bytes / 2,
                $"a panel of {cut.BlockDepth} does not fit");
            Assert.True(cut.TileRows * (cut.TileColumns / 16) <= 28, "more accumulators than registers");
        }
    }
}
