using System.Runtime.InteropServices;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Torch;
using GraphCompiler.Passes;

namespace GraphCompiler.Bench.Measurement;

/// <summary>What a run's figures depend on, beside the code.</summary>
/// <param name="Cpu">The processor's name.</param>
/// <param name="Levels">What the processor has: x86-64 levels, and extensions beyond them that one of the sides uses.</param>
/// <param name="Caches">Bytes of data caches, nearest first.</param>
/// <param name="Sides">The level that each side used.</param>
internal sealed record Machine(string Cpu, IReadOnlyList<string> Levels, IReadOnlyList<long> Caches,
    IReadOnlyDictionary<string, string> Sides)
{
    // The flags of Linux's /proc/cpuinfo that a level adds to the one before (psABI).
    private static readonly (string Name, string[] Flags)[] s_levels =
    [
        ("x86-64-v2", ["cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"]),
        ("x86-64-v3", ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"]),
        ("x86-64-v4", ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]),
    ];

    private static readonly string[] s_extensions = ["avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8"];

    public static Machine OfThisProcess(IEnumerable<string> peers, Precision precision = Precision.Float32)
    {
        var (target, caches) = (TargetInfo.Create(), CacheSizes.OfHost());
        var level = target.Name == "native" ? $"native ({target.Cpu})" : target.Name;
        var sides = new Dictionary<string, string>
            { [Peer.Compiled] = precision == Precision.BFloat16 ? level + " with products of bf16" : level };
        foreach (var peer in peers)
            sides[peer] = peer switch { Peer.Torch => LibTorch.Level, Peer.Float32 => level, _ => Level.OfRuntime };
        return new(TargetInfo.HostModel, LevelsOf(FlagsOf(Lines())), [caches.L1, caches.L2, caches.L3], sides);
    }

    /// <summary>The levels and extensions that flags amount to.</summary>
    public static IReadOnlyList<string> LevelsOf(IReadOnlySet<string> flags) =>
        [.. s_levels.TakeWhile(l => l.Flags.All(flags.Contains)).Select(l => l.Name), .. s_extensions.Where(flags.Contains)];

    /// <summary>A line for each of the machine and of the sides.</summary>
    public override string ToString() =>
        $"{Cpu} ({string.Join(' ', Levels)}; caches of {string.Join(", ", Caches.Select(c => $"{c >> 10} KiB"))}); levels used: "
            + string.Join(", ", Sides.Select(s => $"{s.Key} {s.Value}"));

    private static HashSet<string> FlagsOf(IEnumerable<string> lines) =>
        [.. (lines.FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)) ?? "").Split([' ', '\t', ':'])];

    private static IEnumerable<string> Lines() =>
        RuntimeInformation.IsOSPlatform(OSPlatform.Linux) && File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo") : [];
}
