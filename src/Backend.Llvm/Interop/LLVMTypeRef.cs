using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public unsafe partial struct LLVMTypeRef
{
    public readonly LLVMTypeKind Kind => LLVM.GetTypeKind(this);

    public readonly LLVMContextRef Context => LLVM.GetTypeContext(this);

    public readonly uint IntWidth => Kind == LLVMTypeKind.LLVMIntegerTypeKind ? LLVM.GetIntTypeWidth(this) : 0;

    public readonly uint VectorSize => Kind == LLVMTypeKind.LLVMVectorTypeKind ? LLVM.GetVectorSize(this) : 0;

    public readonly LLVMTypeRef ElementType =>
        Kind is LLVMTypeKind.LLVMArrayTypeKind or LLVMTypeKind.LLVMVectorTypeKind ? LLVM.GetElementType(this) : default;

    public readonly LLVMTypeRef ReturnType => Kind == LLVMTypeKind.LLVMFunctionTypeKind ? LLVM.GetReturnType(this) : default;

    public readonly uint ParamTypesCount => Kind == LLVMTypeKind.LLVMFunctionTypeKind ? LLVM.CountParamTypes(this) : 0;

    public readonly LLVMValueRef Poison => LLVM.GetPoison(this);

    public readonly LLVMValueRef Undef => LLVM.GetUndef(this);

    public readonly LLVMValueRef AlignOf => LLVM.AlignOf(this);

    public readonly LLVMValueRef SizeOf => LLVM.SizeOf(this);

    public static LLVMTypeRef CreateFunction(LLVMTypeRef ReturnType, LLVMTypeRef[] ParamTypes, bool IsVarArg = false) =>
        CreateFunction(ReturnType, ParamTypes.AsSpan(), IsVarArg);

    public static LLVMTypeRef CreateFunction(LLVMTypeRef ReturnType, ReadOnlySpan<LLVMTypeRef> ParamTypes, bool IsVarArg)
    {
        fixed (LLVMTypeRef* types = ParamTypes)
            return LLVM.FunctionType(ReturnType, (LLVMOpaqueType**)types, (uint)ParamTypes.Length, IsVarArg ? 1 : 0);
    }

    public static LLVMTypeRef CreateArray2(LLVMTypeRef ElementType, ulong ElementCount) =>
        LLVM.ArrayType2(ElementType, ElementCount);

    public static LLVMTypeRef CreatePointer(LLVMTypeRef ElementType, uint AddressSpace) =>
        LLVM.PointerType(ElementType, AddressSpace);

    public static LLVMTypeRef CreateVector(LLVMTypeRef ElementType, uint ElementCount) =>
        LLVM.VectorType(ElementType, ElementCount);

    public readonly LLVMTypeRef[] GetParamTypes()
    {
        var types = new LLVMTypeRef[ParamTypesCount];
        fixed (LLVMTypeRef* pointer = types)
            LLVM.GetParamTypes(this, (LLVMOpaqueType**)pointer);
        return types;
    }

    public readonly string PrintToString() => Message.Take(LLVM.PrintTypeToString(this));

    public readonly void StructSetBody(ReadOnlySpan<LLVMTypeRef> ElementTypes, bool Packed)
    {
        fixed (LLVMTypeRef* types = ElementTypes)
            LLVM.StructSetBody(this, (LLVMOpaqueType**)types, (uint)ElementTypes.Length, Packed ? 1 : 0);
    }

    public override readonly string ToString() => Handle == IntPtr.Zero ? "" : PrintToString();
}
