using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public unsafe partial struct LLVMValueRef
{
    public readonly LLVMTypeRef TypeOf => LLVM.TypeOf(this);

    public readonly string Name
    {
        get
        {
            UIntPtr length;
            return Marshal.PtrToStringUTF8((IntPtr)LLVM.GetValueName2(this, &length), (int)length);
        }
        set
        {
            using var name = new MarshaledString(value);
            LLVM.SetValueName2(this, name, (UIntPtr)name.Length);
        }
    }

    public readonly LLVMOpcode InstructionOpcode => LLVM.GetInstructionOpcode(this);

    public readonly LLVMBasicBlockRef InstructionParent => LLVM.GetInstructionParent(this);

    public readonly bool IsConstant => LLVM.IsConstant(this) != 0;

    public readonly bool IsNull => LLVM.IsNull(this) != 0;

    public readonly bool IsUndef => LLVM.IsUndef(this) != 0;

    public readonly bool IsPoison => LLVM.IsPoison(this) != 0;

    public readonly bool IsDeclaration => LLVM.IsDeclaration(this) != 0;

    public readonly ulong ConstIntZExt => LLVM.ConstIntGetZExtValue(this);

    public readonly long ConstIntSExt => LLVM.ConstIntGetSExtValue(this);

    public readonly uint ParamsCount => LLVM.CountParams(this);

    public readonly uint BasicBlocksCount => LLVM.CountBasicBlocks(this);

    public readonly LLVMBasicBlockRef EntryBasicBlock => LLVM.GetEntryBasicBlock(this);

    public readonly LLVMBasicBlockRef FirstBasicBlock => LLVM.GetFirstBasicBlock(this);

    public readonly LLVMBasicBlockRef LastBasicBlock => LLVM.GetLastBasicBlock(this);

    public readonly LLVMValueRef NextFunction => LLVM.GetNextFunction(this);

    public readonly LLVMValueRef NextInstruction => LLVM.GetNextInstruction(this);

    public readonly LLVMLinkage Linkage
    {
        get => LLVM.GetLinkage(this);
        set => LLVM.SetLinkage(this, value);
    }

    public readonly LLVMVisibility Visibility
    {
        get => LLVM.GetVisibility(this);
        set => LLVM.SetVisibility(this, value);
    }

    public readonly LLVMValueRef Initializer
    {
        get => LLVM.GetInitializer(this);
        set => LLVM.SetInitializer(this, value);
    }

    public readonly bool IsGlobalConstant
    {
        get => LLVM.IsGlobalConstant(this) != 0;
        set => LLVM.SetGlobalConstant(this, value ? 1 : 0);
    }

    public readonly uint Alignment
    {
        get => LLVM.GetAlignment(this);
        set => LLVM.SetAlignment(this, value);
    }

    public readonly bool Volatile
    {
        get => LLVM.GetVolatile(this) != 0;
        set => LLVM.SetVolatile(this, value ? 1 : 0);
    }

    public readonly LLVMAtomicOrdering Ordering
    {
        get => LLVM.GetOrdering(this);
        set => LLVM.SetOrdering(this, value);
    }

    public readonly bool IsTailCall
    {
        get => LLVM.IsTailCall(this) != 0;
        set => LLVM.SetTailCall(this, value ? 1 : 0);
    }

    public readonly uint FunctionCallConv
    {
        get => LLVM.GetFunctionCallConv(this);
        set => LLVM.SetFunctionCallConv(this, value);
    }

    public static LLVMValueRef CreateConstInt(LLVMTypeRef IntTy, ulong N, bool SignExtend = false) =>
        LLVM.ConstInt(IntTy, N, SignExtend ? 1 : 0);

    public static LLVMValueRef CreateConstReal(LLVMTypeRef RealTy, double N) => LLVM.ConstReal(RealTy, N);

    public static LLVMValueRef CreateConstNull(LLVMTypeRef Ty) => LLVM.ConstNull(Ty);

    public static LLVMValueRef CreateConstAllOnes(LLVMTypeRef Ty) => LLVM.ConstAllOnes(Ty);

    public static LLVMValueRef CreateConstPointerNull(LLVMTypeRef Ty) => LLVM.ConstPointerNull(Ty);

    public static LLVMValueRef CreateConstVector(ReadOnlySpan<LLVMValueRef> ScalarConstantVars)
    {
        fixed (LLVMValueRef* values = ScalarConstantVars)
            return LLVM.ConstVector((LLVMOpaqueValue**)values, (uint)ScalarConstantVars.Length);
    }

    public static LLVMValueRef CreateConstNamedStruct(LLVMTypeRef StructTy, ReadOnlySpan<LLVMValueRef> ConstantVals)
    {
        fixed (LLVMValueRef* values = ConstantVals)
            return LLVM.ConstNamedStruct(StructTy, (LLVMOpaqueValue**)values, (uint)ConstantVals.Length);
    }

    public readonly void AddCase(LLVMValueRef OnVal, LLVMBasicBlockRef Dest) => LLVM.AddCase(this, OnVal, Dest);

    public readonly void AddIncoming(
        ReadOnlySpan<LLVMValueRef> IncomingValues, ReadOnlySpan<LLVMBasicBlockRef> IncomingBlocks, uint Count)
    {
        fixed (LLVMValueRef* values = IncomingValues)
        fixed (LLVMBasicBlockRef* blocks = IncomingBlocks)
            LLVM.AddIncoming(this, (LLVMOpaqueValue**)values, (LLVMOpaqueBasicBlock**)blocks, Count);
    }

    public readonly LLVMBasicBlockRef AppendBasicBlock(string Name)
    {
        using var name = new MarshaledString(Name);
        return LLVM.AppendBasicBlockInContext(TypeOf.Context, this, name);
    }

    public readonly void DeleteFunction() => LLVM.DeleteFunction(this);

    public readonly LLVMValueRef GetParam(uint Index) => LLVM.GetParam(this, Index);

    public readonly LLVMValueRef[] GetParams()
    {
        var values = new LLVMValueRef[ParamsCount];
        fixed (LLVMValueRef* pointer = values)
            LLVM.GetParams(this, (LLVMOpaqueValue**)pointer);
        return values;
    }

    public readonly LLVMValueRef GetOperand(uint Index) => LLVM.GetOperand(this, Index);

    public readonly void InstructionEraseFromParent() => LLVM.InstructionEraseFromParent(this);

    public readonly void ReplaceAllUsesWith(LLVMValueRef NewVal) => LLVM.ReplaceAllUsesWith(this, NewVal);

    public readonly void SetAlignment(uint Bytes) => LLVM.SetAlignment(this, Bytes);

    public readonly void SetMetadata(uint KindID, LLVMValueRef Node) => LLVM.SetMetadata(this, KindID, Node);

    public readonly bool VerifyFunction(LLVMVerifierFailureAction Action) => LLVM.VerifyFunction(this, Action) == 0;

    public readonly string PrintToString() => Message.Take(LLVM.PrintValueToString(this));

    public override readonly string ToString() => Handle == IntPtr.Zero ? "" : PrintToString();
}
