using System.Collections.Immutable;
using System.Runtime.Intrinsics.X86;

namespace GraphCompiler.Runtime.Deployment;

/// <summary>Registers whose contents the system must save for a feature to be of use: bits of the control register XCR0.</summary>
[Flags]
public enum SavedRegisters
{
    /// <summary>Those that every x86-64 system saves.</summary>
    Base = 0,

    /// <summary>XMM and the upper halves of YMM.</summary>
    Ymm = 0x6,

    /// <summary>Those of <see cref="Ymm"/>, the masks, and all of ZMM.</summary>
    Zmm = 0xE6,
}

/// <summary>A feature of x86-64 processors that compiled code may use, and how a program finds it.</summary>
/// <param name="Name">LLVM's name.</param>
/// <param name="Leaf">EAX of CPUID.</param>
/// <param name="Subleaf">ECX of CPUID.</param>
/// <param name="Register">The result that has the bit: 0 to 3 for EAX, EBX, ECX, EDX.</param>
/// <param name="Bit">Number of the bit, 0 to 31.</param>
/// <param name="Saved">What the system must save.</param>
public sealed record CpuFeature(string Name, uint Leaf, uint Subleaf, int Register, int Bit, SavedRegisters Saved);

/// <summary>The processor features that the code of a compiled model may use, by LLVM's names.</summary>
/// <remarks>
/// The table is both what ahead-of-time compilation may use of a processor and what a loader can check: the compiler turns off every
/// feature that is not in it, so that code never needs one that nobody looks for. Sources: Intel SDM volume 2, CPUID; AMD APM volume 3,
/// appendix E; LLVM 19, <c>sys::getHostCPUFeatures</c>. Every x86-64 processor has what <see cref="Baseline"/> lists.
/// </remarks>
public static class CpuFeatures
{
    private const uint Extended = 0x80000001;
    private const int Eax = 0, Ebx = 1, Ecx = 2, Edx = 3;

    // As LLVM 19 defines the levels of the x86-64 psABI.
    private static readonly string[] s_v2 = ["cx16", "crc32", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"];
    private static readonly string[] s_v3 = [.. s_v2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"];
    private static readonly string[] s_v4 = [.. s_v3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl", "evex512"];

    /// <summary>What every x86-64 processor has, so that nobody lists it.</summary>
    public static ImmutableArray<string> Baseline { get; } = ["64bit", "cmov", "cx8", "fxsr", "mmx", "sse", "sse2", "x87"];

    /// <summary>Every feature that can be checked.</summary>
    public static ImmutableArray<CpuFeature> All { get; } =
    [
        new("sse3", 1, 0, Ecx, 0, SavedRegisters.Base),
        new("pclmul", 1, 0, Ecx, 1, SavedRegisters.Base),
        new("ssse3", 1, 0, Ecx, 9, SavedRegisters.Base),
        new("fma", 1, 0, Ecx, 12, SavedRegisters.Ymm),
        new("cx16", 1, 0, Ecx, 13, SavedRegisters.Base),
        new("sse4.1", 1, 0, Ecx, 19, SavedRegisters.Base),
        new("sse4.2", 1, 0, Ecx, 20, SavedRegisters.Base),
        new("crc32", 1, 0, Ecx, 20, SavedRegisters.Base),
        new("movbe", 1, 0, Ecx, 22, SavedRegisters.Base),
        new("popcnt", 1, 0, Ecx, 23, SavedRegisters.Base),
        new("aes", 1, 0, Ecx, 25, SavedRegisters.Base),
        new("xsave", 1, 0, Ecx, 26, SavedRegisters.Base),
        new("avx", 1, 0, Ecx, 28, SavedRegisters.Ymm),
        new("f16c", 1, 0, Ecx, 29, SavedRegisters.Ymm),
        new("bmi", 7, 0, Ebx, 3, SavedRegisters.Base),
        new("avx2", 7, 0, Ebx, 5, SavedRegisters.Ymm),
        new("bmi2", 7, 0, Ebx, 8, SavedRegisters.Base),
        new("avx512f", 7, 0, Ebx, 16, SavedRegisters.Zmm),
        new("evex512", 7, 0, Ebx, 16, SavedRegisters.Zmm),
        new("avx512dq", 7, 0, Ebx, 17, SavedRegisters.Zmm),
        new("adx", 7, 0, Ebx, 19, SavedRegisters.Base),
        new("avx512ifma", 7, 0, Ebx, 21, SavedRegisters.Zmm),
        new("avx512cd", 7, 0, Ebx, 28, SavedRegisters.Zmm),
        new("sha", 7, 0, Ebx, 29, SavedRegisters.Base),
        new("avx512bw", 7, 0, Ebx, 30, SavedRegisters.Zmm),
        new("avx512vl", 7, 0, Ebx, 31, SavedRegisters.Zmm),
        new("avx512vbmi", 7, 0, Ecx, 1, SavedRegisters.Zmm),
        new("avx512vbmi2", 7, 0, Ecx, 6, SavedRegisters.Zmm),
        new("gfni", 7, 0, Ecx, 8, SavedRegisters.Base),
        new("vaes", 7, 0, Ecx, 9, SavedRegisters.Ymm),
        new("vpclmulqdq", 7, 0, Ecx, 10, SavedRegisters.Ymm),
        new("avx512vnni", 7, 0, Ecx, 11, SavedRegisters.Zmm),
        new("avx512bitalg", 7, 0, Ecx, 12, SavedRegisters.Zmm),
        new("avx512vpopcntdq", 7, 0, Ecx, 14, SavedRegisters.Zmm),
        new("movdiri", 7, 0, Ecx, 27, SavedRegisters.Base),
        new("movdir64b", 7, 0, Ecx, 28, SavedRegisters.Base),
        new("avx512vp2intersect", 7, 0, Edx, 8, SavedRegisters.Zmm),
        new("avx512fp16", 7, 0, Edx, 23, SavedRegisters.Zmm),
        new("avxvnni", 7, 1, Eax, 4, SavedRegisters.Ymm),
        new("avx512bf16", 7, 1, Eax, 5, SavedRegisters.Zmm),
        new("avxifma", 7, 1, Eax, 23, SavedRegisters.Ymm),
        new("avxvnniint8", 7, 1, Edx, 4, SavedRegisters.Ymm),
        new("avxneconvert", 7, 1, Edx, 5, SavedRegisters.Ymm),
        new("avxvnniint16", 7, 1, Edx, 10, SavedRegisters.Ymm),
        new("sahf", Extended, 0, Ecx, 0, SavedRegisters.Base),
        new("lzcnt", Extended, 0, Ecx, 5, SavedRegisters.Base),
        new("sse4a", Extended, 0, Ecx, 6, SavedRegisters.Base),
        new("prfchw", Extended, 0, Ecx, 8, SavedRegisters.Base),
        new("xop", Extended, 0, Ecx, 11, SavedRegisters.Ymm),
        new("fma4", Extended, 0, Ecx, 16, SavedRegisters.Ymm),
        new("tbm", Extended, 0, Ecx, 21, SavedRegisters.Base),
    ];

    /// <summary>The feature of a name, or null for one that cannot be checked.</summary>
    public static CpuFeature? Find(string name) => All.FirstOrDefault(f => f.Name == name);

    /// <summary>Whether ahead-of-time code may use a feature.</summary>
    public static bool MayBeUsed(string name) => Baseline.Contains(name) || Find(name) is not null;

    /// <summary>What code for a target may use, beside <see cref="Baseline"/>.</summary>
    /// <param name="target">native or an x86-64 level.</param>
    /// <param name="features">What LLVM generates code for, as <c>+avx2,-amx-tile</c>, when the target is native.</param>
    public static ImmutableArray<string> Of(string target, string features) => target switch
    {
        "x86-64-v2" => [.. s_v2],
        "x86-64-v3" => [.. s_v3],
        "x86-64-v4" => [.. s_v4],
        _ => [.. features.Split(',').Where(f => f.StartsWith('+')).Select(f => f[1..]).Except(Baseline).Order(StringComparer.Ordinal)],
    };

    /// <summary>Whether the processor has a feature; false for one that cannot be checked. Whether the system saves its registers is for
    /// the library to ask, since C# has no instruction for it.</summary>
    /// <remarks>By CPUID and not by <c>IsSupported</c> of the intrinsics, which NativeAOT decides when it compiles.</remarks>
    public static bool IsSupported(string name)
    {
        if (!X86Base.IsSupported || Find(name) is not { } feature || MostLeaf(feature.Leaf) < feature.Leaf) return false;
        var (a, b, c, d) = X86Base.CpuId((int)feature.Leaf, (int)feature.Subleaf);
        return ((feature.Register switch { Eax => a, Ebx => b, Ecx => c, _ => d }) >> feature.Bit & 1) != 0;
    }

    // Of the basic leaves, or of the extended ones.
    private static uint MostLeaf(uint leaf) => (uint)X86Base.CpuId((int)(leaf & 0x80000000), 0).Eax;
}
