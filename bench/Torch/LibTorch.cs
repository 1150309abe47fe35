using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GraphCompiler.Bench.Torch;

/// <summary>Makes libtorch loadable on systems older than the one TorchSharp was built on, or says why it is not.</summary>
/// <remarks>TorchSharp's native library asks libstdc++ for version GLIBCXX_3.4.32, for one function that GCC 13 moved there.
/// Where libstdc++ lacks it, the copy among the build outputs gets that version reference marked weak, and a shim with
/// the function is put in the global scope. Nothing but build outputs is touched.</remarks>
internal static class LibTorch
{
    private const string MissingFunction = "_ZSt21ios_base_library_initv";
    private const string MissingVersion = "GLIBCXX_3.4.32";
    private const int RtldNowGlobal = 0x2 | 0x100;

    private const string Shim = """
        /* The iostream initialiser of libstdc++ 13, by the means of older ones: std::ios_base::Init's constructor. */
        extern void _ZNSt8ios_base4InitC1Ev(void *);
        void _ZSt21ios_base_library_initv(void)
        {
            static int done;
            static char init[16];
            if (!done) { done = 1; _ZNSt8ios_base4InitC1Ev(init); }
        }
        """;

    private static readonly Lazy<string?> s_reason = new(Load);

    /// <summary>Why libtorch is not available; null if it is.</summary>
    public static string? Unavailable => s_reason.Value;

    /// <summary>The level of libtorch's own kernels in this process: DEFAULT, AVX2 or AVX512; it must be available.</summary>
    public static unsafe string Level
    {
        get
        {
            // A std::string, of which the caller provides the memory: the address of its characters, their number, and short ones.
            var text = stackalloc nint[4];
            CpuCapability(text);
            return Marshal.PtrToStringUTF8(text[0], (int)text[1]);
        }
    }

    private static string? Load()
    {
        try
        {
            if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
                return "libtorch is packaged for x64 Linux only";
            var library = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
            if (!File.Exists(library)) return $"{library} is not there";
            if (!Standard()) Adapt(library);
            TorchSharp.torch.TryInitializeDeviceType(TorchSharp.DeviceType.CPU);
            SetFlushDenormal(true);
            using var probe = TorchSharp.torch.zeros(1);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or IOException or Win32Exception or InvalidOperationException or
            TypeInitializationException or NotSupportedException or UnauthorizedAccessException or InvalidDataException)
        {
            return e.Message;
        }
    }

    private static bool Standard() =>
        NativeLibrary.TryLoad("libstdc++.so.6", out var handle) && NativeLibrary.TryGetExport(handle, MissingFunction, out _);

    private static void Adapt(string library)
    {
        var shim = Path.Combine(AppContext.BaseDirectory, "libglibcxx-shim.so");
        if (!File.Exists(shim)) CompileShim(shim);
        if (dlopen(shim, RtldNowGlobal) == 0) throw new DllNotFoundException($"{shim} cannot be loaded");
        var image = File.ReadAllBytes(library);
        if (ElfVersionNeeds.MarkWeak(image, MissingVersion) == 0) return;
        // Same size and time, so that the next build sees nothing to copy.
        var (temporary, time) = ($"{library}.{Environment.ProcessId}", File.GetLastWriteTimeUtc(library));
        File.WriteAllBytes(temporary, image);
        File.SetLastWriteTimeUtc(temporary, time);
        File.Move(temporary, library, overwrite: true);
    }

    private static void CompileShim(string path)
    {
        var temporary = $"{path}.{Environment.ProcessId}";
        ProcessStartInfo start = new("cc") { RedirectStandardInput = true, RedirectStandardError = true };
        string[] arguments = ["-shared", "-fPIC", "-O1", "-x", "c", "-o", temporary, "-", "-x", "none", "-l:libstdc++.so.6"];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var compiler = Process.Start(start)!;
        compiler.StandardInput.Write(Shim);
        compiler.StandardInput.Close();
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        if (compiler.ExitCode != 0) throw new InvalidOperationException($"cc cannot build the libstdc++ shim: {errors.Trim()}");
        File.Move(temporary, path, overwrite: true);
    }

    // torch.set_flush_denormal, which TorchSharp lacks. It holds for the calling thread and those that it starts.
    [DllImport("libtorch_cpu.so", EntryPoint = "_ZN2at7Context16setFlushDenormalEb")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static extern bool SetFlushDenormal([MarshalAs(UnmanagedType.U1)] bool flush);

    // at::get_cpu_capability()
    [DllImport("libtorch_cpu.so", EntryPoint = "_ZN2at18get_cpu_capabilityB5cxx11Ev")]
    private static extern unsafe nint CpuCapability(nint* text);

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern nint dlopen(string path, int flags);
}
