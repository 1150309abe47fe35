using System.Runtime.CompilerServices;

namespace GraphCompiler.Runtime;

/// <summary>A compiled step with its memory: native code to call, arena, outputs and (perhaps shared) state.</summary>
/// <remarks>
/// All memory is allocated by the constructor; a run allocates nothing, managed or native. One thread uses an
/// executable at a time: a second one that enters it meanwhile gets SGC5005. Disposing it during a run is safe: the
/// memory is freed when the run ends. Spans of states and outputs are valid until it is disposed.
/// </remarks>
public sealed unsafe partial class Executable : IDisposable
{
    private readonly IDisposable? _code;
    private readonly delegate* unmanaged<void**, byte*, long, long, void*, void> _entry;
    private readonly WorkerTeam? _team;
    private TeamChoice _choice;
    private readonly StateStore _states;
    private readonly NativeMemoryBlock[] _blocks; // By buffer; null where the caller owns the memory.
    private readonly NativeMemoryBlock _arena;
    private readonly NativeMemoryBlock _barrier;
    private readonly NativeMemoryBlock _table;
    private readonly Argument[] _inputs;
    private readonly int[] _stateIndices;
    private readonly int[] _outputIndices;
    private readonly Dictionary<string, int> _indexByName = [];

    // Copies of the blocks' pointers, which the blocks above keep valid.
    private readonly void** _buffers;
    private readonly byte* _arenaStart;
    private readonly void* _barrierStart;

    private int _use; // One of Use.

    /// <summary>Allocates the memory of a step.</summary>
    /// <param name="code">Owns the native code; disposed with the executable. Null if nothing owns it.</param>
    /// <param name="entry">Address of the native entry, of the signature in <see cref="KernelAbi"/>.</param>
    /// <param name="layout">The buffers that the entry expects.</param>
    /// <param name="threads">Workers including the calling thread; 0 for one per processor. The process's shared team
    /// of this size is used. A layout that is not parallel runs on the calling thread alone.</param>
    /// <param name="states">Where states live, to share them with other executables; null for memory of its own.</param>
    /// <exception cref="RuntimeException">SGC5006: the layout contradicts itself or the shared states; SGC5002: the
    /// store is disposed. The code is not disposed then.</exception>
    public Executable(IDisposable? code, nint entry, ExecutableLayout layout, int threads, StateStore? states = null)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentOutOfRangeException.ThrowIfZero(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Layout = layout;
        _code = code;
        _entry = (delegate* unmanaged<void**, byte*, long, long, void*, void>)entry;
        Threads = !layout.Parallel ? 1 : threads == 0 ? Environment.ProcessorCount : threads;
        CheckLayout();

        _inputs = [.. IndicesOf(BufferRole.Input).Select(i => new Argument(layout.Buffers[i], i))];
        _stateIndices = IndicesOf(BufferRole.State);
        _outputIndices = IndicesOf(BufferRole.Output);
        _blocks = new NativeMemoryBlock[layout.Buffers.Length];
        _states = states ?? new StateStore();
        _states.Retain();
        try
        {
            AllocateStatesAndOutputs();
            _arena = new NativeMemoryBlock(layout.ArenaBytes);
            _barrier = new NativeMemoryBlock(KernelAbi.BarrierBytes);
            _table = new NativeMemoryBlock((long)layout.Buffers.Length * sizeof(void*));
        }
        catch
        {
            ReleaseMemory();
            throw;
        }
        if (states is null) _states.Dispose(); // Its only share is now this executable's.

        _arenaStart = _arena.Address;
        _barrierStart = _barrier.Address;
        _buffers = (void**)_table.Address;
        for (var i = 0; i < _blocks.Length; i++)
            _buffers[i] = _blocks[i] is { } block ? block.Address : null;
        _team = Threads > 1 ? WorkerTeam.Shared(Threads) : null;
    }

    private static class Use
    {
        public const int Idle = 0, Running = 1, DisposeWhenDone = 2, Disposed = 3;
    }

    /// <summary>The buffers and memory of the step.</summary>
    public ExecutableLayout Layout { get; }

    /// <summary>Workers that a run may use, the calling thread included: 1 if the layout is not parallel.</summary>
    public int Threads { get; }

    /// <summary>Workers of the next run: all, or the calling thread alone where that takes less time (from time to time both are tried).</summary>
    public int ActiveThreads => _team is null || !_choice.UsesTeam ? 1 : Threads;

    /// <summary>Whether the next run is one of those that both ways are tried with.</summary>
    internal bool TriesBoth => _team is not null && _choice.Tries;

    /// <summary>Keeps to the way of the next run, or chooses again.</summary>
    internal void FreezeChoice(bool isFrozen) => _choice.IsFrozen = isFrozen;

    /// <summary>A state's elements, to read or to write between runs; no copy.</summary>
    /// <typeparam name="T">A type that holds the state's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="name">The state's name.</param>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5003 wrong type, SGC5004 no such state.</exception>
    public Span<T> State<T>(string name) where T : unmanaged => Elements<T>(Find(name, BufferRole.State));

    /// <summary>A state's elements, to read or to write between runs; no copy.</summary>
    /// <typeparam name="T">A type that holds the state's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="index">Position among the states of the layout, from 0.</param>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5003 wrong type, SGC5004 no such state.</exception>
    public Span<T> State<T>(int index) where T : unmanaged => Elements<T>(Pick(_stateIndices, index, BufferRole.State));

    /// <summary>An output's elements as the last run left them (zero before the first); no copy.</summary>
    /// <typeparam name="T">A type that holds the output's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="name">The output's name.</param>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5003 wrong type, SGC5004 no such output.</exception>
    public ReadOnlySpan<T> Output<T>(string name) where T : unmanaged => Elements<T>(Find(name, BufferRole.Output));

    /// <summary>An output's elements as the last run left them (zero before the first); no copy.</summary>
    /// <typeparam name="T">A type that holds the output's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="index">Position among the outputs of the layout, from 0.</param>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5003 wrong type, SGC5004 no such output.</exception>
    public ReadOnlySpan<T> Output<T>(int index) where T : unmanaged =>
        Elements<T>(Pick(_outputIndices, index, BufferRole.Output));

    /// <summary>A part of the arena, for what a step leaves there beside its scratch values; no copy.</summary>
    /// <param name="offset">Byte offset, a multiple of the element size.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="RuntimeException">SGC5002: disposed.</exception>
    internal Span<T> Arena<T>(long offset, int count) where T : unmanaged
    {
        if (Volatile.Read(ref _use) >= Use.DisposeWhenDone) throw DisposedError();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (long)count * sizeof(T), Layout.ArenaBytes);
        return new Span<T>(_arenaStart + offset, count);
    }

    /// <summary>Frees the code, the memory and the share in the states, at the latest when a run in progress ends.</summary>
    public void Dispose()
    {
        while (true)
        {
            var use = Volatile.Read(ref _use);
            if (use is Use.DisposeWhenDone or Use.Disposed) return;
            var next = use == Use.Idle ? Use.Disposed : Use.DisposeWhenDone;
            if (Interlocked.CompareExchange(ref _use, next, use) != use) continue;
            if (next == Use.Disposed) Free();
            return;
        }
    }

    private void Free()
    {
        ReleaseMemory();
        _code?.Dispose();
    }

    // Also runs when the constructor fails half way, so any field may still be null.
    private void ReleaseMemory()
    {
        foreach (var i in _outputIndices)
            _blocks[i]?.Dispose();
        foreach (var input in _inputs)
            input.Staging?.Dispose();
        _arena?.Dispose();
        _barrier?.Dispose();
        _table?.Dispose();
        _states.Release();
    }

    private void CheckLayout()
    {
        if (Layout.ArenaBytes < 0)
            throw new RuntimeException(RuntimeCode.InconsistentLayout, $"the arena has {Layout.ArenaBytes} bytes");
        for (var i = 0; i < Layout.Buffers.Length; i++)
        {
            var buffer = Layout.Buffers[i];
            if (!_indexByName.TryAdd(buffer.Name, i))
                throw new RuntimeException(RuntimeCode.InconsistentLayout, $"two buffers are named '{buffer.Name}'");
            if (buffer.Elements is < 0 or > int.MaxValue || buffer.Bytes < buffer.Elements * buffer.Type.SizeOf())
                throw new RuntimeException(RuntimeCode.InconsistentLayout,
                    $"buffer '{buffer.Name}' is {buffer.TypeText} of {buffer.Bytes} bytes;"
                    + $" spans hold 0 to {int.MaxValue} elements, which must fit into the bytes");
        }
    }

    private int[] IndicesOf(BufferRole role) =>
        [.. Enumerable.Range(0, Layout.Buffers.Length).Where(i => Layout.Buffers[i].Role == role)];

    private void AllocateStatesAndOutputs()
    {
        foreach (var i in _stateIndices)
            _blocks[i] = _states.Obtain(Layout.Buffers[i]);
        foreach (var i in _outputIndices)
            _blocks[i] = new NativeMemoryBlock(Layout.Buffers[i].Bytes);
    }

    private int Find(string name, BufferRole role)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_indexByName.TryGetValue(name, out var index) && Layout.Buffers[index].Role == role) return index;
        var names = Layout.Buffers.Where(b => b.Role == role).Select(b => b.Name);
        throw new RuntimeException(RuntimeCode.UnknownArgument,
            $"no {RoleText(role)} is named '{name}'; there are: {string.Join(", ", names)}");
    }

    private static int Pick(int[] indices, int index, BufferRole role) => (uint)index < (uint)indices.Length
        ? indices[index]
        : throw new RuntimeException(RuntimeCode.UnknownArgument,
            $"there is no {RoleText(role)} number {index}; there are {indices.Length}");

    private static string RoleText(BufferRole role) => role == BufferRole.State ? "state" : "output";

    private Span<T> Elements<T>(int index) where T : unmanaged
    {
        if (Volatile.Read(ref _use) >= Use.DisposeWhenDone) throw DisposedError();
        var buffer = Layout.Buffers[index];
        if (!ElementTypes.Holds<T>(buffer.Type)) throw TypeError(buffer, typeof(T));
        return new Span<T>(_blocks[index].Address, (int)buffer.Elements);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RuntimeException DisposedError() =>
        new(RuntimeCode.Disposed, "an executable is used after it was disposed");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RuntimeException TypeError(BufferLayout buffer, Type given) =>
        new(RuntimeCode.WrongType, $"'{buffer.Name}' is {buffer.TypeText}, and a span of {given.Name} cannot hold it");
}
