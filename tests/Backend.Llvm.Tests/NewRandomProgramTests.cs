using CsCheck;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Programs that CsCheck draws anew in every run, beside the fixed ones of <see cref="RandomProgramTests"/>: a class of their own,
/// so that both run side by side.</summary>
[Trait("Category", "Target")]
public sealed class NewRandomProgramTests
{
    /// <summary>Two thousand in the long suite; the seed of a failure is printed.</summary>
    [Fact]
    public void ProgramsAgreeWithTheInterpreter() => Gen.Int[0, 100_000_000].Sample(RandomProgramTests.Agree,
        iter: Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 2_000 : 50, threads: 1);
}
