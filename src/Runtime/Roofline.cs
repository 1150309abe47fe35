using System.Collections.Immutable;
using System.Diagnostics;

namespace GraphCompiler.Runtime;

/// <summary>What a cache delivers.</summary>
/// <param name="Bytes">Its size; of a cache that each core has for itself, that of all threads' caches together.</param>
/// <param name="Gigabytes">10⁹ bytes a second.</param>
public readonly record struct CacheRate(long Bytes, double Gigabytes);

/// <summary>The two limits of a machine that bind a kernel (Williams, Waterman and Patterson, "Roofline", 2009).</summary>
/// <param name="Gigaflops">f32 operations, 10⁹ a second, a multiply-add counted as two.</param>
/// <param name="Gigabytes">Bytes moved between memory and core, 10⁹ a second, read and written ones added.</param>
public sealed record Roofline(double Gigaflops, double Gigabytes)
{
    private const int MaxThreads = 8192; // As many as Linux has processors at most.
    private const long MemoryBytes = 128 << 20; // Beyond most caches.
    private const int Iterations = 2_000_000;
    private const int Rounds = 7;

    // Of one timed round in a cache: some 0.2 ms.
    private const long StreamedBytes = 8 << 20;

    /// <summary>The rates of the caches, nearest first; empty where memory alone was measured.</summary>
    public ImmutableArray<CacheRate> Caches { get; init; } = [];

    /// <summary>Bytes of the widest vectors that can be measured here.</summary>
    public static int WidestVectorBytes => FmaLoop.WidestBytes;

    /// <summary>What <paramref name="threads"/> threads reach together now with the widest vectors, and without the caches.</summary>
    /// <exception cref="RuntimeException">SGC5011: no threads, or more than 8192.</exception>
    public static Roofline Measure(int threads) => Measure(threads, 0, []);

    /// <summary>What <paramref name="threads"/> threads reach together now: a loop of independent multiply-adds on registers, and loops
    /// that copy, add and sum what each cache holds, and what memory does. The best of seven rounds, in about half a second.</summary>
    /// <param name="threads">Threads, from 1 to 8192.</param>
    /// <param name="vectorBytes">Bytes of the vectors that multiply and add: 64, 32, or 16, which have no fused multiply-add on x86-64; 0
    /// for the widest that the processor has.</param>
    /// <param name="cacheBytes">Sizes of the caches, nearest first: the first two of one core, the others of all.</param>
    /// <exception cref="RuntimeException">SGC5011: no threads, or more than 8192; vectors that this processor has not; a size below
    /// 4096.</exception>
    public static Roofline Measure(int threads, int vectorBytes, ReadOnlySpan<long> cacheBytes)
    {
        if (threads < 1 || threads > MaxThreads)
            throw new RuntimeException(RuntimeCode.BadArgument, $"{threads} threads; 1 to {MaxThreads} can be measured");
        if (vectorBytes == 0) vectorBytes = FmaLoop.WidestBytes;
        if (vectorBytes is not (16 or 32 or 64) || vectorBytes > FmaLoop.WidestBytes)
            throw new RuntimeException(RuntimeCode.BadArgument,
                $"vectors of {vectorBytes} bytes; this processor has vectors of 16 to {FmaLoop.WidestBytes}");
        foreach (var bytes in cacheBytes)
            if (bytes < 4096) throw new RuntimeException(RuntimeCode.BadArgument, $"a cache of {bytes} bytes; 4096 are the least");
        FmaLoop.Run(vectorBytes, Iterations);
        var flops = Rate(threads, _ => FmaLoop.Run(vectorBytes, Iterations), FmaLoop.Flops(vectorBytes) * Iterations * threads);
        using var memory = new NativeMemoryBlock(MemoryBytes);
        var rate = StreamRate(memory, threads, MemoryBytes / threads);
        var caches = new CacheRate[cacheBytes.Length];
        for (var i = caches.Length - 1; i >= 0; i--)
        {
            var (all, half) = i < 2 ? (cacheBytes[i] * threads, cacheBytes[i] / 2) : (cacheBytes[i], cacheBytes[i] / 2 / threads);
            var measured = StreamRate(memory, threads, Math.Min(half, MemoryBytes / threads));
            // What is nearer is at least as fast.
            caches[i] = new(all, Math.Max(measured, i + 1 < caches.Length ? caches[i + 1].Gigabytes : rate));
        }
        return new(flops, rate) { Caches = [.. caches] };
    }

    /// <summary>The larger of each limit: what slowed one of two measurements for a while does not count.</summary>
    /// <param name="other">Of as many threads and caches.</param>
    public Roofline Best(Roofline other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(Math.Max(Gigaflops, other.Gigaflops), Math.Max(Gigabytes, other.Gigabytes))
        {
            Caches = Caches.Length != other.Caches.Length ? Caches
                : [.. Caches.Zip(other.Caches, (a, b) => a with { Gigabytes = Math.Max(a.Gigabytes, b.Gigabytes) })],
        };
    }

    /// <summary>How far two measurements are apart: 0 where they agree, 0.5 where a limit of one is half of the other's. Of operations and
    /// of memory, whichever differ more.</summary>
    public double DifferenceFrom(Roofline other)
    {
        ArgumentNullException.ThrowIfNull(other);
        static double Of(double a, double b) => Math.Max(a, b) > 0 ? 1 - Math.Min(a, b) / Math.Max(a, b) : 0;
        return Math.Max(Of(Gigaflops, other.Gigaflops), Of(Gigabytes, other.Gigabytes));
    }

    /// <summary>The least nanoseconds that so many operations on so many bytes take: those that fit into a cache are taken to be in it, and
    /// operations and bytes to overlap.</summary>
    public double LeastNanoseconds(double flops, double bytes)
    {
        var (time, held) = (0.0, 0.0);
        foreach (var cache in Caches)
        {
            var here = Math.Clamp(cache.Bytes - held, 0, Math.Max(bytes - held, 0));
            (time, held) = (time + here / cache.Gigabytes, held + here);
        }
        return Math.Max(flops / Gigaflops, time + Math.Max(bytes - held, 0) / Gigabytes);
    }

    // The best of the streams, each thread's in memory of its own.
    private static double StreamRate(NativeMemoryBlock memory, int threads, long bytes)
    {
        var start = memory.Start;
        bytes = Math.Max(bytes / 192 * 192, 192);
        var times = Math.Max(1, StreamedBytes / bytes);
        var best = 0.0;
        foreach (var stream in StreamLoops.All)
            best = Math.Max(best, Rate(threads, i => stream(start + (nint)(i * bytes), bytes, times), 1.0 * bytes * times * threads));
        return best;
    }

    // On threads of its own: the pool starts slowly, and would run several parts on one thread.
    private static double Rate(int threads, Action<int> run, double amount)
    {
        var best = 0.0;
        using var start = new Barrier(threads);
        for (var round = 0; round < Rounds; round++)
        {
            var others = Enumerable.Range(1, threads - 1).Select(i => new Thread(() => RunTogether(i)) { IsBackground = true }).ToArray();
            foreach (var other in others) other.Start();
            var begin = RunTogether(0);
            foreach (var other in others) other.Join();
            best = Math.Max(best, amount / Stopwatch.GetElapsedTime(begin).TotalSeconds / 1e9);
        }
        return best;

        long RunTogether(int part)
        {
            start.SignalAndWait();
            var begin = Stopwatch.GetTimestamp();
            run(part);
            return begin;
        }
    }
}
