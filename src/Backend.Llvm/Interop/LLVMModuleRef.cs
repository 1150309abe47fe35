using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public unsafe partial struct LLVMModuleRef
{
    public readonly LLVMContextRef Context => LLVM.GetModuleContext(this);

    public readonly string DataLayout
    {
        get => Marshal.PtrToStringUTF8((IntPtr)LLVM.GetDataLayoutStr(this)) ?? "";
        set
        {
            using var layout = new MarshaledString(value);
            LLVM.SetDataLayout(this, layout);
        }
    }

    public readonly string Target
    {
        get => Marshal.PtrToStringUTF8((IntPtr)LLVM.GetTarget(this)) ?? "";
        set
        {
            using var triple = new MarshaledString(value);
            LLVM.SetTarget(this, triple);
        }
    }

    public readonly LLVMValueRef FirstFunction => LLVM.GetFirstFunction(this);

    public readonly LLVMValueRef LastFunction => LLVM.GetLastFunction(this);

    public readonly LLVMValueRef AddFunction(string Name, LLVMTypeRef FunctionTy)
    {
        using var name = new MarshaledString(Name);
        return LLVM.AddFunction(this, name, FunctionTy);
    }

    public readonly LLVMValueRef AddGlobal(LLVMTypeRef Ty, string Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.AddGlobal(this, Ty, name);
    }

    public readonly LLVMModuleRef Clone() => LLVM.CloneModule(this);

    public readonly LLVMValueRef GetNamedFunction(string Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.GetNamedFunction(this, name);
    }

    public readonly LLVMValueRef GetNamedGlobal(string Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.GetNamedGlobal(this, name);
    }

    public readonly string PrintToString() => Message.Take(LLVM.PrintModuleToString(this));

    public readonly bool TryVerify(LLVMVerifierFailureAction Action, out string OutMessage)
    {
        sbyte* message = null;
        var broken = LLVM.VerifyModule(this, Action, &message);
        OutMessage = Message.Take(message);
        return broken == 0;
    }

    public override readonly string ToString() => Handle == IntPtr.Zero ? "" : PrintToString();
}
