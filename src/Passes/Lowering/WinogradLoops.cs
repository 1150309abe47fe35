using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>What kernels by Winograd's algorithm have in common: the transform of a block of the image, and operations after it applied to
/// the results of a transform.</summary>
/// <param name="body">The kernel.</param>
/// <param name="target">Vectors.</param>
/// <param name="dtype">Of all elements.</param>
internal sealed class WinogradLoops(KernelBody body, TargetTraits target, DType dtype)
{
    /// <summary>Operations for an element up to which those after a transform are unrolled for each result.</summary>
    private const int UnrolledCost = 16;

    private LoopBuffer? _results;

    /// <summary>Elements from a point of a block to the next: a line more than a power of two, else the lines of all points would share few
    /// sets of the cache.</summary>
    public long PointOf(long elements)
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
        Store(statements, transformed, to, tile.Value * channels + lane.Value, point);
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
        var size = values.GetLength(0);
        if (ElementKernel.Cost(body.Function) <= UnrolledCost)
        {
            for (var i = 0; i < size; i++)
                for (var j = 0; j < size; j++)
                    statements.AddRange(epilogue(ScalarExpr.Index(i), ScalarExpr.Index(j), values[i, j]));
            return [Vector(lane, width, statements)];
        }
        if (_results is null || _results.Elements < values.Length * width)
            _results = body.AddScratch("results", dtype, values.Length * width, BufferScope.Worker);
        Store(statements, values, _results, lane.Value, width);
        var result = new LoopVariable("result", values.Length);
        var position = KernelBody.Unravel(result.Value, [size, size]);
        var after = epilogue(position[0], position[1], new LoadExpr(_results, result.Value * width + lane.Value));
        return [Vector(lane, width, statements),
            new ForStatement(result, values.Length, LoopKind.Serial, 1, [Vector(lane, width, after)])];
    }

    /// <summary>to[at + (row · columns + column) · stride] = values[row, column]</summary>
    public static void Store(List<Statement> statements, ScalarExpr[,] values, LoopBuffer to, ScalarExpr at, long stride)
    {
        var i = 0;
        foreach (var value in values) statements.Add(new StoreStatement(to, at + i++ * stride, value));
    }

    /// <summary>A loop over vectors.</summary>
    public ForStatement Vector(LoopVariable lane, long extent, List<Statement> statements) =>
        new(lane, extent, LoopKind.Vector, Math.Min(target.Lanes(dtype), ElementKernel.PowerOfTwoAtLeast(extent)), [.. statements]);
}
