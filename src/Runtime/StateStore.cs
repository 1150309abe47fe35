namespace GraphCompiler.Runtime;

/// <summary>Named state memory that several executables can share.</summary>
/// <remarks>
/// A prediction reads the parameters that a training step updates by being given the same store. The memory is freed
/// when the store AND every executable made with it are disposed, in any order. The store may be used by several
/// threads; the memory in it is not synchronized, so executables that share state run one at a time.
/// </remarks>
public sealed class StateStore : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (BufferLayout Layout, NativeMemoryBlock Block)> _entries = [];
    private int _users = 1; // The store's own owner counts as one.
    private bool _disposed;

    /// <summary>The names of all states that executables have asked for so far; order unspecified.</summary>
    /// <exception cref="RuntimeException">SGC5002: the store's memory is freed.</exception>
    public IReadOnlyCollection<string> Names
    {
        get
        {
            lock (_lock)
            {
                ThrowIfFreed();
                return [.. _entries.Keys];
            }
        }
    }

    /// <summary>The memory of one state, for checkpoints; valid while the store or an executable using it lives.</summary>
    /// <param name="name">A state's name.</param>
    /// <returns>What it holds, and the block that holds it.</returns>
    /// <exception cref="RuntimeException">SGC5004: no such state; SGC5002: the memory is freed.</exception>
    public (BufferLayout Layout, NativeMemoryBlock Block) Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_lock)
        {
            ThrowIfFreed();
            return _entries.TryGetValue(name, out var entry)
                ? entry
                : throw new RuntimeException(RuntimeCode.UnknownArgument,
                    $"no state is named '{name}'; there are: {string.Join(", ", _entries.Keys)}");
        }
    }

    /// <summary>Sets all elements of one state.</summary>
    /// <param name="name">A state's name.</param>
    /// <param name="bytes">The elements as they are in memory, row-major.</param>
    /// <exception cref="RuntimeException">SGC5001: another number of bytes. SGC5002: the memory is freed. SGC5004: no such state.</exception>
    public unsafe void Write(string name, ReadOnlySpan<byte> bytes)
    {
        var (layout, block) = Find(name);
        if (bytes.Length != layout.Bytes)
            throw new RuntimeException(RuntimeCode.WrongLength,
                $"state '{name}' is {layout.TypeText}, which takes {layout.Bytes} bytes, given {bytes.Length}");
        bytes.CopyTo(new Span<byte>(block.Address, bytes.Length));
        GC.KeepAlive(block);
    }

    /// <summary>Drops the owner's share; the memory lives on while executables use it. Can be called twice.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
        }
        Release();
    }

    /// <summary>Counts one more executable that keeps the memory alive until it calls <see cref="Release"/>.</summary>
    internal void Retain()
    {
        lock (_lock)
        {
            ThrowIfFreed();
            _users++;
        }
    }

    internal void Release()
    {
        lock (_lock)
        {
            if (--_users > 0) return;
            foreach (var (_, block) in _entries.Values)
                block.Dispose();
            _entries.Clear();
        }
    }

    /// <summary>The block for a state: made on first use, checked against its first layout afterwards.</summary>
    internal NativeMemoryBlock Obtain(BufferLayout layout)
    {
        lock (_lock)
        {
            ThrowIfFreed();
            if (!_entries.TryGetValue(layout.Name, out var entry))
            {
                entry = (layout, new NativeMemoryBlock(layout.Bytes));
                _entries.Add(layout.Name, entry);
            }
            var known = entry.Layout;
            if (known.Type != layout.Type || known.Bytes != layout.Bytes
                || !known.Dimensions.AsSpan().SequenceEqual(layout.Dimensions.AsSpan()))
                throw new RuntimeException(RuntimeCode.InconsistentLayout,
                    $"shared state '{layout.Name}' is {known.TypeText} of {known.Bytes} bytes in one executable"
                    + $" and {layout.TypeText} of {layout.Bytes} bytes in another");
            return entry.Block;
        }
    }

    private void ThrowIfFreed()
    {
        if (_users == 0)
            throw new RuntimeException(RuntimeCode.Disposed, "a state store is used after it was disposed");
    }
}
