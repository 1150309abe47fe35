using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Examples that are read one after another, in each epoch anew: from a sequence or a file, of any number.</summary>
/// <remarks>A declaration: nothing is read before batches are asked for, and then only what they need is in memory.</remarks>
public sealed class Examples
{
    private readonly string _identity;
    private readonly Func<RowReader> _open;

    internal Examples(string identity, ImmutableArray<Column> columns, Func<RowReader> open)
    {
        if (columns.IsEmpty)
            throw new RuntimeException(RuntimeCode.BadArgument, $"{identity} without columns; name what a step is to be given");
        if (columns.Select(c => c.Name).Distinct().Count() < columns.Length)
            throw new RuntimeException(RuntimeCode.BadArgument, $"two columns have one name: {string.Join(", ", columns)}");
        (_identity, _open, Columns) = (identity, open, columns);
    }

    /// <summary>The columns, in the order of their declaration.</summary>
    public ImmutableArray<Column> Columns { get; }

    /// <summary>Examples of a sequence.</summary>
    /// <typeparam name="T">What the sequence has for each.</typeparam>
    /// <param name="open">Gives the sequence for each epoch, the same each time: a run that is gone on with goes through it again.</param>
    /// <param name="columns">What the step is given of each.</param>
    /// <exception cref="RuntimeException">SGC5011: no columns, or two of one name.</exception>
    public static Examples From<T>(Func<IEnumerable<T>> open, Action<ExampleColumns<T>> columns)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(columns);
        var declared = new ExampleColumns<T>();
        columns(declared);
        return declared.ToExamples(open);
    }

    /// <summary>Examples of an asynchronous sequence, such as a query or a download. Whoever reads a batch waits for them:
    /// <see cref="BatchStream.Prefetch"/> reads ahead on a thread of its own.</summary>
    /// <inheritdoc cref="From"/>
    public static Examples FromAsync<T>(Func<IAsyncEnumerable<T>> open, Action<ExampleColumns<T>> columns)
    {
        ArgumentNullException.ThrowIfNull(open);
        return From(() => open().ToBlockingEnumerable(), columns);
    }

    /// <summary>Batches in the order in which the examples are read.</summary>
    /// <param name="size">Examples of a batch, at least 1: the step's.</param>
    /// <param name="keepRemainder">Whether what is left at the end of an epoch is a batch too, of fewer rows.</param>
    /// <exception cref="RuntimeException">SGC5011: a batch of no examples.</exception>
    public BatchStream Batches(int size, bool keepRemainder = false) =>
        new StreamedBatches(_identity, Columns, _open, size, buffer: 1, seed: 0, keepRemainder);

    /// <summary>Batches in random order: each example is drawn from a buffer, and the next that is read takes its place.</summary>
    /// <param name="size">Examples of a batch, at least 1: the step's.</param>
    /// <param name="buffer">Examples of the buffer, at least 1. With as many as there are, all orders are as likely.</param>
    /// <param name="seed">Fixes the orders, another for each epoch.</param>
    /// <param name="keepRemainder">Whether what is left at the end of an epoch is a batch too, of fewer rows.</param>
    /// <exception cref="RuntimeException">SGC5011: a batch or buffer of no examples, or a buffer that no array holds.</exception>
    public BatchStream Batches(int size, int buffer, ulong seed, bool keepRemainder = false) =>
        new StreamedBatches(_identity, Columns, _open, size, buffer, seed, keepRemainder);

    /// <summary>Reads all examples into memory.</summary>
    /// <exception cref="RuntimeException">SGC6001: the file cannot be read. SGC6004: a row is not as declared, or there is
    /// none.</exception>
    public Table ToTable()
    {
        using var reader = _open();
        var (row, lists) = (new RowLayout(Columns), Columns.Select(_ => new List<byte>()).ToArray());
        var bytes = new byte[row.Bytes];
        while (reader.Read(bytes))
            for (var i = 0; i < lists.Length; i++) lists[i].AddRange(row.Slice(bytes, i));
        if (lists[0].Count == 0) throw new RuntimeException(RuntimeCode.InconsistentData, $"{_identity} has no examples");
        return Columns.Zip(lists).Aggregate(Table.Empty, (table, c) => c.First.Type switch
        {
            ElementType.F32 => With<float>(table, c),
            ElementType.F64 => With<double>(table, c),
            ElementType.F16 => With<Half>(table, c),
            ElementType.BF16 => With<ushort>(table, c),
            ElementType.I8 => With<sbyte>(table, c),
            ElementType.I32 => With<int>(table, c),
            ElementType.I64 => With<long>(table, c),
            ElementType.U8 => With<byte>(table, c),
            ElementType.U32 => With<uint>(table, c),
            _ => With<bool>(table, c),
        });
    }

    private static Table With<T>(Table table, (Column Column, List<byte> Bytes) c) where T : unmanaged =>
        table.With(c.Column.Name, MemoryMarshal.Cast<byte, T>(CollectionsMarshal.AsSpan(c.Bytes)).ToArray(), c.Column.Size);
}
