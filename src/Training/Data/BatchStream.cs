using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Changes a batch on its way to the step, in place: augmentation, noise.</summary>
/// <param name="batch">To be changed.</param>
/// <param name="random">Numbers that are fixed by the seed of the map and the place of the batch.</param>
public delegate void BatchMap(Batch batch, ref CounterRandom random);

/// <summary>Batches of examples, epoch after epoch, from a place that can be kept and gone back to.</summary>
/// <remarks>
/// All that it gives is fixed by its declaration and the place: a stream that is made anew and sought to <see cref="Position"/> gives the
/// same batches as one that went on. Batches are full, and examples that are left at the end of an epoch are not given in that epoch,
/// unless the stream was told to keep this remainder: then the last batch has fewer rows. For one thread at a time.
/// </remarks>
public abstract class BatchStream : IDisposable
{
    private Batch? _batch;

    private protected BatchStream(ImmutableArray<Column> columns, int batchSize)
    {
        if (batchSize < 1) throw new RuntimeException(RuntimeCode.BadArgument, $"batches of {batchSize} examples; a batch has at least 1");
        if (columns.FirstOrDefault(c => (long)batchSize * c.RowBytes > Array.MaxLength) is { } large)
            throw new RuntimeException(RuntimeCode.BadArgument,
                $"batches of {batchSize} examples of column {large} are more than an array");
        (Columns, BatchSize) = (columns, batchSize);
    }

    /// <summary>What a batch has, by name.</summary>
    public ImmutableArray<Column> Columns { get; }

    /// <summary>Examples of a full batch.</summary>
    public int BatchSize { get; }

    /// <summary>The place of the next batch's first example.</summary>
    public abstract DataPosition Position { get; }

    /// <summary>Batches of an epoch, a ragged one included, where that is known.</summary>
    public abstract long? Count { get; }

    /// <summary>What fixes the order of the examples, as a text: a training is not gone on with where it differs.</summary>
    public abstract string Identity { get; }

    /// <summary>Time that this thread has waited for data so far, beside what it took to make them itself.</summary>
    public virtual TimeSpan WaitTime => TimeSpan.Zero;

    /// <summary>The next batch, valid until the next call. False at the end of an epoch, and the call after that begins the next
    /// one.</summary>
    /// <exception cref="RuntimeException">SGC6001, SGC6004: a file cannot be read, or a row is not as declared.</exception>
    public bool TryNext([NotNullWhen(true)] out Batch? batch)
    {
        batch = Next();
        return batch is not null;
    }

    /// <summary>Goes to a place, forward or back. A stream that cannot reach it at once goes through the examples before it.</summary>
    /// <exception cref="RuntimeException">SGC5011: a negative number.</exception>
    public void Seek(DataPosition position)
    {
        if (position.Epoch < 0 || position.Example < 0)
            throw new RuntimeException(RuntimeCode.BadArgument,
                $"example {position.Example} of epoch {position.Epoch} is no place in a stream");
        Go(position);
    }

    /// <summary>These batches, each changed by <paramref name="map"/>.</summary>
    /// <param name="map">Called for each batch on the thread that makes it.</param>
    /// <param name="seed">Of the random numbers that it is given.</param>
    public BatchStream Map(BatchMap map, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new MappedBatches(this, map, seed);
    }

    /// <summary>These batches, made by a thread of their own before they are asked for.</summary>
    /// <param name="batches">How many are made ahead, from 1 to 1024: the memory that it takes.</param>
    /// <exception cref="RuntimeException">SGC5011: out of range.</exception>
    public BatchStream Prefetch(int batches = 2) => new PrefetchedBatches(this, batches);

    /// <summary>Ends what works for it, and closes files. Can be called twice.</summary>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>Puts the next batch into <paramref name="batch"/>; false at the end of an epoch.</summary>
    internal abstract bool Fill(Batch batch);

    internal abstract void Go(DataPosition position);

    /// <summary>What an identity says of the examples that do not fill a batch.</summary>
    private protected static string TextOf(bool keepsRemainder) => keepsRemainder ? ", with the remainder of an epoch" : "";

    private protected virtual Batch? Next()
    {
        _batch ??= new Batch(Columns, BatchSize);
        return Fill(_batch) ? _batch : null;
    }

    private protected virtual void Close()
    {
    }
}
