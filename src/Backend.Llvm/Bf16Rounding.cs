using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Rounding to bf16 in integer arithmetic, where the processor has no instruction for it: to nearest, ties to even, subnormal
/// numbers included; NaN stays NaN, quiet, with the bits of its payload that there is room for.</summary>
internal sealed class Bf16Rounding
{
    private readonly ModuleEmitter _module;
    private readonly LLVMBuilderRef _builder;
    private readonly LLVMContextRef _context;
    private readonly LLVMValueRef _x;

    private Bf16Rounding(ModuleEmitter module, LLVMValueRef x) =>
        (_module, _builder, _context, _x) = (module, module.Builder, module.Int32.Context, x);

    /// <summary>A number of f32 or f64, or each of a vector, rounded once.</summary>
    /// <param name="module">Where it is emitted.</param>
    /// <param name="x">What is rounded.</param>
    /// <param name="to">bf16, or a vector of it.</param>
    public static LLVMValueRef Round(ModuleEmitter module, LLVMValueRef x, LLVMTypeRef to) => new Bf16Rounding(module, x).To(to);

    /// <summary>Adds to a module the functions that LLVM calls to round what arithmetic in bf16 gives: <c>__truncsfbf2</c> and
    /// <c>__truncdfbf2</c> of the compiler's runtime library, which libgcc has from version 13 on only.</summary>
    /// <remarks>The builder stays where it is. Weak, so that parts of a step may each bring them.</remarks>
    public static void Define(ModuleEmitter module, LLVMContextRef context)
    {
        var current = module.Builder.InsertBlock;
        Define(module, "__truncsfbf2", context.FloatType, context.BFloatType);
        Define(module, "__truncdfbf2", context.DoubleType, context.BFloatType);
        if (current.Handle != 0) module.Builder.PositionAtEnd(current);
    }

    // Weak and not linkonce: the calls come into being after the passes that would drop what nothing calls.
    private static void Define(ModuleEmitter module, string name, LLVMTypeRef argument, LLVMTypeRef bf16)
    {
        var function = module.Module.AddFunction(name, LLVMTypeRef.CreateFunction(bf16, [argument], false));
        function.Linkage = LLVMLinkage.LLVMWeakODRLinkage;
        module.Target.ApplyTo(function);
        module.Builder.PositionAtEnd(function.AppendBasicBlock("entry"));
        module.Builder.BuildRet(Round(module, function.GetParam(0), bf16));
    }

    private LLVMValueRef To(LLVMTypeRef to)
    {
        var bits = Element(_x.TypeOf).Kind == LLVMTypeKind.LLVMDoubleTypeKind ? RoundedToOdd() : Bits(_x);
        var high = Shift(bits);
        // Adds half a unit of the last kept bit, less one, and that bit: ties go to even.
        var half = _builder.BuildAdd(_builder.BuildAnd(high, Constant(1)), Constant(0x7fff));
        var rounded = Shift(_builder.BuildAdd(bits, half));
        var quiet = _builder.BuildOr(high, Constant(0x40));
        var isNaN = _builder.BuildFCmp(LLVMRealPredicate.LLVMRealUNO, _x, _x);
        var chosen = _builder.BuildSelect(isNaN, quiet, rounded);
        return _builder.BuildBitCast(_builder.BuildTrunc(chosen, Of(_context.Int16Type)), to);
    }

    // Rounding twice is right if the first goes towards zero and leaves an odd last bit where it was not exact
    // (Boldo and Melquiond, "When double rounding is odd", 2005).
    private LLVMValueRef RoundedToOdd()
    {
        var near = _builder.BuildFPTrunc(_x, Of(_context.FloatType));
        var back = _builder.BuildFPExt(near, _x.TypeOf);
        LLVMValueRef Magnitude(LLVMValueRef v) => _builder.CallIntrinsic("llvm.fabs", [v.TypeOf], v);
        var grew = _builder.BuildFCmp(LLVMRealPredicate.LLVMRealOGT, Magnitude(back), Magnitude(_x));
        var isInexact = _builder.BuildFCmp(LLVMRealPredicate.LLVMRealONE, back, _x);
        var towardsZero = _builder.BuildSub(Bits(near), _builder.BuildZExt(grew, Of(_module.Int32)));
        return _builder.BuildOr(towardsZero, _builder.BuildZExt(isInexact, Of(_module.Int32)));
    }

    private bool IsVector => _x.TypeOf.Kind == LLVMTypeKind.LLVMVectorTypeKind;
    private LLVMTypeRef Of(LLVMTypeRef element) => IsVector ? LLVMTypeRef.CreateVector(element, _x.TypeOf.VectorSize) : element;
    private static LLVMTypeRef Element(LLVMTypeRef type) => type.Kind == LLVMTypeKind.LLVMVectorTypeKind ? type.ElementType : type;
    private LLVMValueRef Bits(LLVMValueRef x) => _builder.BuildBitCast(x, Of(_module.Int32));
    private LLVMValueRef Shift(LLVMValueRef bits) => _builder.BuildLShr(bits, Constant(16));
    private LLVMValueRef Constant(int value) => ModuleEmitter.ConstantLike(_module.Int32Constant(value), _x);
}
