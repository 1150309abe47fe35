namespace GraphCompiler.Runtime.Data;

/// <summary>Labelled samples split into mini-batches of one size, in a new random order every epoch.</summary>
/// <remarks>
/// Samples that do not fill a last batch are left out of the epoch; since the order changes, each epoch leaves out
/// others. The order depends on seed and epoch alone. The batch buffers are allocated once: a batch is valid until the
/// next one is made, and nothing is allocated per batch. Not for use by several threads.
/// </remarks>
public sealed class Batches
{
    private readonly ReadOnlyMemory<float> _features;
    private readonly ReadOnlyMemory<int> _labels;
    private readonly ulong? _seed;
    private readonly int[] _order;
    private readonly float[] _batchFeatures;
    private readonly int[] _batchLabels;

    /// <summary>Splits samples into batches.</summary>
    /// <param name="features">[samples, features per sample], row-major; not copied.</param>
    /// <param name="labels">[samples], at least one; not copied.</param>
    /// <param name="batchSize">Samples of a batch, from 1 to their number.</param>
    /// <param name="seed">Fixes the orders; null keeps the samples as they are.</param>
    /// <exception cref="RuntimeException">SGC6004: no labels, a batch of none or of more than there are, or features that are not a
    /// whole number per label.</exception>
    public Batches(ReadOnlyMemory<float> features, ReadOnlyMemory<int> labels, int batchSize, ulong? seed = null)
    {
        if (labels.IsEmpty)
            throw new RuntimeException(RuntimeCode.InconsistentData, "there are no labels, so there is nothing to make batches of");
        if (batchSize < 1 || batchSize > labels.Length)
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"a batch of {batchSize} samples; with {labels.Length} labels a batch has 1 to {labels.Length}");
        if (features.Length % labels.Length != 0)
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"{features.Length} features are not a whole number for each of {labels.Length} labels");
        (_features, _labels, _seed, BatchSize) = (features, labels, seed, batchSize);
        FeatureSize = features.Length / labels.Length;
        _order = new int[labels.Length];
        _batchFeatures = new float[batchSize * FeatureSize];
        _batchLabels = new int[batchSize];
        Shuffle(0);
    }

    /// <summary>Samples of a batch.</summary>
    public int BatchSize { get; }

    /// <summary>Features of a sample.</summary>
    public int FeatureSize { get; }

    /// <summary>Full batches of an epoch.</summary>
    public int Count => _order.Length / BatchSize;

    /// <summary>Puts the samples into the order of an epoch; that of epoch 0 is the first.</summary>
    /// <param name="epoch">Any number; the same one gives the same order.</param>
    public void Shuffle(int epoch)
    {
        for (var i = 0; i < _order.Length; i++)
            _order[i] = i;
        if (_seed is not { } seed) return;
        // From the identity each time, so that an order does not depend on the epochs before it.
        var random = new CounterRandom(seed, (ulong)(uint)epoch);
        random.Shuffle(_order);
    }

    /// <summary>Copies one batch of the present order.</summary>
    /// <param name="batch">From 0 to <see cref="Count"/> - 1.</param>
    /// <param name="features">[<see cref="BatchSize"/>, <see cref="FeatureSize"/>].</param>
    /// <param name="labels">[<see cref="BatchSize"/>].</param>
    /// <exception cref="RuntimeException">SGC5001: a span has another length. SGC5004: there is no such batch.</exception>
    public void Fill(int batch, Span<float> features, Span<int> labels)
    {
        if (batch < 0 || batch >= Count)
            throw new RuntimeException(RuntimeCode.UnknownArgument, $"there is no batch {batch}; an epoch has batches 0 to {Count - 1}");
        CheckLength(nameof(features), _batchFeatures.Length, features.Length);
        CheckLength(nameof(labels), BatchSize, labels.Length);
        var sourceFeatures = _features.Span;
        var sourceLabels = _labels.Span;
        for (var i = 0; i < BatchSize; i++)
        {
            var sample = _order[batch * BatchSize + i];
            sourceFeatures.Slice(sample * FeatureSize, FeatureSize).CopyTo(features[(i * FeatureSize)..]);
            labels[i] = sourceLabels[sample];
        }
    }

    /// <summary>Shuffles for an epoch and enumerates its batches: <c>foreach (var (x, y) in batches.Epoch(3))</c>.</summary>
    /// <param name="epoch">Any number; the same one gives the same batches.</param>
    public Enumerator Epoch(int epoch)
    {
        Shuffle(epoch);
        return new Enumerator(this);
    }

    private static void CheckLength(string name, int expected, int given)
    {
        if (given != expected)
            throw new RuntimeException(RuntimeCode.WrongLength,
                $"'{name}' of a batch: {expected} elements expected, {given} given");
    }

    /// <summary>One batch, valid until the next is made.</summary>
    public readonly ref struct Batch
    {
        internal Batch(ReadOnlySpan<float> features, ReadOnlySpan<int> labels)
        {
            Features = features;
            Labels = labels;
        }

        /// <summary>[batch size, feature size], row-major.</summary>
        public ReadOnlySpan<float> Features { get; }

        /// <summary>[batch size].</summary>
        public ReadOnlySpan<int> Labels { get; }

        /// <summary>Splits the batch for <c>var (features, labels)</c>.</summary>
        public void Deconstruct(out ReadOnlySpan<float> features, out ReadOnlySpan<int> labels)
        {
            features = Features;
            labels = Labels;
        }
    }

    /// <summary>Walks over the batches of an epoch, and is itself what <c>foreach</c> takes.</summary>
    public ref struct Enumerator
    {
        private readonly Batches _batches;
        private int _next;

        internal Enumerator(Batches batches) => _batches = batches;

        /// <summary>The batch that <see cref="MoveNext"/> made.</summary>
        public readonly Batch Current => new(_batches._batchFeatures, _batches._batchLabels);

        /// <summary>This enumerator.</summary>
        public readonly Enumerator GetEnumerator() => this;

        /// <summary>Makes the next batch; false after the last.</summary>
        public bool MoveNext()
        {
            if (_next == _batches.Count) return false;
            _batches.Fill(_next++, _batches._batchFeatures, _batches._batchLabels);
            return true;
        }
    }
}
