using CsCheck;
using GraphCompiler.IR;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Random typed graphs: compiled = interpreted, optimized = unoptimized, one thread = two threads bit for bit.</summary>
[Trait("Category", "Target")]
public sealed class RandomGraphTests
{
    [Fact]
    public void CompiledGraphsAgreeWithTheInterpreter() =>
        Gen.Int[0, 1_000_000].Sample(seed =>
        {
            CompiledFunctionTests.Agree(RandomGraph.Create(seed, DType.F32), 1e-4, seed);
            CompiledFunctionTests.Agree(RandomGraph.Create(seed, DType.F64), 1e-11, seed);
        }, iter: 40, threads: 1);
}
