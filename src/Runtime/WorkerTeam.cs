using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace GraphCompiler.Runtime;

/// <summary>Threads that enter a compiled step together: the caller as worker 0, and background threads.</summary>
/// <remarks>
/// Publishing a job is one increment that workers watch. A worker that finds no job spins for about 30 µs, then parks;
/// the caller waits for the others in the same way. So steps that follow one another closely cost no system call, and
/// an idle team costs no processor time. Running a job allocates nothing.
/// A parked thread announces itself BEFORE it looks for the last time, and who wakes it looks AFTER publishing, both
/// with full fences: one of the two always sees the other, so no wake-up is lost.
/// </remarks>
public sealed unsafe class WorkerTeam : IDisposable
{
    private static readonly Lock s_sharedLock = new();
    private static readonly Dictionary<int, WorkerTeam> s_shared = [];

    // Longer than the gap between two steps of a training loop, shorter than what a park and wake-up would cost twice.
    private static readonly long s_spinTicks = Math.Max(1, Stopwatch.Frequency * 30 / 1_000_000);

    private readonly Lock _runLock = new();
    private readonly Worker[] _workers;
    private readonly Parking _caller = new();
    private readonly bool _isShared;

    private delegate* unmanaged<void**, byte*, long, long, void*, void> _entry;
    private void** _buffers;
    private byte* _arena;
    private void* _barrier;
    private volatile bool _stopping;
    private Signals _signals;

    /// <summary>Starts a team of its own; see <see cref="Shared"/> for one that executables have in common.</summary>
    /// <param name="threads">Workers including the caller, at least 1.</param>
    public WorkerTeam(int threads) : this(threads, isShared: false)
    {
    }

    private WorkerTeam(int threads, bool isShared)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _isShared = isShared;
        Threads = threads;
        _workers = new Worker[threads - 1];
        for (var i = 0; i < _workers.Length; i++)
            _workers[i] = new Worker(this, i + 1);
    }

    /// <summary>Workers including the caller.</summary>
    public int Threads { get; }

    /// <summary>The team of this size that the whole process shares. Disposing it does nothing.</summary>
    /// <param name="threads">Workers including the caller, at least 1.</param>
    public static WorkerTeam Shared(int threads)
    {
        lock (s_sharedLock)
        {
            if (!s_shared.TryGetValue(threads, out var team))
                s_shared.Add(threads, team = new WorkerTeam(threads, isShared: true));
            return team;
        }
    }

    /// <summary>Calls <paramref name="entry"/> once on every worker and returns when all have returned.</summary>
    /// <remarks>The arguments are those of <see cref="KernelAbi"/>. Callers on several threads take turns.</remarks>
    /// <param name="entry">The native entry; it must not throw.</param>
    /// <param name="buffers">One pointer per external buffer.</param>
    /// <param name="arena">Scratch memory.</param>
    /// <param name="barrier">The barrier's control block, of <see cref="KernelAbi.BarrierBytes"/> bytes.</param>
    /// <exception cref="RuntimeException">SGC5002: the team is disposed.</exception>
    public void Run(
        delegate* unmanaged<void**, byte*, long, long, void*, void> entry, void** buffers, byte* arena, void* barrier)
    {
        lock (_runLock)
        {
            if (_stopping)
                throw new RuntimeException(RuntimeCode.Disposed, "a worker team is used after it was disposed");
            _entry = entry;
            _buffers = buffers;
            _arena = arena;
            _barrier = barrier;
            Publish();
            entry(buffers, arena, 0, Threads, barrier);
            AwaitWorkers();
        }
    }

    /// <summary>Stops and joins the threads. Can be called twice; does nothing for a shared team.</summary>
    public void Dispose()
    {
        if (_isShared) return;
        lock (_runLock)
        {
            if (_stopping) return;
            _stopping = true;
            Publish();
        }
        foreach (var worker in _workers)
            worker.Join();
        _caller.Dispose();
    }

    private void Publish()
    {
        Volatile.Write(ref _signals.Running, _workers.Length);
        Interlocked.Increment(ref _signals.Generation);
        foreach (var worker in _workers)
            worker.Parking.Wake();
    }

    private void AwaitWorkers()
    {
        var deadline = 0L;
        while (Volatile.Read(ref _signals.Running) != 0)
        {
            if (Pause(ref deadline)) continue;
            _caller.Announce();
            if (Volatile.Read(ref _signals.Running) != 0 || !_caller.Withdraw())
                _caller.Wait();
            deadline = 0;
        }
    }

    // One short spin; false when the time to spin is over. `deadline` is 0 at first.
    private static bool Pause(ref long deadline)
    {
        for (var i = 0; i < 8; i++)
        {
            if (X86Base.IsSupported) X86Base.Pause();
            else Thread.SpinWait(1);
        }
        var now = Stopwatch.GetTimestamp();
        if (deadline == 0) deadline = now + s_spinTicks;
        return now < deadline;
    }

    // What the caller writes and what workers write lie on cache lines of their own (two, for adjacent-line prefetch).
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Signals
    {
        [FieldOffset(128)] public int Generation;
        [FieldOffset(256)] public int Running;
    }

    private sealed class Worker
    {
        private readonly WorkerTeam _team;
        private readonly int _index;
        private readonly Thread _thread;

        public Worker(WorkerTeam team, int index)
        {
            _team = team;
            _index = index;
            _thread = new Thread(Loop) { IsBackground = true, Name = $"graph worker {index}" };
            _thread.Start();
        }

        public Parking Parking { get; } = new();

        public void Join()
        {
            _thread.Join();
            Parking.Dispose();
        }

        private void Loop()
        {
            var seen = 0;
            while (true)
            {
                AwaitJob(seen);
                // A job is not followed by another before this worker has counted itself out, so none is missed.
                seen++;
                if (_team._stopping) return;
                _team._entry(_team._buffers, _team._arena, _index, _team.Threads, _team._barrier);
                if (Interlocked.Decrement(ref _team._signals.Running) == 0)
                    _team._caller.Wake();
            }
        }

        private void AwaitJob(int seen)
        {
            var deadline = 0L;
            while (Volatile.Read(ref _team._signals.Generation) == seen)
            {
                if (Pause(ref deadline)) continue;
                Parking.Announce();
                if (Volatile.Read(ref _team._signals.Generation) == seen || !Parking.Withdraw())
                    Parking.Wait();
                deadline = 0;
            }
        }
    }

    // Where one thread sleeps. Each announcement is either withdrawn by its thread or answered by exactly one wake-up.
    private sealed class Parking : IDisposable
    {
        private readonly SemaphoreSlim _wakeUps = new(0);
        private int _announced;

        public void Announce() => Interlocked.Exchange(ref _announced, 1);

        public bool Withdraw() => Interlocked.Exchange(ref _announced, 0) == 1;

        public void Wait() => _wakeUps.Wait();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Wake()
        {
            if (Volatile.Read(ref _announced) == 1 && Interlocked.Exchange(ref _announced, 0) == 1)
                _wakeUps.Release();
        }

        public void Dispose() => _wakeUps.Dispose();
    }
}
