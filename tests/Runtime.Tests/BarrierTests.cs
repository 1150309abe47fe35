using System.Runtime.InteropServices;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>Barriers whose workers sleep. The protocol of <see cref="KernelAbi"/> is written here once more, as generated code has
/// it.</summary>
public unsafe class BarrierTests
{
    private const int Rounds = 300;

    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    public void No_worker_leaves_before_all_have_arrived(int workers)
    {
        using var pool = new WorkerPool(workers);
        using var block = new BarrierBlock(workers);
        using var counts = new NativeMemoryBlock(workers * sizeof(long));
        for (var step = 1; step <= 3; step++)
        {
            pool.Run(&CountRounds, (void**)counts.Address, null, (void*)block.Address);
            Assert.Equal([.. Enumerable.Repeat((long)step * Rounds, workers)], new ReadOnlySpan<long>(counts.Address, workers).ToArray());
        }
    }

    [Fact]
    public void A_worker_that_waits_long_sleeps_and_is_woken()
    {
        using var pool = new WorkerPool(3);
        using var block = new BarrierBlock(3);
        using var result = new NativeMemoryBlock(sizeof(long));
        for (var i = 0; i < 20; i++)
        {
            *(long*)result.Address = 0;
            pool.Run(&ArriveWhenOthersSleep, (void**)result.Address, null, (void*)block.Address);
            Assert.Equal(1, *(long*)result.Address);
        }
    }

    [Fact]
    public void Idle_workers_sleep_and_use_no_processor_time()
    {
        using var pool = new WorkerPool(4);
        pool.Run(&DoNothing, null, null, null);
        // A worker sleeps for moments on its way to the last sleep too, as where it yields to the collector.
        Assert.True(ProcessThreads.Eventually(() =>
        {
            var before = ProcessThreads.WorkerTicks;
            Thread.Sleep(300);
            return ProcessThreads.AllWorkersSleep && ProcessThreads.WorkerTicks == before;
        }), $"{ProcessThreads.WorkerTicks} ticks");
    }

    [Fact]
    public void An_interrupted_caller_still_waits_for_its_workers()
    {
        using var pool = new WorkerPool(2);
        using var finished = new NativeMemoryBlock(sizeof(long));
        var (address, seen, isInterrupted) = ((nint)finished.Address, -1L, false);
        var caller = new Thread(() =>
        {
            pool.Run(&FinishLate, (void**)address, null, null);
            seen = Volatile.Read(ref *(long*)address);
            try
            {
                Thread.Sleep(Timeout.Infinite);
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true; // In the first wait that may be interrupted.
            }
        });
        caller.Start();
        caller.Interrupt();
        caller.Join();
        Assert.Equal((1, true), (seen, isInterrupted));
    }

    [UnmanagedCallersOnly]
    private static void DoNothing(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
    }

    [UnmanagedCallersOnly]
    private static void FinishLate(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        if (worker == 0) return;
        Thread.Sleep(100);
        Volatile.Write(ref *(long*)buffers, 1);
    }

    // A count that is not that of the round, for a worker that came too early, stays visible to the test.
    [UnmanagedCallersOnly]
    private static void CountRounds(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        var counts = (long*)buffers;
        for (var round = 0; round < Rounds; round++)
        {
            var own = ++counts[worker];
            Synchronize((byte*)barrier, workers);
            for (var other = 0; other < workers; other++)
                if (Volatile.Read(ref counts[other]) != own) counts[worker] = long.MinValue / 2;
            Synchronize((byte*)barrier, workers);
        }
    }

    [UnmanagedCallersOnly]
    private static void ArriveWhenOthersSleep(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        if (worker == 0 && ProcessThreads.Eventually(() => ((long*)barrier)[0] == (KernelAbi.BarrierSleeps | (workers - 1)))
            && ProcessThreads.Eventually(() => ProcessThreads.AllWorkersSleep))
            *(long*)buffers = 1;
        Synchronize((byte*)barrier, workers);
    }

    private static void Synchronize(byte* block, long workers)
    {
        ref var current = ref *(long*)(block + KernelAbi.BarrierGenerationOffset);
        var before = Volatile.Read(ref current);
        var arrived = Interlocked.Increment(ref *(long*)(block + KernelAbi.BarrierCountOffset));
        if ((uint)arrived == workers)
        {
            Volatile.Write(ref *(long*)(block + KernelAbi.BarrierCountOffset), 0);
            Volatile.Write(ref current, before + 1);
            if (arrived >= KernelAbi.BarrierSleeps) (*(delegate* unmanaged<byte*, void>*)(block + KernelAbi.BarrierWakeOffset))(block);
            return;
        }
        for (var i = 0; i < KernelAbi.BarrierSpins; i++)
            if (Volatile.Read(ref current) != before) return;
        (*(delegate* unmanaged<byte*, long, long, void>*)(block + KernelAbi.BarrierWaitOffset))(block, before, workers);
    }
}
