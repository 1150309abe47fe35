using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Expected cycles of the busiest worker for one schedule of a contraction. Every choice between schedules is by them.</summary>
/// <param name="MultiplyAdds">Multiply-adds, those of rows and columns that nothing is stored of included.</param>
/// <param name="Tiles">To begin and end tiles.</param>
/// <param name="PackingA">To pack A.</param>
/// <param name="PackingB">To read B, and to pack it.</param>
/// <param name="Operands">To read A, and to add to partial results.</param>
/// <param name="Waiting">For other workers, and for what they have packed.</param>
/// <remarks>The model is of a core with two units for vector multiply-adds (without FMA, two for products and two for sums) and two for
/// loads, whose caches hand over a line in the cycles below while it multiplies. Only ratios matter.</remarks>
internal sealed record ContractionCost(
    double MultiplyAdds, double Tiles, double PackingA, double PackingB, double Operands, double Waiting)
{
    /// <summary>Lines of a set that a tile's rows may take; common caches have 8, and 12.</summary>
    private const long MostLinesOfSet = 4;

    /// <summary>Bytes after which addresses fall on the same set of a first-level cache: 64 sets of 64 bytes on x86.</summary>
    private const long SetsBytes = 4096;

    /// <summary>All of it.</summary>
    public double Total => MultiplyAdds + Tiles + PackingA + PackingB + Operands + Waiting;

    /// <summary>The cost of a schedule.</summary>
    public static ContractionCost Of(ContractionTask task, ContractionBlocking blocking, PackingOfA packing, bool packsB)
    {
        var model = new Model(task, blocking, packing, packsB);
        var shape = task.Shape;
        var (full, remainder) = (shape.N / blocking.TileN, shape.N % blocking.TileN);
        var blocks = shape.Batch * blocking.BlocksM;
        var groups = PerWorker(blocks * (full / blocking.PanelsPerGroup));
        var last = remainder > 0 ? PerWorker(blocks) : 0;
        return model.Of(groups, blocking.PanelsPerGroup, blocking.TileN) + model.Of(last, 1, ElementKernel.PowerOfTwoAtLeast(remainder))
            + model.Once(PerWorker(blocks));

        long PerWorker(long count) => (count + task.Target.Workers - 1) / task.Target.Workers;
    }

    public static ContractionCost operator +(ContractionCost a, ContractionCost b) => new(a.MultiplyAdds + b.MultiplyAdds,
        a.Tiles + b.Tiles, a.PackingA + b.PackingA, a.PackingB + b.PackingB, a.Operands + b.Operands, a.Waiting + b.Waiting);

    /// <summary>Whether lines at a distance take more of the same sets of a first-level cache than a tile's rows may.</summary>
    public static bool ShareSets(long lines, long bytesApart)
    {
        static long Gcd(long a, long b) => b == 0 ? a : Gcd(b, a % b);
        return lines * Gcd(bytesApart, SetsBytes) / SetsBytes > MostLinesOfSet;
    }

    private sealed class Model
    {
        /// <summary>Vector multiply-adds, and loads, in a cycle.</summary>
        private const double PerCycle = 2;

        /// <summary>Instructions of any kind in a cycle.</summary>
        private const double DispatchedPerCycle = 6;

        /// <summary>A shuffle, by a multiply-add: it takes one of the units.</summary>
        private const double Shuffle = 0.7;

        /// <summary>Of an element of K, for the vectors of B.</summary>
        private const double LoadsOfPanel = 0.25;

        /// <summary>From one multiply-add of an accumulator to the next.</summary>
        private const double Latency = 4;

        /// <summary>Multiply-adds that are under way at once, by those that a latency takes, above which none waits for another.</summary>
        private const double Slack = 1.5;

        /// <summary>To find a tile's operands, and to fill and drain the pipelines.</summary>
        private const double StartOfTile = 24;

        /// <summary>To divide the number of a tile's row by the size of an axis.</summary>
        private const double IndexOfRow = 3;

        /// <summary>A line of the second-level cache, beside multiply-adds.</summary>
        private const double SecondLevelLine = 0.7;

        /// <summary>A line from beyond it, where a prefetcher runs ahead.</summary>
        private const double DistantLine = 8;

        /// <summary>A line from beyond it that the code prefetches.</summary>
        private const double PrefetchedLine = 3;

        /// <summary>A line from beyond it that nothing announces.</summary>
        private const double UnexpectedLine = 10;

        /// <summary>A row's element where the lines of a tile's rows are gone before they are used up.</summary>
        private const double ConflictingElement = 1.5;

        /// <summary>Time of rows that have an address each, by that of rows one distance apart.</summary>
        private const double SeparateRows = 1.15;

        /// <summary>An element that is loaded, widened, and copied to all lanes: three instructions more than one that is wide.</summary>
        private const double WidenedElement = 1;

        /// <summary>A line from another worker's cache.</summary>
        private const double MovedLine = 15;

        /// <summary>To wait for the other workers.</summary>
        private const double Barrier = 2000;

        private static readonly (long Lines, long Distance) s_unknown = (long.MaxValue / SetsBytes, SetsBytes);

        private readonly ContractionTask _task;
        private readonly ContractionShape _shape;
        private readonly ContractionBlocking _blocking;
        private readonly PackingOfA _packing;
        private readonly bool _packsB;
        private readonly double _linesOfK;
        private readonly double _blockBytes;

        public Model(ContractionTask task, ContractionBlocking blocking, PackingOfA packing, bool packsB)
        {
            (_task, _shape, _blocking, _packing, _packsB) = (task, task.Shape, blocking, packing, packsB);
            var bytes = packing == PackingOfA.None || task.UsesPairs ? task.DType.Bytes : task.Packed.Bytes * task.CopiesOfA;
            var bytesOfRows = (double)blocking.TileM * bytes;
            // Rows that lie across K share their lines with the tiles beside them.
            _linesOfK = bytesOfRows / TargetTraits.LineBytes;
            // Windows overlap, but a block of K may read all of the memory that they share.
            var elements = Math.Min(blocking.TilesPerBlock * blocking.TileM * blocking.BlockK,
                packing == PackingOfA.None ? (double)_shape.A.Memory.Shape.ElementCount / Math.Max(_shape.Batch, 1) : double.MaxValue);
            _blockBytes = elements * bytes;
        }

        /// <summary>Some ranges of panels of a width.</summary>
        public ContractionCost Of(long ranges, long panelsPerRange, int width)
        {
            var k = (double)_shape.K;
            var (rangesOfTiles, panels) = (ranges * _blocking.TilesPerBlock, ranges * panelsPerRange);
            var tiles = rangesOfTiles * panelsPerRange;
            var vectors = Math.Max(width / _task.Target.Lanes(_task.Accumulator), 1);
            var partials = PartialsOf(panelsPerRange, width);
            var lines = FirstLine + (panelsPerRange - 1) * LineOf(partials.Bytes);
            return new(
                MultiplyAdds: tiles * k * StepOfK(vectors) / _task.KOfStep,
                Tiles: tiles * (_blocking.BlocksK * (StartOfTile + IndicesOfRows) + Sums(_blocking.TileM * vectors)),
                PackingA: _packing == PackingOfA.OfRange ? rangesOfTiles * k * PackingOfTile : 0,
                PackingB: panels * k * ReadingOfB(width, vectors, panelsPerRange > 1),
                Operands: tiles * (k * (Conflicts + ConflictsOfB(width) + Widening(vectors)) + partials.Cost)
                    + rangesOfTiles * k * _linesOfK * lines,
                Waiting: 0);
        }

        /// <summary>What is done before all ranges of some blocks of M.</summary>
        public ContractionCost Once(long blocks)
        {
            var packing = blocks * _blocking.TilesPerBlock * _shape.K * PackingOfTile;
            return new(0, 0, _packing is PackingOfA.All or PackingOfA.OfBlock ? packing : 0, 0, 0, _task.Target.Workers > 1 ? Waiting : 0);
        }

        // For what all workers pack, for rows of a worker that another's last tile computes too, for columns that another has written.
        private double Waiting
        {
            get
            {
                var isShared = _packing == PackingOfA.All && _shape.Batch == 1
                    || _task.TakesWholeN && _blocking.Tiles * _blocking.TileM != _shape.M;
                var moves = _blocking.BlocksM > 1 && !_task.PartitionsM && !_task.TakesWholeN;
                return (isShared ? Barrier : 0) + (moves ? _task.BytesByColumns / TargetTraits.LineBytes * MovedLine : 0);
            }
        }

        // An element of K for all accumulators of a tile.
        private double StepOfK(int vectors)
        {
            var (units, loads) = (vectors + (IsShuffled ? Shuffle : 0), _blocking.TileM + vectors);
            // Without FMA: a product, which takes the place of its operand, a sum, and, but for the last column, a copy of the operand.
            var instructions = (_task.Target.HasFma ? vectors : 3 * vectors - 1) + (IsShuffled ? 1 : 0);
            var issued = Math.Max(Math.Max(_blocking.TileM * units, loads) / PerCycle,
                (_blocking.TileM * instructions + loads) / DispatchedPerCycle);
            var step = Math.Max(issued, Latency) * (1 + Math.Max(Slack - issued / Latency, 0) / 4) + LoadsOfPanel;
            return HasSeparateRows ? step * SeparateRows : step;
        }

        // Whether an element of A takes an instruction beside its load to be in all lanes.
        private bool IsShuffled => _packing == PackingOfA.None && _task.CopiesOfA > 1;

        private double IndicesOfRows => HasSeparateRows ? _blocking.TileM * (_shape.A.Free.Runs - 1) * IndexOfRow : 0;

        private bool HasSeparateRows => _packing == PackingOfA.None && _shape.A.Free.Stride is null
            && _shape.A.Free.Run % _blocking.TileM != 0;

        // Accumulators that are added to others, in memory, at the end of a block of K, or used up.
        private double Sums(int vectors) => vectors * _blocking.BlocksK * (_blocking.BlocksK > 1 ? 1.5 : 0.5);

        // A row that is contiguous along K is transposed, a vector for a tile; what has copies is packed an element at a time, and so is
        // a tile whose rows are apart in memory.
        private double PackingOfTile => _linesOfK * SourceLine
            + (_task.CopiesOfA > 1 ? _blocking.TileM
                : IsTransposed || HasVectorsOfRows ? 2 : 1.5 * _blocking.TileM);

        private bool IsTransposed => _shape.A is { K.RunStride: 1, Free.Stride: not null } && _shape.A.K.Run % _task.KOfStep == 0;

        private bool HasVectorsOfRows => _shape.A.Free.RunStride == 1
            && (_shape.A.Free.Stride is not null || _shape.A.Free.Run % _blocking.TileM == 0);

        private double ReadingOfB(int width, int vectors, bool isPrefetched)
        {
            var bytes = (double)_shape.K * _shape.N * _task.DType.Bytes;
            var line = bytes <= _task.Target.L2Bytes / 2 ? SecondLevelLine : isPrefetched ? PrefetchedLine : UnexpectedLine;
            return LinesOfPanel(width) * line
                + (!_packsB ? 0 : vectors * (_shape.B.Free.Stride == 1 ? 1 : _shape.B.K.RunStride == 1 ? 3 : 16));
        }

        // A, where it is not packed yet.
        private double SourceLine =>
            (double)_shape.K * _shape.M * _task.DType.Bytes <= _task.Target.L2Bytes / 2 ? SecondLevelLine : DistantLine;

        // A at the first panel of a range: packed before it, or there since the range before.
        private double FirstLine => _packing == PackingOfA.OfRange || _blockBytes * _blocking.BlocksK <= _task.Target.L2Bytes / 2
            ? SecondLevelLine : DistantLine;

        private (double Bytes, double Cost) PartialsOf(long panels, int width)
        {
            if (_blocking.BlocksK == 1) return default;
            var ofTile = (double)_blocking.TileM * width * _task.Accumulator.Bytes;
            var bytes = ofTile * _blocking.TilesPerBlock * panels;
            var line = bytes <= _task.Target.L1Bytes / 4 ? 0 : bytes <= _task.Target.L2Bytes / 2 ? SecondLevelLine : 2 * DistantLine;
            return (bytes, _blocking.BlocksK * ofTile / TargetTraits.LineBytes * line);
        }

        // Of an element of K, elements that are multiplied as they are in memory.
        private double Widening(int vectors) => !_task.IsNarrow || _task.UsesPairs ? 0
            : (_packing == PackingOfA.None ? _blocking.TileM * WidenedElement : 0) + (_packsB ? 0 : vectors);

        // Of A, read again for each panel of a range. A panel of B takes half of the first-level cache.
        private double LineOf(double bytesOfPartials) => _blockBytes <= _task.Target.L1Bytes / 4 ? 0
            : _blockBytes + bytesOfPartials <= _task.Target.L2Bytes * 5 / 8 ? SecondLevelLine : DistantLine;

        // Of an element of K. Lines a power of two apart share the sets of a cache. Where neither rows nor K are one distance apart,
        // nothing is known.
        private double Conflicts
        {
            get
            {
                if (_packing != PackingOfA.None || _shape.A.Overlaps || ContractionSchedule.IsAllNear(_task, _shape.M)) return 0;
                var (free, k) = (_shape.A.Free, _shape.A.K);
                var (lines, distance) = free.Stride is null || k.Stride is null ? s_unknown
                    : k.Stride == 1 ? (_blocking.TileM, free.RunStride)
                    : free.Stride == 1 ? (_blocking.BlockK, k.RunStride) : s_unknown;
                return Conflict(lines, distance) ? _blocking.TileM * ConflictingElement : 0;
            }
        }

        // Of an element of K: lines of a panel that is not packed are gone before the next tile reads them; the first reads memory.
        private double ConflictsOfB(int width) => !_packsB && !ContractionSchedule.IsAllNear(_task, _shape.N)
            && Conflict(_blocking.BlockK, _shape.B.K.RunStride)
            ? LinesOfPanel(width) * SecondLevelLine * (1 - 1.0 / _blocking.TilesPerBlock) : 0;

        private double LinesOfPanel(int width) => Math.Max((double)width * _task.DType.Bytes / TargetTraits.LineBytes, 1);

        private bool Conflict(long lines, long distance) => ShareSets(lines, distance * _task.DType.Bytes);
    }
}
