using System.Runtime.InteropServices;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Strings and errors that LLVM hands over: copied, then given back.</summary>
internal static unsafe class NativeText
{
    public static string Take(sbyte* message)
    {
        if (message == null)
            return "";
        var text = Marshal.PtrToStringUTF8((nint)message) ?? "";
        LLVM.DisposeMessage(message);
        return text;
    }

    /// <summary>Throws SGC4003 with LLVM's text if there is an error; either way the error is freed.</summary>
    public static void Check(LLVMOpaqueError* error, string doing)
    {
        if (error == null)
            return;
        var message = LLVM.GetErrorMessage(error);
        var text = Marshal.PtrToStringUTF8((nint)message) ?? "";
        LLVM.DisposeErrorMessage(message);
        throw BackendException.CodeGeneration($"{doing}: {text}");
    }
}
