using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Lets the calling thread's vector unit take numbers below the normal range for zero (FTZ and DAZ of x86's MXCSR) until
/// <see cref="Restore"/>, which puts back the caller's mode, sticky exception flags included.</summary>
/// <remarks>Moments of an optimizer decay to such numbers and stay there, and each instruction with such an operand may take a hundred
/// cycles (Intel 64 and IA-32 Architectures Optimization Reference Manual, "Floating-point exceptions"; docs/adr/0005).</remarks>
internal sealed class SubnormalFlush
{
    /// <summary>Flush-to-zero (bit 15) and denormals-are-zero (bit 6): Intel 64 and IA-32 Software Developer's Manual, volume 1,
    /// 10.2.3.</summary>
    private const int FlushBits = 1 << 15 | 1 << 6;

    private const string Read = "llvm.x86.sse.stmxcsr";
    private const string Write = "llvm.x86.sse.ldmxcsr";

    private readonly ModuleEmitter _module;
    private readonly LLVMValueRef _before;

    /// <summary>Emits the change of mode at the builder's position, which is in the function's first block.</summary>
    public SubnormalFlush(ModuleEmitter module)
    {
        _module = module;
        var builder = module.Builder;
        var word = module.Int32Constant(0).TypeOf;
        _before = builder.BuildAlloca(word);
        var inside = builder.BuildAlloca(word);
        builder.CallIntrinsic(Read, [], _before);
        builder.BuildStore(builder.BuildOr(builder.BuildLoad2(word, _before), module.Int32Constant(FlushBits)), inside);
        builder.CallIntrinsic(Write, [], inside);
    }

    /// <summary>Emits the return to the caller's mode.</summary>
    public void Restore() => _module.Builder.CallIntrinsic(Write, [], _before);
}
