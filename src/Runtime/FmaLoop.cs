using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GraphCompiler.Runtime;

/// <summary>Independent multiply-adds on registers: the first limit of a <see cref="Roofline"/>.</summary>
/// <remarks>Twelve chains cover a latency of 4 to 6 cycles at two multiply-adds a cycle, and leave room in 16 registers. The instructions
/// are asked of the processor: <see cref="Vector512.IsHardwareAccelerated"/> is false on some with AVX-512, whose code uses it.</remarks>
internal static class FmaLoop
{
    private const int Chains = 12;

    /// <summary>Bytes of the widest vectors.</summary>
    public static int WidestBytes => Avx512F.IsSupported ? 64 : Fma.IsSupported ? 32 : 16;

    /// <summary>Operations of an iteration.</summary>
    public static double Flops(int vectorBytes) => 2.0 * Chains * vectorBytes / sizeof(float);

    /// <summary>Runs the loop on vectors of 64, 32 or 16 bytes, which the processor must have.</summary>
    public static void Run(int vectorBytes, int iterations) => Sink(vectorBytes switch
    {
        64 => Run<Vector512<float>, Avx512>(iterations).ToScalar(),
        32 => Run<Vector256<float>, Avx2>(iterations).ToScalar(),
        _ => Run<Vector128<float>, Sse>(iterations).ToScalar(),
    });

    /// <summary>Uses a result, so that the loop stays.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Sink<T>(T value) => GC.KeepAlive(value);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TVector Run<TVector, TLevel>(int iterations) where TVector : struct where TLevel : ILevel<TVector>
    {
        TVector x = TLevel.Create(0.999f), c = TLevel.Create(0.001f);
        TVector a0 = c, a1 = c, a2 = c, a3 = c, a4 = c, a5 = c, a6 = c, a7 = c, a8 = c, a9 = c, a10 = c, a11 = c;
        for (var i = 0; i < iterations; i++)
        {
            a0 = TLevel.MultiplyAdd(a0, x, c); a1 = TLevel.MultiplyAdd(a1, x, c); a2 = TLevel.MultiplyAdd(a2, x, c);
            a3 = TLevel.MultiplyAdd(a3, x, c); a4 = TLevel.MultiplyAdd(a4, x, c); a5 = TLevel.MultiplyAdd(a5, x, c);
            a6 = TLevel.MultiplyAdd(a6, x, c); a7 = TLevel.MultiplyAdd(a7, x, c); a8 = TLevel.MultiplyAdd(a8, x, c);
            a9 = TLevel.MultiplyAdd(a9, x, c); a10 = TLevel.MultiplyAdd(a10, x, c); a11 = TLevel.MultiplyAdd(a11, x, c);
        }
        var sum = TLevel.MultiplyAdd(TLevel.MultiplyAdd(a0, x, a1), x, TLevel.MultiplyAdd(a2, x, a3));
        sum = TLevel.MultiplyAdd(sum, x, TLevel.MultiplyAdd(TLevel.MultiplyAdd(a4, x, a5), x, TLevel.MultiplyAdd(a6, x, a7)));
        return TLevel.MultiplyAdd(sum, x, TLevel.MultiplyAdd(TLevel.MultiplyAdd(a8, x, a9), x, TLevel.MultiplyAdd(a10, x, a11)));
    }

    // Structs, for each of which the runtime compiles the loop anew, without calls.
    private interface ILevel<TVector>
    {
        static abstract TVector Create(float value);
        static abstract TVector MultiplyAdd(TVector a, TVector x, TVector c);
    }

    private readonly struct Avx512 : ILevel<Vector512<float>>
    {
        public static Vector512<float> Create(float value) => Vector512.Create(value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> x, Vector512<float> c) =>
            Avx512F.FusedMultiplyAdd(a, x, c);
    }

    private readonly struct Avx2 : ILevel<Vector256<float>>
    {
        public static Vector256<float> Create(float value) => Vector256.Create(value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> x, Vector256<float> c) => Fma.MultiplyAdd(a, x, c);
    }

    // A product and a sum on x86-64-v2, which Arm fuses.
    private readonly struct Sse : ILevel<Vector128<float>>
    {
        public static Vector128<float> Create(float value) => Vector128.Create(value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> x, Vector128<float> c) =>
            X86Base.IsSupported ? a * x + c : Vector128.FusedMultiplyAdd(a, x, c);
    }
}
