using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>How contractions are blocked for registers, caches and workers.</summary>
public sealed class ContractionScheduleTests
{
    // A server's core, and a laptop's.
    private static readonly TargetTraits s_target =
        new(VectorBytes: 64, VectorRegisters: 32, L1Bytes: 48 << 10, L2Bytes: 2 << 20, Workers: 2);
    private static readonly TargetTraits s_small =
        new(VectorBytes: 32, VectorRegisters: 16, L1Bytes: 32 << 10, L2Bytes: 512 << 10, Workers: 1);
    private static readonly TargetTraits s_narrow = s_small with { VectorBytes = 16, HasFma = false, BroadcastBytes = 8 };

    private static ContractionTask TaskOf(int m, int k, int n, TargetTraits target, bool partitionsM = false, bool takesWholeN = false)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", DType.F32[m, k]);
        var dot = x.MatMul(builder.Parameter("y", DType.F32[k, n]));
        return new(new ContractionShape(dot.Definition!), DType.F32, DType.F32, target)
            { PartitionsM = partitionsM, TakesWholeN = takesWholeN };
    }

    private static ContractionBlocking Choose(int m, int k, int n, bool partitionsM, TargetTraits target, bool takesWholeN = false) =>
        ContractionSchedule.Best(TaskOf(m, k, n, target, partitionsM, takesWholeN))[0].Blocking;

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
    [InlineData(5, 64, 3)]
    public void EveryScheduleCovers(int m, int k, int n)
    {
        foreach (var target in (TargetTraits[])[s_target, s_small, s_small with { Workers = 3 }, s_narrow])
            foreach (var partitionsM in (bool[])[false, true])
            {
                var schedules = ContractionSchedule.Candidates(TaskOf(m, k, n, target, partitionsM)).ToArray();
                Assert.NotEmpty(schedules);
                Assert.All(schedules, s => AssertCovers(s.Blocking, m, k, n, target));
                // What the order of additions depends on.
                Assert.Single(schedules.Select(s => (s.Blocking.BlockK, s.Blocking.TileN)).Distinct());
            }
    }

    private static void AssertCovers(ContractionBlocking blocking, int m, int k, int n, TargetTraits target)
    {
        Assert.InRange(blocking.Tiles * blocking.TileM, m, m + blocking.Tiles - 1);
        Assert.InRange(blocking.BlockK * blocking.BlocksK, k, k + blocking.BlockK - 1);
        Assert.Equal(0, n / blocking.TileN % blocking.PanelsPerGroup);
        Assert.True(blocking.BlockK * blocking.TileN * sizeof(float) <= target.L1Bytes / 2, $"a panel of {blocking.BlockK} does not fit");
        Assert.True(blocking.BlocksK == 1 || blocking.BlockK <= Cascade.MostMultiplyAdds, "a block of K is added up in two levels");
        // Beside the accumulators, a step's vectors of B and an element of A, and products that are yet to be added.
        var vectors = Math.Max(blocking.TileN * sizeof(float) / target.VectorBytes, 1);
        var products = target.HasFma ? 0 : 2 * vectors;
        Assert.True(blocking.TileM * vectors + vectors + 1 + products <= target.VectorRegisters, "more accumulators than registers");
    }

    // Fewer accumulators than multiply-adds are under way wait for one another; A at a power of two is packed, and its block stays in half
    // of the second-level cache.
    [Theory]
    [InlineData(512, 512, 512)]
    [InlineData(1024, 1024, 1024)]
    [InlineData(2048, 2048, 2048)]
    [InlineData(128, 784, 512)]
    [InlineData(256, 2048, 2048)]
    public void TilesFillThePipelinesAndBlocksTheCache(int m, int k, int n)
    {
        foreach (var target in (TargetTraits[])[s_target with { Workers = 1 }, s_small])
        {
            var schedule = ContractionSchedule.Best(TaskOf(m, k, n, target))[0];
            var blocking = schedule.Blocking;
            Assert.InRange(blocking.TileM * blocking.TileN * sizeof(float) / target.VectorBytes, 12, 28);
            Assert.True(k < 1024 || schedule.Packing != PackingOfA.None, $"{m}x{k}x{n}: rows {4 * k} bytes apart are not packed");
            Assert.InRange(blocking.TilesPerBlock * blocking.TileM * blocking.BlockK * sizeof(float), 0, target.L2Bytes / 2);
            Assert.True(schedule.Cost.MultiplyAdds / schedule.Cost.Total > 0.75, $"{schedule}");
        }
    }

    [Theory]
    [InlineData(0, 5, 3)]
    [InlineData(4, 0, 40)]
    [InlineData(4, 5, 0)]
    public void WhatIsEmptyHasASchedule(int m, int k, int n) => Assert.NotEmpty(ContractionSchedule.Best(TaskOf(m, k, n, s_target)));

    [Fact]
    public void TheBestAreInOrderAndDiffer()
    {
        var best = ContractionSchedule.Best(TaskOf(1024, 1024, 1024, s_small));
        Assert.InRange(best.Length, 2, 4);
        Assert.Equal(best.Select(b => b.Cost.Total).Order(), best.Select(b => b.Cost.Total));
        Assert.Equal(best.Length, best.Select(b => (b.Packing, b.Blocking.TileM)).Distinct().Count());
        Assert.Equal(best[0].Cost.Total, ContractionSchedule.Candidates(TaskOf(1024, 1024, 1024, s_small)).Min(c => c.Cost.Total));
    }

    // Near where one algorithm begins to pay: the bits follow from it.
    [Theory]
    [InlineData(false, "winograd")]
    [InlineData(true, "winograd_gradient")]
    public void WhatAConvolutionIsComputedByDoesNotDependOnTheWorkers(bool isGradient, string name)
    {
        var byWinograd = 0;
        foreach (var (size, channels, filters) in (
            from size in (int[])[4, 6, 9, 14, 27] from channels in (int[])[12, 16, 24, 40] from filters in (int[])[16, 24, 33]
            select (size, channels, filters)))
        {
            var builder = new FunctionBuilder("f");
            var windows = builder.Parameter("x", DType.F32[1, size, size, channels]).Window([1, 2], [3, 3]);
            int[] contracted = isGradient ? [0, 1, 2] : [3, 4, 5];
            var other = builder.Parameter("other",
                isGradient ? DType.F32[1, size - 2, size - 2, filters] : DType.F32[3, 3, channels, filters]);
            var product = windows.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], contracted, [0, 1, 2]).Attributes, other);
            var function = new Fuse().Run(builder.Build(product), new PassContext());
            string[] kernels = [.. Enumerable.Range(1, 8).Select(workers =>
                LowerToLoops.Lower(function, [-1], s_target with { Workers = workers }).Calls.Single().Kernel.Name)];
            Assert.True(kernels.Distinct().Count() == 1, $"{size}x{size}x{channels} to {filters}: {string.Join(", ", kernels)}");
            if (kernels[0] == name) byWinograd++;
        }
        Assert.InRange(byWinograd, 1, 59);
    }

    // A layer of a ResNet, padded, as its derivative writes it.
    [Theory]
    [InlineData(8, 56, 64, 64, "winograd_gradient")]
    [InlineData(8, 28, 128, 128, "winograd_gradient")]
    [InlineData(8, 14, 256, 256, "winograd_gradient")]
    [InlineData(32, 32, 3, 16, "contraction")]
    public void DerivativesByFiltersAreByWinogradWhereThatPays(int images, int size, int channels, int filters, string kernel)
    {
        var builder = new FunctionBuilder("f");
        var image = builder.Parameter("x", DType.F32[images, size, size, channels]);
        var windows = image.Pad([0, 1, 1, 0], [0, 1, 1, 0]).Window([1, 2], [3, 3]);
        var cotangent = builder.Parameter("ct", DType.F32[images, size, size, filters]);
        var product = windows.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [0, 1, 2], [0, 1, 2]).Attributes, cotangent);
        var function = new Fuse().Run(builder.Build(product), new PassContext());
        Assert.Equal(kernel, LowerToLoops.Lower(function, [-1], s_target).Calls[^1].Kernel.Name);
    }

    // Of a ResNet, forward, and its derivative by the image, whose filters are reversed and far apart; where a processor multiplies pairs
    // of bf16, along rows alone, but for an odd number of channels.
    [Theory]
    [InlineData(56, 64, 64, false, "f32", "winograd")]
    [InlineData(14, 256, 256, false, "f32", "winograd")]
    [InlineData(14, 256, 256, true, "f32", "winograd")]
    [InlineData(14, 256, 256, false, "bf16", "winograd_rows")]
    [InlineData(56, 64, 32, true, "bf16", "winograd_rows")]
    [InlineData(7, 512, 512, false, "bf16", "winograd_rows")]
    [InlineData(56, 8, 32, false, "bf16", "contraction")]
    [InlineData(56, 63, 64, false, "bf16", "winograd")]
    [InlineData(7, 512, 512, false, "f32", "contraction")]
    [InlineData(56, 1, 32, false, "f32", "contraction")]
    public void ConvolutionsAreByWinogradWhereThatPays(int size, int channels, int filters, bool ofImage, string type, string kernel)
    {
        var builder = new FunctionBuilder("f");
        var dtype = type == "f32" ? DType.F32 : DType.BF16;
        var windows = builder.Parameter("x", dtype[8, size + 2, size + 2, channels]).Window([1, 2], [3, 3]);
        var weights = builder.Parameter("w", ofImage ? dtype[3, 3, filters, channels] : dtype[3, 3, channels, filters]);
        var axes = new DotGeneral.Axes([], [], [3, 4, 5], ofImage ? [0, 1, 3] : [0, 1, 2]) { Result = DType.F32 };
        var product = windows.Emit(DotGeneral.Instance, default, axes.Attributes, ofImage ? weights.Reverse([0, 1]) : weights);
        var function = new Fuse().Run(builder.Build(product), new PassContext());
        var target = s_target with { L2Bytes = 1 << 20, HasPairDot = true };
        Assert.Equal(kernel, LowerToLoops.Lower(function, [-1], target).Calls.Single().Kernel.Name);
    }

    // Where a load of f32 does not copy it to all lanes, what is multiplied often is packed twice over; f64 needs none of it.
    [Theory]
    [InlineData(512, 512, 512)]
    [InlineData(128, 784, 512)]
    [InlineData(64, 64, 64)]
    public void WithoutBroadcastsAHasCopies(int m, int k, int n)
    {
        var task = TaskOf(m, k, n, s_narrow);
        Assert.Equal((2, 1), (task.CopiesOfA, (task with { DType = DType.F64, Accumulator = DType.F64 }).CopiesOfA));
        Assert.NotEqual(PackingOfA.None, ContractionSchedule.Best(task)[0].Packing);
        Assert.Equal(1, TaskOf(m, k, n, s_small).CopiesOfA);
    }
}
