// Raw C functions of LLVM: constants, globals, functions, blocks, instructions. Names are the C names without the LLVM prefix, as in
// LLVMSharp.
using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public static unsafe partial class LLVM
{
    [LibraryImport(Library, EntryPoint = "LLVMTypeOf")]
    public static partial LLVMOpaqueType* TypeOf(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMGetValueKind")]
    public static partial LLVMValueKind GetValueKind(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMGetValueName2")]
    public static partial sbyte* GetValueName2(LLVMOpaqueValue* Val, UIntPtr* Length);

    [LibraryImport(Library, EntryPoint = "LLVMSetValueName2")]
    public static partial void SetValueName2(LLVMOpaqueValue* Val, sbyte* Name, UIntPtr NameLen);

    [LibraryImport(Library, EntryPoint = "LLVMDumpValue")]
    public static partial void DumpValue(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMPrintValueToString")]
    public static partial sbyte* PrintValueToString(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMReplaceAllUsesWith")]
    public static partial void ReplaceAllUsesWith(LLVMOpaqueValue* OldVal, LLVMOpaqueValue* NewVal);

    [LibraryImport(Library, EntryPoint = "LLVMIsConstant")]
    public static partial int IsConstant(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMIsUndef")]
    public static partial int IsUndef(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMIsPoison")]
    public static partial int IsPoison(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMIsNull")]
    public static partial int IsNull(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMGetOperand")]
    public static partial LLVMOpaqueValue* GetOperand(LLVMOpaqueValue* Val, uint Index);

    [LibraryImport(Library, EntryPoint = "LLVMSetOperand")]
    public static partial void SetOperand(LLVMOpaqueValue* User, uint Index, LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMGetNumOperands")]
    public static partial int GetNumOperands(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMConstNull")]
    public static partial LLVMOpaqueValue* ConstNull(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMConstAllOnes")]
    public static partial LLVMOpaqueValue* ConstAllOnes(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMGetUndef")]
    public static partial LLVMOpaqueValue* GetUndef(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMGetPoison")]
    public static partial LLVMOpaqueValue* GetPoison(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMConstPointerNull")]
    public static partial LLVMOpaqueValue* ConstPointerNull(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMConstInt")]
    public static partial LLVMOpaqueValue* ConstInt(LLVMOpaqueType* IntTy, ulong N, int SignExtend);

    [LibraryImport(Library, EntryPoint = "LLVMConstIntOfArbitraryPrecision")]
    public static partial LLVMOpaqueValue* ConstIntOfArbitraryPrecision(LLVMOpaqueType* IntTy, uint NumWords, ulong* Words);

    [LibraryImport(Library, EntryPoint = "LLVMConstReal")]
    public static partial LLVMOpaqueValue* ConstReal(LLVMOpaqueType* RealTy, double N);

    [LibraryImport(Library, EntryPoint = "LLVMConstRealOfString")]
    public static partial LLVMOpaqueValue* ConstRealOfString(LLVMOpaqueType* RealTy, sbyte* Text);

    [LibraryImport(Library, EntryPoint = "LLVMConstIntGetZExtValue")]
    public static partial ulong ConstIntGetZExtValue(LLVMOpaqueValue* ConstantVal);

    [LibraryImport(Library, EntryPoint = "LLVMConstIntGetSExtValue")]
    public static partial long ConstIntGetSExtValue(LLVMOpaqueValue* ConstantVal);

    [LibraryImport(Library, EntryPoint = "LLVMConstRealGetDouble")]
    public static partial double ConstRealGetDouble(LLVMOpaqueValue* ConstantVal, int* losesInfo);

    [LibraryImport(Library, EntryPoint = "LLVMConstStringInContext")]
    public static partial LLVMOpaqueValue* ConstStringInContext(LLVMOpaqueContext* C, sbyte* Str, uint Length, int DontNullTerminate);

    [LibraryImport(Library, EntryPoint = "LLVMConstStringInContext2")]
    public static partial LLVMOpaqueValue* ConstStringInContext2(LLVMOpaqueContext* C, sbyte* Str, UIntPtr Length, int DontNullTerminate);

    [LibraryImport(Library, EntryPoint = "LLVMConstStructInContext")]
    public static partial LLVMOpaqueValue* ConstStructInContext(LLVMOpaqueContext* C, LLVMOpaqueValue** ConstantVals, uint Count,
        int Packed);

    [LibraryImport(Library, EntryPoint = "LLVMConstNamedStruct")]
    public static partial LLVMOpaqueValue* ConstNamedStruct(LLVMOpaqueType* StructTy, LLVMOpaqueValue** ConstantVals, uint Count);

    [LibraryImport(Library, EntryPoint = "LLVMConstArray2")]
    public static partial LLVMOpaqueValue* ConstArray2(LLVMOpaqueType* ElementTy, LLVMOpaqueValue** ConstantVals, ulong Length);

    [LibraryImport(Library, EntryPoint = "LLVMConstVector")]
    public static partial LLVMOpaqueValue* ConstVector(LLVMOpaqueValue** ScalarConstantVals, uint Size);

    [LibraryImport(Library, EntryPoint = "LLVMAlignOf")]
    public static partial LLVMOpaqueValue* AlignOf(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMSizeOf")]
    public static partial LLVMOpaqueValue* SizeOf(LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMConstNeg")]
    public static partial LLVMOpaqueValue* ConstNeg(LLVMOpaqueValue* ConstantVal);

    [LibraryImport(Library, EntryPoint = "LLVMConstNot")]
    public static partial LLVMOpaqueValue* ConstNot(LLVMOpaqueValue* ConstantVal);

    [LibraryImport(Library, EntryPoint = "LLVMConstAdd")]
    public static partial LLVMOpaqueValue* ConstAdd(LLVMOpaqueValue* LHSConstant, LLVMOpaqueValue* RHSConstant);

    [LibraryImport(Library, EntryPoint = "LLVMConstSub")]
    public static partial LLVMOpaqueValue* ConstSub(LLVMOpaqueValue* LHSConstant, LLVMOpaqueValue* RHSConstant);

    [LibraryImport(Library, EntryPoint = "LLVMConstMul")]
    public static partial LLVMOpaqueValue* ConstMul(LLVMOpaqueValue* LHSConstant, LLVMOpaqueValue* RHSConstant);

    [LibraryImport(Library, EntryPoint = "LLVMConstGEP2")]
    public static partial LLVMOpaqueValue* ConstGEP2(LLVMOpaqueType* Ty, LLVMOpaqueValue* ConstantVal, LLVMOpaqueValue** ConstantIndices,
        uint NumIndices);

    [LibraryImport(Library, EntryPoint = "LLVMConstInBoundsGEP2")]
    public static partial LLVMOpaqueValue* ConstInBoundsGEP2(LLVMOpaqueType* Ty, LLVMOpaqueValue* ConstantVal,
        LLVMOpaqueValue** ConstantIndices, uint NumIndices);

    [LibraryImport(Library, EntryPoint = "LLVMConstTrunc")]
    public static partial LLVMOpaqueValue* ConstTrunc(LLVMOpaqueValue* ConstantVal, LLVMOpaqueType* ToType);

    [LibraryImport(Library, EntryPoint = "LLVMConstPtrToInt")]
    public static partial LLVMOpaqueValue* ConstPtrToInt(LLVMOpaqueValue* ConstantVal, LLVMOpaqueType* ToType);

    [LibraryImport(Library, EntryPoint = "LLVMConstIntToPtr")]
    public static partial LLVMOpaqueValue* ConstIntToPtr(LLVMOpaqueValue* ConstantVal, LLVMOpaqueType* ToType);

    [LibraryImport(Library, EntryPoint = "LLVMConstBitCast")]
    public static partial LLVMOpaqueValue* ConstBitCast(LLVMOpaqueValue* ConstantVal, LLVMOpaqueType* ToType);

    [LibraryImport(Library, EntryPoint = "LLVMGetGlobalParent")]
    public static partial LLVMOpaqueModule* GetGlobalParent(LLVMOpaqueValue* Global);

    [LibraryImport(Library, EntryPoint = "LLVMIsDeclaration")]
    public static partial int IsDeclaration(LLVMOpaqueValue* Global);

    [LibraryImport(Library, EntryPoint = "LLVMGetLinkage")]
    public static partial LLVMLinkage GetLinkage(LLVMOpaqueValue* Global);

    [LibraryImport(Library, EntryPoint = "LLVMSetLinkage")]
    public static partial void SetLinkage(LLVMOpaqueValue* Global, LLVMLinkage Linkage);

    [LibraryImport(Library, EntryPoint = "LLVMGetSection")]
    public static partial sbyte* GetSection(LLVMOpaqueValue* Global);

    [LibraryImport(Library, EntryPoint = "LLVMSetSection")]
    public static partial void SetSection(LLVMOpaqueValue* Global, sbyte* Section);

    [LibraryImport(Library, EntryPoint = "LLVMGetVisibility")]
    public static partial LLVMVisibility GetVisibility(LLVMOpaqueValue* Global);

    [LibraryImport(Library, EntryPoint = "LLVMSetVisibility")]
    public static partial void SetVisibility(LLVMOpaqueValue* Global, LLVMVisibility Viz);

    [LibraryImport(Library, EntryPoint = "LLVMGetDLLStorageClass")]
    public static partial LLVMDLLStorageClass GetDLLStorageClass(LLVMOpaqueValue* Global);

    [LibraryImport(Library, EntryPoint = "LLVMSetDLLStorageClass")]
    public static partial void SetDLLStorageClass(LLVMOpaqueValue* Global, LLVMDLLStorageClass Class);

    [LibraryImport(Library, EntryPoint = "LLVMGetUnnamedAddress")]
    public static partial LLVMUnnamedAddr GetUnnamedAddress(LLVMOpaqueValue* Global);

    [LibraryImport(Library, EntryPoint = "LLVMSetUnnamedAddress")]
    public static partial void SetUnnamedAddress(LLVMOpaqueValue* Global, LLVMUnnamedAddr UnnamedAddr);

    [LibraryImport(Library, EntryPoint = "LLVMGlobalGetValueType")]
    public static partial LLVMOpaqueType* GlobalGetValueType(LLVMOpaqueValue* Global);

    [LibraryImport(Library, EntryPoint = "LLVMGetAlignment")]
    public static partial uint GetAlignment(LLVMOpaqueValue* V);

    [LibraryImport(Library, EntryPoint = "LLVMSetAlignment")]
    public static partial void SetAlignment(LLVMOpaqueValue* V, uint Bytes);

    [LibraryImport(Library, EntryPoint = "LLVMGetInitializer")]
    public static partial LLVMOpaqueValue* GetInitializer(LLVMOpaqueValue* GlobalVar);

    [LibraryImport(Library, EntryPoint = "LLVMSetInitializer")]
    public static partial void SetInitializer(LLVMOpaqueValue* GlobalVar, LLVMOpaqueValue* ConstantVal);

    [LibraryImport(Library, EntryPoint = "LLVMIsGlobalConstant")]
    public static partial int IsGlobalConstant(LLVMOpaqueValue* GlobalVar);

    [LibraryImport(Library, EntryPoint = "LLVMSetGlobalConstant")]
    public static partial void SetGlobalConstant(LLVMOpaqueValue* GlobalVar, int IsConstant);

    [LibraryImport(Library, EntryPoint = "LLVMIsThreadLocal")]
    public static partial int IsThreadLocal(LLVMOpaqueValue* GlobalVar);

    [LibraryImport(Library, EntryPoint = "LLVMSetThreadLocal")]
    public static partial void SetThreadLocal(LLVMOpaqueValue* GlobalVar, int IsThreadLocal);

    [LibraryImport(Library, EntryPoint = "LLVMDeleteGlobal")]
    public static partial void DeleteGlobal(LLVMOpaqueValue* GlobalVar);

    [LibraryImport(Library, EntryPoint = "LLVMDeleteFunction")]
    public static partial void DeleteFunction(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMGetIntrinsicID")]
    public static partial uint GetIntrinsicID(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMLookupIntrinsicID")]
    public static partial uint LookupIntrinsicID(sbyte* Name, UIntPtr NameLen);

    [LibraryImport(Library, EntryPoint = "LLVMGetIntrinsicDeclaration")]
    public static partial LLVMOpaqueValue* GetIntrinsicDeclaration(LLVMOpaqueModule* Mod, uint ID, LLVMOpaqueType** ParamTypes,
        UIntPtr ParamCount);

    [LibraryImport(Library, EntryPoint = "LLVMIntrinsicGetType")]
    public static partial LLVMOpaqueType* IntrinsicGetType(LLVMOpaqueContext* Ctx, uint ID, LLVMOpaqueType** ParamTypes,
        UIntPtr ParamCount);

    [LibraryImport(Library, EntryPoint = "LLVMIntrinsicGetName")]
    public static partial sbyte* IntrinsicGetName(uint ID, UIntPtr* NameLength);

    [LibraryImport(Library, EntryPoint = "LLVMIntrinsicCopyOverloadedName2")]
    public static partial sbyte* IntrinsicCopyOverloadedName2(LLVMOpaqueModule* Mod, uint ID, LLVMOpaqueType** ParamTypes,
        UIntPtr ParamCount, UIntPtr* NameLength);

    [LibraryImport(Library, EntryPoint = "LLVMIntrinsicIsOverloaded")]
    public static partial int IntrinsicIsOverloaded(uint ID);

    [LibraryImport(Library, EntryPoint = "LLVMGetFunctionCallConv")]
    public static partial uint GetFunctionCallConv(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMSetFunctionCallConv")]
    public static partial void SetFunctionCallConv(LLVMOpaqueValue* Fn, uint CC);

    [LibraryImport(Library, EntryPoint = "LLVMAddAttributeAtIndex")]
    public static partial void AddAttributeAtIndex(LLVMOpaqueValue* F, uint Idx, LLVMOpaqueAttributeRef* A);

    [LibraryImport(Library, EntryPoint = "LLVMGetAttributeCountAtIndex")]
    public static partial uint GetAttributeCountAtIndex(LLVMOpaqueValue* F, uint Idx);

    [LibraryImport(Library, EntryPoint = "LLVMGetEnumAttributeAtIndex")]
    public static partial LLVMOpaqueAttributeRef* GetEnumAttributeAtIndex(LLVMOpaqueValue* F, uint Idx, uint KindID);

    [LibraryImport(Library, EntryPoint = "LLVMGetStringAttributeAtIndex")]
    public static partial LLVMOpaqueAttributeRef* GetStringAttributeAtIndex(LLVMOpaqueValue* F, uint Idx, sbyte* K, uint KLen);

    [LibraryImport(Library, EntryPoint = "LLVMRemoveEnumAttributeAtIndex")]
    public static partial void RemoveEnumAttributeAtIndex(LLVMOpaqueValue* F, uint Idx, uint KindID);

    [LibraryImport(Library, EntryPoint = "LLVMRemoveStringAttributeAtIndex")]
    public static partial void RemoveStringAttributeAtIndex(LLVMOpaqueValue* F, uint Idx, sbyte* K, uint KLen);

    [LibraryImport(Library, EntryPoint = "LLVMAddTargetDependentFunctionAttr")]
    public static partial void AddTargetDependentFunctionAttr(LLVMOpaqueValue* Fn, sbyte* A, sbyte* V);

    [LibraryImport(Library, EntryPoint = "LLVMCountParams")]
    public static partial uint CountParams(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMGetParams")]
    public static partial void GetParams(LLVMOpaqueValue* Fn, LLVMOpaqueValue** Params);

    [LibraryImport(Library, EntryPoint = "LLVMGetParam")]
    public static partial LLVMOpaqueValue* GetParam(LLVMOpaqueValue* Fn, uint Index);

    [LibraryImport(Library, EntryPoint = "LLVMGetParamParent")]
    public static partial LLVMOpaqueValue* GetParamParent(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMSetParamAlignment")]
    public static partial void SetParamAlignment(LLVMOpaqueValue* Arg, uint Align);

    [LibraryImport(Library, EntryPoint = "LLVMBasicBlockAsValue")]
    public static partial LLVMOpaqueValue* BasicBlockAsValue(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMValueIsBasicBlock")]
    public static partial int ValueIsBasicBlock(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMValueAsBasicBlock")]
    public static partial LLVMOpaqueBasicBlock* ValueAsBasicBlock(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMGetBasicBlockName")]
    public static partial sbyte* GetBasicBlockName(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMGetBasicBlockParent")]
    public static partial LLVMOpaqueValue* GetBasicBlockParent(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMGetBasicBlockTerminator")]
    public static partial LLVMOpaqueValue* GetBasicBlockTerminator(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMCountBasicBlocks")]
    public static partial uint CountBasicBlocks(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMGetFirstBasicBlock")]
    public static partial LLVMOpaqueBasicBlock* GetFirstBasicBlock(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMGetLastBasicBlock")]
    public static partial LLVMOpaqueBasicBlock* GetLastBasicBlock(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMGetNextBasicBlock")]
    public static partial LLVMOpaqueBasicBlock* GetNextBasicBlock(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMGetPreviousBasicBlock")]
    public static partial LLVMOpaqueBasicBlock* GetPreviousBasicBlock(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMGetEntryBasicBlock")]
    public static partial LLVMOpaqueBasicBlock* GetEntryBasicBlock(LLVMOpaqueValue* Fn);

    [LibraryImport(Library, EntryPoint = "LLVMAppendExistingBasicBlock")]
    public static partial void AppendExistingBasicBlock(LLVMOpaqueValue* Fn, LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMCreateBasicBlockInContext")]
    public static partial LLVMOpaqueBasicBlock* CreateBasicBlockInContext(LLVMOpaqueContext* C, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMAppendBasicBlockInContext")]
    public static partial LLVMOpaqueBasicBlock* AppendBasicBlockInContext(LLVMOpaqueContext* C, LLVMOpaqueValue* Fn, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMInsertBasicBlockInContext")]
    public static partial LLVMOpaqueBasicBlock* InsertBasicBlockInContext(LLVMOpaqueContext* C, LLVMOpaqueBasicBlock* BB, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMDeleteBasicBlock")]
    public static partial void DeleteBasicBlock(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMRemoveBasicBlockFromParent")]
    public static partial void RemoveBasicBlockFromParent(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMMoveBasicBlockBefore")]
    public static partial void MoveBasicBlockBefore(LLVMOpaqueBasicBlock* BB, LLVMOpaqueBasicBlock* MovePos);

    [LibraryImport(Library, EntryPoint = "LLVMMoveBasicBlockAfter")]
    public static partial void MoveBasicBlockAfter(LLVMOpaqueBasicBlock* BB, LLVMOpaqueBasicBlock* MovePos);

    [LibraryImport(Library, EntryPoint = "LLVMGetFirstInstruction")]
    public static partial LLVMOpaqueValue* GetFirstInstruction(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMGetLastInstruction")]
    public static partial LLVMOpaqueValue* GetLastInstruction(LLVMOpaqueBasicBlock* BB);

    [LibraryImport(Library, EntryPoint = "LLVMHasMetadata")]
    public static partial int HasMetadata(LLVMOpaqueValue* Val);

    [LibraryImport(Library, EntryPoint = "LLVMGetMetadata")]
    public static partial LLVMOpaqueValue* GetMetadata(LLVMOpaqueValue* Val, uint KindID);

    [LibraryImport(Library, EntryPoint = "LLVMSetMetadata")]
    public static partial void SetMetadata(LLVMOpaqueValue* Val, uint KindID, LLVMOpaqueValue* Node);

    [LibraryImport(Library, EntryPoint = "LLVMGetInstructionParent")]
    public static partial LLVMOpaqueBasicBlock* GetInstructionParent(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMGetNextInstruction")]
    public static partial LLVMOpaqueValue* GetNextInstruction(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMGetPreviousInstruction")]
    public static partial LLVMOpaqueValue* GetPreviousInstruction(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMInstructionEraseFromParent")]
    public static partial void InstructionEraseFromParent(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMInstructionRemoveFromParent")]
    public static partial void InstructionRemoveFromParent(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMDeleteInstruction")]
    public static partial void DeleteInstruction(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMGetInstructionOpcode")]
    public static partial LLVMOpcode GetInstructionOpcode(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMGetICmpPredicate")]
    public static partial LLVMIntPredicate GetICmpPredicate(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMGetFCmpPredicate")]
    public static partial LLVMRealPredicate GetFCmpPredicate(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMInstructionClone")]
    public static partial LLVMOpaqueValue* InstructionClone(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMIsATerminatorInst")]
    public static partial LLVMOpaqueValue* IsATerminatorInst(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMSetInstructionCallConv")]
    public static partial void SetInstructionCallConv(LLVMOpaqueValue* Instr, uint CC);

    [LibraryImport(Library, EntryPoint = "LLVMGetInstructionCallConv")]
    public static partial uint GetInstructionCallConv(LLVMOpaqueValue* Instr);

    [LibraryImport(Library, EntryPoint = "LLVMSetInstrParamAlignment")]
    public static partial void SetInstrParamAlignment(LLVMOpaqueValue* Instr, uint Idx, uint Align);

    [LibraryImport(Library, EntryPoint = "LLVMAddCallSiteAttribute")]
    public static partial void AddCallSiteAttribute(LLVMOpaqueValue* C, uint Idx, LLVMOpaqueAttributeRef* A);

    [LibraryImport(Library, EntryPoint = "LLVMGetCalledFunctionType")]
    public static partial LLVMOpaqueType* GetCalledFunctionType(LLVMOpaqueValue* C);

    [LibraryImport(Library, EntryPoint = "LLVMGetCalledValue")]
    public static partial LLVMOpaqueValue* GetCalledValue(LLVMOpaqueValue* Instr);

    [LibraryImport(Library, EntryPoint = "LLVMIsTailCall")]
    public static partial int IsTailCall(LLVMOpaqueValue* CallInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetTailCall")]
    public static partial void SetTailCall(LLVMOpaqueValue* CallInst, int IsTailCall);

    [LibraryImport(Library, EntryPoint = "LLVMGetTailCallKind")]
    public static partial LLVMTailCallKind GetTailCallKind(LLVMOpaqueValue* CallInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetTailCallKind")]
    public static partial void SetTailCallKind(LLVMOpaqueValue* CallInst, LLVMTailCallKind kind);

    [LibraryImport(Library, EntryPoint = "LLVMGetNumSuccessors")]
    public static partial uint GetNumSuccessors(LLVMOpaqueValue* Term);

    [LibraryImport(Library, EntryPoint = "LLVMGetSuccessor")]
    public static partial LLVMOpaqueBasicBlock* GetSuccessor(LLVMOpaqueValue* Term, uint i);

    [LibraryImport(Library, EntryPoint = "LLVMSetSuccessor")]
    public static partial void SetSuccessor(LLVMOpaqueValue* Term, uint i, LLVMOpaqueBasicBlock* block);

    [LibraryImport(Library, EntryPoint = "LLVMAddIncoming")]
    public static partial void AddIncoming(LLVMOpaqueValue* PhiNode, LLVMOpaqueValue** IncomingValues,
        LLVMOpaqueBasicBlock** IncomingBlocks, uint Count);

    [LibraryImport(Library, EntryPoint = "LLVMCountIncoming")]
    public static partial uint CountIncoming(LLVMOpaqueValue* PhiNode);

    [LibraryImport(Library, EntryPoint = "LLVMGetIncomingValue")]
    public static partial LLVMOpaqueValue* GetIncomingValue(LLVMOpaqueValue* PhiNode, uint Index);

    [LibraryImport(Library, EntryPoint = "LLVMGetIncomingBlock")]
    public static partial LLVMOpaqueBasicBlock* GetIncomingBlock(LLVMOpaqueValue* PhiNode, uint Index);

    [LibraryImport(Library, EntryPoint = "LLVMAddCase")]
    public static partial void AddCase(LLVMOpaqueValue* Switch, LLVMOpaqueValue* OnVal, LLVMOpaqueBasicBlock* Dest);

    [LibraryImport(Library, EntryPoint = "LLVMAddDestination")]
    public static partial void AddDestination(LLVMOpaqueValue* IndirectBr, LLVMOpaqueBasicBlock* Dest);

    [LibraryImport(Library, EntryPoint = "LLVMGetAllocatedType")]
    public static partial LLVMOpaqueType* GetAllocatedType(LLVMOpaqueValue* Alloca);

    [LibraryImport(Library, EntryPoint = "LLVMIsInBounds")]
    public static partial int IsInBounds(LLVMOpaqueValue* GEP);

    [LibraryImport(Library, EntryPoint = "LLVMSetIsInBounds")]
    public static partial void SetIsInBounds(LLVMOpaqueValue* GEP, int InBounds);

    [LibraryImport(Library, EntryPoint = "LLVMGetVolatile")]
    public static partial int GetVolatile(LLVMOpaqueValue* MemoryAccessInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetVolatile")]
    public static partial void SetVolatile(LLVMOpaqueValue* MemoryAccessInst, int IsVolatile);

    [LibraryImport(Library, EntryPoint = "LLVMGetWeak")]
    public static partial int GetWeak(LLVMOpaqueValue* CmpXchgInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetWeak")]
    public static partial void SetWeak(LLVMOpaqueValue* CmpXchgInst, int IsWeak);

    [LibraryImport(Library, EntryPoint = "LLVMGetOrdering")]
    public static partial LLVMAtomicOrdering GetOrdering(LLVMOpaqueValue* MemoryAccessInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetOrdering")]
    public static partial void SetOrdering(LLVMOpaqueValue* MemoryAccessInst, LLVMAtomicOrdering Ordering);

    [LibraryImport(Library, EntryPoint = "LLVMGetAtomicRMWBinOp")]
    public static partial LLVMAtomicRMWBinOp GetAtomicRMWBinOp(LLVMOpaqueValue* AtomicRMWInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetAtomicRMWBinOp")]
    public static partial void SetAtomicRMWBinOp(LLVMOpaqueValue* AtomicRMWInst, LLVMAtomicRMWBinOp BinOp);

    [LibraryImport(Library, EntryPoint = "LLVMIsAtomicSingleThread")]
    public static partial int IsAtomicSingleThread(LLVMOpaqueValue* AtomicInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetAtomicSingleThread")]
    public static partial void SetAtomicSingleThread(LLVMOpaqueValue* AtomicInst, int SingleThread);

    [LibraryImport(Library, EntryPoint = "LLVMGetNUW")]
    public static partial int GetNUW(LLVMOpaqueValue* ArithInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetNUW")]
    public static partial void SetNUW(LLVMOpaqueValue* ArithInst, int HasNUW);

    [LibraryImport(Library, EntryPoint = "LLVMGetNSW")]
    public static partial int GetNSW(LLVMOpaqueValue* ArithInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetNSW")]
    public static partial void SetNSW(LLVMOpaqueValue* ArithInst, int HasNSW);

    [LibraryImport(Library, EntryPoint = "LLVMGetExact")]
    public static partial int GetExact(LLVMOpaqueValue* DivOrShrInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetExact")]
    public static partial void SetExact(LLVMOpaqueValue* DivOrShrInst, int IsExact);

    [LibraryImport(Library, EntryPoint = "LLVMGetNNeg")]
    public static partial int GetNNeg(LLVMOpaqueValue* NonNegInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetNNeg")]
    public static partial void SetNNeg(LLVMOpaqueValue* NonNegInst, int IsNonNeg);

    [LibraryImport(Library, EntryPoint = "LLVMGetFastMathFlags")]
    public static partial uint GetFastMathFlags(LLVMOpaqueValue* FPMathInst);

    [LibraryImport(Library, EntryPoint = "LLVMSetFastMathFlags")]
    public static partial void SetFastMathFlags(LLVMOpaqueValue* FPMathInst, uint FMF);

    [LibraryImport(Library, EntryPoint = "LLVMCanValueUseFastMathFlags")]
    public static partial int CanValueUseFastMathFlags(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMGetIsDisjoint")]
    public static partial int GetIsDisjoint(LLVMOpaqueValue* Inst);

    [LibraryImport(Library, EntryPoint = "LLVMSetIsDisjoint")]
    public static partial void SetIsDisjoint(LLVMOpaqueValue* Inst, int IsDisjoint);
}
