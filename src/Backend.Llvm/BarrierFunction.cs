using GraphCompiler.Runtime;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>The function of a module that all workers synchronize in; <see cref="KernelAbi"/> has the protocol.</summary>
/// <remarks>
/// The last to arrive resets the count and begins a new generation, for which the others spin. Whoever has spun long enough calls the
/// runtime, which yields and sleeps. A worker that sleeps has set a bit in the word that counts arrivals, so that the last one to arrive
/// sees it with its own arrival. Both calls are the function's last act: the fast path saves no registers.
/// </remarks>
internal sealed class BarrierFunction
{
    private readonly ModuleEmitter _module;
    private readonly LLVMValueRef _function;
    private readonly LLVMValueRef _control;
    private readonly LLVMValueRef _workers;
    private readonly LLVMValueRef _generation;
    private readonly LLVMBasicBlockRef _exit;

    private BarrierFunction(ModuleEmitter module)
    {
        _module = module;
        _function = module.AddFunction("sgc.barrier", [module.Pointer, module.Int64]);
        (_control, _workers) = (_function.GetParam(0), _function.GetParam(1));
        module.Builder.PositionAtEnd(_function.AppendBasicBlock("entry"));
        _generation = At(KernelAbi.BarrierGenerationOffset);
        _exit = _function.AppendBasicBlock("exit");
    }

    /// <summary><c>void(ptr barrier, i64 workers)</c>; the builder stays where it is.</summary>
    public static LLVMValueRef Define(ModuleEmitter module)
    {
        var current = module.Builder.InsertBlock;
        var barrier = new BarrierFunction(module);
        barrier.Emit();
        module.Builder.PositionAtEnd(current);
        return barrier._function;
    }

    private void Emit()
    {
        var builder = _module.Builder;
        var (last, others) = (_function.AppendBasicBlock("last"), _function.AppendBasicBlock("others"));
        var before = AtomicLoad(_generation);
        var arrived = builder.BuildAtomicRMW(LLVMAtomicRMWBinOp.LLVMAtomicRMWBinOpAdd, At(KernelAbi.BarrierCountOffset), _module.Index(1),
            LLVMAtomicOrdering.LLVMAtomicOrderingAcquireRelease, false);
        var number = builder.BuildTrunc(builder.BuildAdd(arrived, _module.Index(1)), _module.Int32);
        var isLast = builder.BuildICmp(LLVMIntPredicate.LLVMIntEQ, number, builder.BuildTrunc(_workers, _module.Int32));
        builder.BuildCondBr(isLast, last, others);
        builder.PositionAtEnd(last);
        Release(before, arrived);
        builder.PositionAtEnd(others);
        Spin(before, others);
        builder.PositionAtEnd(_exit);
        builder.BuildRetVoid();
    }

    private void Release(LLVMValueRef before, LLVMValueRef arrived)
    {
        var builder = _module.Builder;
        var wake = _function.AppendBasicBlock("wake");
        AtomicStore(_module.Index(0), At(KernelAbi.BarrierCountOffset));
        AtomicStore(builder.BuildAdd(before, _module.Index(1)), _generation);
        var hasSleepers = builder.BuildICmp(LLVMIntPredicate.LLVMIntUGE, arrived, _module.Index(KernelAbi.BarrierSleeps));
        builder.BuildCondBr(hasSleepers, wake, _exit);
        builder.PositionAtEnd(wake);
        CallLast(KernelAbi.BarrierWakeOffset, _control);
    }

    private void Spin(LLVMValueRef before, LLVMBasicBlockRef from)
    {
        var builder = _module.Builder;
        var (spin, again) = (_function.AppendBasicBlock("spin"), _function.AppendBasicBlock("again"));
        var wait = _function.AppendBasicBlock("wait");
        builder.BuildBr(spin);
        builder.PositionAtEnd(spin);
        var left = builder.BuildPhi(_module.Int64);
        builder.CallIntrinsic("llvm.x86.sse2.pause", []);
        var isSame = builder.BuildICmp(LLVMIntPredicate.LLVMIntEQ, AtomicLoad(_generation), before);
        builder.BuildCondBr(isSame, again, _exit);
        builder.PositionAtEnd(again);
        var next = builder.BuildSub(left, _module.Index(1));
        left.AddIncoming([_module.Index(KernelAbi.BarrierSpins), next], [from, again], 2);
        builder.BuildCondBr(builder.BuildICmp(LLVMIntPredicate.LLVMIntNE, next, _module.Index(0)), spin, wait);
        builder.PositionAtEnd(wait);
        CallLast(KernelAbi.BarrierWaitOffset, _control, before, _workers);
    }

    private void CallLast(int offset, params LLVMValueRef[] arguments)
    {
        var target = _module.Builder.BuildLoad2(_module.Pointer, At(offset));
        LLVMTypeRef[] types = [.. arguments.Select(a => a.TypeOf)];
        var call = _module.Builder.BuildCall2(_module.FunctionType(types), target, arguments);
        call.IsTailCall = true;
        _module.Builder.BuildRetVoid();
    }

    private LLVMValueRef At(int offset) => _module.Builder.BuildGEP2(_module.Byte, _control, [_module.Index(offset)]);

    private LLVMValueRef AtomicLoad(LLVMValueRef address)
    {
        var value = _module.Builder.BuildLoad2(_module.Int64, address);
        value.Ordering = LLVMAtomicOrdering.LLVMAtomicOrderingAcquire;
        value.SetAlignment(sizeof(long));
        return value;
    }

    private void AtomicStore(LLVMValueRef value, LLVMValueRef address)
    {
        var store = _module.Builder.BuildStore(value, address);
        store.Ordering = LLVMAtomicOrdering.LLVMAtomicOrderingRelease;
        store.SetAlignment(sizeof(long));
    }
}
