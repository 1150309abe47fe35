using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public unsafe partial struct LLVMContextRef
{
    public readonly LLVMTypeRef BFloatType => LLVM.BFloatTypeInContext(this);

    public readonly LLVMTypeRef DoubleType => LLVM.DoubleTypeInContext(this);

    public readonly LLVMTypeRef FloatType => LLVM.FloatTypeInContext(this);

    public readonly LLVMTypeRef HalfType => LLVM.HalfTypeInContext(this);

    public readonly LLVMTypeRef Int1Type => LLVM.Int1TypeInContext(this);

    public readonly LLVMTypeRef Int8Type => LLVM.Int8TypeInContext(this);

    public readonly LLVMTypeRef Int16Type => LLVM.Int16TypeInContext(this);

    public readonly LLVMTypeRef Int32Type => LLVM.Int32TypeInContext(this);

    public readonly LLVMTypeRef Int64Type => LLVM.Int64TypeInContext(this);

    public readonly LLVMTypeRef VoidType => LLVM.VoidTypeInContext(this);

    public static LLVMContextRef Create() => LLVM.ContextCreate();

    public readonly LLVMBasicBlockRef AppendBasicBlock(LLVMValueRef Fn, string Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.AppendBasicBlockInContext(this, Fn, name);
    }

    public readonly LLVMBasicBlockRef CreateBasicBlock(string Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.CreateBasicBlockInContext(this, name);
    }

    public readonly LLVMBuilderRef CreateBuilder() => LLVM.CreateBuilderInContext(this);

    public readonly LLVMModuleRef CreateModuleWithName(string ModuleID)
    {
        using var name = new MarshaledString(ModuleID);
        return LLVM.ModuleCreateWithNameInContext(name, this);
    }

    public readonly LLVMTypeRef CreateNamedStruct(string Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.StructCreateNamed(this, name);
    }

    public readonly LLVMValueRef GetConstString(string Str, bool DontNullTerminate)
    {
        using var text = new MarshaledString(Str);
        return LLVM.ConstStringInContext(this, text, (uint)text.Length, DontNullTerminate ? 1 : 0);
    }

    public readonly LLVMValueRef GetConstStruct(ReadOnlySpan<LLVMValueRef> ConstantVals, bool Packed)
    {
        fixed (LLVMValueRef* values = ConstantVals)
            return LLVM.ConstStructInContext(this, (LLVMOpaqueValue**)values, (uint)ConstantVals.Length, Packed ? 1 : 0);
    }

    public readonly LLVMTypeRef GetIntType(uint NumBits) => LLVM.IntTypeInContext(this, NumBits);

    public readonly uint GetMDKindID(ReadOnlySpan<char> Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.GetMDKindIDInContext(this, name, (uint)name.Length);
    }

    public readonly LLVMValueRef GetMDNode(ReadOnlySpan<LLVMValueRef> Vals)
    {
        fixed (LLVMValueRef* values = Vals)
            return LLVM.MDNodeInContext(this, (LLVMOpaqueValue**)values, (uint)Vals.Length);
    }

    public readonly LLVMValueRef GetMDString(ReadOnlySpan<char> Str)
    {
        using var text = new MarshaledString(Str);
        return LLVM.MDStringInContext(this, text, (uint)text.Length);
    }

    public readonly LLVMTypeRef GetStructType(ReadOnlySpan<LLVMTypeRef> ElementTypes, bool Packed)
    {
        fixed (LLVMTypeRef* types = ElementTypes)
            return LLVM.StructTypeInContext(this, (LLVMOpaqueType**)types, (uint)ElementTypes.Length, Packed ? 1 : 0);
    }

    public readonly LLVMBasicBlockRef InsertBasicBlock(LLVMBasicBlockRef BB, string Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.InsertBasicBlockInContext(this, BB, name);
    }

    public readonly LLVMValueRef MetadataAsValue(LLVMMetadataRef MD) => LLVM.MetadataAsValue(this, MD);
}
