namespace GraphCompiler.Runtime;

/// <summary>A share in the worker pool of one size that all executables of the process have in common.</summary>
/// <remarks>The first lease starts the pool's threads and the last one to be disposed, or to be collected, ends them.</remarks>
public sealed class WorkerPoolLease : IDisposable
{
    private static readonly Lock s_lock = new();
    private static readonly Dictionary<int, (WorkerPool Pool, int Leases)> s_pools = [];

    private bool _isReleased;

    private WorkerPoolLease(WorkerPool pool) => Pool = pool;

    /// <summary>Releases the share of an executable that nobody disposed.</summary>
    ~WorkerPoolLease() => Release()?.Stop();

    /// <summary>The pool; valid until the lease is disposed.</summary>
    public WorkerPool Pool { get; }

    /// <summary>Takes a share in the pool of a size, which is started if there is none.</summary>
    /// <param name="threads">Workers including the caller, at least 1.</param>
    public static WorkerPoolLease Acquire(int threads)
    {
        lock (s_lock)
        {
            var (pool, leases) = s_pools.TryGetValue(threads, out var found) ? found : (new WorkerPool(threads), 0);
            var lease = new WorkerPoolLease(pool);
            s_pools[threads] = (pool, leases + 1);
            return lease;
        }
    }

    /// <summary>Gives the share back; the last one ends the pool's threads and waits for their end. Can be called twice.</summary>
    public void Dispose()
    {
        Release()?.Dispose();
        GC.SuppressFinalize(this);
    }

    // The pool, if this was its last lease.
    private WorkerPool? Release()
    {
        lock (s_lock)
        {
            if (_isReleased) return null;
            _isReleased = true;
            var (pool, leases) = s_pools[Pool.Threads];
            if (leases == 1) s_pools.Remove(Pool.Threads);
            else s_pools[Pool.Threads] = (pool, leases - 1);
            return leases == 1 ? pool : null;
        }
    }
}
