namespace GraphCompiler.Runtime;

/// <summary>Named state memory that several executables can share.</summary>
/// <remarks>
/// A prediction reads the parameters that a training step updates by being given the same store. The memory lives as long as
/// anything refers to it: the store, an executable made with it, or a span of it. The store may be used by several
/// threads; the memory in it is not synchronized, so executables that share state run one at a time.
/// </remarks>
public sealed class StateStore : IDisposable
{
    private readonly Lock _lock = new();
    private Dictionary<string, (BufferLayout Layout, PinnedMemory Memory)>? _entries = []; // Null once disposed.

    /// <summary>The names of all states that executables have asked for so far; order unspecified.</summary>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed.</exception>
    public IReadOnlyCollection<string> Names
    {
        get
        {
            lock (_lock) return [.. Entries.Keys];
        }
    }

    private Dictionary<string, (BufferLayout Layout, PinnedMemory Memory)> Entries =>
        _entries ?? throw new RuntimeException(RuntimeCode.Disposed, "a state store is used after it was disposed");

    /// <summary>Sets all elements of one state.</summary>
    /// <param name="name">A state's name.</param>
    /// <param name="bytes">The elements as they are in memory, row-major.</param>
    /// <exception cref="RuntimeException">SGC5001: another number of bytes. SGC5002: the store is disposed. SGC5004: no such
    /// state.</exception>
    public void Write(string name, ReadOnlySpan<byte> bytes)
    {
        var state = Find(name);
        if (bytes.Length != state.Bytes)
            throw new RuntimeException(RuntimeCode.WrongLength, $"state '{name}' takes {state.Bytes} bytes, given {bytes.Length}");
        bytes.CopyTo(state.Elements<byte>(bytes.Length));
    }

    /// <summary>Drops the store's share of the memory, and refuses further use; executables go on. Can be called twice.</summary>
    public void Dispose()
    {
        lock (_lock) _entries = null;
    }

    /// <summary>The memory of one state, for checkpoints.</summary>
    /// <exception cref="RuntimeException">SGC5004: no such state; SGC5002: the store is disposed.</exception>
    internal PinnedMemory Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_lock)
        {
            return Entries.TryGetValue(name, out var entry)
                ? entry.Memory
                : throw new RuntimeException(RuntimeCode.UnknownArgument,
                    $"no state is named '{name}'; there are: {string.Join(", ", Entries.Keys)}");
        }
    }

    /// <summary>The memory of some states: made on first use, checked against its first layout afterwards.</summary>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed; SGC5006: a layout differs from the first.</exception>
    internal PinnedMemory[] Obtain(IEnumerable<BufferLayout> layouts)
    {
        lock (_lock)
        {
            var entries = Entries;
            return [.. layouts.Select(layout => Obtain(entries, layout))];
        }
    }

    private static PinnedMemory Obtain(Dictionary<string, (BufferLayout Layout, PinnedMemory Memory)> entries, BufferLayout layout)
    {
        if (!entries.TryGetValue(layout.Name, out var entry))
        {
            entry = (layout, new PinnedMemory(layout.Bytes));
            entries.Add(layout.Name, entry);
        }
        var known = entry.Layout;
        if (known.Type != layout.Type || known.Bytes != layout.Bytes
            || !known.Dimensions.AsSpan().SequenceEqual(layout.Dimensions.AsSpan()))
            throw new RuntimeException(RuntimeCode.InconsistentLayout,
                $"shared state '{layout.Name}' is {known.TypeText} of {known.Bytes} bytes in one executable"
                + $" and {layout.TypeText} of {layout.Bytes} bytes in another");
        return entry.Memory;
    }
}
