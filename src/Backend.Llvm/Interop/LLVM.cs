// Bindings of LLVM's C API under LLVMSharp.Interop's names, so that the LLVMSharp package can take their place
// (-p:UseLLVMSharp=true). The tables in LLVM.*.cs follow llvm-c/*.h of LLVM 19.
using System.Reflection;
using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public static unsafe partial class LLVM
{
    private const string Library = "libLLVM";

    static LLVM() => NativeLibrary.SetDllImportResolver(typeof(LLVM).Assembly, Resolve);

    /// <summary>Asked for the handle of "libLLVM" before the platform's own search; zero means "not mine".</summary>
    public static event DllImportResolver? ResolveLibrary;

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        foreach (var resolver in (ResolveLibrary?.GetInvocationList() ?? []).Cast<DllImportResolver>())
        {
            var handle = resolver(name, assembly, path);
            if (handle != IntPtr.Zero)
                return handle;
        }
        return NativeLibrary.TryLoad(name, assembly, path, out var found) ? found : IntPtr.Zero;
    }
}
