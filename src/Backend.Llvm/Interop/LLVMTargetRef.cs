using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public unsafe partial struct LLVMTargetRef
{
    public static string DefaultTriple => Message.Take(LLVM.GetDefaultTargetTriple());

    public readonly string Name => Marshal.PtrToStringUTF8((IntPtr)LLVM.GetTargetName(this)) ?? "";

    public static bool TryGetTargetFromTriple(string Triple, out LLVMTargetRef OutTarget, out string OutError)
    {
        using var triple = new MarshaledString(Triple);
        LLVMTarget* target = null;
        sbyte* error = null;
        var failed = LLVM.GetTargetFromTriple(triple, &target, &error);
        OutTarget = target;
        OutError = Message.Take(error);
        return failed == 0;
    }

    public readonly LLVMTargetMachineRef CreateTargetMachine(
        string Triple, string CPU, string Features, LLVMCodeGenOptLevel Level, LLVMRelocMode Reloc, LLVMCodeModel CodeModel)
    {
        using var triple = new MarshaledString(Triple);
        using var cpu = new MarshaledString(CPU);
        using var features = new MarshaledString(Features);
        return LLVM.CreateTargetMachine(this, triple, cpu, features, Level, Reloc, CodeModel);
    }
}

public unsafe partial struct LLVMTargetMachineRef
{
    public readonly LLVMTargetDataRef CreateTargetDataLayout() => LLVM.CreateTargetDataLayout(this);

    public readonly bool TryEmitToFile(LLVMModuleRef module, string fileName, LLVMCodeGenFileType codegen, out string message)
    {
        using var file = new MarshaledString(fileName);
        sbyte* error = null;
        var failed = LLVM.TargetMachineEmitToFile(this, module, file, codegen, &error);
        message = Message.Take(error);
        return failed == 0;
    }

    public readonly bool TryEmitToMemoryBuffer(
        LLVMModuleRef module, LLVMCodeGenFileType codegen, out string message, out LLVMMemoryBufferRef buffer)
    {
        sbyte* error = null;
        LLVMOpaqueMemoryBuffer* memory = null;
        var failed = LLVM.TargetMachineEmitToMemoryBuffer(this, module, codegen, &error, &memory);
        message = Message.Take(error);
        buffer = memory;
        return failed == 0;
    }
}

public partial struct LLVMPassBuilderOptionsRef
{
    public static unsafe LLVMPassBuilderOptionsRef Create() => LLVM.CreatePassBuilderOptions();
}
