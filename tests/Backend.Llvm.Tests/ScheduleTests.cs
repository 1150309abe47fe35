using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>The ways that a contraction may be scheduled: whichever is taken, with however many workers, the bits are the same.</summary>
[Trait("Category", "Target")]
public sealed class ScheduleTests
{
    /// <summary>M, K, N: rows that no tile divides, a power of two apart; several blocks of K; few and many panels.</summary>
    [Theory]
    [InlineData(64, 100, 96, "f64")]
    [InlineData(131, 1024, 70)]
    [InlineData(257, 530, 130, "f64")]
    [InlineData(130, 530, 257, "bf16")]
    [InlineData(64, 40, 96, "bf16")]
    [InlineData(96, 2048, 33)]
    [InlineData(1000, 40, 200)]
    public void EveryWayGivesTheSameBits(int m, int k, int n, string type = "f32")
    {
        var dtype = Find(type)!;
        var b = new FunctionBuilder("ways");
        var (x, y, z) = (b.Parameter("x", dtype[m, k]), b.Parameter("y", dtype[k, n]), b.Parameter("z", dtype[n, k]));
        Check(b.Build(x.MatMul(y).Tanh(), x.MatMul(z.Transpose()), x.Transpose().MatMul(b.Parameter("d", dtype[m, n]))), k);
    }

    [Fact]
    public void BatchesAndConvolutionsToo()
    {
        var b = new FunctionBuilder("ways");
        var product = b.Parameter("x", F32[5, 70, 130]).MatMul(b.Parameter("y", F32[5, 130, 64]));
        var (image, kernel) = (b.Parameter("image", F32[2, 14, 14, 24]), b.Parameter("kernel", F32[3, 3, 24, 48]));
        var windows = image.Window([1, 2], [3, 3]);
        var convolution = windows.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, kernel);
        Check(b.Build(product, convolution), 7);
    }

    private static void Check(Function function, int seed)
    {
        var fused = JitFunction.Optimized(function, [new("fuse", new Fuse())]);
        var arguments = JitFunction.Draw(fused, seed);
        ImmutableArray<int> donated = [.. fused.Results.Select(_ => -1)];
        var expected = JitFunction.RunFused(fused, arguments);
        foreach (var workers in (int[])[1, 3])
        {
            var calls = JitFunction.Lower(fused, donated, workers, 0).Calls;
            KernelChoice[] choices = [.. calls.Select(c => c.Kernel.Choice).OfType<KernelChoice>()];
            Assert.Contains(choices, c => c.Ways.Length > 1);
            for (var way = 0; way < choices.Max(c => c.Ways.Length); way++)
            {
                var taken = choices.DistinctBy(c => $"{c.Task}").ToDictionary(c => $"{c.Task}", c => Math.Min(way, c.Ways.Length - 1));
                var actual = JitFunction.RunFused(fused, arguments, workers, 0, donated, taken);
                for (var r = 0; r < expected.Length; r++)
                    Assert.True(expected[r].ToBytes().AsSpan().SequenceEqual(actual[r].ToBytes()),
                        $"result {r} with {workers} workers, way {way}: {string.Join("; ", choices.Select(c => c.Task))}");
            }
        }
    }
}
