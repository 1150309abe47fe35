using GraphCompiler.IR.Loops;
using GraphCompiler.Runtime;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Loops that workers share: each has a range of the iterations, and may claim chunks of the others'.</content>
internal sealed partial class LoopEmitter
{
    private delegate void RangeBody(LLVMValueRef begin, LLVMValueRef end);

    private void EmitParallel(ForStatement loop)
    {
        RangeBody body = loop is { Kind: LoopKind.ParallelVector, Lanes: > 1 } ? (begin, end) => EmitVectors(loop, begin, end)
            : (begin, end) => EmitRange(begin, end, i => EmitBody(loop, i));
        if (loop.Chunk == 0) body(ShareStart(loop, Worker), ShareStart(loop, Next(Worker)));
        else EmitClaims(loop, body);
    }

    // Vectors from begin to end of a loop whose last vector may be a part of one.
    private void EmitVectors(ForStatement loop, LLVMValueRef begin, LLVMValueRef end)
    {
        var full = _module.Index(loop.Extent / loop.Lanes);
        var remainder = loop.Extent % loop.Lanes;
        if (loop.Extent >= loop.Lanes) EmitRange(begin, Least(end, full), i => EmitVector(loop, i, []));
        if (remainder == 0) return;
        var hasLast = _builder.BuildAnd(_builder.BuildICmp(LLVMIntPredicate.LLVMIntUGT, end, full),
            _builder.BuildICmp(LLVMIntPredicate.LLVMIntULT, begin, end));
        var lanes = System.Numerics.BitOperations.RoundUpToPowerOf2((uint)remainder);
        EmitIf(hasLast, () => EmitLanes(loop, _builder.BuildMul(full, _module.Index(loop.Lanes)), lanes, remainder, []));
    }

    // Each worker asks every range for chunks until it has none left, its own first. So it is known which claim is the last in vain:
    // that one leaves the count at zero for the next loop, which a barrier keeps apart from this one.
    private void EmitClaims(ForStatement loop, RangeBody body) => EmitLoop(_module.Index(0), Workers, distance =>
    {
        var sum = _builder.BuildAdd(Worker, distance);
        var wraps = _builder.BuildICmp(LLVMIntPredicate.LLVMIntUGE, sum, Workers);
        var owner = _builder.BuildSelect(wraps, _builder.BuildSub(sum, Workers), sum);
        var (begin, end, chunk) = (ShareStart(loop, owner), ShareStart(loop, Next(owner)), _module.Index(loop.Chunk));
        var chunks = _builder.BuildUDiv(_builder.BuildAdd(_builder.BuildSub(end, begin), _module.Index(loop.Chunk - 1)), chunk);
        var count = CountOf(owner);
        var (claim, run) = (_function.AppendBasicBlock("claim"), _function.AppendBasicBlock("run"));
        var none = _function.AppendBasicBlock("none");
        _builder.BuildBr(claim);
        _builder.PositionAtEnd(claim);
        var number = _builder.BuildAtomicRMW(LLVMAtomicRMWBinOp.LLVMAtomicRMWBinOpAdd, count, _module.Index(1),
            LLVMAtomicOrdering.LLVMAtomicOrderingMonotonic, false);
        _builder.BuildCondBr(_builder.BuildICmp(LLVMIntPredicate.LLVMIntULT, number, chunks), run, none);
        _builder.PositionAtEnd(run);
        var first = _builder.BuildAdd(begin, _builder.BuildMul(number, chunk));
        body(first, Least(_builder.BuildAdd(first, chunk), end));
        _builder.BuildBr(claim);
        _builder.PositionAtEnd(none);
        var last = _builder.BuildAdd(chunks, _builder.BuildSub(Workers, _module.Index(1)));
        EmitIf(_builder.BuildICmp(LLVMIntPredicate.LLVMIntEQ, number, last), () => ResetCount(count));
    });

    private LLVMValueRef CountOf(LLVMValueRef owner)
    {
        var offset = _builder.BuildMul(owner, _module.Index(KernelAbi.ClaimBytes));
        return _builder.BuildGEP2(_module.Byte, Barrier, [_builder.BuildAdd(offset, _module.Index(KernelAbi.ClaimsOffset))]);
    }

    private void ResetCount(LLVMValueRef count)
    {
        var store = _builder.BuildStore(_module.Index(0), count);
        store.Ordering = LLVMAtomicOrdering.LLVMAtomicOrderingMonotonic;
        store.SetAlignment(sizeof(long));
    }

    /// <summary>shares · worker / workers: where a worker's range starts, and that of the one before it ends.</summary>
    private LLVMValueRef ShareStart(ForStatement loop, LLVMValueRef worker) =>
        _builder.BuildUDiv(_builder.BuildMul(worker, _module.Index(loop.Shares)), Workers);

    private LLVMValueRef Next(LLVMValueRef worker) => _builder.BuildAdd(worker, _module.Index(1));

    private LLVMValueRef Least(LLVMValueRef x, LLVMValueRef y) =>
        _builder.BuildSelect(_builder.BuildICmp(LLVMIntPredicate.LLVMIntULT, x, y), x, y);
}
