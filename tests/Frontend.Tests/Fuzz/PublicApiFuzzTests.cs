using GraphCompiler.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Frontend.Tests.Fuzz;

/// <summary>Wild arguments to everything public end in success, in a coded exception, or, for a null alone, in an ArgumentNullException;
/// a call that fails changes nothing.</summary>
/// <remarks>SGC_EXHAUSTIVE=1 makes 100,000 calls. SGC_SEED starts at another seed; a failure prints its own.</remarks>
[Trait("Category", "AnyLevel")]
public sealed class PublicApiFuzzTests(ITestOutputHelper output)
{
    private const int CallsOfAProgram = 50;
    private const int ProgramsForEachCompilation = 10;

    [Fact]
    public void Wild_arguments_end_in_coded_errors()
    {
        var programs = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 2_000 : 100;
        var seed = Seed.Given ?? 1;
        var failures = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var (calls, succeeded, compiled) = (0, 0, 0);
        for (var i = 0; i < programs; i++)
        {
            var program = new FuzzedProgram(seed + i, failures);
            program.Call(PublicApi.Members, PublicApi.Declarations, CallsOfAProgram);
            if (i % ProgramsForEachCompilation == 0) program.CompileAndRun();
            (calls, succeeded, compiled) = (calls + program.Calls, succeeded + program.Succeeded, compiled + program.Compiled);
        }
        output.WriteLine($"seeds {seed} to {seed + programs - 1}: {calls} calls of {PublicApi.Members.Count} members,"
            + $" {succeeded} succeeded, {compiled} steps compiled and run");
        Assert.True(failures.Count == 0, $"{failures.Count} kinds of failure:\n{string.Join("\n", failures.Values)}");
        Assert.True(compiled > 0, "no program was compiled and run");
        Assert.True(succeeded > calls / 4, $"only {succeeded} of {calls} calls succeeded, so little was tried");
    }
}
