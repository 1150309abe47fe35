using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using GraphCompiler.Backend.Llvm;

namespace GraphCompiler.Bench.Measurement;

/// <summary>Confines every side to an x86-64 level, so that an AVX2 machine's table can be made on one with AVX-512.</summary>
/// <remarks>Libraries read these variables while they load, so the program starts itself again with them.</remarks>
internal static class Level
{
    /// <summary>The level by which a child process knows that it is one.</summary>
    public const string Variable = "GRAPHCOMPILER_BENCH_LEVEL";

    /// <summary>What can be asked for: a level, and native, for whatever the processor has.</summary>
    public static IReadOnlyList<string> Names { get; } = ["v2", "v3", "v4", "native"];

    /// <summary>The level of .NET's vectors in this process, which TensorPrimitives and the tape use.</summary>
    public static string OfRuntime => Avx512F.IsSupported ? "AVX512" : Avx2.IsSupported ? "AVX2" : "SSE4.2";

    /// <summary>What confines the sides to a level: ours; libtorch's own kernels, oneDNN and MKL; .NET.</summary>
    public static IReadOnlyDictionary<string, string> VariablesOf(string level)
    {
        var variables = new Dictionary<string, string>
            { [Variable] = level, [TargetInfo.TargetVariable] = level == "native" ? level : $"x86-64-{level}" };
        void Confine(string torch, string oneDnn, string mkl, string dotnet)
        {
            (variables["ATEN_CPU_CAPABILITY"], variables["ONEDNN_MAX_CPU_ISA"]) = (torch, oneDnn);
            (variables["MKL_ENABLE_INSTRUCTIONS"], variables[dotnet]) = (mkl, "0");
        }
        if (level == "v3") Confine("avx2", "AVX2", "AVX2", "DOTNET_EnableAVX512");
        if (level == "v2") Confine("default", "SSE41", "SSE4_2", "DOTNET_EnableAVX");
        return variables;
    }

    /// <summary>Runs here if this process is confined as asked, else in a child; returns the exit code: 2 for a level that the processor
    /// has not.</summary>
    /// <param name="level">One of <see cref="Names"/>; null for what the environment says.</param>
    /// <param name="arguments">Of this program.</param>
    /// <param name="run">What the command does.</param>
    public static int Run(string? level, string[] arguments, Func<int> run)
    {
        if (level is null || Environment.GetEnvironmentVariable(Variable) == level) return run();
        var variables = VariablesOf(level);
        if (!TargetInfo.Create(variables[TargetInfo.TargetVariable]).IsSupportedByHost)
        {
            Console.Error.WriteLine($"--level {level}: this processor has not the instructions of x86-64-{level}.");
            return 2;
        }
        string[] command = [.. ThisProgram.Command, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]);
        foreach (var (name, value) in variables) start.Environment[name] = value;
        using var child = Process.Start(start)!;
        child.WaitForExit();
        return child.ExitCode;
    }
}
