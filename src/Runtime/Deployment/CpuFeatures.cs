using System.Collections.Immutable;
using System.Runtime.Intrinsics.X86;

namespace GraphCompiler.Runtime.Deployment;

/// <summary>The processor features that compiled code may need, by LLVM's names; those that only tune are left out.</summary>
public static class CpuFeatures
{
    private static readonly string[] s_v2 = ["sse3", "ssse3", "sse4.1", "sse4.2", "popcnt"];
    private static readonly string[] s_v3 = [.. s_v2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"];
    private static readonly string[] s_v4 = [.. s_v3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"];
    private static readonly string[] s_known = [.. s_v4, "avx512vnni", "avx512bf16", "avx512vbmi", "avx512vbmi2", "avx512ifma",
        "avx512bitalg", "avx512vpopcntdq", "gfni"];

    /// <summary>What code for a target may use.</summary>
    /// <param name="target">native or an x86-64 level.</param>
    /// <param name="llvmFeatures">LLVM's list for native, as <c>+avx2,-amx</c>.</param>
    public static ImmutableArray<string> Of(string target, string llvmFeatures) => target switch
    {
        "x86-64-v2" => [.. s_v2],
        "x86-64-v3" => [.. s_v3],
        "x86-64-v4" => [.. s_v4],
        _ => [.. llvmFeatures.Split(',').Where(f => f.StartsWith('+')).Select(f => f[1..]).Where(s_known.Contains).Order(StringComparer.Ordinal)],
    };

    /// <summary>Whether the processor has a feature. Whether the system saves its registers is the library's to ask.</summary>
    /// <remarks>By CPUID and not by <c>IsSupported</c> of the intrinsics, which NativeAOT decides when it compiles.</remarks>
    public static bool IsSupported(string feature) => feature switch
    {
        "sse3" => Bit(1, 0, 2, 0),
        "ssse3" => Bit(1, 0, 2, 9),
        "sse4.1" => Bit(1, 0, 2, 19),
        "sse4.2" => Bit(1, 0, 2, 20),
        "popcnt" => Bit(1, 0, 2, 23),
        "movbe" => Bit(1, 0, 2, 22),
        "fma" => Bit(1, 0, 2, 12),
        "avx" => Bit(1, 0, 2, 28),
        "f16c" => Bit(1, 0, 2, 29),
        "bmi" => Bit(7, 0, 1, 3),
        "avx2" => Bit(7, 0, 1, 5),
        "bmi2" => Bit(7, 0, 1, 8),
        "avx512f" => Bit(7, 0, 1, 16),
        "avx512dq" => Bit(7, 0, 1, 17),
        "avx512ifma" => Bit(7, 0, 1, 21),
        "avx512cd" => Bit(7, 0, 1, 28),
        "avx512bw" => Bit(7, 0, 1, 30),
        "avx512vl" => Bit(7, 0, 1, 31),
        "avx512vbmi" => Bit(7, 0, 2, 1),
        "avx512vbmi2" => Bit(7, 0, 2, 6),
        "gfni" => Bit(7, 0, 2, 8),
        "avx512vnni" => Bit(7, 0, 2, 11),
        "avx512bitalg" => Bit(7, 0, 2, 12),
        "avx512vpopcntdq" => Bit(7, 0, 2, 14),
        "avx512bf16" => Bit(7, 1, 0, 5),
        "lzcnt" => Bit(unchecked((int)0x80000001), 0, 2, 5),
        _ => false,
    };

    // Bit of EAX (0), EBX (1), ECX (2) or EDX (3).
    private static bool Bit(int leaf, int subleaf, int register, int bit)
    {
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(leaf & int.MinValue, 0).Eax < (uint)leaf) return false;
        var (a, b, c, d) = X86Base.CpuId(leaf, subleaf);
        return ((register switch { 0 => a, 1 => b, 2 => c, _ => d }) >> bit & 1) != 0;
    }
}
