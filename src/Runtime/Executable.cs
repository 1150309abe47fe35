using System.Runtime.CompilerServices;

namespace GraphCompiler.Runtime;

/// <summary>A compiled step with its memory: native code to call, arena, outputs and (perhaps shared) state.</summary>
/// <remarks>
/// All memory is allocated by the constructor; a run allocates nothing, managed or native. One thread uses an
/// executable at a time, and over one store runs one executable that updates states, or several that do not: who enters meanwhile gets
/// SGC5005. Disposing it during a run is safe: the memory is freed when the run ends. Spans of states and outputs keep their memory
/// alive, whatever is disposed or collected.
/// A span of an output changes by later runs of the thread that asked for it, never by another thread's: that run is given
/// outputs of its own, the one case in which a run allocates.
/// </remarks>
public sealed unsafe partial class Executable : IDisposable
{
    private readonly IDisposable? _code;
    private readonly delegate* unmanaged<void**, byte*, long, long, void*, void> _entry;
    private readonly WorkerPoolLease? _lease;
    private readonly WorkerPool? _pool;
    private ThreadCountTuner _tuner;
    private readonly PinnedMemory?[] _memory; // By buffer; null where the caller owns the memory.
    private readonly NativeMemoryBlock _arena;
    private readonly BarrierBlock _barrier;
    private readonly NativeMemoryBlock _table;
    private readonly Argument[] _inputs;
    private readonly int[] _stateIndices;
    private readonly int[] _outputIndices;
    private readonly Dictionary<string, int> _indexByName = [];

    // Copies of the memory's pointers, which the objects above keep valid.
    private readonly void** _buffers;
    private readonly byte* _arenaStart;
    private readonly void* _barrierStart;

    private readonly StoreGate _gate; // The store's; of one that updates no states, its own.
    private readonly StoreGate? _readGate; // The store's, where it only reads states.
    private readonly int _number; // In _gate.
    private int _isDisposed;
    private int _holder; // One of Holder, or the thread that outputs were handed out to.

    /// <summary>Allocates the memory of a step.</summary>
    /// <param name="code">Owns the native code; disposed with the executable. Null if nothing owns it.</param>
    /// <param name="entry">Address of the native entry, of the signature in <see cref="KernelAbi"/>.</param>
    /// <param name="layout">The buffers that the entry expects.</param>
    /// <param name="threads">Most workers, the calling thread included; 0 for one per processor. Never more run than there are processors
    /// for the process (<see cref="Environment.ProcessorCount"/>, which follows its affinity and control group), since the workers of a
    /// step wait for one another. A layout that is not parallel runs on the calling thread alone.</param>
    /// <param name="store">Where states live, to share them with other executables; null for memory of its own.</param>
    /// <exception cref="RuntimeException">SGC5006: the layout contradicts itself or the shared states; SGC5002: the
    /// store is disposed; SGC5010: no memory. The code is not disposed then.</exception>
    public Executable(IDisposable? code, nint entry, ExecutableLayout layout, int threads, VariableStore? store = null)
        : this(code, entry, layout, threads, store, Environment.ProcessorCount)
    {
    }

    /// <summary>As the public constructor, for a number of processors that may be another than the machine's.</summary>
    internal Executable(
        IDisposable? code, nint entry, ExecutableLayout layout, int threads, VariableStore? store, int processors)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentOutOfRangeException.ThrowIfZero(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Layout = layout;
        _code = code;
        _entry = (delegate* unmanaged<void**, byte*, long, long, void*, void>)entry;
        Threads = !layout.Parallel ? 1 : threads == 0 ? processors : Math.Min(threads, processors);
        layout.Check();
        for (var i = 0; i < layout.Buffers.Length; i++) _indexByName.Add(layout.Buffers[i].Name, i);

        _inputs = [.. IndicesOf(BufferRole.Input).Select(i => new Argument(layout.Buffers[i], i))];
        _stateIndices = IndicesOf(BufferRole.State);
        _outputIndices = IndicesOf(BufferRole.Output);
        _memory = new PinnedMemory?[layout.Buffers.Length];
        store ??= new VariableStore();
        _gate = layout.UpdatesStates && _stateIndices.Length > 0 ? store.Gate : new StoreGate();
        _readGate = _gate == store.Gate || _stateIndices.Length == 0 ? null : store.Gate;
        _number = _gate.NextNumber();
        try
        {
            AllocateStates(store);
            _arena = new NativeMemoryBlock(layout.ArenaBytes);
            _barrier = new BarrierBlock(Threads);
            _table = new NativeMemoryBlock((long)layout.Buffers.Length * sizeof(void*));
            _arenaStart = _arena.Address;
            _barrierStart = (void*)_barrier.Address;
            _buffers = (void**)_table.Address;
            foreach (var i in _stateIndices) _buffers[i] = _memory[i]!.Address;
            AllocateOutputs();
            _lease = Threads > 1 ? WorkerPoolLease.Acquire(Threads) : null;
        }
        catch
        {
            ReleaseMemory();
            throw;
        }
        _pool = _lease?.Pool;
    }

    // Numbers of managed threads are positive.
    private static class Holder
    {
        public const int None = 0, Several = -1;
    }

    /// <summary>The buffers and memory of the step.</summary>
    public ExecutableLayout Layout { get; }

    /// <summary>Workers that a run may use, the calling thread included: at most one per processor, and 1 if the layout is not
    /// parallel.</summary>
    public int Threads { get; }

    /// <summary>Workers of the next run: all, or the calling thread alone where that takes less time.</summary>
    /// <remarks>From time to time both are tried.</remarks>
    public int ActiveThreads => _pool is null || !_tuner.UsesAllThreads ? 1 : Threads;

    /// <summary>Whether the next run is one of those that both ways are tried with.</summary>
    internal bool TriesBoth => _pool is not null && _tuner.Tries;

    /// <summary>Keeps to the way of the next run, or chooses again.</summary>
    internal void FreezeChoice(bool isFrozen) => _tuner.IsFrozen = isFrozen;

    /// <summary>A state's elements, to read or to write between runs; no copy.</summary>
    /// <typeparam name="T">A type that holds the state's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="name">The state's name.</param>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5003 wrong type, SGC5004 no such state, SGC5005 run by another
    /// thread.</exception>
    public Span<T> State<T>(string name) where T : unmanaged
    {
        using var entry = Enter();
        return Elements<T>(Find(name, BufferRole.State));
    }

    /// <summary>A state's elements, to read or to write between runs; no copy.</summary>
    /// <typeparam name="T">A type that holds the state's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="index">Position among the states of the layout, from 0.</param>
    /// <exception cref="RuntimeException">As by name.</exception>
    public Span<T> State<T>(int index) where T : unmanaged
    {
        using var entry = Enter();
        return Elements<T>(Pick(_stateIndices, index, BufferRole.State));
    }

    /// <summary>An output's elements as the last run left them (zero before the first); no copy.</summary>
    /// <remarks>This thread's next run changes them; another thread's run does not.</remarks>
    /// <typeparam name="T">A type that holds the output's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="name">The output's name.</param>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5003 wrong type, SGC5004 no such output, SGC5005 run by another
    /// thread.</exception>
    public ReadOnlySpan<T> Output<T>(string name) where T : unmanaged
    {
        using var entry = Enter();
        return entry.HandOut<T>(name);
    }

    /// <summary>An output's elements as the last run left them (zero before the first); no copy.</summary>
    /// <remarks>This thread's next run changes them; another thread's run does not.</remarks>
    /// <typeparam name="T">A type that holds the output's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="index">Position among the outputs of the layout, from 0.</param>
    /// <exception cref="RuntimeException">As by name.</exception>
    public ReadOnlySpan<T> Output<T>(int index) where T : unmanaged
    {
        using var entry = Enter();
        return entry.HandOut<T>(Layout.Buffers[Pick(_outputIndices, index, BufferRole.Output)].Name);
    }

    /// <summary>The bytes of a state or output, for who has entered.</summary>
    internal Span<byte> BytesOf(string name)
    {
        var index = _indexByName[name];
        return _memory[index]!.Elements<byte>(checked((int)Layout.Buffers[index].Bytes));
    }

    /// <summary>Frees the code, the memory and the share in the states, at the latest when a run in progress ends.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        while (Volatile.Read(ref _gate.Holder) == _number)
            if (Interlocked.CompareExchange(ref _gate.Holder, _number | StoreGate.DisposeWhenDone, _number) == _number) return;
        Free();
    }

    private void Free()
    {
        _lease?.Dispose();
        ReleaseMemory();
        _code?.Dispose();
    }

    // Also runs when the constructor fails half way, so any field may still be null.
    private void ReleaseMemory()
    {
        Array.Clear(_memory);
        foreach (var input in _inputs)
            input.Staging?.Dispose();
        _arena?.Dispose();
        _barrier?.Dispose();
        _table?.Dispose();
    }

    private int[] IndicesOf(BufferRole role) =>
        [.. Enumerable.Range(0, Layout.Buffers.Length).Where(i => Layout.Buffers[i].Role == role)];

    private void AllocateStates(VariableStore store)
    {
        var memory = store.Obtain(_stateIndices.Select(i => Layout.Buffers[i]));
        for (var i = 0; i < memory.Length; i++) _memory[_stateIndices[i]] = memory[i];
    }

    // All or, where memory is short, none.
    private void AllocateOutputs()
    {
        var outputs = Array.ConvertAll(_outputIndices, i => new PinnedMemory(Layout.Buffers[i].Bytes));
        for (var i = 0; i < outputs.Length; i++)
        {
            _memory[_outputIndices[i]] = outputs[i];
            _buffers[_outputIndices[i]] = outputs[i].Address;
        }
    }

    private int Find(string name, BufferRole role)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _indexByName.TryGetValue(name, out var index) && Layout.Buffers[index].Role == role ? index : throw NameError(name, role);
    }

    // Apart from the look-up, which would allocate the closure at each call.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private RuntimeException NameError(string name, BufferRole role)
    {
        var names = Layout.Buffers.Where(b => b.Role == role).Select(b => b.Name);
        return new(RuntimeCode.UnknownArgument,
            $"no {RoleText(role)} is named '{name}'; there are: {string.Join(", ", names)}");
    }

    private static int Pick(int[] indices, int index, BufferRole role) => (uint)index < (uint)indices.Length
        ? indices[index]
        : throw new RuntimeException(RuntimeCode.UnknownArgument,
            $"there is no {RoleText(role)} number {index}; there are {indices.Length}");

    private static string RoleText(BufferRole role) => role == BufferRole.State ? "state" : "output";

    // For who has entered.
    private Span<T> Elements<T>(int index) where T : unmanaged
    {
        var buffer = Layout.Buffers[index];
        if (!ElementTypes.Holds<T>(buffer.Type)) throw TypeError(buffer, typeof(T));
        return _memory[index]!.Elements<T>((int)buffer.Elements);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RuntimeException DisposedError() =>
        new(RuntimeCode.Disposed, "an executable is used after it was disposed");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RuntimeException TypeError(BufferLayout buffer, Type given) =>
        new(RuntimeCode.WrongType, $"'{buffer.Name}' is {buffer.TypeText}, and a span of {given.Name} cannot hold it");
}
