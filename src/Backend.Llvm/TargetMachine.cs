using LLVMSharp.Interop;
using Microsoft.Win32.SafeHandles;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Owns LLVM's code generator for one target.</summary>
internal sealed unsafe class TargetMachine : SafeHandleZeroOrMinusOneIsInvalid
{
    internal TargetMachine() : base(ownsHandle: true) { }

    public LLVMOpaqueTargetMachine* Pointer => (LLVMOpaqueTargetMachine*)handle;

    public static TargetMachine Create(TargetInfo target, Optimization optimization)
    {
        LlvmLibrary.Load();
        using var triple = new MarshaledString(target.Triple);
        using var cpu = new MarshaledString(target.Cpu);
        using var features = new MarshaledString(target.Features);
        LLVMTarget* found = null;
        sbyte* error = null;
        var failed = LLVM.GetTargetFromTriple(triple, &found, &error);
        var message = NativeText.Take(error);
        if (failed != 0)
            throw BackendException.UnknownTarget($"this libLLVM cannot generate code for {target.Triple}: {message}");
        var level = optimization == Optimization.None
            ? LLVMCodeGenOptLevel.LLVMCodeGenLevelNone
            : LLVMCodeGenOptLevel.LLVMCodeGenLevelDefault;
        var machine = new TargetMachine();
        // Position-independent, since the same object may end in a shared library.
        machine.SetHandle((nint)LLVM.CreateTargetMachine(
            found, triple, cpu, features, level, LLVMRelocMode.LLVMRelocPIC, LLVMCodeModel.LLVMCodeModelDefault));
        return machine.IsInvalid
            ? throw BackendException.UnknownTarget($"LLVM made no code generator for {target}.")
            : machine;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        LLVM.DisposeTargetMachine((LLVMOpaqueTargetMachine*)handle);
        return true;
    }
}
