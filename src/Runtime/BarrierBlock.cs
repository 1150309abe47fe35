using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime;

/// <summary>The control block of a compiled step's barriers and claims, as <see cref="KernelAbi"/> lays it out, and what a worker does
/// that has spun long enough there.</summary>
/// <remarks>
/// A worker that is about to sleep sets a bit beside the count of arrivals, and the last one to arrive reads it with its own arrival: both
/// are read-modify-writes of one word, so one of the two comes first. Either the last one sees the bit and wakes the others after it has
/// begun the next generation, or the sleeper sees that all have arrived and does not sleep. The fast path needs no fence beyond the
/// arrival's own.
/// </remarks>
public sealed unsafe class BarrierBlock : IDisposable
{
    private static long s_sleeps;

    private readonly NativeMemoryBlock _memory;

    // Compiled here, and not within a step, where numbers below the normal range count as zero.
    static BarrierBlock()
    {
        long* block = stackalloc long[KernelAbi.BarrierBytes(1) / sizeof(long)];
        delegate* unmanaged<byte*, long, long, void> wait = &Wait;
        delegate* unmanaged<byte*, void> wake = &Wake;
        wait((byte*)block, -1, 1);
        wake((byte*)block);
    }

    /// <summary>A block for one step at a time.</summary>
    /// <param name="workers">Most workers that run it, at least 1.</param>
    public BarrierBlock(int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        _memory = new(KernelAbi.BarrierBytes(workers));
        *(delegate* unmanaged<byte*, long, long, void>*)(_memory.Address + KernelAbi.BarrierWaitOffset) = &Wait;
        *(delegate* unmanaged<byte*, void>*)(_memory.Address + KernelAbi.BarrierWakeOffset) = &Wake;
    }

    /// <summary>Where the block is, for a step's entry. Valid until it is disposed.</summary>
    /// <exception cref="RuntimeException">SGC5002: it is disposed.</exception>
    public nint Address => _memory.Start;

    /// <summary>How often a worker of this process has fallen asleep at a barrier.</summary>
    internal static long Sleeps => Volatile.Read(ref s_sleeps);

    /// <summary>Frees the block; no step may be using it.</summary>
    public void Dispose() => _memory.Dispose();

    // Returns when the generation is no longer the given one.
    [UnmanagedCallersOnly]
    private static void Wait(byte* block, long generation, long workers)
    {
        ref var current = ref Unsafe.AsRef<long>(block + KernelAbi.BarrierGenerationOffset);
        var backoff = Backoff.Yielding();
        while (Volatile.Read(ref current) == generation)
        {
            if (backoff.Wait()) continue;
            var arrived = (uint)Interlocked.Or(ref Unsafe.AsRef<long>(block + KernelAbi.BarrierCountOffset), KernelAbi.BarrierSleeps);
            if (arrived == 0 || arrived == workers)
            {
                Thread.Yield(); // All have arrived, and the last one is about to begin the next generation.
                continue;
            }
            Interlocked.Increment(ref s_sleeps);
            Futex.Wait((int*)(block + KernelAbi.BarrierGenerationOffset), (int)generation);
        }
    }

    [UnmanagedCallersOnly]
    private static void Wake(byte* block) => Futex.WakeAll((int*)(block + KernelAbi.BarrierGenerationOffset));
}
