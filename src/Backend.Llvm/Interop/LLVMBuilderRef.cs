// Instruction building, one method for each C function.
namespace LLVMSharp.Interop;

public unsafe partial struct LLVMBuilderRef
{
    public static LLVMBuilderRef Create(LLVMContextRef C) => LLVM.CreateBuilderInContext(C);

    public readonly LLVMBasicBlockRef InsertBlock => LLVM.GetInsertBlock(this);

    public readonly void ClearInsertionPosition() => LLVM.ClearInsertionPosition(this);

    public readonly void Position(LLVMBasicBlockRef Block, LLVMValueRef Instr) => LLVM.PositionBuilder(this, Block, Instr);

    public readonly void PositionAtEnd(LLVMBasicBlockRef Block) => LLVM.PositionBuilderAtEnd(this, Block);

    public readonly void PositionBefore(LLVMValueRef Instr) => LLVM.PositionBuilderBefore(this, Instr);

    public readonly LLVMValueRef BuildRetVoid() => LLVM.BuildRetVoid(this);

    public readonly LLVMValueRef BuildRet(LLVMValueRef V) => LLVM.BuildRet(this, V);

    public readonly LLVMValueRef BuildAggregateRet(ReadOnlySpan<LLVMValueRef> RetVals)
    {
        fixed (LLVMValueRef* pRetVals = RetVals)
            return LLVM.BuildAggregateRet(this, (LLVMOpaqueValue**)pRetVals, (uint)RetVals.Length);
    }

    public readonly LLVMValueRef BuildAggregateRet(LLVMValueRef[] RetVals) => BuildAggregateRet(RetVals.AsSpan());

    public readonly LLVMValueRef BuildBr(LLVMBasicBlockRef Dest) => LLVM.BuildBr(this, Dest);

    public readonly LLVMValueRef BuildCondBr(LLVMValueRef If, LLVMBasicBlockRef Then, LLVMBasicBlockRef Else) =>
        LLVM.BuildCondBr(this, If, Then, Else);

    public readonly LLVMValueRef BuildSwitch(LLVMValueRef V, LLVMBasicBlockRef Else, uint NumCases) =>
        LLVM.BuildSwitch(this, V, Else, NumCases);

    public readonly LLVMValueRef BuildIndirectBr(LLVMValueRef Addr, uint NumDests) => LLVM.BuildIndirectBr(this, Addr, NumDests);

    public readonly LLVMValueRef BuildUnreachable() => LLVM.BuildUnreachable(this);

    public readonly LLVMValueRef BuildAdd(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildAdd(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildNSWAdd(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNSWAdd(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildNUWAdd(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNUWAdd(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildFAdd(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFAdd(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildSub(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildSub(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildNSWSub(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNSWSub(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildNUWSub(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNUWSub(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildFSub(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFSub(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildMul(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildMul(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildNSWMul(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNSWMul(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildNUWMul(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNUWMul(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildFMul(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFMul(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildUDiv(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildUDiv(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildExactUDiv(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildExactUDiv(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildSDiv(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildSDiv(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildExactSDiv(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildExactSDiv(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildFDiv(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFDiv(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildURem(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildURem(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildSRem(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildSRem(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildFRem(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFRem(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildShl(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildShl(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildLShr(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildLShr(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildAShr(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildAShr(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildAnd(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildAnd(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildOr(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildOr(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildXor(LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildXor(this, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildBinOp(LLVMOpcode Op, LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildBinOp(this, Op, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildNeg(LLVMValueRef V, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNeg(this, V, name);
    }

    public readonly LLVMValueRef BuildNSWNeg(LLVMValueRef V, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNSWNeg(this, V, name);
    }

    public readonly LLVMValueRef BuildFNeg(LLVMValueRef V, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFNeg(this, V, name);
    }

    public readonly LLVMValueRef BuildNot(LLVMValueRef V, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildNot(this, V, name);
    }

    public readonly LLVMValueRef BuildMemSet(LLVMValueRef Ptr, LLVMValueRef Val, LLVMValueRef Len, uint Align) =>
        LLVM.BuildMemSet(this, Ptr, Val, Len, Align);

    public readonly LLVMValueRef BuildMemCpy(LLVMValueRef Dst, uint DstAlign, LLVMValueRef Src, uint SrcAlign, LLVMValueRef Size) =>
        LLVM.BuildMemCpy(this, Dst, DstAlign, Src, SrcAlign, Size);

    public readonly LLVMValueRef BuildMemMove(LLVMValueRef Dst, uint DstAlign, LLVMValueRef Src, uint SrcAlign, LLVMValueRef Size) =>
        LLVM.BuildMemMove(this, Dst, DstAlign, Src, SrcAlign, Size);

    public readonly LLVMValueRef BuildAlloca(LLVMTypeRef Ty, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildAlloca(this, Ty, name);
    }

    public readonly LLVMValueRef BuildArrayAlloca(LLVMTypeRef Ty, LLVMValueRef Val, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildArrayAlloca(this, Ty, Val, name);
    }

    public readonly LLVMValueRef BuildLoad2(LLVMTypeRef Ty, LLVMValueRef PointerVal, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildLoad2(this, Ty, PointerVal, name);
    }

    public readonly LLVMValueRef BuildStore(LLVMValueRef Val, LLVMValueRef Ptr) => LLVM.BuildStore(this, Val, Ptr);

    public readonly LLVMValueRef BuildGEP2(LLVMTypeRef Ty, LLVMValueRef Pointer, ReadOnlySpan<LLVMValueRef> Indices, string Name = "")
    {
        using var name = new MarshaledString(Name);
        fixed (LLVMValueRef* pIndices = Indices)
            return LLVM.BuildGEP2(this, Ty, Pointer, (LLVMOpaqueValue**)pIndices, (uint)Indices.Length, name);
    }

    public readonly LLVMValueRef BuildGEP2(LLVMTypeRef Ty, LLVMValueRef Pointer, LLVMValueRef[] Indices, string Name = "") =>
        BuildGEP2(Ty, Pointer, Indices.AsSpan(), Name);

    public readonly LLVMValueRef BuildInBoundsGEP2(LLVMTypeRef Ty, LLVMValueRef Pointer, ReadOnlySpan<LLVMValueRef> Indices,
        string Name = "")
    {
        using var name = new MarshaledString(Name);
        fixed (LLVMValueRef* pIndices = Indices)
            return LLVM.BuildInBoundsGEP2(this, Ty, Pointer, (LLVMOpaqueValue**)pIndices, (uint)Indices.Length, name);
    }

    public readonly LLVMValueRef BuildInBoundsGEP2(LLVMTypeRef Ty, LLVMValueRef Pointer, LLVMValueRef[] Indices, string Name = "") =>
        BuildInBoundsGEP2(Ty, Pointer, Indices.AsSpan(), Name);

    public readonly LLVMValueRef BuildGEPWithNoWrapFlags(LLVMTypeRef Ty, LLVMValueRef Pointer, ReadOnlySpan<LLVMValueRef> Indices,
        string Name, uint NoWrapFlags)
    {
        using var name = new MarshaledString(Name);
        fixed (LLVMValueRef* pIndices = Indices)
            return LLVM.BuildGEPWithNoWrapFlags(this, Ty, Pointer, (LLVMOpaqueValue**)pIndices, (uint)Indices.Length, name, NoWrapFlags);
    }

    public readonly LLVMValueRef BuildGEPWithNoWrapFlags(LLVMTypeRef Ty, LLVMValueRef Pointer, LLVMValueRef[] Indices, string Name,
        uint NoWrapFlags) => BuildGEPWithNoWrapFlags(Ty, Pointer, Indices.AsSpan(), Name, NoWrapFlags);

    public readonly LLVMValueRef BuildStructGEP2(LLVMTypeRef Ty, LLVMValueRef Pointer, uint Idx, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildStructGEP2(this, Ty, Pointer, Idx, name);
    }

    public readonly LLVMValueRef BuildTrunc(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildTrunc(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildZExt(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildZExt(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildSExt(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildSExt(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildFPToUI(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFPToUI(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildFPToSI(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFPToSI(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildUIToFP(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildUIToFP(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildSIToFP(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildSIToFP(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildFPTrunc(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFPTrunc(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildFPExt(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFPExt(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildPtrToInt(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildPtrToInt(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildIntToPtr(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildIntToPtr(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildBitCast(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildBitCast(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildAddrSpaceCast(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildAddrSpaceCast(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildZExtOrBitCast(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildZExtOrBitCast(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildSExtOrBitCast(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildSExtOrBitCast(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildTruncOrBitCast(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildTruncOrBitCast(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildCast(LLVMOpcode Op, LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildCast(this, Op, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildPointerCast(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildPointerCast(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildIntCast2(LLVMValueRef Val, LLVMTypeRef DestTy, bool IsSigned, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildIntCast2(this, Val, DestTy, IsSigned ? 1 : 0, name);
    }

    public readonly LLVMValueRef BuildFPCast(LLVMValueRef Val, LLVMTypeRef DestTy, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFPCast(this, Val, DestTy, name);
    }

    public readonly LLVMValueRef BuildICmp(LLVMIntPredicate Op, LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildICmp(this, Op, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildFCmp(LLVMRealPredicate Op, LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFCmp(this, Op, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildPhi(LLVMTypeRef Ty, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildPhi(this, Ty, name);
    }

    public readonly LLVMValueRef BuildCall2(LLVMTypeRef arg1, LLVMValueRef Fn, ReadOnlySpan<LLVMValueRef> Args, string Name = "")
    {
        using var name = new MarshaledString(Name);
        fixed (LLVMValueRef* pArgs = Args)
            return LLVM.BuildCall2(this, arg1, Fn, (LLVMOpaqueValue**)pArgs, (uint)Args.Length, name);
    }

    public readonly LLVMValueRef BuildCall2(LLVMTypeRef arg1, LLVMValueRef Fn, LLVMValueRef[] Args, string Name = "") =>
        BuildCall2(arg1, Fn, Args.AsSpan(), Name);

    public readonly LLVMValueRef BuildSelect(LLVMValueRef If, LLVMValueRef Then, LLVMValueRef Else, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildSelect(this, If, Then, Else, name);
    }

    public readonly LLVMValueRef BuildExtractElement(LLVMValueRef VecVal, LLVMValueRef Index, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildExtractElement(this, VecVal, Index, name);
    }

    public readonly LLVMValueRef BuildInsertElement(LLVMValueRef VecVal, LLVMValueRef EltVal, LLVMValueRef Index, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildInsertElement(this, VecVal, EltVal, Index, name);
    }

    public readonly LLVMValueRef BuildShuffleVector(LLVMValueRef V1, LLVMValueRef V2, LLVMValueRef Mask, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildShuffleVector(this, V1, V2, Mask, name);
    }

    public readonly LLVMValueRef BuildExtractValue(LLVMValueRef AggVal, uint Index, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildExtractValue(this, AggVal, Index, name);
    }

    public readonly LLVMValueRef BuildInsertValue(LLVMValueRef AggVal, LLVMValueRef EltVal, uint Index, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildInsertValue(this, AggVal, EltVal, Index, name);
    }

    public readonly LLVMValueRef BuildFreeze(LLVMValueRef Val, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFreeze(this, Val, name);
    }

    public readonly LLVMValueRef BuildIsNull(LLVMValueRef Val, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildIsNull(this, Val, name);
    }

    public readonly LLVMValueRef BuildIsNotNull(LLVMValueRef Val, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildIsNotNull(this, Val, name);
    }

    public readonly LLVMValueRef BuildPtrDiff2(LLVMTypeRef ElemTy, LLVMValueRef LHS, LLVMValueRef RHS, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildPtrDiff2(this, ElemTy, LHS, RHS, name);
    }

    public readonly LLVMValueRef BuildFence(LLVMAtomicOrdering ordering, bool singleThread, string Name = "")
    {
        using var name = new MarshaledString(Name);
        return LLVM.BuildFence(this, ordering, singleThread ? 1 : 0, name);
    }

    public readonly LLVMValueRef BuildAtomicRMW(LLVMAtomicRMWBinOp op, LLVMValueRef PTR, LLVMValueRef Val, LLVMAtomicOrdering ordering,
        bool singleThread) => LLVM.BuildAtomicRMW(this, op, PTR, Val, ordering, singleThread ? 1 : 0);

    public readonly LLVMValueRef BuildAtomicCmpXchg(LLVMValueRef Ptr, LLVMValueRef Cmp, LLVMValueRef New,
        LLVMAtomicOrdering SuccessOrdering, LLVMAtomicOrdering FailureOrdering, bool SingleThread) =>
        LLVM.BuildAtomicCmpXchg(this, Ptr, Cmp, New, SuccessOrdering, FailureOrdering, SingleThread ? 1 : 0);
}
