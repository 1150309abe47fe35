using System.Collections.Immutable;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Examples in memory, column by column. A table does not change: what changes it gives another.</summary>
/// <remarks>Columns are not copied: arrays stay the caller's, who leaves them as they are while batches are made of them.</remarks>
public sealed partial class Table
{
    private readonly ImmutableArray<TableColumn> _columns;

    private Table(ImmutableArray<TableColumn> columns) => _columns = columns;

    /// <summary>A table without columns.</summary>
    public static Table Empty { get; } = new([]);

    /// <summary>The columns, in the order in which they were added.</summary>
    public ImmutableArray<Column> Columns => [.. _columns.Select(c => c.Column)];

    /// <summary>Examples; 0 where there are no columns.</summary>
    public int Count => _columns.IsEmpty ? 0 : _columns[0].Count;

    /// <summary>The table with one column more, or with another in the place of one of this name.</summary>
    /// <typeparam name="T">A type that holds its elements, see <see cref="ElementType"/>; of ushort they are bf16.</typeparam>
    /// <param name="name">The name of the step's input that is given it.</param>
    /// <param name="elements">[examples, size], row-major; not copied.</param>
    /// <param name="size">Elements of one example, at least 1.</param>
    /// <exception cref="RuntimeException">SGC5003: elements that no tensor has. SGC5011: no name, or a size below 1. SGC6004: not a whole
    /// number of examples, none, or another number than the other columns have.</exception>
    public Table With<T>(string name, ReadOnlyMemory<T> elements, int size = 1) where T : unmanaged
    {
        var column = new TableColumn<T>(Column.Of<T>(name, size), elements);
        if (elements.IsEmpty || elements.Length % size != 0)
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"column '{name}' has {elements.Length} elements, {size} an example: not a whole number of examples, or none");
        var others = _columns.Where(c => c.Column.Name != name).ToArray();
        if (others.Length > 0 && column.Count != others[0].Count)
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"column '{name}' has {column.Count} examples, and '{others[0].Column.Name}' has {others[0].Count}");
        var at = IndexOf(name);
        return new(at < 0 ? _columns.Add(column) : _columns.SetItem(at, column));
    }

    /// <inheritdoc cref="With{T}(string, ReadOnlyMemory{T}, int)"/>
    public Table With<T>(string name, T[] elements, int size = 1) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(elements);
        return With(name, (ReadOnlyMemory<T>)elements, size);
    }

    /// <summary>The table without a column.</summary>
    /// <exception cref="RuntimeException">SGC5004: no such column.</exception>
    public Table Without(string name) => new(_columns.Remove(Find(name)));

    /// <summary>A column's elements, [<see cref="Count"/>, <see cref="Column.Size"/>], row-major.</summary>
    /// <exception cref="RuntimeException">SGC5003: other element type. SGC5004: no such column.</exception>
    public ReadOnlyMemory<T> Get<T>(string name) where T : unmanaged
    {
        var column = Find(name);
        return column is TableColumn<T> typed ? typed.Elements : throw new RuntimeException(RuntimeCode.WrongType,
            $"column {column.Column} is not held by a memory of {typeof(T).Name}");
    }

    /// <summary>Some examples, copied.</summary>
    /// <param name="rows">From 0 to <see cref="Count"/> - 1, in any order.</param>
    /// <exception cref="RuntimeException">SGC5004: there is no such example. SGC6004: none are asked for.</exception>
    public Table Take(params ReadOnlySpan<int> rows)
    {
        if (rows.IsEmpty) throw new RuntimeException(RuntimeCode.InconsistentData, "a table of no examples");
        foreach (var row in rows)
            if (row < 0 || row >= Count)
                throw new RuntimeException(RuntimeCode.UnknownArgument, $"there is no example {row}; there are 0 to {Count - 1}");
        var columns = ImmutableArray.CreateBuilder<TableColumn>(_columns.Length);
        foreach (var column in _columns) columns.Add(column.Take(rows));
        return new(columns.MoveToImmutable());
    }

    /// <summary>Two tables that share no example: a part for training, and the rest.</summary>
    /// <param name="fraction">Of the examples in the first, in (0, 1); rounded, so that each table has at least one.</param>
    /// <param name="seed">Fixes which examples; null takes the first ones.</param>
    /// <exception cref="RuntimeException">SGC5011: another fraction. SGC6004: fewer than two examples.</exception>
    public (Table First, Table Second) Split(double fraction, ulong? seed = null)
    {
        if (!(fraction > 0 && fraction < 1))
            throw new RuntimeException(RuntimeCode.BadArgument, $"a split at {fraction}; the first part is more than 0 and less than 1");
        if (Count < 2) throw new RuntimeException(RuntimeCode.InconsistentData, $"{Count} examples cannot be split");
        var order = Order(Count, seed, stream: 0);
        var first = Math.Clamp((int)Math.Round(fraction * Count), 1, Count - 1);
        return (Take(order.AsSpan(0, first)), Take(order.AsSpan(first)));
    }

    /// <summary>Batches of the examples, in a new order every epoch where there is a seed.</summary>
    /// <param name="size">Examples of a batch, from 1 to <see cref="Count"/>: the step's.</param>
    /// <param name="seed">Fixes the orders; null keeps the examples as they are.</param>
    /// <param name="keepRemainder">Whether what is left at the end of an epoch is a batch too, of fewer rows; then a batch may also be of
    /// more examples than there are.</param>
    /// <exception cref="RuntimeException">SGC5011: a batch of no examples. SGC6004: more than there are, or no columns.</exception>
    public BatchStream Batches(int size, ulong? seed = null, bool keepRemainder = false)
    {
        if (_columns.IsEmpty || (size > Count && !keepRemainder))
            throw new RuntimeException(RuntimeCode.InconsistentData, $"a batch of {size} examples; the table has {Count}");
        return new TableBatches(_columns, size, seed, keepRemainder);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Count} examples of {string.Join(", ", _columns.Select(c => c.Column))}";

    /// <summary>Numbers from 0 on, in a random order where there is a seed.</summary>
    internal static int[] Order(int count, ulong? seed, ulong stream)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        if (seed is { } given) new CounterRandom(given, stream).Shuffle(order);
        return order;
    }

    private int IndexOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        for (var i = 0; i < _columns.Length; i++)
            if (_columns[i].Column.Name == name) return i;
        return -1;
    }

    private TableColumn Find(string name) => IndexOf(name) is var at and >= 0 ? _columns[at]
        : throw new RuntimeException(RuntimeCode.UnknownArgument, $"no column is named '{name}'; there are: {string.Join(", ", Columns)}");
}
