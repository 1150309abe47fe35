using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes;

/// <summary>Orders kernels and gives each buffer its place: the caller's memory, a constant, or a range of one arena.</summary>
/// <remarks>Invariants: a value's memory is written by one kernel and untouched until its last reader runs, which may replace it element by
/// element; a donated parameter is overwritten by its successor only after the last other reader. O(kernels²) for thousands of kernels.</remarks>
internal sealed class MemoryPlan
{
    /// <summary>A layer's weight gradient and bias gradient come between the layer's cotangent, their last reader, and the next one.</summary>
    private const int KernelsAtRest = 2;

    /// <summary>Small updates that run one after another: workers meet before them once, and the cotangents of so many layers, of two updates
    /// each, are kept for that long.</summary>
    private const int UpdatesTogether = 8;

    /// <summary>Scalar operations up to which a meeting is a part of a kernel's time that counts: some 50 µs.</summary>
    private const double SmallWork = 1e6;

    private readonly Function _function;
    private readonly ImmutableArray<int> _donated;
    private readonly TargetTraits _target;
    private readonly List<PlannedKernel> _kernels = [];
    private readonly Dictionary<Value, Storage> _places = [];
    private readonly List<Literal> _constants = [];
    private readonly List<(Value Temporary, int Parameter)> _lateCopies = [];
    private int _externalCount;

    public MemoryPlan(Function function, ImmutableArray<int> donated, IReadOnlyList<KernelNode> nodes, TargetTraits target)
    {
        (_function, _donated, _target) = (function, donated, target);
        foreach (var node in nodes)
            _kernels.Add(new(node.Kernel, [.. node.Operation.Operands.Select(LowerToLoops.Root)], [.. node.Operation.Results], node.Operation));
    }

    /// <summary>One kernel and the values in memory that it reads and writes.</summary>
    private sealed record PlannedKernel(Kernel Kernel, ImmutableArray<Value> Reads, ImmutableArray<Value> Writes, Operation? Operation)
    {
        /// <summary>Parameters that it overwrites with their successors.</summary>
        public List<Value> Overwrites { get; } = [];
    }

    public LoopProgram Build(double parallelWork)
    {
        PlaceGiven();
        var copies = PlaceResults();
        var order = Schedule();
        var arena = new ArenaLayout();
        PlaceTemporaries(order, copies, arena);
        var calls = order.Select(k => (k.Kernel, Arguments: (ImmutableArray<Storage>)[.. k.Reads.Concat(k.Writes).Select(v => _places[v])])).ToList();
        foreach (var (from, to) in copies) calls.Add((CopyKernel(from.Type), [_places[LowerToLoops.Root(from)], to]));
        foreach (var (from, parameter) in _lateCopies)
            calls.Add((CopyKernel(from.Type), [_places[LowerToLoops.Root(from)], new Storage(StorageKind.External, parameter)]));

        var shared = calls.Select(c => ScratchBytes(c.Kernel, BufferScope.Shared)).DefaultIfEmpty(0).Max();
        var worker = calls.Select(c => ScratchBytes(c.Kernel, BufferScope.Worker)).DefaultIfEmpty(0).Max();
        var sharedAt = arena.Bytes;
        var workerAt = sharedAt + shared;
        return new LoopProgram(_function.Name, new WorkSharing(calls).Share(_target.Workers, parallelWork), [.. _constants], _externalCount,
            workerAt + worker * _target.Workers, sharedAt, workerAt, worker, arena.KeepAllBytes);
    }

    private static long ScratchBytes(Kernel kernel, BufferScope scope) =>
        kernel.Scratch.Where(b => b.Scope == scope).Sum(b => b.AlignedBytes);

    private void PlaceGiven()
    {
        for (var i = 0; i < _function.Parameters.Length; i++) _places[_function.Parameters[i]] = new(StorageKind.External, i);
        _externalCount = _function.Parameters.Length;
        foreach (var operation in _function.Operations.Where(o => o.Op is Constant))
        {
            _places[operation.Result] = new(StorageKind.Constant, _constants.Count);
            _constants.Add(Constant.LiteralOf(operation));
        }
    }

    // Results are written where the caller wants them if a kernel makes them; what cannot be is copied at the end.
    private List<(Value From, Storage To)> PlaceResults()
    {
        var copies = new List<(Value, Storage)>();
        var claimed = new HashSet<Value>();
        for (var i = 0; i < _function.Results.Length; i++)
        {
            var value = _function.Results[i];
            var isDonated = _donated[i] >= 0;
            var to = new Storage(StorageKind.External, isDonated ? _donated[i] : _externalCount++);
            var producer = _kernels.FirstOrDefault(k => k.Writes.Contains(value));
            if (isDonated && value == _function.Parameters[_donated[i]]) continue;
            if (producer is not null && claimed.Add(value) && !isDonated) _places[value] = to;
            else if (producer is not null && isDonated && !_places.ContainsKey(value) && CanOverwrite(producer, value, _function.Parameters[_donated[i]])) producer.Overwrites.Add(value);
            else if (isDonated) _lateCopies.Add((Snapshot(value), _donated[i]));
            else if (LowerToLoops.Root(value).Definition is null) PlaceByKernel(value, to);
            else copies.Add((value, to));
        }
        return copies;
    }

    /// <summary>Whether a kernel may store its result over another value: one that it does not read, or only element by element.</summary>
    private static bool CanOverwrite(PlannedKernel producer, Value value, Value replaced)
    {
        if (!producer.Reads.Contains(replaced)) return true;
        if (producer.Operation is not { Op: Fusion } fusion || replaced.Shape != value.Shape) return false;
        var body = fusion.Body!;
        var inner = body.Parameters.Where((_, i) => producer.Reads[i] == replaced).ToHashSet();
        // Only elementwise readers are sure to have read an element before its successor is stored over it; a row kernel
        // passes over full elements several times, but reads a row's own values before it stores any.
        var isRow = body.Operations.Any(o => o.Op is IReductionOp);
        var domain = isRow ? body.Operations.First(o => o.Op is IReductionOp).Operands[0].Shape : null as Shape?;
        return body.Operations.All(o => !o.Operands.Any(inner.Contains) || o.Op is IElementOp)
            && !body.Results.Any(inner.Contains) && domain != replaced.Shape;
    }

    // A parameter that is returned: a kernel copies it, so that the order against overwriting kernels is kept.
    private void PlaceByKernel(Value value, Storage to)
    {
        var copy = CopyOf(value);
        _places[copy] = to;
    }

    private Value Snapshot(Value value) => LowerToLoops.Root(value).Definition is null ? CopyOf(value) : value;

    private Value CopyOf(Value value)
    {
        var scratch = new FunctionBuilder("copy");
        var copy = scratch.Parameter("copy", value.Type);
        _kernels.Add(new(CopyKernel(value.Type), [LowerToLoops.Root(value)], [copy], null));
        return copy;
    }

    private Kernel CopyKernel(TensorType type)
    {
        var count = Math.Max(type.Shape.ElementCount, 1);
        var (from, to) = (new LoopBuffer("from", type.DType, count, BufferScope.Argument), new LoopBuffer("to", type.DType, count, BufferScope.Argument, true));
        var i = new LoopVariable("i");
        var lanes = Math.Min(_target.Lanes(type.DType) * 2, ElementKernel.PowerOfTwoAtLeast(count));
        var loop = new ForStatement(i, type.Shape.ElementCount, LoopKind.ParallelVector, lanes, [new StoreStatement(to, i.Value, new LoadExpr(from, i.Value))]);
        return new Kernel("copy", [from, to], [], [loop], [], type.Shape.ElementCount);
    }

    // In the function's order, but for small updates: they wait for other small kernels until some have gathered.
    private List<PlannedKernel> Schedule()
    {
        var order = new List<PlannedKernel>();
        var written = new HashSet<Value>(_places.Keys.Where(v => v.Definition is null || v.Definition.Op is Constant));
        var waiting = new WaitingKernels(_kernels, ParameterOf);
        var flushes = false;
        while (waiting.Kernels.Count > 0)
        {
            var ready = waiting.Kernels.Where(k => k.Reads.All(written.Contains)).ToList();
            var free = ready.Where(k => !waiting.AreBlockedBy(k)).ToList();
            var updates = free.Where(IsSmallUpdate).ToList();
            flushes = updates.Count >= UpdatesTogether || flushes && updates.Count > 0;
            var other = free.FirstOrDefault(k => !updates.Contains(k));
            var waits = !flushes && other is not null && other.Kernel.Work <= SmallWork;
            var next = (waits ? other : updates.FirstOrDefault() ?? other) ?? ready[0];
            if (waiting.AreBlockedBy(next)) Demote(next);
            foreach (var value in next.Overwrites) _places[value] = new(StorageKind.External, ParameterNumber(value));
            waiting.Remove(next);
            order.Add(next);
            written.UnionWith(next.Writes);
        }
        return order;
    }

    /// <summary>Kernels that are not yet in the order, and how many of them read each value.</summary>
    private sealed class WaitingKernels
    {
        private readonly Dictionary<Value, int> _readers = [];
        private readonly Func<Value, Value> _parameterOf;

        public WaitingKernels(IEnumerable<PlannedKernel> kernels, Func<Value, Value> parameterOf)
        {
            (Kernels, _parameterOf) = ([.. kernels], parameterOf);
            foreach (var value in Kernels.SelectMany(k => k.Reads.Distinct())) _readers[value] = _readers.GetValueOrDefault(value) + 1;
        }

        public List<PlannedKernel> Kernels { get; }

        public void Remove(PlannedKernel kernel)
        {
            Kernels.Remove(kernel);
            foreach (var value in kernel.Reads.Distinct()) _readers[value]--;
        }

        /// <summary>Whether the kernel overwrites what another still reads.</summary>
        public bool AreBlockedBy(PlannedKernel kernel) =>
            kernel.Overwrites.Select(_parameterOf).Any(p => _readers.GetValueOrDefault(p) > (kernel.Reads.Contains(p) ? 1 : 0));
    }

    private bool IsSmallUpdate(PlannedKernel kernel) => _target.Workers > 1 && kernel.Overwrites.Count > 0 && kernel.Kernel.Work <= SmallWork;

    private int ParameterNumber(Value result) => _donated[_function.Results.IndexOf(result)];

    private Value ParameterOf(Value result) => _function.Parameters[ParameterNumber(result)];

    // Two kernels each read what the other replaces: one of them writes beside, and its result is copied at the end.
    private void Demote(PlannedKernel kernel)
    {
        foreach (var value in kernel.Overwrites) _lateCopies.Add((value, ParameterNumber(value)));
        kernel.Overwrites.Clear();
    }

    // A small buffer's memory rests for a few kernels after its last reader: who takes it next need not meet the workers that still read.
    private int RestsUntil(Value value, int lastUse) =>
        _target.Workers > 1 && value.Type.Bytes <= _target.L1Bytes && lastUse < int.MaxValue ? lastUse + KernelsAtRest : lastUse;

    private void PlaceTemporaries(List<PlannedKernel> order, List<(Value From, Storage To)> copies, ArenaLayout arena)
    {
        var lastUse = new Dictionary<Value, int>();
        for (var t = 0; t < order.Count; t++)
            foreach (var value in order[t].Reads.Concat(order[t].Writes)) lastUse[value] = t;
        foreach (var (value, _) in copies) lastUse[LowerToLoops.Root(value)] = int.MaxValue;
        foreach (var (value, _) in _lateCopies) lastUse[LowerToLoops.Root(value)] = int.MaxValue;
        for (var t = 0; t < order.Count; t++)
        {
            // What is read here for the last time, element by element, gives its place to a result.
            var dying = order[t].Reads.Distinct().Where(o => arena.Holds(o) && lastUse[o] == t).ToList();
            foreach (var value in order[t].Writes)
            {
                if (_places.ContainsKey(value)) continue;
                var until = RestsUntil(value, lastUse[value]);
                if (dying.FirstOrDefault(o => o.Type == value.Type && CanOverwrite(order[t], value, o)) is { } replaced)
                {
                    arena.Replace(replaced, value, until);
                    dying.Remove(replaced);
                }
                else
                {
                    arena.Add(value, t, until);
                }
            }
        }
        foreach (var (value, offset) in arena.Place()) _places[value] = new(StorageKind.Arena, offset);
    }
}

/// <summary>Offsets for buffers with lifetimes, such that no two alive at once overlap: largest first, lowest gap that fits.</summary>
internal sealed class ArenaLayout
{
    private sealed record Item(long Bytes, int First)
    {
        public int Last { get; set; }
        public long Offset { get; set; }
    }

    private readonly List<Item> _items = [];
    private readonly Dictionary<Value, Item> _itemOf = [];

    /// <summary>Bytes in use, once placed.</summary>
    public long Bytes { get; private set; }
    /// <summary>Bytes that the values would take side by side.</summary>
    public long KeepAllBytes => _itemOf.Values.Sum(i => i.Bytes);

    public bool Holds(Value value) => _itemOf.ContainsKey(value);

    public void Add(Value value, int first, int last)
    {
        var item = new Item(LoopBuffer.Align(Math.Max(value.Type.Bytes, 1)), first) { Last = last };
        _items.Add(item);
        _itemOf[value] = item;
    }

    /// <summary>Gives a value the place of another of its size, whose life ends where its own begins.</summary>
    public void Replace(Value value, Value successor, int last)
    {
        var item = _itemOf[value];
        item.Last = Math.Max(item.Last, last);
        _itemOf[successor] = item;
    }

    public IEnumerable<(Value Value, long Offset)> Place()
    {
        var placed = new List<Item>();
        foreach (var item in _items.OrderByDescending(i => i.Bytes))
        {
            var offset = 0L;
            foreach (var other in placed.Where(o => o.First <= item.Last && item.First <= o.Last).OrderBy(o => o.Offset))
            {
                if (offset + item.Bytes <= other.Offset) break;
                offset = Math.Max(offset, other.Offset + other.Bytes);
            }
            item.Offset = offset;
            Bytes = Math.Max(Bytes, offset + item.Bytes);
            placed.Add(item);
        }
        return _itemOf.Select(i => (i.Key, i.Value.Offset));
    }
}
