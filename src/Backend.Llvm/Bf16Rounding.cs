using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>The functions that generated code calls to round to bf16 where the processor has no instruction for it: <c>__truncsfbf2</c> and
/// <c>__truncdfbf2</c> of the compiler's runtime library, which libgcc has from version 13 on only.</summary>
/// <remarks>To nearest, ties to even; NaN stays NaN. Weak, so that parts of a step may each bring them.</remarks>
internal sealed class Bf16Rounding
{
    private readonly ModuleEmitter _module;
    private readonly LLVMBuilderRef _builder;
    private readonly LLVMTypeRef _int32;
    private readonly LLVMTypeRef _bf16;

    private Bf16Rounding(ModuleEmitter module, LLVMContextRef context) =>
        (_module, _builder, _int32, _bf16) = (module, module.Builder, context.Int32Type, context.BFloatType);

    /// <summary>Adds both functions to a module; the builder stays where it is.</summary>
    public static void Define(ModuleEmitter module, LLVMContextRef context)
    {
        var rounding = new Bf16Rounding(module, context);
        var current = module.Builder.InsertBlock;
        rounding.Define("__truncsfbf2", context.FloatType, rounding.Bits);
        rounding.Define("__truncdfbf2", context.DoubleType, x => rounding.RoundToOdd(x, context.FloatType));
        if (current.Handle != 0) module.Builder.PositionAtEnd(current);
    }

    // Weak and not linkonce: the calls come into being after the passes that would drop what nothing calls.
    private void Define(string name, LLVMTypeRef argument, Func<LLVMValueRef, LLVMValueRef> toBits)
    {
        var function = _module.Module.AddFunction(name, LLVMTypeRef.CreateFunction(_bf16, [argument], false));
        function.Linkage = LLVMLinkage.LLVMWeakODRLinkage;
        _module.Target.ApplyTo(function);
        _builder.PositionAtEnd(function.AppendBasicBlock("entry"));
        var x = function.GetParam(0);
        var bits = toBits(x);
        var high = Shift(bits);
        // Adds half a unit of the last kept bit, less one, and that bit: ties go to even.
        var half = _builder.BuildAdd(_builder.BuildAnd(high, Constant(1)), Constant(0x7fff));
        var rounded = Shift(_builder.BuildAdd(bits, half));
        var quiet = _builder.BuildOr(high, Constant(0x40));
        var chosen = _builder.BuildSelect(IsNaN(x), quiet, rounded);
        _builder.BuildRet(_builder.BuildBitCast(_builder.BuildTrunc(chosen, _bf16.Context.Int16Type), _bf16));
    }

    private LLVMValueRef Bits(LLVMValueRef x) => _builder.BuildBitCast(x, _int32);

    // Rounding twice is right if the first goes towards zero and leaves an odd last bit where it was not exact
    // (Boldo and Melquiond, "When double rounding is odd", 2005).
    private LLVMValueRef RoundToOdd(LLVMValueRef x, LLVMTypeRef narrow)
    {
        var near = _builder.BuildFPTrunc(x, narrow);
        var back = _builder.BuildFPExt(near, x.TypeOf);
        LLVMValueRef Magnitude(LLVMValueRef v) => _builder.CallIntrinsic("llvm.fabs", [v.TypeOf], v);
        var grew = _builder.BuildFCmp(LLVMRealPredicate.LLVMRealOGT, Magnitude(back), Magnitude(x));
        var isInexact = _builder.BuildFCmp(LLVMRealPredicate.LLVMRealONE, back, x);
        var towardsZero = _builder.BuildSub(Bits(near), _builder.BuildZExt(grew, _int32));
        return _builder.BuildOr(towardsZero, _builder.BuildZExt(isInexact, _int32));
    }

    private LLVMValueRef IsNaN(LLVMValueRef x) => _builder.BuildFCmp(LLVMRealPredicate.LLVMRealUNO, x, x);
    private LLVMValueRef Shift(LLVMValueRef bits) => _builder.BuildLShr(bits, Constant(16));
    private LLVMValueRef Constant(int value) => _module.Int32Constant(value);
}
