using CsCheck;
using GraphCompiler.IR;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Random typed graphs: compiled = interpreted, optimized = unoptimized, one thread = two threads bit for bit.</summary>
[Trait("Category", "Target")]
public sealed class RandomGraphTests
{
    private static bool IsLong => Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1";

    /// <summary>Forty fixed graphs, and those that once found a bug.</summary>
    [Fact]
    public void FixedGraphsAgreeWithTheInterpreter()
    {
        int[] faulty = [10_227, 3_868, 32_057, 629_580, 164_434, 512_326, 219_976, 720_532];
        foreach (var seed in faulty.Concat(Enumerable.Range(1, 40))) Agree(seed);
    }

    /// <summary>New graphs in every run, more of them in the long suite; CsCheck prints the seed of a failure.</summary>
    [Fact]
    public void RandomGraphsAgreeWithTheInterpreter() => Gen.Int[0, 1_000_000].Sample(Agree, iter: IsLong ? 500 : 25, threads: 1);

    private static void Agree(int seed)
    {
        CompiledFunctionTests.Agree(RandomGraph.Create(seed, DType.F32), 1e-4, seed);
        CompiledFunctionTests.Agree(RandomGraph.Create(seed, DType.F64), 1e-11, seed);
    }
}
