using System.Collections.Immutable;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Batches of examples that are read one after another, drawn from a buffer.</summary>
/// <remarks>A place is reached by reading from the beginning of its epoch and drawing as before, which gives the same examples.</remarks>
internal sealed class StreamedBatches : BatchStream
{
    private readonly string _identity;
    private readonly Func<RowReader> _open;
    private readonly RowLayout _row;
    private readonly int _capacity;
    private readonly ulong _seed;
    private readonly byte[] _buffer;
    private readonly bool _keepsRemainder;
    private RowReader? _reader; // Null before the first row of an epoch is read.
    private CounterRandom _random;
    private int _held; // Rows in the buffer.
    private int _epoch;
    private long _example;
    private bool _isAtEnd; // The reader has no more.
    private bool _hasGiven; // A batch, in this epoch.

    public StreamedBatches(string identity, ImmutableArray<Column> columns, Func<RowReader> open, int size, int buffer, ulong seed,
        bool keepsRemainder) : base(columns, size)
    {
        (_identity, _open, _row, _capacity, _seed) = (identity, open, new RowLayout(columns), buffer, seed);
        _keepsRemainder = keepsRemainder;
        if (buffer < 1 || (long)buffer * _row.Bytes > Array.MaxLength)
            throw new RuntimeException(RuntimeCode.BadArgument, $"a buffer of {buffer} examples of {_row.Bytes} bytes");
        _buffer = new byte[buffer * _row.Bytes];
    }

    public override DataPosition Position => new(_epoch, _example);

    public override long? Count => null;

    public override string Identity =>
        $"{_identity} of {string.Join(", ", Columns)}, {(_capacity > 1 ? $"shuffled in {_capacity} with seed {_seed}" : "in order")}"
        + TextOf(_keepsRemainder);

    internal override bool Fill(Batch batch)
    {
        (batch.Rows, batch.Position) = (BatchSize, Position);
        var rows = 0;
        for (; rows < BatchSize && Draw() is var at and >= 0; rows++)
        {
            for (var c = 0; c < Columns.Length; c++)
                _row.Slice(Row(at), c).CopyTo(batch.Bytes(c).Slice(rows * Columns[c].RowBytes, Columns[c].RowBytes));
            Replace(at);
        }
        if (rows == 0 || (rows < BatchSize && !_keepsRemainder))
        {
            if (!_hasGiven && batch.Position.Example == 0)
                throw new RuntimeException(RuntimeCode.InconsistentData, $"{_identity} has {rows} examples, and a batch {BatchSize}");
            Begin(_epoch + 1);
            return false;
        }
        batch.Rows = rows;
        _example += rows;
        return _hasGiven = true;
    }

    internal override void Go(DataPosition position)
    {
        if (position.Epoch != _epoch || position.Example < _example) Begin(position.Epoch);
        while (_example < position.Example && Draw() is var at and >= 0)
        {
            Replace(at);
            _example++;
        }
    }

    private protected override void Close() => Begin(_epoch);

    private Span<byte> Row(int at) => _buffer.AsSpan(at * _row.Bytes, _row.Bytes);

    private void Begin(int epoch)
    {
        _reader?.Dispose();
        (_reader, _held, _isAtEnd, _hasGiven, _epoch, _example) = (null, 0, false, false, epoch, 0);
    }

    // Where the next example is in the buffer; negative after the last.
    private int Draw()
    {
        if (_reader is null)
        {
            _reader = _open();
            _random = new CounterRandom(_seed, (ulong)_epoch);
            while (_held < _capacity && Read(_held)) _held++;
        }
        return _held == 0 ? -1 : _capacity == 1 ? 0 : _random.NextInt32(_held);
    }

    // The next that is read takes the place of one that was given; after the last, one of the buffer does.
    private void Replace(int at)
    {
        if (Read(at)) return;
        _held--;
        if (at < _held) Row(_held).CopyTo(Row(at));
    }

    private bool Read(int at)
    {
        if (!_isAtEnd) _isAtEnd = !_reader!.Read(Row(at));
        return !_isAtEnd;
    }
}
