using System.Runtime.InteropServices;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Finds, checks and initialises libLLVM, once a process.</summary>
/// <remarks>
/// Nothing may call <see cref="LLVM"/> before <see cref="Load"/>; <see cref="TargetInfo.Create(string?)"/> calls it, so code that
/// holds a target is safe. A failed load is not remembered: the next call tries again.
/// </remarks>
public static class LlvmLibrary
{
    /// <summary>The variable that names the library; when it is set there is no other candidate.</summary>
    public const string PathVariable = "GRAPHCOMPILER_LLVM";

    /// <summary>The major version that the bindings and the tests are made for.</summary>
    public const int RequiredMajor = 19;

    private static readonly Lock Gate = new();
    private static volatile Version? _version;
    private static nint _handle;

    /// <summary>Loads the library if it is not loaded yet and returns its version. Thread-safe.</summary>
    /// <exception cref="BackendException">SGC4001 or SGC4002.</exception>
    public static Version Load()
    {
        if (_version is { } known)
            return known;
        lock (Gate)
        {
            if (_version is { } loaded)
                return loaded;
            var configured = Environment.GetEnvironmentVariable(PathVariable);
            _handle = Open(configured, DefaultCandidates(), out var version);
            LLVM.ResolveLibrary += (name, _, _) => name == "libLLVM" ? _handle : 0;
            InitializeTargets();
            SetOptions();
            return _version = version;
        }
    }

    /// <summary>Opens the first usable library among the candidates; a configured one excludes all others.</summary>
    internal static nint Open(string? configured, IReadOnlyList<string> candidates, out Version version)
    {
        var only = string.IsNullOrEmpty(configured) ? null : configured;
        var tried = new List<string>();
        string? wrong = null;
        foreach (var candidate in only is null ? candidates : [only])
        {
            var handle = Probe(candidate, out var found, out var problem);
            if (handle != 0)
            {
                version = found!;
                return handle;
            }
            tried.Add($"{candidate} ({problem})");
            if (found is not null)
                wrong ??= $"{candidate}: {problem}";
        }
        if (wrong is not null)
            throw BackendException.WrongVersion($"wrong LLVM version: {wrong}. {Advice}");
        throw BackendException.LibraryMissing(only is null
            ? $"libLLVM {RequiredMajor} was not found; tried {string.Join(", ", tried)}. {Advice}"
            : $"{PathVariable} names {tried[0]}; nothing else is tried while it is set. {Advice}");
    }

    private static string Advice =>
        $"Install it (Debian, Ubuntu: apt-get install libllvm{RequiredMajor}) or set {PathVariable} to its path.";

    /// <summary>Opens one library and asks its version; closes it again unless it is usable.</summary>
    /// <param name="path">A path, or a name for the platform's search.</param>
    /// <param name="found">The version, when the file is some libLLVM (0.0 before 16, which cannot tell).</param>
    /// <param name="problem">Why zero is returned; empty otherwise.</param>
    private static unsafe nint Probe(string path, out Version? found, out string problem)
    {
        found = null;
        if (!NativeLibrary.TryLoad(path, out var handle))
        {
            problem = Path.IsPathRooted(path) && !File.Exists(path) ? "no such file" : "not loadable";
            return 0;
        }
        if (!NativeLibrary.TryGetExport(handle, "LLVMContextCreate", out _))
            problem = "not libLLVM";
        else if (!NativeLibrary.TryGetExport(handle, "LLVMGetVersion", out var getVersion))
        {
            // LLVMGetVersion came with LLVM 16.
            found = new Version(0, 0);
            problem = $"found a version before 16, needed {RequiredMajor}";
        }
        else
        {
            uint major, minor, patch;
            ((delegate* unmanaged[Cdecl]<uint*, uint*, uint*, void>)getVersion)(&major, &minor, &patch);
            found = new Version((int)major, (int)minor, (int)patch);
            problem = $"found version {found}, needed {RequiredMajor}";
            if (major == RequiredMajor)
            {
                problem = "";
                return handle;
            }
        }
        NativeLibrary.Free(handle);
        return 0;
    }

    private static string[] DefaultCandidates()
    {
        if (OperatingSystem.IsWindows())
            return ["libLLVM-19.dll", "LLVM-C.dll", "libLLVM.dll", @"C:\Program Files\LLVM\bin\LLVM-C.dll"];
        if (OperatingSystem.IsMacOS())
            return
            [
                "libLLVM-19.dylib", "/opt/homebrew/opt/llvm@19/lib/libLLVM.dylib",
                "/usr/local/opt/llvm@19/lib/libLLVM.dylib", "libLLVM.dylib",
            ];
        return
        [
            "libLLVM-19.so.1", "libLLVM-19.so", "libLLVM.so.19.1",
            "/usr/lib/llvm-19/lib/libLLVM.so.19.1", "/usr/lib/llvm-19/lib/libLLVM.so.1", "/usr/lib/llvm-19/lib/libLLVM.so",
            "/usr/lib64/libLLVM.so.19.1",
        ];
    }

    // Kernels arrive scheduled for the register count. LLVM's scheduler would move the loads of a register tile before its multiply-adds,
    // which needs more vectors than there are registers, and spill accumulators inside the loop.
    private static unsafe void SetOptions()
    {
        using var program = new MarshaledString("graphcompiler");
        using var noScheduling = new MarshaledString("-enable-misched=0");
        sbyte*[] arguments = [program, noScheduling];
        fixed (sbyte** first = arguments) LLVM.ParseCommandLineOptions(arguments.Length, first, null);
    }

    private static void InitializeTargets()
    {
        // x86-64 on every host, since its levels can be compiled for ahead of time anywhere.
        LLVM.InitializeX86TargetInfo();
        LLVM.InitializeX86Target();
        LLVM.InitializeX86TargetMC();
        LLVM.InitializeX86AsmPrinter();
        if (RuntimeInformation.ProcessArchitecture != Architecture.Arm64)
            return;
        LLVM.InitializeAArch64TargetInfo();
        LLVM.InitializeAArch64Target();
        LLVM.InitializeAArch64TargetMC();
        LLVM.InitializeAArch64AsmPrinter();
    }
}
