// Raw C functions of LLVM: types. Names are the C names without the LLVM prefix, as in LLVMSharp.
using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public static unsafe partial class LLVM
{
    [LibraryImport(Library, EntryPoint = "LLVMInt1TypeInContext")]
    public static partial LLVMOpaqueType* Int1TypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMInt8TypeInContext")]
    public static partial LLVMOpaqueType* Int8TypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMInt16TypeInContext")]
    public static partial LLVMOpaqueType* Int16TypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMInt32TypeInContext")]
    public static partial LLVMOpaqueType* Int32TypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMInt64TypeInContext")]
    public static partial LLVMOpaqueType* Int64TypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMInt128TypeInContext")]
    public static partial LLVMOpaqueType* Int128TypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMIntTypeInContext")]
    public static partial LLVMOpaqueType* IntTypeInContext(LLVMOpaqueContext* C, uint NumBits);

    [LibraryImport(Library, EntryPoint = "LLVMHalfTypeInContext")]
    public static partial LLVMOpaqueType* HalfTypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMBFloatTypeInContext")]
    public static partial LLVMOpaqueType* BFloatTypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMFloatTypeInContext")]
    public static partial LLVMOpaqueType* FloatTypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMDoubleTypeInContext")]
    public static partial LLVMOpaqueType* DoubleTypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMFP128TypeInContext")]
    public static partial LLVMOpaqueType* FP128TypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMStructTypeInContext")]
    public static partial LLVMOpaqueType* StructTypeInContext(LLVMOpaqueContext* C, LLVMOpaqueType** ElementTypes, uint ElementCount,
        int Packed);

    [LibraryImport(Library, EntryPoint = "LLVMPointerTypeInContext")]
    public static partial LLVMOpaqueType* PointerTypeInContext(LLVMOpaqueContext* C, uint AddressSpace);

    [LibraryImport(Library, EntryPoint = "LLVMVoidTypeInContext")]
    public static partial LLVMOpaqueType* VoidTypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMLabelTypeInContext")]
    public static partial LLVMOpaqueType* LabelTypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMTokenTypeInContext")]
    public static partial LLVMOpaqueType* TokenTypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMMetadataTypeInContext")]
    public static partial LLVMOpaqueType* MetadataTypeInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMGetTypeKind")]
    public static partial LLVMTypeKind GetTypeKind(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMTypeIsSized")]
    public static partial int TypeIsSized(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMGetTypeContext")]
    public static partial LLVMOpaqueContext* GetTypeContext(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMPrintTypeToString")]
    public static partial sbyte* PrintTypeToString(LLVMOpaqueType* Val);

    [LibraryImport(Library, EntryPoint = "LLVMGetIntTypeWidth")]
    public static partial uint GetIntTypeWidth(LLVMOpaqueType* IntegerTy);

    [LibraryImport(Library, EntryPoint = "LLVMFunctionType")]
    public static partial LLVMOpaqueType* FunctionType(LLVMOpaqueType* ReturnType, LLVMOpaqueType** ParamTypes, uint ParamCount,
        int IsVarArg);

    [LibraryImport(Library, EntryPoint = "LLVMIsFunctionVarArg")]
    public static partial int IsFunctionVarArg(LLVMOpaqueType* FunctionTy);

    [LibraryImport(Library, EntryPoint = "LLVMGetReturnType")]
    public static partial LLVMOpaqueType* GetReturnType(LLVMOpaqueType* FunctionTy);

    [LibraryImport(Library, EntryPoint = "LLVMCountParamTypes")]
    public static partial uint CountParamTypes(LLVMOpaqueType* FunctionTy);

    [LibraryImport(Library, EntryPoint = "LLVMGetParamTypes")]
    public static partial void GetParamTypes(LLVMOpaqueType* FunctionTy, LLVMOpaqueType** Dest);

    [LibraryImport(Library, EntryPoint = "LLVMStructCreateNamed")]
    public static partial LLVMOpaqueType* StructCreateNamed(LLVMOpaqueContext* C, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMGetStructName")]
    public static partial sbyte* GetStructName(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMStructSetBody")]
    public static partial void StructSetBody(LLVMOpaqueType* StructTy, LLVMOpaqueType** ElementTypes, uint ElementCount, int Packed);

    [LibraryImport(Library, EntryPoint = "LLVMCountStructElementTypes")]
    public static partial uint CountStructElementTypes(LLVMOpaqueType* StructTy);

    [LibraryImport(Library, EntryPoint = "LLVMGetStructElementTypes")]
    public static partial void GetStructElementTypes(LLVMOpaqueType* StructTy, LLVMOpaqueType** Dest);

    [LibraryImport(Library, EntryPoint = "LLVMStructGetTypeAtIndex")]
    public static partial LLVMOpaqueType* StructGetTypeAtIndex(LLVMOpaqueType* StructTy, uint i);

    [LibraryImport(Library, EntryPoint = "LLVMIsPackedStruct")]
    public static partial int IsPackedStruct(LLVMOpaqueType* StructTy);

    [LibraryImport(Library, EntryPoint = "LLVMIsOpaqueStruct")]
    public static partial int IsOpaqueStruct(LLVMOpaqueType* StructTy);

    [LibraryImport(Library, EntryPoint = "LLVMGetElementType")]
    public static partial LLVMOpaqueType* GetElementType(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMArrayType2")]
    public static partial LLVMOpaqueType* ArrayType2(LLVMOpaqueType* ElementType, ulong ElementCount);

    [LibraryImport(Library, EntryPoint = "LLVMGetArrayLength2")]
    public static partial ulong GetArrayLength2(LLVMOpaqueType* ArrayTy);

    [LibraryImport(Library, EntryPoint = "LLVMPointerType")]
    public static partial LLVMOpaqueType* PointerType(LLVMOpaqueType* ElementType, uint AddressSpace);

    [LibraryImport(Library, EntryPoint = "LLVMGetPointerAddressSpace")]
    public static partial uint GetPointerAddressSpace(LLVMOpaqueType* PointerTy);

    [LibraryImport(Library, EntryPoint = "LLVMVectorType")]
    public static partial LLVMOpaqueType* VectorType(LLVMOpaqueType* ElementType, uint ElementCount);

    [LibraryImport(Library, EntryPoint = "LLVMScalableVectorType")]
    public static partial LLVMOpaqueType* ScalableVectorType(LLVMOpaqueType* ElementType, uint ElementCount);

    [LibraryImport(Library, EntryPoint = "LLVMGetVectorSize")]
    public static partial uint GetVectorSize(LLVMOpaqueType* VectorTy);
}
