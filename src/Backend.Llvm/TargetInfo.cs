using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>The processor that code is generated for: LLVM's triple, processor and features, and what the emitter plans with.</summary>
public sealed class TargetInfo
{
    /// <summary>The variable that picks the target: native, x86-64-v2, x86-64-v3 or x86-64-v4.</summary>
    public const string TargetVariable = "GRAPHCOMPILER_TARGET";

    /// <summary>Every target that can be named.</summary>
    public static IReadOnlyList<string> Names { get; } = ["native", "x86-64-v2", "x86-64-v3", "x86-64-v4"];

    /// <summary>
    /// The function attribute that sets the widest registers LLVM will use. Some processors with AVX-512 are tuned to
    /// 256 bits, and 512-bit values would be split there; <see cref="VectorBits"/> is the value to give it.
    /// </summary>
    public const string PreferVectorWidth = "prefer-vector-width";

    /// <summary>The name of this host's processor model as the system tells it (Linux's /proc/cpuinfo); <c>unknown</c> elsewhere.</summary>
    public static string HostModel
    {
        get
        {
            const string Processors = "/proc/cpuinfo", Name = "model name";
            var line = !File.Exists(Processors) ? null
                : File.ReadLines(Processors).FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal));
            return line is null ? "unknown" : line[(line.IndexOf(':') + 1)..].Trim();
        }
    }

    private const string Bf16Feature = "+avx512bf16";

    private readonly int _x86Level;
    private readonly int _hostX86Level;

    private TargetInfo(string name, string triple, string cpu, string features, int x86Level, int hostX86Level)
    {
        Name = name;
        Triple = triple;
        Cpu = cpu;
        Features = features;
        _x86Level = x86Level;
        _hostX86Level = hostX86Level;
        Caches = CacheSizes.OfHost();
    }

    /// <summary>The target as the user names it.</summary>
    public string Name { get; }

    /// <summary>LLVM's target triple.</summary>
    public string Triple { get; }

    /// <summary>LLVM's processor name.</summary>
    public string Cpu { get; }

    /// <summary>LLVM's feature string; empty when the processor name says all.</summary>
    public string Features { get; }

    /// <summary>Bytes of the widest vector register: 64 with AVX-512F, 32 with AVX2, 16 otherwise.</summary>
    public int VectorBytes { get; private init; } = 16;

    /// <summary>Bits of the widest vector register.</summary>
    public int VectorBits => VectorBytes * 8;

    /// <summary>How many vector registers there are.</summary>
    public int VectorRegisters { get; private init; } = 16;

    /// <summary>Whether fused multiply-add is one instruction.</summary>
    public bool HasFma { get; private init; }

    /// <summary>Whether a load copies an element of any size to all lanes, as AVX does; SSE3 copies one of eight bytes.</summary>
    internal bool HasBroadcasts { get; private init; } = true;

    /// <summary>Whether there are AVX512-BF16's instructions, which add products of pairs of bf16 to f32, and round f32 to bf16.</summary>
    public bool HasBf16Dot => HasMasks && Features.Split(',').Contains(Bf16Feature);

    /// <summary>Whether there are registers of masks, with which a store of some lanes is as fast as one of all.</summary>
    internal bool HasMasks => VectorBytes == 64;

    /// <summary>The cache sizes of this host (a target other than native has no others).</summary>
    public CacheSizes Caches { get; }

    /// <summary>Whether this process can run the code.</summary>
    public bool IsSupportedByHost => _x86Level <= _hostX86Level;

    /// <summary>The target of the given name, or of GRAPHCOMPILER_TARGET, or native.</summary>
    /// <exception cref="BackendException">SGC4004 when there is no such target; SGC4001, SGC4002 from loading LLVM.</exception>
    public static TargetInfo Create(string? name = null)
    {
        if (string.IsNullOrEmpty(name))
            name = Environment.GetEnvironmentVariable(TargetVariable);
        return Create(string.IsNullOrEmpty(name) ? "native" : name, HostX86Level());
    }

    internal static TargetInfo Create(string name, int hostX86Level)
    {
        LlvmLibrary.Load();
        return name switch
        {
            "native" => Native(hostX86Level),
            "x86-64-v2" => Level(name, 2, hostX86Level),
            "x86-64-v3" => Level(name, 3, hostX86Level),
            "x86-64-v4" => Level(name, 4, hostX86Level),
            _ => throw BackendException.UnknownTarget(
                $"unknown target \"{name}\"; known are native, x86-64-v2, x86-64-v3 and x86-64-v4."),
        };
    }

    /// <summary>What lowering needs to know of this target.</summary>
    /// <param name="workers">Most workers that a step runs with.</param>
    public TargetTraits Traits(int workers) => new(VectorBytes, VectorRegisters, Caches.L1, Caches.L2, workers)
    {
        HasPairDot = HasBf16Dot,
        HasFma = HasFma,
        BroadcastBytes = HasBroadcasts ? 1 : LoadExpr.CopiedBytes,
    };

    /// <summary>Refuses a target that this process cannot run.</summary>
    /// <exception cref="BackendException">SGC4004.</exception>
    public void RequireHostSupport()
    {
        if (IsSupportedByHost)
            return;
        var host = _hostX86Level == 0 ? "is not x86-64" : $"reaches x86-64-v{_hostX86Level}";
        throw BackendException.UnknownTarget(
            $"target {Name} cannot run here: this host {host}. Set {TargetVariable}=native, or only compile ahead of time.");
    }

    /// <summary>The same processor without some of its features: LLVM generates no code that uses them.</summary>
    /// <param name="mayBeUsed">Decides for each name that <see cref="Features"/> turns on; a level, which lists none, stays as it
    /// is.</param>
    public TargetInfo RestrictedTo(Func<string, bool> mayBeUsed)
    {
        string[] features = [.. Features.Split(',').Select(f => f.StartsWith('+') && !mayBeUsed(f[1..]) ? $"-{f[1..]}" : f)];
        return With(string.Join(',', features));
    }

    /// <summary>The same processor with AVX512-BF16, for an x86-64 level that has wide registers.</summary>
    internal TargetInfo WithBf16Dot() => With(Bf16Feature);

    private TargetInfo With(string features) => new(Name, Triple, Cpu, features, _x86Level, _hostX86Level)
    {
        VectorBytes = VectorBytes,
        VectorRegisters = VectorRegisters,
        HasFma = HasFma,
        HasBroadcasts = HasBroadcasts,
    };

    /// <summary>Gives a function the attributes that make vectors of <see cref="VectorBytes"/> legal and preferred.</summary>
    public void ApplyTo(LLVMValueRef function)
    {
        function.AddFunctionAttribute(PreferVectorWidth, $"{VectorBits}");
        function.AddFunctionAttribute("min-legal-vector-width", $"{VectorBits}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Triple}, {Cpu}, {VectorBits}-bit vectors)";

    private static unsafe TargetInfo Native(int hostX86Level)
    {
        var triple = NativeText.Take(LLVM.GetDefaultTargetTriple());
        var cpu = NativeText.Take(LLVM.GetHostCPUName());
        var features = NativeText.Take(LLVM.GetHostCPUFeatures());
        var has = features.Split(',').ToHashSet();
        var arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        var wide = has.Contains("+avx512f");
        return new TargetInfo("native", triple, cpu, features, 0, hostX86Level)
        {
            VectorBytes = wide ? 64 : has.Contains("+avx2") ? 32 : 16,
            VectorRegisters = wide || arm ? 32 : 16,
            HasFma = arm || has.Contains("+fma"),
            HasBroadcasts = arm || has.Contains("+avx"),
        };
    }

    private static unsafe TargetInfo Level(string name, int level, int hostX86Level)
    {
        // On an x86-64 host the host's own triple keeps object format and ABI; elsewhere Linux is meant.
        var triple = hostX86Level > 0 ? NativeText.Take(LLVM.GetDefaultTargetTriple()) : "x86_64-unknown-linux-gnu";
        return new TargetInfo(name, triple, name, "", level, hostX86Level)
        {
            VectorBytes = level switch { 4 => 64, 3 => 32, _ => 16 },
            VectorRegisters = level == 4 ? 32 : 16,
            HasFma = level >= 3,
            HasBroadcasts = level >= 3,
        };
    }

    /// <summary>The x86-64 level (psABI, 1..4) of this process; 0 on another architecture.</summary>
    private static int HostX86Level()
    {
        if (!X86Base.X64.IsSupported)
            return 0;
        if (!Sse42.IsSupported || !Popcnt.IsSupported)
            return 1;
        if (!Avx2.IsSupported || !Fma.IsSupported || !Bmi1.IsSupported || !Bmi2.IsSupported || !Lzcnt.IsSupported)
            return 2;
        return Avx512F.VL.IsSupported && Avx512BW.VL.IsSupported && Avx512CD.VL.IsSupported && Avx512DQ.VL.IsSupported ? 4 : 3;
    }
}
