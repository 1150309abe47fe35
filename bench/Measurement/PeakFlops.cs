using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GraphCompiler.Bench.Measurement;

/// <summary>The f32 multiply-add rate that the machine reaches now: a loop of independent FMAs on registers alone.</summary>
internal static class PeakFlops
{
    private const int Chains = 12;
    private const int Iterations = 2_000_000;
    private const int Rounds = 7;

    /// <summary>GFLOP/s of <paramref name="threads"/> threads together; the median of some rounds.</summary>
    public static double Measure(int threads)
    {
        Run(Iterations);
        var rates = new double[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => Run(Iterations));
            rates[round] = 2.0 * Chains * Lanes * Iterations * threads / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
        }
        Array.Sort(rates);
        return rates[Rounds / 2];
    }

    private static int Lanes => Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256<float>.Count;

    private static void Run(int iterations)
    {
        if (Vector512.IsHardwareAccelerated) Sink(Run512(iterations)[0]);
        else Sink(Run256(iterations)[0]);
    }

    // Twelve chains cover a latency of 4 to 6 cycles at two FMAs a cycle.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector512<float> Run512(int iterations)
    {
        Vector512<float> x = Vector512.Create(0.999f), c = Vector512.Create(0.001f);
        Vector512<float> a0 = c, a1 = c, a2 = c, a3 = c, a4 = c, a5 = c, a6 = c, a7 = c, a8 = c, a9 = c, a10 = c, a11 = c;
        for (var i = 0; i < iterations; i++)
        {
            a0 = Vector512.FusedMultiplyAdd(a0, x, c); a1 = Vector512.FusedMultiplyAdd(a1, x, c);
            a2 = Vector512.FusedMultiplyAdd(a2, x, c); a3 = Vector512.FusedMultiplyAdd(a3, x, c);
            a4 = Vector512.FusedMultiplyAdd(a4, x, c); a5 = Vector512.FusedMultiplyAdd(a5, x, c);
            a6 = Vector512.FusedMultiplyAdd(a6, x, c); a7 = Vector512.FusedMultiplyAdd(a7, x, c);
            a8 = Vector512.FusedMultiplyAdd(a8, x, c); a9 = Vector512.FusedMultiplyAdd(a9, x, c);
            a10 = Vector512.FusedMultiplyAdd(a10, x, c); a11 = Vector512.FusedMultiplyAdd(a11, x, c);
        }
        return a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector256<float> Run256(int iterations)
    {
        Vector256<float> x = Vector256.Create(0.999f), c = Vector256.Create(0.001f);
        Vector256<float> a0 = c, a1 = c, a2 = c, a3 = c, a4 = c, a5 = c, a6 = c, a7 = c, a8 = c, a9 = c, a10 = c, a11 = c;
        for (var i = 0; i < iterations; i++)
        {
            a0 = Vector256.FusedMultiplyAdd(a0, x, c); a1 = Vector256.FusedMultiplyAdd(a1, x, c);
            a2 = Vector256.FusedMultiplyAdd(a2, x, c); a3 = Vector256.FusedMultiplyAdd(a3, x, c);
            a4 = Vector256.FusedMultiplyAdd(a4, x, c); a5 = Vector256.FusedMultiplyAdd(a5, x, c);
            a6 = Vector256.FusedMultiplyAdd(a6, x, c); a7 = Vector256.FusedMultiplyAdd(a7, x, c);
            a8 = Vector256.FusedMultiplyAdd(a8, x, c); a9 = Vector256.FusedMultiplyAdd(a9, x, c);
            a10 = Vector256.FusedMultiplyAdd(a10, x, c); a11 = Vector256.FusedMultiplyAdd(a11, x, c);
        }
        return a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Sink(float value) => GC.KeepAlive(value);
}
