using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Shifts and the high half of products of integers.</content>
internal sealed partial class LoopEmitter
{
    // LLVM leaves a shift by as many bits as the type has, or more, undefined. A number that is known is chosen here; the select of one
    // that is not goes where LLVM knows a bound of it, or where the processor's shift is already as wanted (AVX2's).
    private LLVMValueRef Shift(BinaryKind kind, DType type, LLVMValueRef x, LLVMValueRef y)
    {
        var bits = ConstantLike(y, type, type.Bits);
        var isInside = _builder.BuildICmp(LLVMIntPredicate.LLVMIntULT, y, bits);
        if (kind == BinaryKind.ShiftRightArithmetic)
            return _builder.BuildAShr(x, _builder.BuildSelect(isInside, y, ConstantLike(y, type, type.Bits - 1)));
        var bounded = _builder.BuildSelect(isInside, y, LLVMValueRef.CreateConstNull(y.TypeOf));
        var shifted = kind switch
        {
            BinaryKind.ShiftLeft => _builder.BuildShl(x, bounded),
            BinaryKind.ShiftRightLogical => _builder.BuildLShr(x, bounded),
            _ => throw new InternalCompilerException("emit", $"unknown shift {kind}"),
        };
        return _builder.BuildSelect(isInside, shifted, LLVMValueRef.CreateConstNull(x.TypeOf));
    }

    // LLVM finds the processor's widening multiplication in this.
    private LLVMValueRef MultiplyHigh(DType type, LLVMValueRef x, LLVMValueRef y)
    {
        var wide = WithElement(_module.IntegerOf(2 * type.Bits), x);
        LLVMValueRef Widened(LLVMValueRef v) => type.Kind == DTypeKind.Signed ? _builder.BuildSExt(v, wide) : _builder.BuildZExt(v, wide);
        var product = _builder.BuildMul(Widened(x), Widened(y));
        var shift = LLVMValueRef.CreateConstInt(_module.IntegerOf(2 * type.Bits), (ulong)type.Bits, false);
        var high = _builder.BuildLShr(product, ModuleEmitter.ConstantLike(shift, x));
        return _builder.BuildTrunc(high, x.TypeOf);
    }

    private LLVMValueRef ConstantLike(LLVMValueRef value, DType type, long number) =>
        ModuleEmitter.ConstantLike(_module.Constant(type, number), value);
}
