using System.Runtime.InteropServices;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

public unsafe class WorkerPoolTests
{
    [UnmanagedCallersOnly]
    private static void CountWorker(void** counters, byte* arena, long worker, long workers, void* barrier) =>
        ((long*)counters)[worker * 16]++;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Many_short_jobs_reach_every_worker_once(int threads)
    {
        const int jobs = 20_000;
        using var pool = new WorkerPool(threads);
        using var counters = new NativeMemoryBlock(threads * 128);
        for (var i = 0; i < jobs; i++)
            pool.Run(&CountWorker, (void**)counters.Address, null, null);
        for (var worker = 0; worker < threads; worker++)
            Assert.Equal(jobs, ((long*)counters.Address)[worker * 16]);
    }

    [Fact]
    public void Sleeping_workers_wake_up_again()
    {
        using var pool = new WorkerPool(3);
        using var counters = new NativeMemoryBlock(3 * 128);
        for (var i = 0; i < 50; i++)
        {
            // Around the time after which workers sleep, where sleeping and waking race, and far beyond.
            if (i % 10 == 0) Thread.Sleep(5);
            else Thread.SpinWait(i * 200);
            pool.Run(&CountWorker, (void**)counters.Address, null, null);
        }
        for (var worker = 0; worker < 3; worker++)
            Assert.Equal(50, ((long*)counters.Address)[worker * 16]);
    }

    [Fact]
    public void Callers_on_several_threads_take_turns()
    {
        using var counters = new NativeMemoryBlock(2 * 128);
        var address = (nint)counters.Address;
        using var lease = WorkerPoolLease.Acquire(2);
        var callers = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 1000; i++)
                lease.Pool.Run(&CountWorker, (void**)address, null, null);
        })).ToList();
        callers.ForEach(t => t.Start());
        callers.ForEach(t => t.Join());
        Assert.Equal(3000, ((long*)address)[0]);
        Assert.Equal(3000, ((long*)address)[16]);
    }

    [Fact]
    public void A_disposed_pool_is_refused()
    {
        var pool = new WorkerPool(2);
        pool.Dispose();
        pool.Dispose();
        Errors.Expect("SGC5002", () => pool.Run(&CountWorker, null, null, null));
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(100, 64)]
    [InlineData(5 << 20, 2 << 20)]
    public void Native_memory_is_aligned_zeroed_and_counted(long bytes, long alignment)
    {
        var before = NativeMemoryBlock.LiveBytes;
        using (var block = new NativeMemoryBlock(bytes))
        {
            Assert.Equal(0, (nint)block.Address % alignment);
            Assert.True(new ReadOnlySpan<byte>(block.Address, (int)bytes).IndexOfAnyExcept((byte)0) < 0);
            Assert.True(NativeMemoryBlock.LiveBytes >= before + bytes);
        }
        Assert.Equal(before, NativeMemoryBlock.LiveBytes);
    }
}
