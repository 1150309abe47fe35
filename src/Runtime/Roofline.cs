using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GraphCompiler.Runtime;

/// <summary>The two limits of a machine that bind a kernel (Williams, Waterman and Patterson, "Roofline", 2009).</summary>
/// <param name="Gigaflops">f32 operations, 10⁹ a second, a multiply-add counted as two.</param>
/// <param name="Gigabytes">Bytes moved between memory and core, 10⁹ a second, read and written ones added.</param>
public sealed record Roofline(double Gigaflops, double Gigabytes)
{
    private const int MaxThreads = 8192; // As many as Linux has processors at most.
    private const int Chains = 12;
    private const int Iterations = 2_000_000;
    private const int Rounds = 7;

    private const int CopiedBytes = 64 << 20; // Far beyond the caches.

    /// <summary>What <paramref name="threads"/> threads reach together now: a loop of independent multiply-adds on registers, and one
    /// of copies; medians of seven rounds, together about half a second.</summary>
    /// <exception cref="RuntimeException">SGC5011: no threads, or more than 8192.</exception>
    public static Roofline Measure(int threads)
    {
        if (threads < 1 || threads > MaxThreads)
            throw new RuntimeException(RuntimeCode.BadArgument, $"{threads} threads; 1 to {MaxThreads} can be measured");
        Run(Iterations);
        var flops = Rate(threads, _ => Run(Iterations), 2.0 * Chains * Lanes * Iterations * threads);
        var share = CopiedBytes / threads;
        using var from = new NativeMemoryBlock(CopiedBytes);
        using var to = new NativeMemoryBlock(CopiedBytes);
        var (source, target) = (from.Start, to.Start);
        return new(flops, Rate(threads, i => Copy(source + (nint)i * share, target + (nint)i * share, share), 2.0 * share * threads));
    }

    private static unsafe void Copy(nint from, nint to, int bytes) =>
        new ReadOnlySpan<byte>((void*)from, bytes).CopyTo(new Span<byte>((void*)to, bytes));

    // On threads of its own: the pool starts slowly, and would run several parts on one thread.
    private static double Rate(int threads, Action<int> run, double amount)
    {
        var rates = new double[Rounds];
        using var start = new Barrier(threads);
        for (var round = 0; round < Rounds; round++)
        {
            var others = Enumerable.Range(1, threads - 1).Select(i => new Thread(() => RunTogether(i)) { IsBackground = true }).ToArray();
            foreach (var other in others) other.Start();
            var begin = RunTogether(0);
            foreach (var other in others) other.Join();
            rates[round] = amount / Stopwatch.GetElapsedTime(begin).TotalSeconds / 1e9;
        }
        Array.Sort(rates);
        return rates[Rounds / 2];

        long RunTogether(int part)
        {
            start.SignalAndWait();
            var begin = Stopwatch.GetTimestamp();
            run(part);
            return begin;
        }
    }

    private static int Lanes => Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256<float>.Count;

    private static void Run(int iterations)
    {
        if (Vector512.IsHardwareAccelerated) Sink(Run512(iterations)[0]);
        else Sink(Run256(iterations)[0]);
    }

    // Two loops alike, since Vector<T> is 256 bits wide and would halve the peak of processors with two 512-bit pipes.
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
