using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Some examples, column by column: what one run of a step is given.</summary>
public sealed class Batch
{
    private readonly byte[][] _columns; // Pinned, so that a run pins nothing.
    private readonly ReadOnlyMemory<byte>[] _memories;

    internal Batch(ImmutableArray<Column> columns, int capacity)
    {
        (Columns, Capacity) = (columns, capacity);
        _columns = [.. columns.Select(c => GC.AllocateUninitializedArray<byte>(checked(capacity * c.RowBytes), pinned: true))];
        _memories = [.. _columns.Select(c => (ReadOnlyMemory<byte>)MemoryMarshal.CreateFromPinnedArray(c, 0, c.Length))];
    }

    /// <summary>The columns, in the order of their declaration.</summary>
    public ImmutableArray<Column> Columns { get; }

    /// <summary>The examples that are there.</summary>
    public int Rows { get; internal set; }

    /// <summary>The place of its first example.</summary>
    public DataPosition Position { get; internal set; }

    /// <summary>Examples that there is memory for.</summary>
    internal int Capacity { get; }

    /// <summary>A column's elements, [<see cref="Rows"/>, <see cref="Column.Size"/>], to read, or to change before the step.</summary>
    /// <typeparam name="T">A type that holds its elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="name">The column's name.</param>
    /// <exception cref="RuntimeException">SGC5003: other element type. SGC5004: no such column.</exception>
    public Span<T> Get<T>(string name) where T : unmanaged
    {
        var i = IndexOf(name);
        if (!ElementTypes.Holds<T>(Columns[i].Type))
            throw new RuntimeException(RuntimeCode.WrongType, $"column {Columns[i]} is not held by a span of {typeof(T).Name}");
        return MemoryMarshal.Cast<byte, T>(Bytes(i));
    }

    /// <summary>A column as it is handed to a step: the whole buffer where the batch is full.</summary>
    internal ReadOnlyMemory<byte> Memory(int column) =>
        Rows == Capacity ? _memories[column] : _memories[column][..(Rows * Columns[column].RowBytes)];

    internal Span<byte> Bytes(int column) => _columns[column].AsSpan(0, Rows * Columns[column].RowBytes);

    internal int IndexOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        for (var i = 0; i < Columns.Length; i++)
            if (Columns[i].Name == name) return i;
        throw new RuntimeException(RuntimeCode.UnknownArgument, $"no column is named '{name}'; there are: {string.Join(", ", Columns)}");
    }
}
