using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Contractions whose blocking depends on the number of workers: the order of additions must not.</summary>
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
        var random = new Random(k);
        Literal[] arguments = [.. function.Parameters.Select(p =>
            new Literal(p.Type, [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => 2 * random.NextDouble() - 1)]))];
        var alone = JitFunction.Run(function, arguments, workers: 1, parallelWork: 0);
        foreach (var workers in (int[])[2, 3, 5])
        {
            var threaded = JitFunction.Run(function, arguments, workers, parallelWork: 0);
            for (var r = 0; r < alone.Length; r++) Assert.Equal(alone[r].ToBytes(), threaded[r].ToBytes());
        }
    }
}
