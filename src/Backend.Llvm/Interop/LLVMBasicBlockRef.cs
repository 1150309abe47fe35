namespace LLVMSharp.Interop;

public unsafe partial struct LLVMBasicBlockRef
{
    public readonly LLVMValueRef FirstInstruction => LLVM.GetFirstInstruction(this);

    public readonly LLVMValueRef LastInstruction => LLVM.GetLastInstruction(this);

    public readonly LLVMBasicBlockRef Next => LLVM.GetNextBasicBlock(this);

    public readonly LLVMBasicBlockRef Previous => LLVM.GetPreviousBasicBlock(this);

    public readonly LLVMValueRef Parent => LLVM.GetBasicBlockParent(this);

    public readonly LLVMValueRef Terminator => LLVM.GetBasicBlockTerminator(this);

    public readonly LLVMValueRef AsValue() => LLVM.BasicBlockAsValue(this);

    public readonly void Delete() => LLVM.DeleteBasicBlock(this);

    public readonly void MoveAfter(LLVMBasicBlockRef MovePos) => LLVM.MoveBasicBlockAfter(this, MovePos);

    public readonly void MoveBefore(LLVMBasicBlockRef MovePos) => LLVM.MoveBasicBlockBefore(this, MovePos);
}
