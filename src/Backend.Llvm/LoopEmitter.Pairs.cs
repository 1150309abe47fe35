using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Pairs of bf16, and their dot products: an instruction of AVX512-BF16, elsewhere the same in f32.</content>
internal sealed partial class LoopEmitter
{
    /// <summary>Bits of a half of a pair.</summary>
    private const int HalfBits = 16;

    private EmittedValue EmitPair(PairExpr pair)
    {
        var halves = Align(pair.Low, pair.High);
        return halves[0] with { Value = _builder.BuildOr(LowerHalf(halves[0].Value), UpperHalf(halves[1].Value)) };
    }

    private LLVMValueRef LowerHalf(LLVMValueRef bf16) => _builder.BuildZExt(
        _builder.BuildBitCast(bf16, WithElement(_module.IntegerOf(DType.BF16), bf16)), WithElement(_module.Int32, bf16));

    private LLVMValueRef UpperHalf(LLVMValueRef bf16) => _builder.BuildShl(LowerHalf(bf16), AllLanes(HalfBits, bf16));

    private EmittedValue EmitPairDot(PairDotExpr expression)
    {
        var v = Align(expression.X, expression.Y, expression.Z);
        var (x, y, z) = (v[0].Value, v[1].Value, v[2].Value);
        return v[0] with { Value = _module.Target.HasBf16Dot && v[0].IsVector ? DotInstruction(x, y, z) : DotInSteps(x, y, z) };
    }

    // Products of bf16 are exact in f32, so it is the same whether the target fuses them.
    private LLVMValueRef DotInSteps(LLVMValueRef x, LLVMValueRef y, LLVMValueRef z)
    {
        var f32 = WithElement(_module.TypeOf(DType.F32), x);
        LLVMValueRef High(LLVMValueRef pair) =>
            _builder.BuildBitCast(_builder.BuildAnd(pair, AllLanes(-1 << HalfBits, pair)), f32);
        LLVMValueRef Low(LLVMValueRef pair) =>
            _builder.BuildBitCast(_builder.BuildShl(pair, AllLanes(HalfBits, pair)), f32);
        LLVMValueRef Add(LLVMValueRef a, LLVMValueRef b, LLVMValueRef sum) => _module.Target.HasFma
            ? _builder.CallIntrinsic("llvm.fma", [f32], a, b, sum) : _builder.BuildFAdd(sum, _builder.BuildFMul(a, b));
        return Add(Low(x), Low(y), Add(High(x), High(y), z));
    }

    // Of a register; wider vectors are halved, narrower ones filled up.
    private LLVMValueRef DotInstruction(LLVMValueRef x, LLVMValueRef y, LLVMValueRef z)
    {
        const uint Fewest = 4;
        var (lanes, most) = (x.TypeOf.VectorSize, (uint)(_module.Target.VectorBytes / sizeof(float)));
        if (lanes > most || lanes < Fewest)
        {
            var parts = lanes > most ? 2u : 1u;
            var size = lanes > most ? lanes / 2 : Fewest;
            LLVMValueRef Part(LLVMValueRef vector, uint part) => Shuffle(vector, vector,
                Enumerable.Range(0, (int)size).Select(i => (int)Math.Min(part * size + i, lanes - 1)));
            LLVMValueRef[] dots = [.. Enumerable.Range(0, (int)parts)
                .Select(p => DotInstruction(Part(x, (uint)p), Part(y, (uint)p), Part(z, (uint)p)))];
            return Shuffle(dots[0], dots[^1], Enumerable.Range(0, (int)lanes));
        }
        var halves = LLVMTypeRef.CreateVector(_module.TypeOf(DType.BF16), 2 * lanes);
        return _builder.CallIntrinsic($"llvm.x86.avx512bf16.dpbf16ps.{32 * lanes}", [], z,
            _builder.BuildBitCast(x, halves), _builder.BuildBitCast(y, halves));
    }

    private LLVMValueRef AllLanes(int value, LLVMValueRef like) => ModuleEmitter.ConstantLike(_module.Int32Constant(value), like);
}
