using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>Random programs of every op, and every op of every element type, linked into a shared library, give the bits of those compiled
/// just in time.</summary>
[Trait("Category", "Target")]
public sealed class RandomProgramTests
{
    private static bool IsLong => Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1";

    /// <summary>Fifty programs are one library; there are forty libraries in the long suite.</summary>
    [Fact]
    public void AheadOfTimeIsJustInTime()
    {
        const int Batch = 50;
        for (var first = 0; first < (IsLong ? 40 * Batch : Batch); first += Batch) Check([.. Enumerable.Range(first, Batch)]);
    }

    [Fact]
    public void EveryOpOfEveryTypeIsTheSame() => Check([.. DType.All.Select(type =>
    {
        var (function, arguments) = Catalogue.Of(type);
        ImmutableArray<int> donated = [.. function.Results.Select(_ => -1)];
        return ($"catalogue_{type}", function, arguments, donated);
    })]);

    private static void Check(int[] seeds) => Check([.. seeds.Select(seed =>
    {
        var (function, arguments, _) = RandomProgram.Create(seed, seed % 2 == 0 ? DType.F32 : DType.F64);
        var (donating, donated) = RandomDonation.Of(function, seed);
        return ($"program_{seed}", donating, arguments, donated);
    })]);

    private static void Check((string Entry, Function Function, Literal[] Arguments, ImmutableArray<int> Donated)[] functions)
    {
        var programs = functions.Select(f =>
        {
            var (entry, donating, arguments, donated) = f;
            var fused = JitFunction.Optimized(donating, Pipeline.Training);
            return (Entry: entry, Function: fused, Arguments: arguments, Donated: donated,
                Program: JitFunction.Lower(fused, donated, 2, 0));
        }).ToArray();
        var folder = Directory.CreateTempSubdirectory("programs").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "programs.o"),
                StepCompiler.Compile([.. programs.Select(p => (p.Entry, p.Program))], TargetInfo.Create()).Object);
            Linker.Link(folder, "libprograms.so", ["programs.o"], Process.Start);
            var library = NativeLibrary.Load(Path.Combine(folder, "libprograms.so"));
            foreach (var p in programs)
            {
                var ahead = JitFunction.Call(NativeLibrary.GetExport(library, p.Entry),
                    p.Function, p.Program, p.Arguments, 2, p.Donated);
                var inTime = JitFunction.RunFused(p.Function, p.Arguments, 2, 0, p.Donated);
                for (var r = 0; r < ahead.Length; r++)
                    if (!ahead[r].ToBytes().SequenceEqual(inTime[r].ToBytes())) Assert.Fail($"{p.Entry}, result {r}\n{p.Function}");
            }
            NativeLibrary.Free(library);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
