namespace GraphCompiler.Runtime;

/// <summary>Variables that several compiled functions share: parameters, running statistics, optimizer state.</summary>
/// <remarks>
/// The first function that has a variable of some name brings it into the store and initialises it; later ones find it as it is. Nothing is
/// copied. The memory lives as long as anything refers to it: the store, a function made with it, or a span of it.
/// At any moment one function that replaces variables runs over a store, or any number of functions that only read them: who comes second
/// gets SGC5005, and nothing has run then.
/// </remarks>
public sealed partial class VariableStore : IDisposable
{
    private readonly Lock _lock = new();
    private OrderedDictionary<string, Entry>? _entries = []; // Null once disposed.

    // Bytes may be more than the elements take.
    private sealed record Entry(VariableInfo Info, PinnedMemory Memory, long ElementBytes);

    /// <summary>The variables that functions have brought in so far, in that order.</summary>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed.</exception>
    public IReadOnlyList<VariableInfo> Variables
    {
        get
        {
            lock (_lock) return [.. Entries.Values.Select(e => e.Info)];
        }
    }

    /// <summary>Who is inside; functions keep it when the store is disposed.</summary>
    internal StoreGate Gate { get; } = new();

    private OrderedDictionary<string, Entry> Entries =>
        _entries ?? throw new RuntimeException(RuntimeCode.Disposed, "a store of variables is used after it was disposed");

    /// <summary>Is there a variable of this name?</summary>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed.</exception>
    public bool Contains(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_lock) return Entries.ContainsKey(name);
    }

    /// <summary>A variable's elements, to read or to set between runs; no copy.</summary>
    /// <typeparam name="T">A type that holds the variable's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="name">The variable's name.</param>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5003: other element type. SGC5004: no such variable. SGC5005:
    /// another thread runs a function that replaces variables.</exception>
    public Span<T> Variable<T>(string name) where T : unmanaged
    {
        var entry = Find(name);
        CheckType<T>(entry);
        EnterToRead();
        Gate.ExitFromReading();
        return entry.Memory.Elements<T>((int)(entry.ElementBytes / entry.Info.Type.SizeOf()));
    }

    /// <summary>Sets all elements of a variable.</summary>
    /// <typeparam name="T">A type that holds the variable's elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="name">The variable's name.</param>
    /// <param name="elements">As many as the variable has, row-major.</param>
    /// <exception cref="RuntimeException">SGC5001: another number of elements. SGC5002: the store is disposed. SGC5003: other element type.
    /// SGC5004: no such variable. SGC5005: another thread runs a function of this store.</exception>
    public void Write<T>(string name, params ReadOnlySpan<T> elements) where T : unmanaged
    {
        var entry = Find(name);
        CheckType<T>(entry);
        var count = entry.ElementBytes / entry.Info.Type.SizeOf();
        if (elements.Length != count)
            throw new RuntimeException(RuntimeCode.WrongLength,
                $"variable '{name}' is {entry.Info.TypeText}: {count} elements expected, {elements.Length} given");
        EnterAlone();
        elements.CopyTo(entry.Memory.Elements<T>(elements.Length));
        Gate.ExitAlone();
    }

    /// <summary>Drops the store's share of the memory, and refuses further use; functions go on. Can be called twice.</summary>
    public void Dispose()
    {
        lock (_lock) _entries = null;
    }

    /// <summary>The memory of some states: made on first use, zero, and checked against its first layout afterwards.</summary>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed; SGC5006: a layout differs from the first; SGC5010: no memory. The
    /// store is as it was then.</exception>
    internal PinnedMemory[] Obtain(IEnumerable<BufferLayout> layouts) =>
        Declare([.. layouts.Select(l => new VariableDeclaration(l, VariableRole.State, null))]);

    /// <summary>Brings in and initialises the variables that the store does not have, checks those that it has, and gives the memory of
    /// all.</summary>
    /// <exception cref="RuntimeException">As for <see cref="Obtain"/>.</exception>
    internal PinnedMemory[] Declare(IReadOnlyList<VariableDeclaration> declarations)
    {
        lock (_lock)
        {
            var entries = Entries;
            Entry[] declared = [.. declarations.Select(d =>
                entries.TryGetValue(d.Layout.Name, out var known) ? Checked(known, d) : New(d))];
            foreach (var entry in declared) entries.TryAdd(entry.Info.Name, entry);
            return Array.ConvertAll(declared, e => e.Memory);
        }
    }

    private static Entry New(VariableDeclaration declaration)
    {
        var layout = declaration.Layout;
        var entry = new Entry(new(layout.Name, layout.Type, layout.Dimensions, declaration.Role), new PinnedMemory(layout.Bytes),
            layout.Elements * layout.Type.SizeOf());
        declaration.Fill?.Invoke(entry.Memory);
        return entry;
    }

    private static Entry Checked(Entry known, VariableDeclaration declaration)
    {
        var layout = declaration.Layout;
        if (known.Info.Type != layout.Type || known.Memory.Bytes != layout.Bytes
            || !known.Info.Dimensions.AsSpan().SequenceEqual(layout.Dimensions.AsSpan()))
            throw new RuntimeException(RuntimeCode.InconsistentLayout,
                $"variable '{layout.Name}' is {known.Info.TypeText} of {known.Memory.Bytes} bytes in the store"
                + $" and {layout.TypeText} of {layout.Bytes} bytes in the function that is to share it; rename one of them");
        return known;
    }

    private void EnterToRead()
    {
        if (!Gate.TryEnterToRead()) throw StoreGate.Refusal();
    }

    private void EnterAlone()
    {
        if (!Gate.TryEnterAlone()) throw StoreGate.Refusal();
    }

    private Entry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_lock)
            return Entries.TryGetValue(name, out var entry) ? entry : throw new RuntimeException(RuntimeCode.UnknownArgument,
                $"no variable is named '{name}'; there are: {string.Join(", ", Entries.Keys)}");
    }

    private static void CheckType<T>(Entry entry) where T : unmanaged
    {
        if (!ElementTypes.Holds<T>(entry.Info.Type))
            throw new RuntimeException(RuntimeCode.WrongType,
                $"'{entry.Info.Name}' is {entry.Info.TypeText}, and a span of {typeof(T).Name} cannot hold it");
    }
}
