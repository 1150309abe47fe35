using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Conversions between element types, on scalars or on a vector for each lane.</content>
internal sealed partial class LoopEmitter
{
    // What is computed of narrower types in f32, and rounded.
    private LLVMValueRef InF32(DType type, Func<LLVMValueRef[], LLVMValueRef> compute, params LLVMValueRef[] operands) =>
        ConvertStored(compute([.. operands.Select(o => ConvertStored(o, type, DType.F32))]), DType.F32, type);

    // What chooses one of its operands: of bf16 in f32, whose upper half it then is, with nothing to round.
    private LLVMValueRef Chosen(DType type, Func<LLVMValueRef[], LLVMValueRef> choose, params LLVMValueRef[] operands)
    {
        if (type != DType.BF16) return choose(operands);
        var wide = choose([.. operands.Select(o => ConvertStored(o, type, DType.F32))]);
        var upper = _builder.BuildLShr(_builder.BuildBitCast(wide, WithElement(_module.Int32, wide)), AllLanes(HalfBits, wide));
        return _builder.BuildBitCast(_builder.BuildTrunc(upper, WithElement(_module.IntegerOf(type), wide)), operands[0].TypeOf);
    }

    private EmittedValue EmitConvert(ConvertExpr convert)
    {
        var x = EmitExpr(convert.X);
        return x with { Value = Convert(x.Value, convert.X.DType, convert.DType, WithElement(_module.TypeOf(convert.DType), x.Value)) };
    }

    private EmittedValue EmitBits(BitcastExpr bits)
    {
        var x = EmitExpr(bits.X);
        return x with { Value = _builder.BuildBitCast(x.Value, WithElement(_module.TypeOf(bits.DType), x.Value)) };
    }

    /// <summary>A type of as many lanes as a value has.</summary>
    private static LLVMTypeRef WithElement(LLVMTypeRef element, LLVMValueRef value) =>
        value.TypeOf.Kind == LLVMTypeKind.LLVMVectorTypeKind ? LLVMTypeRef.CreateVector(element, value.TypeOf.VectorSize) : element;

    private LLVMValueRef ConvertStored(LLVMValueRef x, DType from, DType type) =>
        from == type ? x : Convert(x, from, type, WithElement(_module.TypeOf(type), x));

    private LLVMValueRef Convert(LLVMValueRef x, DType from, DType type, LLVMTypeRef to)
    {
        if (from == DType.BF16) return FromBf16(x, type, to);
        var zero = LLVMValueRef.CreateConstNull(x.TypeOf);
        if (type == DType.Bool)
            return from.IsFloating ? _builder.BuildFCmp(LLVMRealPredicate.LLVMRealUNE, x, zero)
                : _builder.BuildICmp(LLVMIntPredicate.LLVMIntNE, x, zero);
        if (from == DType.F16 && type == DType.BF16) // of which neither holds the other
            return Convert(Convert(x, from, DType.F32, WithElement(_module.TypeOf(DType.F32), x)), DType.F32, type, to);
        if (type == DType.BF16 && from.IsFloating && (from == DType.F64 || !_module.Target.HasBf16Dot))
            return Bf16Rounding.Round(_module, x, to);
        if (from.IsFloating && type.IsFloating)
            return from.Bits < type.Bits ? _builder.BuildFPExt(x, to) : _builder.BuildFPTrunc(x, to);
        if (from.IsFloating)
            return _builder.CallIntrinsic(type.Kind == DTypeKind.Signed ? "llvm.fptosi.sat" : "llvm.fptoui.sat", [to, x.TypeOf], x);
        if (type == DType.BF16 && from.Bits >= 32) return WideToBf16(x, from, to);
        if (type.IsFloating)
            return from.Kind == DTypeKind.Signed ? _builder.BuildSIToFP(x, to) : _builder.BuildUIToFP(x, to);
        if (from == DType.Bool) return _builder.BuildZExt(x, to);
        if (from.Bits == type.Bits) return x;
        return from.Bits > type.Bits ? _builder.BuildTrunc(x, to)
            : from.Kind == DTypeKind.Signed ? _builder.BuildSExt(x, to) : _builder.BuildZExt(x, to);
    }

    // By its bits: LLVM would compare and choose the narrow numbers in place of the widened ones, each element of a vector for itself.
    private LLVMValueRef FromBf16(LLVMValueRef x, DType type, LLVMTypeRef to)
    {
        var wide = _builder.BuildBitCast(UpperHalf(x), WithElement(_module.TypeOf(DType.F32), x));
        return type == DType.F32 ? wide : Convert(wide, DType.F32, type, to);
    }

    // A conversion through f32 rounds twice unless f32 holds the integer. Rounding the bits that f32 cannot hold to odd first makes
    // the double rounding exact; 64 bits convert through f64. (f16 overflows long before f32 rounds.)
    private LLVMValueRef WideToBf16(LLVMValueRef x, DType from, LLVMTypeRef to)
    {
        LLVMValueRef All(long value) =>
            ModuleEmitter.ConstantLike(LLVMValueRef.CreateConstInt(_module.IntegerOf(from), (ulong)value, true), x);
        var unit = from.Bits == 64 ? 1L << 11 : 1L << 8;
        var isInexact = _builder.BuildICmp(LLVMIntPredicate.LLVMIntNE, _builder.BuildAnd(x, All(unit - 1)), All(0));
        var odd = _builder.BuildOr(_builder.BuildAnd(x, All(-unit)), _builder.BuildSelect(isInexact, All(unit), All(0)));
        var isSigned = from.Kind == DTypeKind.Signed;
        var isLarge = isSigned ? _builder.BuildICmp(LLVMIntPredicate.LLVMIntUGT, _builder.BuildAdd(x, All(1 << 24)), All(1 << 25))
            : _builder.BuildICmp(LLVMIntPredicate.LLVMIntUGT, x, All(1 << 24));
        x = _builder.BuildSelect(isLarge, odd, x);
        var type = from.Bits == 64 ? DType.F64 : DType.F32;
        var wide = WithElement(_module.TypeOf(type), x);
        return Convert(isSigned ? _builder.BuildSIToFP(x, wide) : _builder.BuildUIToFP(x, wide), type, DType.BF16, to);
    }
}
