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

    /// <summary>Whether this process can use a feature: the processor has it and the system saves its registers.</summary>
    public static bool IsSupported(string feature) => feature switch
    {
        "sse3" => Sse3.IsSupported,
        "ssse3" => Ssse3.IsSupported,
        "sse4.1" => Sse41.IsSupported,
        "sse4.2" => Sse42.IsSupported,
        "popcnt" => Popcnt.IsSupported,
        "avx" => Avx.IsSupported,
        "avx2" => Avx2.IsSupported,
        "bmi" => Bmi1.IsSupported,
        "bmi2" => Bmi2.IsSupported,
        "fma" => Fma.IsSupported,
        "lzcnt" => Lzcnt.IsSupported,
        "f16c" => Avx.IsSupported && Bit(1, 0, 2, 29),
        "movbe" => Bit(1, 0, 2, 22),
        "avx512f" => Avx512F.IsSupported,
        "avx512bw" => Avx512BW.IsSupported,
        "avx512cd" => Avx512CD.IsSupported,
        "avx512dq" => Avx512DQ.IsSupported,
        "avx512vl" => Avx512F.VL.IsSupported,
        "avx512ifma" => Avx512F.IsSupported && Bit(7, 0, 1, 21),
        "avx512vbmi" => Avx512F.IsSupported && Bit(7, 0, 2, 1),
        "avx512vbmi2" => Avx512F.IsSupported && Bit(7, 0, 2, 6),
        "gfni" => Bit(7, 0, 2, 8),
        "avx512vnni" => Avx512F.IsSupported && Bit(7, 0, 2, 11),
        "avx512bitalg" => Avx512F.IsSupported && Bit(7, 0, 2, 12),
        "avx512vpopcntdq" => Avx512F.IsSupported && Bit(7, 0, 2, 14),
        "avx512bf16" => Avx512F.IsSupported && Bit(7, 1, 0, 5),
        _ => false,
    };

    // Bit of EAX (0), EBX (1), ECX (2) or EDX (3).
    private static bool Bit(int leaf, int subleaf, int register, int bit)
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < leaf) return false;
        var (a, b, c, d) = X86Base.CpuId(leaf, subleaf);
        return ((register switch { 0 => a, 1 => b, 2 => c, _ => d }) >> bit & 1) != 0;
    }
}
