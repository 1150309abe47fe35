// Raw C functions of LLVM: contexts, modules, memory buffers, attributes, metadata. Names are the C names without the LLVM prefix, as in
// LLVMSharp.
using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public static unsafe partial class LLVM
{
    [LibraryImport(Library, EntryPoint = "LLVMGetVersion")]
    public static partial void GetVersion(uint* Major, uint* Minor, uint* Patch);

    [LibraryImport(Library, EntryPoint = "LLVMDisposeMessage")]
    public static partial void DisposeMessage(sbyte* Message);

    [LibraryImport(Library, EntryPoint = "LLVMCreateMessage")]
    public static partial sbyte* CreateMessage(sbyte* Message);

    [LibraryImport(Library, EntryPoint = "LLVMContextCreate")]
    public static partial LLVMOpaqueContext* ContextCreate();

    [LibraryImport(Library, EntryPoint = "LLVMContextDispose")]
    public static partial void ContextDispose(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMContextShouldDiscardValueNames")]
    public static partial int ContextShouldDiscardValueNames(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMContextSetDiscardValueNames")]
    public static partial void ContextSetDiscardValueNames(LLVMOpaqueContext* C, int Discard);

    [LibraryImport(Library, EntryPoint = "LLVMGetGlobalContext")]
    public static partial LLVMOpaqueContext* GetGlobalContext();

    [LibraryImport(Library, EntryPoint = "LLVMGetMDKindIDInContext")]
    public static partial uint GetMDKindIDInContext(LLVMOpaqueContext* C, sbyte* Name, uint SLen);

    [LibraryImport(Library, EntryPoint = "LLVMGetEnumAttributeKindForName")]
    public static partial uint GetEnumAttributeKindForName(sbyte* Name, UIntPtr SLen);

    [LibraryImport(Library, EntryPoint = "LLVMCreateEnumAttribute")]
    public static partial LLVMOpaqueAttributeRef* CreateEnumAttribute(LLVMOpaqueContext* C, uint KindID, ulong Val);

    [LibraryImport(Library, EntryPoint = "LLVMCreateStringAttribute")]
    public static partial LLVMOpaqueAttributeRef* CreateStringAttribute(LLVMOpaqueContext* C, sbyte* K, uint KLength, sbyte* V,
        uint VLength);

    [LibraryImport(Library, EntryPoint = "LLVMCreateTypeAttribute")]
    public static partial LLVMOpaqueAttributeRef* CreateTypeAttribute(LLVMOpaqueContext* C, uint KindID, LLVMOpaqueType* type_ref);

    [LibraryImport(Library, EntryPoint = "LLVMGetEnumAttributeKind")]
    public static partial uint GetEnumAttributeKind(LLVMOpaqueAttributeRef* A);

    [LibraryImport(Library, EntryPoint = "LLVMGetEnumAttributeValue")]
    public static partial ulong GetEnumAttributeValue(LLVMOpaqueAttributeRef* A);

    [LibraryImport(Library, EntryPoint = "LLVMIsEnumAttribute")]
    public static partial int IsEnumAttribute(LLVMOpaqueAttributeRef* A);

    [LibraryImport(Library, EntryPoint = "LLVMIsStringAttribute")]
    public static partial int IsStringAttribute(LLVMOpaqueAttributeRef* A);

    [LibraryImport(Library, EntryPoint = "LLVMModuleCreateWithNameInContext")]
    public static partial LLVMOpaqueModule* ModuleCreateWithNameInContext(sbyte* ModuleID, LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMCloneModule")]
    public static partial LLVMOpaqueModule* CloneModule(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMDisposeModule")]
    public static partial void DisposeModule(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMGetModuleContext")]
    public static partial LLVMOpaqueContext* GetModuleContext(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMGetDataLayoutStr")]
    public static partial sbyte* GetDataLayoutStr(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMGetDataLayout")]
    public static partial sbyte* GetDataLayout(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMSetDataLayout")]
    public static partial void SetDataLayout(LLVMOpaqueModule* M, sbyte* DataLayoutStr);

    [LibraryImport(Library, EntryPoint = "LLVMGetTarget")]
    public static partial sbyte* GetTarget(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMSetTarget")]
    public static partial void SetTarget(LLVMOpaqueModule* M, sbyte* Triple);

    [LibraryImport(Library, EntryPoint = "LLVMDumpModule")]
    public static partial void DumpModule(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMPrintModuleToString")]
    public static partial sbyte* PrintModuleToString(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMPrintModuleToFile")]
    public static partial int PrintModuleToFile(LLVMOpaqueModule* M, sbyte* Filename, sbyte** ErrorMessage);

    [LibraryImport(Library, EntryPoint = "LLVMAddModuleFlag")]
    public static partial void AddModuleFlag(LLVMOpaqueModule* M, LLVMModuleFlagBehavior Behavior, sbyte* Key, UIntPtr KeyLen,
        LLVMOpaqueMetadata* Val);

    [LibraryImport(Library, EntryPoint = "LLVMGetNamedFunction")]
    public static partial LLVMOpaqueValue* GetNamedFunction(LLVMOpaqueModule* M, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMGetFirstFunction")]
    public static partial LLVMOpaqueValue* GetFirstFunction(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMGetLastFunction")]
    public static partial LLVMOpaqueValue* GetLastFunction(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMGetNextFunction")]
    public static partial LLVMOpaqueValue* GetNextFunction(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMGetPreviousFunction")]
    public static partial LLVMOpaqueValue* GetPreviousFunction(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMAddFunction")]
    public static partial LLVMOpaqueValue* AddFunction(LLVMOpaqueModule* M, sbyte* Name, LLVMOpaqueType* FunctionTy);

    [LibraryImport(Library, EntryPoint = "LLVMSetModuleInlineAsm2")]
    public static partial void SetModuleInlineAsm2(LLVMOpaqueModule* M, sbyte* Asm, UIntPtr Len);

    [LibraryImport(Library, EntryPoint = "LLVMGetNamedGlobal")]
    public static partial LLVMOpaqueValue* GetNamedGlobal(LLVMOpaqueModule* M, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMAddGlobal")]
    public static partial LLVMOpaqueValue* AddGlobal(LLVMOpaqueModule* M, LLVMOpaqueType* Ty, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMAddGlobalInAddressSpace")]
    public static partial LLVMOpaqueValue* AddGlobalInAddressSpace(LLVMOpaqueModule* M, LLVMOpaqueType* Ty, sbyte* Name, uint AddressSpace);

    [LibraryImport(Library, EntryPoint = "LLVMVerifyModule")]
    public static partial int VerifyModule(LLVMOpaqueModule* M, LLVMVerifierFailureAction Action, sbyte** OutMessage);

    [LibraryImport(Library, EntryPoint = "LLVMVerifyFunction")]
    public static partial int VerifyFunction(LLVMOpaqueValue* Fn, LLVMVerifierFailureAction Action);

    [LibraryImport(Library, EntryPoint = "LLVMCreateMemoryBufferWithMemoryRangeCopy")]
    public static partial LLVMOpaqueMemoryBuffer* CreateMemoryBufferWithMemoryRangeCopy(sbyte* InputData, UIntPtr InputDataLength,
        sbyte* BufferName);

    [LibraryImport(Library, EntryPoint = "LLVMCreateMemoryBufferWithMemoryRange")]
    public static partial LLVMOpaqueMemoryBuffer* CreateMemoryBufferWithMemoryRange(sbyte* InputData, UIntPtr InputDataLength,
        sbyte* BufferName, int RequiresNullTerminator);

    [LibraryImport(Library, EntryPoint = "LLVMGetBufferStart")]
    public static partial sbyte* GetBufferStart(LLVMOpaqueMemoryBuffer* MemBuf);

    [LibraryImport(Library, EntryPoint = "LLVMGetBufferSize")]
    public static partial UIntPtr GetBufferSize(LLVMOpaqueMemoryBuffer* MemBuf);

    [LibraryImport(Library, EntryPoint = "LLVMDisposeMemoryBuffer")]
    public static partial void DisposeMemoryBuffer(LLVMOpaqueMemoryBuffer* MemBuf);

    [LibraryImport(Library, EntryPoint = "LLVMWriteBitcodeToMemoryBuffer")]
    public static partial LLVMOpaqueMemoryBuffer* WriteBitcodeToMemoryBuffer(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMMDStringInContext2")]
    public static partial LLVMOpaqueMetadata* MDStringInContext2(LLVMOpaqueContext* C, sbyte* Str, UIntPtr SLen);

    [LibraryImport(Library, EntryPoint = "LLVMMDNodeInContext2")]
    public static partial LLVMOpaqueMetadata* MDNodeInContext2(LLVMOpaqueContext* C, LLVMOpaqueMetadata** MDs, UIntPtr Count);

    [LibraryImport(Library, EntryPoint = "LLVMMDStringInContext")]
    public static partial LLVMOpaqueValue* MDStringInContext(LLVMOpaqueContext* C, sbyte* Str, uint SLen);

    [LibraryImport(Library, EntryPoint = "LLVMMDNodeInContext")]
    public static partial LLVMOpaqueValue* MDNodeInContext(LLVMOpaqueContext* C, LLVMOpaqueValue** Vals, uint Count);

    [LibraryImport(Library, EntryPoint = "LLVMMetadataAsValue")]
    public static partial LLVMOpaqueValue* MetadataAsValue(LLVMOpaqueContext* C, LLVMOpaqueMetadata* MD);

    [LibraryImport(Library, EntryPoint = "LLVMValueAsMetadata")]
    public static partial LLVMOpaqueMetadata* ValueAsMetadata(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMReplaceMDNodeOperandWith")]
    public static partial void ReplaceMDNodeOperandWith(LLVMOpaqueValue* V, uint Index, LLVMOpaqueMetadata* Replacement);

    [LibraryImport(Library, EntryPoint = "LLVMAddNamedMetadataOperand")]
    public static partial void AddNamedMetadataOperand(LLVMOpaqueModule* M, sbyte* Name, LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMTemporaryMDNode")]
    public static partial LLVMOpaqueMetadata* TemporaryMDNode(LLVMOpaqueContext* Ctx, LLVMOpaqueMetadata** Data, UIntPtr NumElements);

    [LibraryImport(Library, EntryPoint = "LLVMMetadataReplaceAllUsesWith")]
    public static partial void MetadataReplaceAllUsesWith(LLVMOpaqueMetadata* TempTargetMetadata, LLVMOpaqueMetadata* Replacement);
}
