using GraphCompiler.Runtime.Files;

namespace GraphCompiler.Runtime;

/// <summary>A copy of all variables of a store at one moment: the best so far, or a checkpoint that is written while steps go
/// on.</summary>
/// <remarks>Its memory is as much as the variables take. For one thread at a time.</remarks>
public sealed class VariableSnapshot
{
    private readonly VariableStore _store;

    internal VariableSnapshot(VariableStore store) => _store = store;

    /// <summary>The copied variables, and their elements.</summary>
    internal (VariableInfo Info, PinnedMemory Memory)[] Copies { get; set; } = [];

    /// <summary>The copied variables.</summary>
    public IReadOnlyList<VariableInfo> Variables => [.. Copies.Select(c => c.Info)];

    /// <summary>Bytes of the copied elements.</summary>
    public long Bytes => Copies.Sum(c => c.Memory.Bytes);

    /// <summary>Copies the store's variables anew, into the same memory where they are the same variables.</summary>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5005: another thread runs a function that replaces variables.
    /// SGC5010: no memory.</exception>
    public void Update() => _store.CopyTo(this);

    /// <summary>Writes the variables as a safetensors file, with checksums: whole or not at all, and to the disk itself.</summary>
    /// <param name="path">Replaced if it is there.</param>
    /// <param name="metadata">Texts that are kept with them, by keys that do not begin with "sha256".</param>
    /// <param name="include">Which variables; all when null.</param>
    /// <exception cref="RuntimeException">SGC5011: a key begins with "sha256". SGC6001: the file cannot be written, or the disk is
    /// full.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null, Func<VariableInfo, bool>? include = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        Save(path, metadata, include, open: null);
    }

    internal void Save(string path, IReadOnlyDictionary<string, string>? metadata, Func<VariableInfo, bool>? include,
        Func<string, Stream>? open) =>
        VariableStore.Attempt($"'{path}' cannot be written",
            () => DurableFile.Write(path, stream => TensorFileWriter.Write(stream, Items(include), metadata ?? NoTexts), open));

    /// <summary>Writes the variables to a stream, which stays open.</summary>
    /// <inheritdoc cref="Save(string, IReadOnlyDictionary{string, string}, Func{VariableInfo, bool})"/>
    public void Save(Stream stream, IReadOnlyDictionary<string, string>? metadata = null, Func<VariableInfo, bool>? include = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        VariableStore.Attempt("the stream cannot be written", () => TensorFileWriter.Write(stream, Items(include), metadata ?? NoTexts));
    }

    private static Dictionary<string, string> NoTexts => [];

    private IEnumerable<TensorFileWriter.Item> Items(Func<VariableInfo, bool>? include) => Copies
        .Where(c => include?.Invoke(c.Info) != false)
        .Select(c => new TensorFileWriter.Item(c.Info.Name, c.Info.Type, c.Info.Dimensions, c.Memory));
}
