using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>A floating-point vector (or scalar) under construction; operators emit one IEEE instruction each.</summary>
/// <remarks>No fast-math flag is ever set: the error terms of docs/numerics.md depend on the order written here.</remarks>
internal readonly struct VectorExpr(VectorEmitter emitter, LLVMValueRef value)
{
    public LLVMValueRef Value { get; } = value;
    public VectorEmitter Emitter { get; } = emitter;

    public static VectorExpr operator +(VectorExpr a, VectorExpr b) =>
        new(a.Emitter, a.Builder.BuildFAdd(a.Value, b.Value, ""));
    public static VectorExpr operator -(VectorExpr a, VectorExpr b) =>
        new(a.Emitter, a.Builder.BuildFSub(a.Value, b.Value, ""));
    public static VectorExpr operator *(VectorExpr a, VectorExpr b) =>
        new(a.Emitter, a.Builder.BuildFMul(a.Value, b.Value, ""));
    public static VectorExpr operator /(VectorExpr a, VectorExpr b) =>
        new(a.Emitter, a.Builder.BuildFDiv(a.Value, b.Value, ""));
    public static VectorExpr operator -(VectorExpr a) => new(a.Emitter, a.Builder.BuildFNeg(a.Value, ""));

    public static VectorExpr operator +(VectorExpr a, double b) => a + a.Emitter.Constant(b);
    public static VectorExpr operator +(double a, VectorExpr b) => b.Emitter.Constant(a) + b;
    public static VectorExpr operator -(VectorExpr a, double b) => a - a.Emitter.Constant(b);
    public static VectorExpr operator -(double a, VectorExpr b) => b.Emitter.Constant(a) - b;
    public static VectorExpr operator *(VectorExpr a, double b) => a * a.Emitter.Constant(b);
    public static VectorExpr operator /(double a, VectorExpr b) => b.Emitter.Constant(a) / b;

    // Ordered comparisons: false where an operand is NaN.
    public static MaskExpr operator <(VectorExpr a, VectorExpr b) => a.Compare(LLVMRealPredicate.LLVMRealOLT, b);
    public static MaskExpr operator >(VectorExpr a, VectorExpr b) => a.Compare(LLVMRealPredicate.LLVMRealOGT, b);
    public static MaskExpr operator <(VectorExpr a, double b) => a < a.Emitter.Constant(b);
    public static MaskExpr operator >(VectorExpr a, double b) => a > a.Emitter.Constant(b);
    public MaskExpr AtLeast(double b) => Compare(LLVMRealPredicate.LLVMRealOGE, Emitter.Constant(b));
    public MaskExpr EqualTo(double b) => EqualTo(Emitter.Constant(b));
    public MaskExpr EqualTo(VectorExpr b) => Compare(LLVMRealPredicate.LLVMRealOEQ, b);

    /// <summary>The smaller of this and a constant; NaN stays NaN (x86 `minps` has exactly this meaning).</summary>
    public VectorExpr AtMost(double limit) => (this > limit).Select(Emitter.Constant(limit), this);

    /// <summary>Bounds this from both sides; NaN stays NaN.</summary>
    public VectorExpr Clamp(double low, double high)
    {
        var bounded = (this < low).Select(Emitter.Constant(low), this);
        return bounded.AtMost(high);
    }

    public BitsExpr Bits() => new(Emitter, Builder.BuildBitCast(Value, Emitter.BitsType, ""));

    public VectorExpr Abs() => (Bits() & (Emitter.SignBit - 1)).AsFloat();

    /// <summary>This magnitude (its sign bit must be clear) with the sign bit of another value.</summary>
    /// <remarks>Clearing the bit here, <c>(this &amp; ~sign) | (x &amp; sign)</c>, would be wrong where the result is selected against x:
    /// LLVM 19.1.7 for AVX-512 gives the masked VPTERNLOG of such a select of bits its operands in another order than its
    /// immediate.</remarks>
    public VectorExpr WithSignOf(VectorExpr sign) => (Bits() | (sign.Bits() & Emitter.SignBit)).AsFloat();

    private LLVMBuilderRef Builder => Emitter.Builder;

    private MaskExpr Compare(LLVMRealPredicate predicate, VectorExpr b) =>
        new(Emitter, Builder.BuildFCmp(predicate, Value, b.Value, ""));
}

/// <summary>The bits of a <see cref="VectorExpr"/>: integers of the same lane width.</summary>
internal readonly struct BitsExpr(VectorEmitter emitter, LLVMValueRef value)
{
    public LLVMValueRef Value { get; } = value;
    public VectorEmitter Emitter { get; } = emitter;

    public static BitsExpr operator +(BitsExpr a, BitsExpr b) =>
        new(a.Emitter, a.Builder.BuildAdd(a.Value, b.Value, ""));
    public static BitsExpr operator -(BitsExpr a, BitsExpr b) =>
        new(a.Emitter, a.Builder.BuildSub(a.Value, b.Value, ""));
    public static BitsExpr operator |(BitsExpr a, BitsExpr b) =>
        new(a.Emitter, a.Builder.BuildOr(a.Value, b.Value, ""));
    public static BitsExpr operator ^(BitsExpr a, BitsExpr b) =>
        new(a.Emitter, a.Builder.BuildXor(a.Value, b.Value, ""));
    public static BitsExpr operator +(BitsExpr a, ulong b) => a + a.Emitter.BitsConstant(b);
    public static BitsExpr operator -(BitsExpr a, ulong b) => a - a.Emitter.BitsConstant(b);
    public static BitsExpr operator &(BitsExpr a, ulong b) =>
        new(a.Emitter, a.Builder.BuildAnd(a.Value, a.Emitter.BitsConstant(b).Value, ""));
    public static BitsExpr operator <<(BitsExpr a, int count) =>
        new(a.Emitter, a.Builder.BuildShl(a.Value, a.Emitter.BitsConstant((ulong)count).Value, ""));
    /// <summary>Arithmetic (sign-filling) shift.</summary>
    public static BitsExpr operator >>(BitsExpr a, int count) =>
        new(a.Emitter, a.Builder.BuildAShr(a.Value, a.Emitter.BitsConstant((ulong)count).Value, ""));
    /// <summary>Logical (zero-filling) shift.</summary>
    public static BitsExpr operator >>>(BitsExpr a, int count) =>
        new(a.Emitter, a.Builder.BuildLShr(a.Value, a.Emitter.BitsConstant((ulong)count).Value, ""));

    public MaskExpr NotZero() =>
        new(Emitter, Builder.BuildICmp(LLVMIntPredicate.LLVMIntNE, Value, Emitter.BitsConstant(0).Value, ""));

    /// <summary>Compared as signed integers.</summary>
    public MaskExpr IsAbove(ulong limit) =>
        new(Emitter, Builder.BuildICmp(LLVMIntPredicate.LLVMIntSGT, Value, Emitter.BitsConstant(limit).Value, ""));

    public VectorExpr AsFloat() => new(Emitter, Builder.BuildBitCast(Value, Emitter.FloatType, ""));

    private LLVMBuilderRef Builder => Emitter.Builder;
}

/// <summary>A lane mask (i1).</summary>
internal readonly struct MaskExpr(VectorEmitter emitter, LLVMValueRef value)
{
    public static MaskExpr operator &(MaskExpr a, MaskExpr b) =>
        new(a.Emitter, a.Emitter.Builder.BuildAnd(a.Value, b.Value, ""));
    public static MaskExpr operator |(MaskExpr a, MaskExpr b) =>
        new(a.Emitter, a.Emitter.Builder.BuildOr(a.Value, b.Value, ""));
    public static MaskExpr operator ^(MaskExpr a, MaskExpr b) =>
        new(a.Emitter, a.Emitter.Builder.BuildXor(a.Value, b.Value, ""));
    public static MaskExpr operator !(MaskExpr a) => new(a.Emitter, a.Emitter.Builder.BuildNot(a.Value, ""));

    public LLVMValueRef Value { get; } = value;
    public VectorEmitter Emitter { get; } = emitter;

    public VectorExpr Select(VectorExpr whenTrue, VectorExpr whenFalse) => new(
        whenTrue.Emitter, Emitter.Builder.BuildSelect(Value, whenTrue.Value, whenFalse.Value, ""));
    public VectorExpr Select(double whenTrue, VectorExpr whenFalse) =>
        Select(whenFalse.Emitter.Constant(whenTrue), whenFalse);
    public VectorExpr Select(VectorExpr whenTrue, double whenFalse) =>
        Select(whenTrue, whenTrue.Emitter.Constant(whenFalse));
}
