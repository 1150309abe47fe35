using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>What kernels by Winograd's algorithm have in common: panels of filters, the transform of a block of the image, operations after
/// it applied to the results of a transform, and hints of the next block.</summary>
/// <param name="body">The kernel.</param>
/// <param name="target">Vectors.</param>
/// <param name="dtype">Of what transforms compute, and of sums.</param>
internal sealed class WinogradLoops(KernelBody body, TargetTraits target, DType dtype)
{
    /// <summary>Operations for an element up to which those after a transform are unrolled for each result.</summary>
    private const int UnrolledCost = 16;

    /// <summary>Lines of a pixel that are hinted of in one iteration.</summary>
    private const int LinesTogether = 4;

    private LoopBuffer? _results;

    /// <summary>Panels of filters of one width: all that are full, or the last.</summary>
    public sealed record PanelRange(string Name, long First, long Count, long Width);

    /// <summary>Filters as panels of a width, and one that is narrower.</summary>
    public static IEnumerable<PanelRange> Panels(string name, long filters, long width)
    {
        var (full, remainder) = (filters / width, filters % width);
        if (full > 0) yield return new(name, 0, full, width);
        if (remainder > 0) yield return new($"last_{name}", full, 1, remainder);
    }

    /// <summary>Elements from a point of a block to the next: a line more than a power of two, else the lines of all points would share few
    /// sets of the cache.</summary>
    public static long PointOf(long elements, DType dtype)
    {
        var line = TargetTraits.LineBytes / dtype.Bytes;
        return ContractionBlocking.RoundUp(elements, line) + line;
    }

    /// <summary>to[point][tile][channel]: the transform of some tiles.</summary>
    public ForStatement TransformImage(WinogradImage image, Func<ScalarExpr, ScalarExpr> tileNumber, long tiles, ScalarExpr firstChannel,
        long channels, LoopBuffer to, long point)
    {
        var (tile, lane) = (new LoopVariable("tile", tiles), new LoopVariable("c", channels));
        var at = image.TileAt(tileNumber(tile.Value));
        List<Statement> statements = [];
        var transformed = new WinogradTransforms(body, statements).Image((i, j) =>
            new LoadExpr(body.BufferOf(image.Memory), image.At(at, i, j, firstChannel + lane.Value)).ConvertTo(dtype));
        Store(statements, transformed.Cast<ScalarExpr>(), to, tile.Value * channels + lane.Value, point);
        return new(tile, tiles, LoopKind.Serial, 1, [Vector(lane, channels, statements)]);
    }

    /// <summary>A loop over vectors that computes results and applies the operations after them.</summary>
    /// <param name="lane">Number along the vectors.</param>
    /// <param name="width">Of a panel: how many there are.</param>
    /// <param name="results">Appends statements that compute the results.</param>
    /// <param name="epilogue">Given row, column and result.</param>
    public IEnumerable<Statement> Results(LoopVariable lane, long width, Func<List<Statement>, ScalarExpr[,]> results,
        Func<ScalarExpr, ScalarExpr, ScalarExpr, List<Statement>> epilogue)
    {
        List<Statement> statements = [];
        var values = results(statements);
        var (rows, columns) = (values.GetLength(0), values.GetLength(1));
        if (ElementKernel.Cost(body.Function) <= UnrolledCost)
        {
            for (var i = 0; i < rows; i++)
                for (var j = 0; j < columns; j++)
                    statements.AddRange(epilogue(ScalarExpr.Index(i), ScalarExpr.Index(j), values[i, j]));
            return [Vector(lane, width, statements)];
        }
        if (_results is null || _results.Elements < values.Length * width)
            _results = body.AddScratch("results", dtype, values.Length * width, BufferScope.Worker);
        Store(statements, values.Cast<ScalarExpr>(), _results, lane.Value, width);
        var result = new LoopVariable("result", values.Length);
        var position = KernelBody.Unravel(result.Value, [rows, columns]);
        var after = epilogue(position[0], position[1], new LoadExpr(_results, result.Value * width + lane.Value));
        return [Vector(lane, width, statements),
            new ForStatement(result, values.Length, LoopKind.Serial, 1, [Vector(lane, width, after)])];
    }

    /// <summary>to[at + i · stride] = values[i]</summary>
    public static void Store(List<Statement> statements, IEnumerable<ScalarExpr> values, LoopBuffer to, ScalarExpr at, long stride) =>
        statements.AddRange(values.Select((value, i) => new StoreStatement(to, at + i * stride, value)));

    /// <summary>A part of what hints of the elements that a worker's next block reads: processors do not see them coming beyond a page of
    /// memory, while products leave time for them.</summary>
    /// <param name="buffer">The elements.</param>
    /// <param name="pixels">How many there are.</param>
    /// <param name="position">Where a pixel begins, given its number.</param>
    /// <param name="channels">Elements of a pixel.</param>
    /// <param name="part">Which part.</param>
    /// <param name="parts">How many.</param>
    public IEnumerable<Statement> Prefetch(
        LoopBuffer buffer, long pixels, Func<ScalarExpr, ScalarExpr> position, long channels, ScalarExpr part, long parts)
    {
        if (IsNear(buffer)) return [];
        var (ofPart, ofLine) = (ContractionBlocking.Divide(pixels, parts), TargetTraits.LineBytes / buffer.DType.Bytes);
        var lines = ContractionBlocking.Divide(channels, ofLine);
        var (pixel, line) = (new LoopVariable("pixel", ofPart), new LoopVariable("line", lines));
        var first = part * ofPart;
        var hint = new PrefetchStatement(buffer, position(first + pixel.Value) + line.Value * ofLine, Level: 2);
        // Where there are more parts than pixels, or they are not divided exactly, the last parts have fewer, or none.
        var left = ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(pixels) - first, ScalarExpr.Index(0));
        var count = pixels == ofPart * parts ? null : ScalarExpr.Binary(BinaryKind.Min, left, ScalarExpr.Index(ofPart));
        return [new ForStatement(pixel, ofPart, LoopKind.Serial, 1,
            [new ForStatement(line, lines, LoopKind.Serial, 1, [hint]).Unrolled(LinesTogether)], count)];
    }

    /// <summary>A part of what hints of the memory that a register tile's results are written to, and the operations before that read.
    /// </summary>
    /// <param name="dot">The contraction.</param>
    /// <param name="tiles">Tiles of the image in the register tile.</param>
    /// <param name="results">Indices of the results of a tile, given its number; filters of a panel follow each.</param>
    /// <param name="width">Of a panel.</param>
    /// <param name="part">Which part.</param>
    /// <param name="parts">How many.</param>
    public IEnumerable<Statement> PrefetchResults(Value dot, long tiles, Func<ScalarExpr, IEnumerable<ScalarExpr[]>> results, long width,
        ScalarExpr part, long parts)
    {
        var ofPart = ContractionBlocking.Divide(tiles, parts);
        LoopBuffer[] buffers = [.. body.Function.Parameters.Where(p => p.Shape == dot.Shape).Select(body.BufferOf),
            .. body.Function.Results.Distinct().Where(r => r.Shape == dot.Shape).Select(r => body.ResultBuffersOf(r)[0])];
        buffers = [.. buffers.Where(b => !IsNear(b))];
        for (var i = 0; i < ofPart; i++)
            foreach (var index in results(part * ofPart + i))
                foreach (var buffer in buffers)
                    for (var n = 0; n < width; n += TargetTraits.LineBytes / buffer.DType.Bytes)
                        yield return new PrefetchStatement(buffer, KernelBody.Position(dot.Shape, index) + n, Level: 2);
    }

    // What has been written a moment ago is in the second-level cache yet.
    private bool IsNear(LoopBuffer buffer) => buffer.Bytes <= target.L2Bytes / 4;

    /// <summary>As <see cref="Prefetch"/>, of 2×2 pixels of each tile of the next block: all that no tile before it has.</summary>
    public IEnumerable<Statement> PrefetchTiles(LoopBuffer buffer, long tiles, ScalarExpr firstTile, WinogradImage image,
        Func<WinogradImage.Tile, ScalarExpr, ScalarExpr, ScalarExpr> position, long channels, ScalarExpr part, long parts)
    {
        const int Size = WinogradTransforms.Results;
        return Prefetch(buffer, tiles * Size * Size, pixel =>
        {
            var index = KernelBody.Unravel(pixel, [(int)tiles, Size, Size]);
            return position(image.TileAt(firstTile + index[0]), index[1], index[2]);
        }, channels, part, parts);
    }

    /// <summary>Pairs of two rows of numbers, rounded to bf16.</summary>
    public static IEnumerable<ScalarExpr> Pairs(ScalarExpr[] low, ScalarExpr[] high) =>
        low.Zip(high, (l, h) => new PairExpr(l.ConvertTo(DType.BF16), h.ConvertTo(DType.BF16)));

    /// <summary>A loop over vectors.</summary>
    public ForStatement Vector(LoopVariable lane, long extent, List<Statement> statements) =>
        new(lane, extent, LoopKind.Vector, Math.Min(target.Lanes(dtype), ElementKernel.PowerOfTwoAtLeast(extent)), [.. statements]);
}
