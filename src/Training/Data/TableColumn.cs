using System.Runtime.InteropServices;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>A column of a table, with its elements.</summary>
internal abstract class TableColumn(Column column, int count)
{
    public Column Column { get; } = column;

    public int Count { get; } = count;

    /// <summary>Copies some examples, one after another.</summary>
    public abstract void Gather(ReadOnlySpan<int> rows, Span<byte> to);

    /// <summary>The column of some examples only, copied.</summary>
    public abstract TableColumn Take(ReadOnlySpan<int> rows);
}

/// <inheritdoc/>
internal sealed class TableColumn<T>(Column column, ReadOnlyMemory<T> elements) : TableColumn(column, elements.Length / column.Size)
    where T : unmanaged
{
    public ReadOnlyMemory<T> Elements { get; } = elements;

    public override void Gather(ReadOnlySpan<int> rows, Span<byte> to)
    {
        var from = Elements.Span;
        var into = MemoryMarshal.Cast<byte, T>(to);
        var size = Column.Size;
        for (var i = 0; i < rows.Length; i++) from.Slice(rows[i] * size, size).CopyTo(into[(i * size)..]);
    }

    public override TableColumn Take(ReadOnlySpan<int> rows)
    {
        var elements = new T[checked(rows.Length * Column.Size)];
        Gather(rows, MemoryMarshal.AsBytes(elements.AsSpan()));
        return new TableColumn<T>(Column, elements);
    }
}
