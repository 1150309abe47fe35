using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Planning;

/// <summary>Orders kernels and assigns each value a buffer: the caller's memory, a constant, or a range of one arena.</summary>
/// <remarks>Invariants, which <see cref="PlanVerifier"/> checks: a value's memory is written by one kernel and untouched until its last
/// reader runs, which may replace it element by element; a donated parameter is overwritten once, after the last reader of its old
/// elements; at the end every result is where the caller looks for it.
/// O(kernels · log kernels), and a scan of the buffers alive for each buffer.</remarks>
internal sealed class MemoryPlan
{
    /// <summary>Kernels by which reuse of a small buffer is deferred: a layer's weight and bias gradients run between the last reader of
    /// one cotangent and the writer of the next.</summary>
    private const int KernelsBeforeReuse = 2;

    private readonly Function _function;
    private readonly ImmutableArray<int> _donated;
    private readonly TargetTraits _target;
    private readonly List<PlannedKernel> _kernels = [];
    private readonly Dictionary<Value, PlannedKernel> _producers = [];
    private readonly Dictionary<Value, Storage> _storage = [];
    private readonly List<Literal> _constants = [];
    private readonly List<(Value From, Storage To)> _copies = [];
    private readonly List<(Value Value, int First, int Last)> _lifetimes = [];
    private int _externalCount;

    public MemoryPlan(Function function, ImmutableArray<int> donated, IReadOnlyList<KernelNode> nodes, TargetTraits target)
    {
        (_function, _donated, _target) = (function, donated, target);
        CheckDonations();
        foreach (var node in nodes)
            AddKernel(new(node.Kernel, [.. node.Operation.Operands.Select(LowerToLoops.Root)],
                [.. node.Operation.Results], node.Operation));
    }

    /// <summary>The program; checked by <see cref="PlanVerifier"/> where <paramref name="verifies"/>.</summary>
    public LoopProgram Build(double parallelWork, double claimedWork, bool verifies)
    {
        var arena = new ArenaLayout();
        var calls = AssignStorage(arena);
        if (verifies) PlanVerifier.Verify(_function, _donated, calls);
        var shared = calls.Select(c => ScratchBytes(c.Kernel.Kernel, BufferScope.Shared)).DefaultIfEmpty(0).Max();
        var worker = calls.Select(c => ScratchBytes(c.Kernel.Kernel, BufferScope.Worker)).DefaultIfEmpty(0).Max();
        var sharedAt = arena.Bytes;
        var workerAt = sharedAt + shared;
        var sharing = new WorkSharing(calls.Select(c => (c.Kernel.Kernel, c.Arguments)),
            new(_target.Workers, parallelWork, claimedWork));
        return new LoopProgram(_function.Name, sharing.Share(), [.. _constants], _externalCount,
            workerAt + worker * _target.Workers, sharedAt, workerAt, worker, arena.KeepAllBytes)
        {
            Lifetimes = [.. _lifetimes.Select(l => new BufferLifetime(l.Value.Id, l.Value.Type, _storage[l.Value].Index, l.First,
                Math.Min(l.Last, calls.Count - 1)))],
            LoweredFrom = [.. calls.Select(c => c.Kernel.Operation?.Id ?? -1)],
        };
    }

    /// <summary>The kernels in execution order with the storage of their arguments; temporaries are in an arena.</summary>
    public List<PlannedCall> AssignStorage(ArenaLayout arena)
    {
        AssignParametersAndConstants();
        AssignResults();
        // What is written to the caller's memory, or copied there at the end, takes as much in any order.
        var elsewhere = _kernels.SelectMany(k => k.Overwrites.Select(o => o.Result)).Concat(_copies.Select(c => c.From)).ToHashSet();
        var order = KernelSchedule.Order(_kernels, p => _function.Parameters[p], _target.Workers,
            v => _storage.ContainsKey(v) || elsewhere.Contains(v) ? 0 : v.Type.Bytes, FallBackToCopies);
        foreach (var overwrite in order.SelectMany(k => k.Overwrites))
            _storage[overwrite.Result] = new(StorageKind.External, overwrite.Parameter);
        AssignTemporaries(order, arena);
        List<PlannedCall> calls = [.. order.Select(k => PlannedCall.Of(k, [.. k.Reads.Concat(k.Writes).Select(v => _storage[v])]))];
        calls.AddRange(_copies.Select(c => new PlannedCall(PlannedKernel.Copy(c.From, c.From, _target), [_storage[c.From], c.To])));
        return calls;
    }

    private static long ScratchBytes(Kernel kernel, BufferScope scope) =>
        kernel.Scratch.Where(b => b.Scope == scope).Sum(b => b.AlignedBytes);

    private void CheckDonations()
    {
        var replaced = new HashSet<int>();
        if (_donated.Length != _function.Results.Length)
            throw new InternalCompilerException("plan", $"{_donated.Length} donations for {_function.Results.Length} results");
        foreach (var (number, result) in _donated.Zip(_function.Results).Where(d => d.First >= 0))
        {
            var parameter = _function.Parameters[number];
            if (!replaced.Add(number)) throw new InternalCompilerException("plan", $"two results replace {parameter}");
            if (parameter.Type != result.Type)
                throw new InternalCompilerException("plan", $"{result} : {result.Type} cannot replace {parameter} : {parameter.Type}");
        }
    }

    private void AddKernel(PlannedKernel kernel)
    {
        _kernels.Add(kernel);
        foreach (var value in kernel.Writes) _producers[value] = kernel;
    }

    private void AssignParametersAndConstants()
    {
        for (var i = 0; i < _function.Parameters.Length; i++) _storage[_function.Parameters[i]] = new(StorageKind.External, i);
        _externalCount = _function.Parameters.Length;
        foreach (var operation in _function.Operations.Where(o => o.Op is Constant))
        {
            _storage[operation.Result] = new(StorageKind.Constant, _constants.Count);
            _constants.Add(Constant.LiteralOf(operation));
        }
    }

    // A kernel writes its result straight to the caller's buffer; a result that is returned twice is copied at the end.
    private void AssignResults()
    {
        var overwriting = new HashSet<Value>();
        for (var i = 0; i < _function.Results.Length; i++)
        {
            var value = LowerToLoops.Root(_function.Results[i]);
            var replaced = _donated[i] >= 0 ? _function.Parameters[_donated[i]] : null;
            var to = new Storage(StorageKind.External, replaced is null ? _externalCount++ : _donated[i]);
            if (value == replaced) continue;
            if (value.Definition is null) CopyParameter(value, to, replaced);
            else if (!_producers.TryGetValue(value, out var producer) || _storage.ContainsKey(value) || overwriting.Contains(value))
                _copies.Add((value, to));
            else if (replaced is null) _storage[value] = to;
            else if (producer.CanOverwrite(value, replaced) && overwriting.Add(value)) producer.Overwrites.Add(new(value, _donated[i]));
            else _copies.Add((value, to));
        }
    }

    // A parameter that is returned is copied by a kernel, which the schedule orders before kernels that overwrite it.
    private void CopyParameter(Value parameter, Storage to, Value? replaced)
    {
        var copy = new FunctionBuilder("copy").Parameter("copy", parameter.Type);
        AddKernel(PlannedKernel.Copy(parameter, copy, _target));
        if (replaced is null) _storage[copy] = to;
        else _copies.Add((copy, to));
    }

    // Two kernels each read what the other overwrites: one of them writes to the arena, and its results are copied at the end.
    private void FallBackToCopies(PlannedKernel kernel)
    {
        foreach (var overwrite in kernel.Overwrites) _copies.Add((overwrite.Result, new(StorageKind.External, overwrite.Parameter)));
        kernel.Overwrites.Clear();
    }

    // Reuse of a small buffer's memory is deferred by a few kernels: the next writer need not wait for the workers that still read.
    private int InUseUntil(Value value, int lastUse) =>
        _target.Workers > 1 && value.Type.Bytes <= _target.L1Bytes && lastUse < int.MaxValue ? lastUse + KernelsBeforeReuse : lastUse;

    private void AssignTemporaries(List<PlannedKernel> order, ArenaLayout arena)
    {
        var lastUse = new Dictionary<Value, int>();
        for (var t = 0; t < order.Count; t++)
            foreach (var value in order[t].Reads.Concat(order[t].Writes)) lastUse[value] = t;
        foreach (var (value, _) in _copies) lastUse[value] = int.MaxValue;
        for (var t = 0; t < order.Count; t++)
        {
            // An operand that is read here for the last time, element by element, gives its memory to a result.
            var dying = order[t].Sources.Where(o => arena.Holds(o) && lastUse[o] == t).ToList();
            foreach (var value in order[t].Writes)
            {
                if (_storage.ContainsKey(value)) continue;
                _lifetimes.Add((value, t, lastUse[value]));
                var until = InUseUntil(value, lastUse[value]);
                if (dying.Find(o => o.Type == value.Type && order[t].CanOverwrite(value, o)) is { } replaced)
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
        foreach (var (value, offset) in arena.AssignOffsets()) _storage[value] = new(StorageKind.Arena, offset);
    }
}

/// <summary>A kernel with the memory of its arguments, in execution order.</summary>
internal sealed record PlannedCall(PlannedKernel Kernel, ImmutableArray<Storage> Arguments)
{
    /// <summary>The call of what is left to do with the arguments in this memory.</summary>
    public static PlannedCall Of(PlannedKernel kernel, ImmutableArray<Storage> arguments) => new(kernel.For(arguments), arguments);
}
