using System.Collections.Immutable;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Planning;

/// <summary>Decides which calls run on all workers, and where they synchronize.</summary>
/// <remarks>A barrier precedes a call only if it touches memory that another worker may still be using: calls that partition a buffer
/// alike need none between them, since each worker reads what it wrote itself; where chunks are claimed, it is unknown who wrote
/// what. O(calls).</remarks>
internal sealed class WorkSharing
{
    /// <summary>Most calls between two barriers: each new call is compared with all of them. One more barrier costs less than any of
    /// them.</summary>
    private const int MostPending = 256;

    private readonly ImmutableArray<SharedCall> _calls;
    private readonly Thresholds _thresholds;

    public WorkSharing(IEnumerable<(Kernel Kernel, ImmutableArray<Storage> Arguments)> calls, Thresholds thresholds)
    {
        _thresholds = thresholds;
        // Kernels of layers that are alike have one body.
        var known = new Dictionary<(ImmutableArray<Statement>, ImmutableArray<LoopBuffer>), (Kernel, IReadOnlyList<KernelAccess>)>();
        SharedCall Shared(Kernel kernel, ImmutableArray<Storage> arguments)
        {
            var key = (kernel.Body, kernel.Arguments);
            if (!known.TryGetValue(key, out var first))
            {
                var claimed = IsParallel(kernel) ? WorkStealing.Of(kernel, thresholds.Workers, thresholds.ClaimedWork) : kernel;
                first = known[key] = (claimed, KernelAccess.Of(claimed));
            }
            return new(kernel with { Body = first.Item1.Body }, arguments, first.Item2);
        }
        _calls = [.. calls.Select(c => Shared(c.Kernel, c.Arguments))];
    }

    private bool IsParallel(Kernel kernel) => _thresholds.Workers > 1 && kernel.Work >= _thresholds.ParallelWork;

    /// <summary>The calls, with who runs them and where a barrier is.</summary>
    public ImmutableArray<KernelCall> Share()
    {
        var result = ImmutableArray.CreateBuilder<KernelCall>(_calls.Length);
        var (pendingParallel, pendingSerial) = (new List<SharedCall>(), new List<SharedCall>());
        foreach (var call in _calls)
        {
            var isParallel = IsParallel(call.Kernel);
            var needsBarrier = pendingParallel.Any(p => p.Conflicts(call, isParallel))
                || (isParallel && pendingSerial.Any(p => p.Conflicts(call, areBothParallel: false)))
                || (pendingParallel.Count > 0 || isParallel) && pendingParallel.Count + pendingSerial.Count >= MostPending;
            // A kernel with a barrier inside leaves nothing of those before it unfinished.
            if (needsBarrier || (isParallel && call.HasBarrier))
            {
                pendingParallel.Clear();
                pendingSerial.Clear();
            }
            (isParallel ? pendingParallel : pendingSerial).Add(call);
            result.Add(new KernelCall(call.Kernel, call.Arguments, isParallel, needsBarrier));
        }
        return result.MoveToImmutable();
    }

    /// <summary>From which work on a kernel is shared, and claimed in chunks.</summary>
    /// <param name="Workers">Most workers.</param>
    /// <param name="ParallelWork">Scalar operations of a kernel that all of them run.</param>
    /// <param name="ClaimedWork">Scalar operations of a kernel in which they claim chunks.</param>
    public sealed record Thresholds(int Workers, double ParallelWork, double ClaimedWork);

    /// <summary>A kernel with the memory that it touches.</summary>
    private sealed class SharedCall
    {
        private readonly ImmutableArray<Region> _regions;

        public SharedCall(Kernel kernel, ImmutableArray<Storage> arguments, IReadOnlyList<KernelAccess> accesses)
        {
            (Kernel, Arguments) = (kernel, arguments);
            _regions = [.. arguments.Select((storage, i) => new Region(storage, kernel.Arguments[i], accesses[i]))
                .Where(r => r.Storage.Kind != StorageKind.Constant)];
            HasBarrier = kernel.Body.Any(s => s is BarrierStatement);
            UsesShared = kernel.Scratch.Any(b => b.Scope == BufferScope.Shared);
            Claims = kernel.Body.Any(s => s is ForStatement { Chunk: > 0 });
        }

        public Kernel Kernel { get; }
        public ImmutableArray<Storage> Arguments { get; }
        public bool HasBarrier { get; }
        private bool UsesShared { get; }
        private bool Claims { get; }

        /// <summary>Whether a later call must not begin on one worker while this one runs on another.</summary>
        public bool Conflicts(SharedCall later, bool areBothParallel)
        {
            if ((UsesShared && later.UsesShared) || (Claims && later.Claims)) return true;
            foreach (var mine in _regions)
                foreach (var other in later._regions)
                    if ((mine.Access.Writes || other.Access.Writes) && mine.Overlaps(other)
                        && !(areBothParallel && mine.IsPartitionedAs(other))) return true;
            return false;
        }
    }

    private sealed record Region(Storage Storage, LoopBuffer Buffer, KernelAccess Access)
    {
        public bool Overlaps(Region other) => Storage.Kind == other.Storage.Kind
            && (Storage.Kind == StorageKind.External ? Storage.Index == other.Storage.Index
                : Storage.Index < other.Storage.Index + other.Buffer.Bytes && other.Storage.Index < Storage.Index + Buffer.Bytes);

        public bool IsPartitionedAs(Region other) => Storage == other.Storage && Buffer.DType.Bytes == other.Buffer.DType.Bytes
            && Access.Partition is not null && Access.Partition == other.Access.Partition;
    }
}
