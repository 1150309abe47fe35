using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Batches that a function has changed.</summary>
internal sealed class MappedBatches(BatchStream inner, BatchMap map, ulong seed) : BatchStream(inner.Columns, inner.BatchSize)
{
    // Of a stream of random numbers: more examples than an epoch has.
    private const int BitsOfExample = 40;

    public override DataPosition Position => inner.Position;

    public override long? Count => inner.Count;

    public override string Identity => $"{inner.Identity}, mapped with seed {seed}";

    public override TimeSpan WaitTime => inner.WaitTime;

    internal override bool Fill(Batch batch)
    {
        if (!inner.Fill(batch)) return false;
        var random = new CounterRandom(seed, ((ulong)batch.Position.Epoch << BitsOfExample) + (ulong)batch.Position.Example);
        map(batch, ref random);
        return true;
    }

    internal override void Go(DataPosition position) => inner.Go(position);

    private protected override void Close() => inner.Dispose();
}
