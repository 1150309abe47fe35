// Raw C functions of LLVM: the instruction builder. Names are the C names without the LLVM prefix, as in LLVMSharp.
using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public static unsafe partial class LLVM
{
    [LibraryImport(Library, EntryPoint = "LLVMCreateBuilderInContext")]
    public static partial LLVMOpaqueBuilder* CreateBuilderInContext(LLVMOpaqueContext* C);

    [LibraryImport(Library, EntryPoint = "LLVMDisposeBuilder")]
    public static partial void DisposeBuilder(LLVMOpaqueBuilder* Builder);

    [LibraryImport(Library, EntryPoint = "LLVMPositionBuilder")]
    public static partial void PositionBuilder(LLVMOpaqueBuilder* Builder, LLVMOpaqueBasicBlock* Block, LLVMOpaqueValue* Instr);

    [LibraryImport(Library, EntryPoint = "LLVMPositionBuilderBefore")]
    public static partial void PositionBuilderBefore(LLVMOpaqueBuilder* Builder, LLVMOpaqueValue* Instr);

    [LibraryImport(Library, EntryPoint = "LLVMPositionBuilderAtEnd")]
    public static partial void PositionBuilderAtEnd(LLVMOpaqueBuilder* Builder, LLVMOpaqueBasicBlock* Block);

    [LibraryImport(Library, EntryPoint = "LLVMGetInsertBlock")]
    public static partial LLVMOpaqueBasicBlock* GetInsertBlock(LLVMOpaqueBuilder* Builder);

    [LibraryImport(Library, EntryPoint = "LLVMClearInsertionPosition")]
    public static partial void ClearInsertionPosition(LLVMOpaqueBuilder* Builder);

    [LibraryImport(Library, EntryPoint = "LLVMInsertIntoBuilder")]
    public static partial void InsertIntoBuilder(LLVMOpaqueBuilder* Builder, LLVMOpaqueValue* Instr);

    [LibraryImport(Library, EntryPoint = "LLVMBuilderGetDefaultFPMathTag")]
    public static partial LLVMOpaqueMetadata* BuilderGetDefaultFPMathTag(LLVMOpaqueBuilder* Builder);

    [LibraryImport(Library, EntryPoint = "LLVMBuilderSetDefaultFPMathTag")]
    public static partial void BuilderSetDefaultFPMathTag(LLVMOpaqueBuilder* Builder, LLVMOpaqueMetadata* FPMathTag);

    [LibraryImport(Library, EntryPoint = "LLVMBuildRetVoid")]
    public static partial LLVMOpaqueValue* BuildRetVoid(LLVMOpaqueBuilder* arg0);

    [LibraryImport(Library, EntryPoint = "LLVMBuildRet")]
    public static partial LLVMOpaqueValue* BuildRet(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* V);

    [LibraryImport(Library, EntryPoint = "LLVMBuildAggregateRet")]
    public static partial LLVMOpaqueValue* BuildAggregateRet(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue** RetVals, uint N);

    [LibraryImport(Library, EntryPoint = "LLVMBuildBr")]
    public static partial LLVMOpaqueValue* BuildBr(LLVMOpaqueBuilder* arg0, LLVMOpaqueBasicBlock* Dest);

    [LibraryImport(Library, EntryPoint = "LLVMBuildCondBr")]
    public static partial LLVMOpaqueValue* BuildCondBr(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* If, LLVMOpaqueBasicBlock* Then,
        LLVMOpaqueBasicBlock* Else);

    [LibraryImport(Library, EntryPoint = "LLVMBuildSwitch")]
    public static partial LLVMOpaqueValue* BuildSwitch(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* V, LLVMOpaqueBasicBlock* Else,
        uint NumCases);

    [LibraryImport(Library, EntryPoint = "LLVMBuildIndirectBr")]
    public static partial LLVMOpaqueValue* BuildIndirectBr(LLVMOpaqueBuilder* B, LLVMOpaqueValue* Addr, uint NumDests);

    [LibraryImport(Library, EntryPoint = "LLVMBuildUnreachable")]
    public static partial LLVMOpaqueValue* BuildUnreachable(LLVMOpaqueBuilder* arg0);

    [LibraryImport(Library, EntryPoint = "LLVMBuildAdd")]
    public static partial LLVMOpaqueValue* BuildAdd(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNSWAdd")]
    public static partial LLVMOpaqueValue* BuildNSWAdd(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNUWAdd")]
    public static partial LLVMOpaqueValue* BuildNUWAdd(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFAdd")]
    public static partial LLVMOpaqueValue* BuildFAdd(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildSub")]
    public static partial LLVMOpaqueValue* BuildSub(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNSWSub")]
    public static partial LLVMOpaqueValue* BuildNSWSub(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNUWSub")]
    public static partial LLVMOpaqueValue* BuildNUWSub(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFSub")]
    public static partial LLVMOpaqueValue* BuildFSub(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildMul")]
    public static partial LLVMOpaqueValue* BuildMul(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNSWMul")]
    public static partial LLVMOpaqueValue* BuildNSWMul(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNUWMul")]
    public static partial LLVMOpaqueValue* BuildNUWMul(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFMul")]
    public static partial LLVMOpaqueValue* BuildFMul(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildUDiv")]
    public static partial LLVMOpaqueValue* BuildUDiv(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildExactUDiv")]
    public static partial LLVMOpaqueValue* BuildExactUDiv(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildSDiv")]
    public static partial LLVMOpaqueValue* BuildSDiv(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildExactSDiv")]
    public static partial LLVMOpaqueValue* BuildExactSDiv(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFDiv")]
    public static partial LLVMOpaqueValue* BuildFDiv(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildURem")]
    public static partial LLVMOpaqueValue* BuildURem(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildSRem")]
    public static partial LLVMOpaqueValue* BuildSRem(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFRem")]
    public static partial LLVMOpaqueValue* BuildFRem(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildShl")]
    public static partial LLVMOpaqueValue* BuildShl(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildLShr")]
    public static partial LLVMOpaqueValue* BuildLShr(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildAShr")]
    public static partial LLVMOpaqueValue* BuildAShr(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildAnd")]
    public static partial LLVMOpaqueValue* BuildAnd(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildOr")]
    public static partial LLVMOpaqueValue* BuildOr(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildXor")]
    public static partial LLVMOpaqueValue* BuildXor(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildBinOp")]
    public static partial LLVMOpaqueValue* BuildBinOp(LLVMOpaqueBuilder* B, LLVMOpcode Op, LLVMOpaqueValue* LHS, LLVMOpaqueValue* RHS,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNeg")]
    public static partial LLVMOpaqueValue* BuildNeg(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* V, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNSWNeg")]
    public static partial LLVMOpaqueValue* BuildNSWNeg(LLVMOpaqueBuilder* B, LLVMOpaqueValue* V, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFNeg")]
    public static partial LLVMOpaqueValue* BuildFNeg(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* V, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildNot")]
    public static partial LLVMOpaqueValue* BuildNot(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* V, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildMemSet")]
    public static partial LLVMOpaqueValue* BuildMemSet(LLVMOpaqueBuilder* B, LLVMOpaqueValue* Ptr, LLVMOpaqueValue* Val,
        LLVMOpaqueValue* Len, uint Align);

    [LibraryImport(Library, EntryPoint = "LLVMBuildMemCpy")]
    public static partial LLVMOpaqueValue* BuildMemCpy(LLVMOpaqueBuilder* B, LLVMOpaqueValue* Dst, uint DstAlign, LLVMOpaqueValue* Src,
        uint SrcAlign, LLVMOpaqueValue* Size);

    [LibraryImport(Library, EntryPoint = "LLVMBuildMemMove")]
    public static partial LLVMOpaqueValue* BuildMemMove(LLVMOpaqueBuilder* B, LLVMOpaqueValue* Dst, uint DstAlign, LLVMOpaqueValue* Src,
        uint SrcAlign, LLVMOpaqueValue* Size);

    [LibraryImport(Library, EntryPoint = "LLVMBuildAlloca")]
    public static partial LLVMOpaqueValue* BuildAlloca(LLVMOpaqueBuilder* arg0, LLVMOpaqueType* Ty, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildArrayAlloca")]
    public static partial LLVMOpaqueValue* BuildArrayAlloca(LLVMOpaqueBuilder* arg0, LLVMOpaqueType* Ty, LLVMOpaqueValue* Val, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildLoad2")]
    public static partial LLVMOpaqueValue* BuildLoad2(LLVMOpaqueBuilder* arg0, LLVMOpaqueType* Ty, LLVMOpaqueValue* PointerVal,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildStore")]
    public static partial LLVMOpaqueValue* BuildStore(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueValue* Ptr);

    [LibraryImport(Library, EntryPoint = "LLVMBuildGEP2")]
    public static partial LLVMOpaqueValue* BuildGEP2(LLVMOpaqueBuilder* B, LLVMOpaqueType* Ty, LLVMOpaqueValue* Pointer,
        LLVMOpaqueValue** Indices, uint NumIndices, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildInBoundsGEP2")]
    public static partial LLVMOpaqueValue* BuildInBoundsGEP2(LLVMOpaqueBuilder* B, LLVMOpaqueType* Ty, LLVMOpaqueValue* Pointer,
        LLVMOpaqueValue** Indices, uint NumIndices, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildGEPWithNoWrapFlags")]
    public static partial LLVMOpaqueValue* BuildGEPWithNoWrapFlags(LLVMOpaqueBuilder* B, LLVMOpaqueType* Ty, LLVMOpaqueValue* Pointer,
        LLVMOpaqueValue** Indices, uint NumIndices, sbyte* Name, uint NoWrapFlags);

    [LibraryImport(Library, EntryPoint = "LLVMBuildStructGEP2")]
    public static partial LLVMOpaqueValue* BuildStructGEP2(LLVMOpaqueBuilder* B, LLVMOpaqueType* Ty, LLVMOpaqueValue* Pointer, uint Idx,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildTrunc")]
    public static partial LLVMOpaqueValue* BuildTrunc(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildZExt")]
    public static partial LLVMOpaqueValue* BuildZExt(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildSExt")]
    public static partial LLVMOpaqueValue* BuildSExt(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFPToUI")]
    public static partial LLVMOpaqueValue* BuildFPToUI(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFPToSI")]
    public static partial LLVMOpaqueValue* BuildFPToSI(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildUIToFP")]
    public static partial LLVMOpaqueValue* BuildUIToFP(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildSIToFP")]
    public static partial LLVMOpaqueValue* BuildSIToFP(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFPTrunc")]
    public static partial LLVMOpaqueValue* BuildFPTrunc(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFPExt")]
    public static partial LLVMOpaqueValue* BuildFPExt(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildPtrToInt")]
    public static partial LLVMOpaqueValue* BuildPtrToInt(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildIntToPtr")]
    public static partial LLVMOpaqueValue* BuildIntToPtr(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildBitCast")]
    public static partial LLVMOpaqueValue* BuildBitCast(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildAddrSpaceCast")]
    public static partial LLVMOpaqueValue* BuildAddrSpaceCast(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildZExtOrBitCast")]
    public static partial LLVMOpaqueValue* BuildZExtOrBitCast(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildSExtOrBitCast")]
    public static partial LLVMOpaqueValue* BuildSExtOrBitCast(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildTruncOrBitCast")]
    public static partial LLVMOpaqueValue* BuildTruncOrBitCast(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildCast")]
    public static partial LLVMOpaqueValue* BuildCast(LLVMOpaqueBuilder* B, LLVMOpcode Op, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildPointerCast")]
    public static partial LLVMOpaqueValue* BuildPointerCast(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildIntCast2")]
    public static partial LLVMOpaqueValue* BuildIntCast2(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy,
        int IsSigned, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFPCast")]
    public static partial LLVMOpaqueValue* BuildFPCast(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, LLVMOpaqueType* DestTy, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildICmp")]
    public static partial LLVMOpaqueValue* BuildICmp(LLVMOpaqueBuilder* arg0, LLVMIntPredicate Op, LLVMOpaqueValue* LHS,
        LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFCmp")]
    public static partial LLVMOpaqueValue* BuildFCmp(LLVMOpaqueBuilder* arg0, LLVMRealPredicate Op, LLVMOpaqueValue* LHS,
        LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildPhi")]
    public static partial LLVMOpaqueValue* BuildPhi(LLVMOpaqueBuilder* arg0, LLVMOpaqueType* Ty, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildCall2")]
    public static partial LLVMOpaqueValue* BuildCall2(LLVMOpaqueBuilder* arg0, LLVMOpaqueType* arg1, LLVMOpaqueValue* Fn,
        LLVMOpaqueValue** Args, uint NumArgs, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildSelect")]
    public static partial LLVMOpaqueValue* BuildSelect(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* If, LLVMOpaqueValue* Then,
        LLVMOpaqueValue* Else, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildExtractElement")]
    public static partial LLVMOpaqueValue* BuildExtractElement(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* VecVal, LLVMOpaqueValue* Index,
        sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildInsertElement")]
    public static partial LLVMOpaqueValue* BuildInsertElement(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* VecVal, LLVMOpaqueValue* EltVal,
        LLVMOpaqueValue* Index, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildShuffleVector")]
    public static partial LLVMOpaqueValue* BuildShuffleVector(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* V1, LLVMOpaqueValue* V2,
        LLVMOpaqueValue* Mask, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildExtractValue")]
    public static partial LLVMOpaqueValue* BuildExtractValue(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* AggVal, uint Index, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildInsertValue")]
    public static partial LLVMOpaqueValue* BuildInsertValue(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* AggVal, LLVMOpaqueValue* EltVal,
        uint Index, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFreeze")]
    public static partial LLVMOpaqueValue* BuildFreeze(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildIsNull")]
    public static partial LLVMOpaqueValue* BuildIsNull(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildIsNotNull")]
    public static partial LLVMOpaqueValue* BuildIsNotNull(LLVMOpaqueBuilder* arg0, LLVMOpaqueValue* Val, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildPtrDiff2")]
    public static partial LLVMOpaqueValue* BuildPtrDiff2(LLVMOpaqueBuilder* arg0, LLVMOpaqueType* ElemTy, LLVMOpaqueValue* LHS,
        LLVMOpaqueValue* RHS, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildFence")]
    public static partial LLVMOpaqueValue* BuildFence(LLVMOpaqueBuilder* B, LLVMAtomicOrdering ordering, int singleThread, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMBuildAtomicRMW")]
    public static partial LLVMOpaqueValue* BuildAtomicRMW(LLVMOpaqueBuilder* B, LLVMAtomicRMWBinOp op, LLVMOpaqueValue* PTR,
        LLVMOpaqueValue* Val, LLVMAtomicOrdering ordering, int singleThread);

    [LibraryImport(Library, EntryPoint = "LLVMBuildAtomicCmpXchg")]
    public static partial LLVMOpaqueValue* BuildAtomicCmpXchg(LLVMOpaqueBuilder* B, LLVMOpaqueValue* Ptr, LLVMOpaqueValue* Cmp,
        LLVMOpaqueValue* New, LLVMAtomicOrdering SuccessOrdering, LLVMAtomicOrdering FailureOrdering, int SingleThread);

    [LibraryImport(Library, EntryPoint = "LLVMGetUndefMaskElem")]
    public static partial int GetUndefMaskElem();

    [LibraryImport(Library, EntryPoint = "LLVMGetMaskValue")]
    public static partial int GetMaskValue(LLVMOpaqueValue* ShuffleVectorInst, uint Elt);

    [LibraryImport(Library, EntryPoint = "LLVMGetNumMaskElements")]
    public static partial uint GetNumMaskElements(LLVMOpaqueValue* ShuffleVectorInst);
}
