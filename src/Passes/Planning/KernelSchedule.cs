using GraphCompiler.IR;

namespace GraphCompiler.Passes.Planning;

/// <summary>Orders kernels: as the function does, or, where that takes notably less memory, whichever of those that are ready adds least to
/// what is alive. Small updates of parameters are batched behind one barrier, and a kernel that overwrites a parameter comes after every
/// other reader of it.</summary>
/// <remarks>Needs: no two kernels overwrite one parameter. Which order takes least memory is an NP-hard question; this one looks a kernel
/// ahead (list scheduling), and so is compared with the function's. O(kernels · log kernels + operands).</remarks>
internal sealed class KernelSchedule
{
    /// <summary>Most small updates that are batched behind one barrier; their cotangents stay live until then.</summary>
    private const int UpdatesTogether = 8;

    /// <summary>Scalar operations, some 50 µs, up to which a barrier takes a notable part of a kernel's time.</summary>
    private const double SmallWork = 1e6;

    /// <summary>Of the memory of the function's order, what another has to do with: neighbours in the function share caches.</summary>
    private const double NotablyLess = 7.0 / 8;

    private readonly IReadOnlyList<PlannedKernel> _kernels;
    private readonly Func<int, Value> _parameter;
    private readonly Func<Value, long> _bytes;
    private readonly bool _batchesUpdates;
    private readonly Dictionary<Value, List<int>> _readers = [];
    private readonly Dictionary<Value, int> _overwriter = [];
    // For each kernel: operands that are not written yet, kernels that still read what it overwrites, bytes by which what is alive grows;
    // for each value kernels that have yet to read it.
    private readonly int[] _unwritten;
    private readonly int[] _blockers;
    private readonly long[] _growth;
    private readonly bool[] _isDone;
    private readonly Dictionary<Value, int> _waiting = [];
    private readonly SortedSet<(long Growth, int Kernel)> _blocked = [];
    private readonly SortedSet<(long Growth, int Kernel)> _freeUpdates = [];
    private readonly SortedSet<(long Growth, int Kernel)> _freeOthers = [];

    private KernelSchedule(IReadOnlyList<PlannedKernel> kernels, Func<int, Value> parameter, int workers, Func<Value, long> bytes)
    {
        (_kernels, _parameter, _bytes, _batchesUpdates) = (kernels, parameter, bytes, workers > 1);
        (_unwritten, _blockers, _isDone) = (new int[kernels.Count], new int[kernels.Count], new bool[kernels.Count]);
        _growth = [.. kernels.Select(k => k.Writes.Sum(bytes))];
        var written = kernels.SelectMany(k => k.Writes).ToHashSet();
        for (var i = 0; i < kernels.Count; i++)
        {
            _unwritten[i] = kernels[i].Sources.Count(written.Contains);
            foreach (var value in kernels[i].Sources)
                (_readers.TryGetValue(value, out var readers) ? readers : _readers[value] = []).Add(i);
            foreach (var overwrite in kernels[i].Overwrites) _overwriter[parameter(overwrite.Parameter)] = i;
        }
        foreach (var (value, overwriter) in _overwriter)
            _blockers[overwriter] += _readers.GetValueOrDefault(value, []).Count(r => r != overwriter);
        foreach (var (value, readers) in _readers)
            if ((_waiting[value] = readers.Count) == 1) _growth[readers[0]] -= bytes(value);
    }

    /// <summary>The kernels in execution order.</summary>
    /// <param name="kernels">In the function's order.</param>
    /// <param name="parameter">The parameter of a number.</param>
    /// <param name="workers">Threads of a step.</param>
    /// <param name="bytes">What a value takes from its writer to its last reader; 0 where the order does not change that.</param>
    /// <param name="fallBack">Is given each kernel that cannot overwrite its parameters, since it would have to run before and after
    /// another; clears its overwrites.</param>
    public static List<PlannedKernel> Order(IReadOnlyList<PlannedKernel> kernels, Func<int, Value> parameter, int workers,
        Func<Value, long> bytes, Action<PlannedKernel> fallBack)
    {
        var written = new KernelSchedule(kernels, parameter, workers, _ => 0).Run(fallBack);
        var frugal = new KernelSchedule(kernels, parameter, workers, bytes).Run(fallBack);
        return PeakOf(frugal, bytes) < NotablyLess * PeakOf(written, bytes) ? frugal : written;
    }

    // Of what is alive at once, side by side.
    private static long PeakOf(List<PlannedKernel> order, Func<Value, long> bytes)
    {
        var last = new Dictionary<Value, int>();
        for (var t = 0; t < order.Count; t++)
            foreach (var value in order[t].Writes.Concat(order[t].Sources)) last[value] = t;
        var (alive, peak) = (0L, 0L);
        for (var t = 0; t < order.Count; t++)
        {
            alive += order[t].Writes.Sum(bytes);
            peak = Math.Max(peak, alive);
            alive -= order[t].Writes.Concat(order[t].Sources).Where(v => last[v] == t).Sum(bytes);
        }
        return peak;
    }

    private List<PlannedKernel> Run(Action<PlannedKernel> fallBack)
    {
        var order = new List<PlannedKernel>(_kernels.Count);
        for (var i = 0; i < _kernels.Count; i++)
            if (_unwritten[i] == 0) MakeReady(i);
        var flushes = false;
        while (order.Count < _kernels.Count)
        {
            flushes = _freeUpdates.Count >= UpdatesTogether || (flushes && _freeUpdates.Count > 0);
            var next = Next(flushes);
            if (_blockers[next] > 0)
            {
                foreach (var overwrite in _kernels[next].Overwrites) _overwriter.Remove(_parameter(overwrite.Parameter));
                fallBack(_kernels[next]);
            }
            order.Add(_kernels[next]);
            Finish(next);
        }
        return order;
    }

    // Updates wait while other small kernels can run, until enough of them can be batched.
    private int Next(bool flushes)
    {
        var waits = !flushes && _freeOthers.Count > 0 && _kernels[_freeOthers.Min.Kernel].Kernel.Work <= SmallWork;
        var from = _freeUpdates.Count > 0 && !waits ? _freeUpdates : _freeOthers.Count > 0 ? _freeOthers : _blocked;
        return from.Min.Kernel;
    }

    private void Finish(int kernel)
    {
        Take(kernel);
        _isDone[kernel] = true;
        foreach (var value in _kernels[kernel].Sources)
        {
            if (_bytes(value) > 0) LeaveToLastReader(value);
            if (!_overwriter.TryGetValue(value, out var overwriter) || overwriter == kernel || --_blockers[overwriter] > 0) continue;
            if (Take(overwriter) is not null) MakeReady(overwriter);
        }
        foreach (var reader in _kernels[kernel].Writes.SelectMany(v => _readers.GetValueOrDefault(v, [])))
            if (--_unwritten[reader] == 0) MakeReady(reader);
    }

    // The value dies with the only kernel that has yet to read it.
    private void LeaveToLastReader(Value value)
    {
        if (--_waiting[value] != 1) return;
        var last = _readers[value].Find(r => !_isDone[r]);
        var set = Take(last);
        _growth[last] -= _bytes(value);
        set?.Add((_growth[last], last));
    }

    // Removes a kernel from the set that has it.
    private SortedSet<(long Growth, int Kernel)>? Take(int kernel)
    {
        foreach (var set in (SortedSet<(long, int)>[])[_freeUpdates, _freeOthers, _blocked])
            if (set.Remove((_growth[kernel], kernel))) return set;
        return null;
    }

    private void MakeReady(int kernel) =>
        (_blockers[kernel] > 0 ? _blocked : IsSmallUpdate(_kernels[kernel]) ? _freeUpdates : _freeOthers).Add((_growth[kernel], kernel));

    private bool IsSmallUpdate(PlannedKernel kernel) => _batchesUpdates && kernel.Overwrites.Count > 0 && kernel.Kernel.Work <= SmallWork;
}
