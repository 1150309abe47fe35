using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Guards of loads and stores.</content>
/// <remarks>Every mask that a memory instruction is given is a constant. LLVM 19 may find lanes of a computed mask to be false and,
/// splitting it for AVX2's registers, leave them undefined; then it takes a register whose first and last lanes are undefined for one that
/// is loaded as a whole. So a guard that is the same for all lanes is a branch, and one that differs chooses between a plain access,
/// none, and a gather or scatter whose inactive lanes have an address of their own.</remarks>
internal sealed partial class LoopEmitter
{
    /// <summary>A guard's two factors, true where null: what all lanes share, and what differs between them.</summary>
    private readonly record struct LaneGuard(LLVMValueRef? Uniform, LLVMValueRef? Varying);

    private LaneGuard EmitGuard(ScalarExpr? guard)
    {
        if (guard is null) return default;
        if (guard is BinaryExpr { Kind: BinaryKind.And } and)
        {
            var (x, y) = (EmitGuard(and.X), EmitGuard(and.Y));
            return new(Both(x.Uniform, y.Uniform), Both(x.Varying, y.Varying));
        }
        var value = EmitExpr(guard);
        return value.IsVector ? new(null, value.Value) : new(value.Value, null);
    }

    private LLVMValueRef? Both(LLVMValueRef? x, LLVMValueRef? y) => x is { } a && y is { } b ? _builder.BuildAnd(a, b) : x ?? y;

    /// <summary>The lanes that are active: within the loop's extent, and where the guard holds.</summary>
    private LLVMValueRef? MaskWith(LLVMValueRef? guard) => Both(_lanes!.Mask, guard);

    private LLVMValueRef AnyActive(LLVMValueRef guard)
    {
        var active = MaskWith(guard)!.Value;
        return _builder.CallIntrinsic("llvm.vector.reduce.or", [active.TypeOf], active);
    }

    private LLVMValueRef AllActive(LLVMValueRef guard)
    {
        var holds = _lanes!.Mask is { } mask ? _builder.BuildOr(guard, _builder.BuildNot(mask)) : guard;
        return _builder.CallIntrinsic("llvm.vector.reduce.and", [holds.TypeOf], holds);
    }

    private void EmitIf(LLVMValueRef condition, Action body, Action? otherwise = null)
    {
        var then = _function.AppendBasicBlock("then");
        var other = otherwise is null ? (LLVMBasicBlockRef?)null : _function.AppendBasicBlock("else");
        var after = _function.AppendBasicBlock("after");
        _builder.BuildCondBr(condition, then, other ?? after);
        EmitBlock(then, body, after);
        if (other is { } block) EmitBlock(block, otherwise!, after);
        _builder.PositionAtEnd(after);
    }

    private void EmitBlock(LLVMBasicBlockRef block, Action body, LLVMBasicBlockRef next)
    {
        _builder.PositionAtEnd(block);
        body();
        _builder.BuildBr(next);
    }

    private LLVMValueRef EmitChoice(LLVMValueRef condition, Func<LLVMValueRef> whenTrue, LLVMValueRef whenFalse) =>
        EmitChoice(condition, whenTrue, () => whenFalse);

    private LLVMValueRef EmitChoice(LLVMValueRef condition, Func<LLVMValueRef> whenTrue, Func<LLVMValueRef> whenFalse)
    {
        LLVMValueRef[] values = new LLVMValueRef[2];
        LLVMBasicBlockRef[] ends = new LLVMBasicBlockRef[2];
        void Keep(int choice, LLVMValueRef value) => (values[choice], ends[choice]) = (value, _builder.InsertBlock);
        EmitIf(condition, () => Keep(0, whenTrue()), () => Keep(1, whenFalse()));
        var result = _builder.BuildPhi(values[0].TypeOf);
        result.AddIncoming(values, ends, 2);
        return result;
    }
}
