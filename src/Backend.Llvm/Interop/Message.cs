using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

/// <summary>Strings that LLVM hands over: copied, then given back.</summary>
internal static unsafe class Message
{
    public static string Take(sbyte* message)
    {
        if (message == null)
            return "";
        var text = Marshal.PtrToStringUTF8((IntPtr)message) ?? "";
        LLVM.DisposeMessage(message);
        return text;
    }
}
