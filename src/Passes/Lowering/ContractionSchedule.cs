using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using static System.FormattableString;

namespace GraphCompiler.Passes.Lowering;

/// <summary>What of a contraction's operand A is packed, and when.</summary>
internal enum PackingOfA
{
    /// <summary>Nothing: tiles read memory.</summary>
    None,
    /// <summary>All of it, or of a batch, by all workers before the first tile.</summary>
    All,
    /// <summary>The tiles of a block of M, over all of K, by the worker that multiplies them.</summary>
    OfBlock,
    /// <summary>The tiles of a block of M over a block of K, just before they are multiplied by a range of panels.</summary>
    OfRange,
}

/// <summary>A contraction to be scheduled.</summary>
/// <param name="Shape">Its sizes, and where its operands are.</param>
/// <param name="DType">Of the operands.</param>
/// <param name="Accumulator">Of the sums.</param>
/// <param name="Target">Registers, caches and workers.</param>
internal sealed record ContractionTask(ContractionShape Shape, DType DType, DType Accumulator, TargetTraits Target)
{
    /// <summary>Whether elements are widened to be multiplied: once, where they are packed.</summary>
    public bool IsNarrow => DType is { IsFloating: true, Bits: < 32 };

    /// <summary>Whether both operands are pairs along K, which one instruction multiplies and adds.</summary>
    public bool UsesPairs => Target.HasPairDot && DType == DType.BF16 && Accumulator == DType.F32 && Shape.K > 1;

    /// <summary>Whether the pairs of A lie in memory as they are multiplied.</summary>
    public bool HasPairsOfA => UsesPairs && Shape.A.K is { RunStride: 1, Run: var run } && run % KOfStep == 0;

    /// <summary>Of packed elements.</summary>
    public DType Packed => UsesPairs ? DType.U32 : IsNarrow ? Accumulator : DType;

    /// <summary>How many times an element of A stands side by side where it is packed, for one load to copy it to all lanes.</summary>
    public int CopiesOfA => UsesPairs ? 1 : Target.CopiesToBroadcast(Packed);

    /// <summary>K of a multiply-add.</summary>
    public int KOfStep => UsesPairs ? 2 : 1;

    /// <summary>Whether the workers partition M, not N: memory that one core writes and another's prefetcher reads ahead moves between
    /// their caches (mlp_mnist_b64_adam's update took 130 µs partitioned along N, 90 along M).</summary>
    public bool PartitionsM { get; init; }

    /// <summary>Whether each worker should have all of N for its part of M.</summary>
    public bool TakesWholeN { get; init; }

    /// <summary>Bytes that move between the caches of workers in each step unless each keeps to its columns: weights that the step
    /// replaces.</summary>
    public long BytesByColumns { get; init; }

    /// <summary>All that its schedules depend on, but the target: equal for equal tasks.</summary>
    public override string ToString() => Invariant(
        $"{DType} in {Accumulator} M={Shape.M} N={Shape.N} K={Shape.K} batch={Shape.Batch} A={Shape.A} B={Shape.B}")
        + (PartitionsM ? " by_rows" : "") + (TakesWholeN ? " whole_rows" : "")
        + (BytesByColumns == 0 ? "" : $" by_columns={BytesByColumns}");
}

/// <summary>How a contraction is computed: the least expected time of the candidates (<see cref="ContractionCost"/>).</summary>
/// <param name="Blocking">Tiles, panels, blocks and groups.</param>
/// <param name="Packing">What of A is packed.</param>
/// <param name="PacksB">Whether panels of B are packed.</param>
/// <param name="Cost">What is expected of the busiest worker.</param>
internal sealed record ContractionSchedule(ContractionBlocking Blocking, PackingOfA Packing, bool PacksB, ContractionCost Cost)
{
    /// <summary>Bytes of an operand that stay in the first-level cache however it is read.</summary>
    public const long UnpackedBytes = 24 * 1024;

    /// <summary>Panels that a group has at most: the more, the less often A is packed.</summary>
    private const long MostPanels = 128;

    private static readonly long[] s_blocks = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256];

    /// <summary>The schedule that is expected to take least time (the first of equals), and some that differ from it in what is packed or
    /// in the tile and may be faster yet, by their cost.</summary>
    public static ContractionSchedule[] Best(ContractionTask task)
    {
        const int Most = 4;
        const double Hopeless = 1.3;
        ContractionSchedule[] best = [.. Candidates(task).GroupBy(c => (c.Packing, c.Blocking.TileM))
            .Select(alike => alike.MinBy(c => c.Cost.Total)!).OrderBy(c => c.Cost.Total)];
        return [.. best.TakeWhile((c, i) => i < Most && c.Cost.Total <= Hopeless * best[0].Cost.Total)];
    }

    /// <summary>Every schedule that keeps to the task's demands, at least one; all of them add up in the same order.</summary>
    public static IEnumerable<ContractionSchedule> Candidates(ContractionTask task)
    {
        var (shape, lanes) = (task.Shape, task.Target.Lanes(task.Accumulator));
        var tileN = Math.Min(2 * lanes, ElementKernel.PowerOfTwoAtLeast(shape.N));
        var mostM = task.Target.RowsOfTile(tileN, task.Accumulator);
        var (blockK, blocksK) = ContractionBlocking.BlocksOfK(shape, tileN, task.Accumulator, task.Target, task.KOfStep);
        PackingOfA[] packings = [.. Enum.GetValues<PackingOfA>().Where(p => Allows(task, tileN, p))];
        var groups = Groups(task, shape.N / tileN);
        foreach (var packing in packings)
            foreach (var (tileM, tiles, blocks) in Tilings(task, mostM, packing))
                foreach (var panels in groups)
                {
                    var blocking = new ContractionBlocking(tileM, tileN, tiles, blocks, blockK, blocksK, panels);
                    var packsB = PacksPanels(task, blocking);
                    yield return new(blocking, packing, packsB, ContractionCost.Of(task, blocking, packing, packsB));
                }
    }

    /// <summary>What is done, and what is expected to take the time.</summary>
    public override string ToString()
    {
        var (b, total) = (Blocking, Cost.Total);
        string Share(string name, double cycles) => Invariant($"{name} {cycles / total:p1}");
        string[] shares = [Share("multiply-adds", Cost.MultiplyAdds), Share("tiles", Cost.Tiles), Share("packing of A", Cost.PackingA),
            Share("reading of B", Cost.PackingB), Share("operands", Cost.Operands), Share("waiting", Cost.Waiting)];
        return string.Join(", ",
            Invariant($"tile {b.TileM}x{b.TileN}"), Invariant($"M {b.BlocksM} x {b.TilesPerBlock} tiles"),
            Invariant($"K {b.BlocksK} x {b.BlockK}"), Invariant($"N by {b.PanelsPerGroup} panels"),
            $"A packed: {Packing}", $"B packed: {PacksB}") + Invariant($"; {total:f0} cycles: {string.Join(", ", shares)}");
    }

    // As few rows as cover M with as many tiles, and as few tiles as cover it with as many blocks.
    private static IEnumerable<(int TileM, long Tiles, long Blocks)> Tilings(ContractionTask task, int mostM, PackingOfA packing)
    {
        var (m, workers) = (task.Shape.M, task.Target.Workers);
        var isPartitioned = task.PartitionsM || task.TakesWholeN || packing == PackingOfA.OfBlock;
        var multiple = isPartitioned && ContractionBlocking.Divide(m, mostM) >= workers ? workers : 1;
        var seen = new HashSet<(int, long, long)>();
        for (var rows = mostM; rows >= Math.Max(mostM / 2, 1); rows--)
            foreach (var count in s_blocks)
            {
                var (blocks, needed) = (count * multiple, ContractionBlocking.Divide(m, rows));
                if (blocks > Math.Max(needed, multiple)) break;
                var tiles = ContractionBlocking.Divide(needed, blocks);
                var fewest = (int)ContractionBlocking.Divide(m, tiles * blocks);
                if (seen.Add((fewest, tiles, blocks))) yield return (fewest, tiles, blocks);
            }
    }

    // Divisors of the full panels, the largest first.
    private static long[] Groups(ContractionTask task, long full) => full == 0 ? [1] : task.TakesWholeN ? [full]
        : [.. Enumerable.Range(1, (int)Math.Min(full, MostPanels)).Reverse().Select(n => (long)n).Where(n => full % n == 0)];

    private static bool Allows(ContractionTask task, int tileN, PackingOfA packing)
    {
        var (shape, workers) = (task.Shape, task.Target.Workers);
        if (packing == PackingOfA.None) return !task.UsesPairs || task.HasPairsOfA;
        if (shape.N <= tileN && !task.UsesPairs) return false;
        // Windows overlap: a copy of them would be many times the memory that they share, unless it is of a range alone.
        if (shape.A.Overlaps && !((task.IsNarrow || task.CopiesOfA > 1) && packing == PackingOfA.OfRange)) return false;
        if (IsAllNear(task, shape.M) && !task.IsNarrow && task.CopiesOfA == 1) return false;
        return packing switch
        {
            // Where each worker packs its own batches, a batch is not divided.
            PackingOfA.All => shape.Batch == 1 ? workers > 1 : shape.Batch >= workers,
            PackingOfA.OfBlock => shape.Batch == 1,
            _ => true,
        };
    }

    private static bool PacksPanels(ContractionTask task, ContractionBlocking blocking) => task.Shape.B.Free.Stride != 1
        || task.UsesPairs || (task.IsNarrow ? blocking.TilesPerBlock > 1 : !IsAllNear(task, task.Shape.N) && blocking.TilesPerBlock > 2);

    /// <summary>Whether the tiles of a panel of B prefetch the next: one that is not alone in its group, and comes from beyond the
    /// second-level cache.</summary>
    public static bool PrefetchesPanels(ContractionTask task, long panels) =>
        panels > 1 && task.Shape.K * task.Shape.N * task.DType.Bytes > task.Target.L2Bytes / 4;

    /// <summary>Whether an operand of some rows stays in the first-level cache however it is read, so that packing only costs.</summary>
    public static bool IsAllNear(ContractionTask task, long rows) => task.Shape.K * rows * task.DType.Bytes <= UnpackedBytes;
}
