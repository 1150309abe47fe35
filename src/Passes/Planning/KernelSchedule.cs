using GraphCompiler.IR;

namespace GraphCompiler.Passes.Planning;

/// <summary>Orders kernels: as the function does, except that small updates of parameters are batched behind one barrier, and that a kernel
/// that overwrites a parameter comes after every other reader of it.</summary>
/// <remarks>Needs: no two kernels overwrite one parameter. O(kernels · log kernels + operands).</remarks>
internal sealed class KernelSchedule
{
    /// <summary>Most small updates that are batched behind one barrier; their cotangents stay live until then.</summary>
    private const int UpdatesTogether = 8;

    /// <summary>Scalar operations, some 50 µs, up to which a barrier takes a notable part of a kernel's time.</summary>
    private const double SmallWork = 1e6;

    private readonly IReadOnlyList<PlannedKernel> _kernels;
    private readonly Func<int, Value> _parameter;
    private readonly bool _batchesUpdates;
    private readonly Dictionary<Value, List<int>> _readers = [];
    private readonly Dictionary<Value, int> _overwriter = [];
    // For each kernel: operands that are not written yet, and kernels that still read what it overwrites.
    private readonly int[] _unwritten;
    private readonly int[] _blockers;
    private readonly SortedSet<int> _blocked = [];
    private readonly SortedSet<int> _freeUpdates = [];
    private readonly SortedSet<int> _freeOthers = [];

    private KernelSchedule(IReadOnlyList<PlannedKernel> kernels, Func<int, Value> parameter, int workers)
    {
        (_kernels, _parameter, _batchesUpdates) = (kernels, parameter, workers > 1);
        (_unwritten, _blockers) = (new int[kernels.Count], new int[kernels.Count]);
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
    }

    /// <summary>The kernels in execution order.</summary>
    /// <param name="kernels">In the function's order.</param>
    /// <param name="parameter">The parameter of a number.</param>
    /// <param name="workers">Threads of a step.</param>
    /// <param name="fallBack">Is given each kernel that cannot overwrite its parameters, since it would have to run before and after
    /// another; clears its overwrites.</param>
    public static List<PlannedKernel> Order(IReadOnlyList<PlannedKernel> kernels, Func<int, Value> parameter, int workers,
        Action<PlannedKernel> fallBack)
    {
        var schedule = new KernelSchedule(kernels, parameter, workers);
        return schedule.Run(fallBack);
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
        var waits = !flushes && _freeOthers.Count > 0 && _kernels[_freeOthers.Min].Kernel.Work <= SmallWork;
        return _freeUpdates.Count > 0 && !waits ? _freeUpdates.Min : _freeOthers.Count > 0 ? _freeOthers.Min : _blocked.Min;
    }

    private void Finish(int kernel)
    {
        foreach (var set in (SortedSet<int>[])[_freeUpdates, _freeOthers, _blocked]) set.Remove(kernel);
        foreach (var value in _kernels[kernel].Sources)
        {
            if (!_overwriter.TryGetValue(value, out var overwriter) || overwriter == kernel || --_blockers[overwriter] > 0) continue;
            if (_blocked.Remove(overwriter)) MakeReady(overwriter);
        }
        foreach (var reader in _kernels[kernel].Writes.SelectMany(v => _readers.GetValueOrDefault(v, [])))
            if (--_unwritten[reader] == 0) MakeReady(reader);
    }

    private void MakeReady(int kernel) =>
        (_blockers[kernel] > 0 ? _blocked : IsSmallUpdate(_kernels[kernel]) ? _freeUpdates : _freeOthers).Add(kernel);

    private bool IsSmallUpdate(PlannedKernel kernel) => _batchesUpdates && kernel.Overwrites.Count > 0 && kernel.Kernel.Work <= SmallWork;
}
