using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime;

/// <summary>Threads that enter a compiled step together: the caller as worker 0, and background threads.</summary>
/// <remarks>
/// Publishing a job is one increment that workers watch. A worker that finds no job spins, yields and then sleeps
/// (<see cref="Backoff"/>); the caller waits for the others in the same way. So steps that follow one another closely cost no system
/// call, and an idle pool costs no processor time. Running a job allocates nothing.
/// A thread announces that it sleeps BEFORE it looks for the last time, and who wakes it looks AFTER publishing, both with full
/// fences: one of the two always sees the other, so no wake-up is lost.
/// </remarks>
public sealed unsafe class WorkerPool : IDisposable
{
    private readonly Lock _runLock = new();
    private readonly Thread[] _workers;
    private readonly byte[] _memory; // Pinned: the kernel knows sleepers by the address of a word.
    private readonly Signals* _signals;

    private delegate* unmanaged<void**, byte*, long, long, void*, void> _entry;
    private void** _buffers;
    private byte* _arena;
    private void* _barrier;
    private volatile bool _isStopping;

    /// <summary>Starts a pool of its own; see <see cref="WorkerPoolLease"/> for one that executables have in common.</summary>
    /// <param name="threads">Workers including the caller, at least 1.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _memory = GC.AllocateArray<byte>(sizeof(Signals), pinned: true);
        _signals = (Signals*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        _workers = new Thread[threads - 1];
        try
        {
            for (var i = 0; i < _workers.Length; i++)
                Start(i);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Workers including the caller.</summary>
    public int Threads { get; }

    /// <summary>Calls <paramref name="entry"/> once on every worker and returns when all have returned.</summary>
    /// <remarks>The arguments are those of <see cref="KernelAbi"/>. Callers on several threads take turns.</remarks>
    /// <param name="entry">The native entry; it must not throw.</param>
    /// <param name="buffers">One pointer per external buffer.</param>
    /// <param name="arena">Scratch memory.</param>
    /// <param name="barrier">The barriers' control block, <see cref="BarrierBlock.Address"/>.</param>
    /// <exception cref="RuntimeException">SGC5002: the pool is disposed.</exception>
    public void Run(
        delegate* unmanaged<void**, byte*, long, long, void*, void> entry, void** buffers, byte* arena, void* barrier)
    {
        lock (_runLock)
        {
            if (_isStopping)
                throw new RuntimeException(RuntimeCode.Disposed, "a worker pool is used after it was disposed");
            _entry = entry;
            _buffers = buffers;
            _arena = arena;
            _barrier = barrier;
            Publish();
            entry(buffers, arena, 0, Threads, barrier);
            AwaitWorkers();
        }
    }

    /// <summary>Stops the threads and waits for their end. Can be called twice.</summary>
    public void Dispose()
    {
        Stop();
        foreach (var worker in _workers)
            worker?.Join(); // Null where the constructor could not start all.
    }

    /// <summary>Stops the threads, which end by themselves; for a finalizer, which must not wait.</summary>
    internal void Stop()
    {
        lock (_runLock)
        {
            if (_isStopping) return;
            _isStopping = true;
            Publish();
        }
    }

    // Without the caller's execution context: its async locals would live for as long as the pool, and its load context with them.
    private void Start(int worker)
    {
        var thread = new Thread(() => Work(worker + 1)) { IsBackground = true, Name = $"graph worker {worker + 1}" };
        thread.UnsafeStart();
        _workers[worker] = thread;
    }

    private void Publish()
    {
        Volatile.Write(ref _signals->Running, _workers.Length);
        Interlocked.Increment(ref _signals->Generation);
        if (Volatile.Read(ref _signals->SleepingWorkers) != 0) Futex.WakeAll(&_signals->Generation);
    }

    private void AwaitWorkers()
    {
        var backoff = new Backoff();
        int running;
        while ((running = Volatile.Read(ref _signals->Running)) != 0)
        {
            if (backoff.Wait()) continue;
            Interlocked.Exchange(ref _signals->CallerSleeps, 1);
            while ((running = Volatile.Read(ref _signals->Running)) != 0)
                Futex.Wait(&_signals->Running, running);
            Volatile.Write(ref _signals->CallerSleeps, 0);
        }
    }

    private void Work(int worker)
    {
        for (var seen = 0; ;)
        {
            AwaitJob(seen);
            // A job is not followed by another before this worker has counted itself out, so none is missed.
            unchecked
            {
                seen++;
            }
            if (_isStopping) break;
            _entry(_buffers, _arena, worker, Threads, _barrier);
            if (Interlocked.Decrement(ref _signals->Running) == 0 && Volatile.Read(ref _signals->CallerSleeps) != 0)
                Futex.WakeAll(&_signals->Running);
        }
        GC.KeepAlive(this); // And with it the signals' memory.
    }

    private void AwaitJob(int seen)
    {
        var backoff = new Backoff();
        while (Volatile.Read(ref _signals->Generation) == seen)
        {
            if (backoff.Wait()) continue;
            Interlocked.Increment(ref _signals->SleepingWorkers);
            while (Volatile.Read(ref _signals->Generation) == seen)
                Futex.Wait(&_signals->Generation, seen);
            Interlocked.Decrement(ref _signals->SleepingWorkers);
        }
    }

    // What the caller writes and what workers write have cache lines of their own (two, for adjacent-line prefetch).
    [StructLayout(LayoutKind.Explicit, Size = 512)]
    private struct Signals
    {
        [FieldOffset(128)] public int Generation;
        [FieldOffset(132)] public int SleepingWorkers;
        [FieldOffset(320)] public int Running;
        [FieldOffset(324)] public int CallerSleeps;
    }
}
