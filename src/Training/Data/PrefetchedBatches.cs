using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Batches that a thread makes ahead, into a fixed number of buffers that go round.</summary>
/// <remarks>The thread starts with the first batch that is asked for, and ends with <see cref="BatchStream.Seek"/> or
/// <see cref="BatchStream.Dispose"/>. What it fails with is thrown where the batch would have been given.</remarks>
internal sealed class PrefetchedBatches : BatchStream
{
    private const int MostBatches = 1024;

    private readonly BatchStream _inner;
    private readonly int _ahead;
    private Producer? _producer;
    private Batch? _handedOut;
    private DataPosition _position;
    private long _waited;

    public PrefetchedBatches(BatchStream inner, int ahead) : base(inner.Columns, inner.BatchSize)
    {
        if (ahead is < 1 or > MostBatches)
            throw new RuntimeException(RuntimeCode.BadArgument, $"{ahead} batches ahead; from 1 to {MostBatches} can be made");
        (_inner, _ahead, _position) = (inner, ahead, inner.Position);
    }

    public override DataPosition Position => _position;

    public override long? Count => _inner.Count;

    public override string Identity => _inner.Identity;

    public override TimeSpan WaitTime => Stopwatch.GetElapsedTime(0, _waited);

    internal override bool Fill(Batch batch)
    {
        if (Next() is not { } made) return false;
        (batch.Rows, batch.Position) = (made.Rows, made.Position);
        for (var i = 0; i < Columns.Length; i++) made.Bytes(i).CopyTo(batch.Bytes(i));
        return true;
    }

    internal override void Go(DataPosition position)
    {
        Stop();
        _inner.Go(position);
        _position = position;
    }

    private protected override Batch? Next()
    {
        _producer ??= new Producer(_inner, _ahead);
        if (_handedOut is not null) _producer.Free.Add(_handedOut);
        _handedOut = null;
        if (!_producer.Made.TryTake(out var made)) made = Wait(_producer);
        _position = made.Next;
        return _handedOut = made.Batch;
    }

    private Made Wait(Producer producer)
    {
        var start = Stopwatch.GetTimestamp();
        var isThere = producer.Made.TryTake(out var made, Timeout.Infinite);
        _waited += Stopwatch.GetTimestamp() - start;
        if (isThere) return made;
        ExceptionDispatchInfo.Throw(producer.Error!);
        throw producer.Error!;
    }

    private protected override void Close()
    {
        Stop();
        _inner.Dispose();
    }

    private void Stop()
    {
        _producer?.Stop();
        (_producer, _handedOut) = (null, null);
    }

    /// <summary>A batch, or null for the end of an epoch, and the place after it.</summary>
    private readonly record struct Made(Batch? Batch, DataPosition Next);

    private sealed class Producer
    {
        private readonly BatchStream _inner;
        private readonly Thread _thread;
        private volatile bool _isStopping;

        public Producer(BatchStream inner, int ahead)
        {
            _inner = inner;
            // One more is with whom it was given to.
            for (var i = 0; i <= ahead; i++) Free.Add(new Batch(inner.Columns, inner.BatchSize));
            _thread = new Thread(Work) { IsBackground = true, Name = "batches" };
            _thread.Start();
        }

        /// <summary>Buffers to be filled; completed when the thread is to end.</summary>
        public BlockingCollection<Batch> Free { get; } = [];

        /// <summary>What was made, in order; completed when the thread has failed.</summary>
        public BlockingCollection<Made> Made { get; } = [];

        /// <summary>What the thread has failed with.</summary>
        public Exception? Error { get; private set; }

        public void Stop()
        {
            _isStopping = true;
            Free.CompleteAdding();
            _thread.Join();
            Free.Dispose();
            Made.Dispose();
        }

        private void Work()
        {
            try
            {
                while (Free.TryTake(out var batch, Timeout.Infinite) && !_isStopping)
                {
                    while (!_inner.Fill(batch)) Made.Add(new(null, _inner.Position));
                    Made.Add(new(batch, _inner.Position));
                }
            }
            catch (Exception error) // Whatever it is, it belongs to whom the batch was for.
            {
                Error = error;
                Made.CompleteAdding();
            }
        }
    }
}
