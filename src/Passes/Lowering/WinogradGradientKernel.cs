using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>The derivative of a convolution by its filters, by Winograd's algorithm along both axes.</summary>
/// <remarks>Cost: 16 · tiles of 2×2 results · channels · filters.</remarks>
internal sealed class WinogradGradientKernel : WinogradSums
{
    private const int Points = WinogradTransforms.Points, AllPoints = WinogradTransforms.AllPoints, Results = WinogradTransforms.Results;

    private readonly WinogradGradientBlocking _blocking;
    private readonly long _pointOfImage;
    private readonly long _pointOfCotangent;
    private readonly LoopBuffer _image;
    private readonly LoopBuffer _cotangent;

    private WinogradGradientKernel(Operation fusion, WinogradGradientShape shape, WinogradGradientBlocking blocking, TargetTraits target)
        : base(fusion, shape, blocking.Ranges, AllPoints, blocking.Blocks, target)
    {
        _blocking = blocking;
        _pointOfImage = WinogradLoops.PointOf(Steps * Ranges.Channels, DType);
        _pointOfCotangent = WinogradLoops.PointOf(Steps * MostFilters, DType);
        _image = Body.AddScratch("image", DType, AllPoints * _pointOfImage, BufferScope.Worker);
        _cotangent = Body.AddScratch("cotangent", DType, AllPoints * _pointOfCotangent, BufferScope.Worker);
    }

    /// <summary>The kernel, or null where the algorithm does not apply, or is not chosen.</summary>
    public static Kernel? TryLower(Operation fusion, TargetTraits target, ConvolutionAlgorithm algorithm)
    {
        var dot = fusion.Body!.Operations.First(o => o.Op is IContractionOp);
        if (!WinogradChoice.Allows(dot, algorithm) || WinogradGradientShape.Of(dot) is not { IsEmpty: false } shape) return null;
        if (algorithm == ConvolutionAlgorithm.ByCost && !WinogradGradientBlocking.Pays(dot, shape, target)) return null;
        var blocking = WinogradGradientBlocking.Choose(shape, dot.Result.DType, target);
        var kernel = new WinogradGradientKernel(fusion, shape, blocking, target).Build((double)AllPoints * shape.Tiles);
        return kernel with { Name = "winograd_gradient" };
    }

    protected override long Steps => _blocking.TilesPerBlock;

    protected override IEnumerable<Statement> Transform(Range range, ScalarExpr block)
    {
        ScalarExpr Number(ScalarExpr tile) => block * Steps + tile;
        // Past the last tile is the last again, with a cotangent of 0.
        var isExact = Steps * _blocking.Blocks == Shape.Tiles;
        ScalarExpr Known(ScalarExpr tile) => isExact ? Number(tile)
            : ScalarExpr.Binary(BinaryKind.Min, Number(tile), ScalarExpr.Index(Shape.Tiles - 1));
        var tile = new LoopVariable("tile", Steps);
        var isTile = isExact ? null : ScalarExpr.Compare(CompareKind.Lt, Number(tile.Value), ScalarExpr.Index(Shape.Tiles));
        yield return Loops.TransformImage(Shape.Image, Known, Steps, range.First, Ranges.Channels, _image, _pointOfImage);
        yield return new ForStatement(tile, Steps, LoopKind.Serial, 1,
            [TransformCotangent(range, tile.Value, Shape.Image.TileAt(Known(tile.Value)), isTile)]);
    }

    // cotangent[point][panel][tile][n]
    private ForStatement TransformCotangent(Range range, ScalarExpr tile, WinogradImage.Tile at, ScalarExpr? isTile)
    {
        var (panel, lane) = (new LoopVariable("panel", range.Panels), new LoopVariable("n", range.Width));
        var filter = (range.FirstPanel + panel.Value) * Ranges.Width + lane.Value;
        List<Statement> body = [];
        var transformed = new WinogradTransforms(Body, body).Cotangent((i, j) => new LoadExpr(Body.BufferOf(Shape.Cotangent),
            Shape.CotangentAt(at, i, j, filter), ScalarExpr.Both(isTile, at.Owns(ScalarExpr.Index(i), ScalarExpr.Index(j))))
            .ConvertTo(DType));
        WinogradLoops.Store(body, transformed.Cast<ScalarExpr>(), _cotangent,
            (panel.Value * Steps + tile) * range.Width + lane.Value, _pointOfCotangent);
        return new(panel, range.Panels, LoopKind.Serial, 1, [Loops.Vector(lane, range.Width, body)]);
    }

    protected override IEnumerable<Statement> PrefetchNext(Range range, ScalarExpr block, ScalarExpr part, long parts)
    {
        IEnumerable<Statement> Pixels(Value of, long channels, Func<WinogradImage.Tile, ScalarExpr, ScalarExpr, ScalarExpr> position) =>
            Loops.PrefetchTiles(Body.BufferOf(of), Steps, (block + 1) * Steps, Shape.Image, position, channels, part, parts);
        return [.. Pixels(Shape.Image.Memory, Ranges.Channels, (tile, row, column) =>
                Shape.Image.PixelAt(tile.Image, tile.Row + Results + row, tile.Column + Results + column) + range.First),
            .. Pixels(Shape.Cotangent, range.Filters, (tile, row, column) =>
                Shape.CotangentAt(tile.Image, tile.Row + row, tile.Column + column, range.FirstPanel * Ranges.Width))];
    }

    // image[point][tile][channel]
    protected override LoadExpr ImageAt(ScalarExpr product, ScalarExpr step, ScalarExpr at) =>
        new(_image, product * _pointOfImage + step * Ranges.Channels + at);

    protected override LoadExpr CotangentAt(Range range, ScalarExpr panel, ScalarExpr product, ScalarExpr step, ScalarExpr at) =>
        new(_cotangent, product * _pointOfCotangent + (panel * Steps + step) * range.Width + at);

    protected override ScalarExpr MultiplyAdd(ScalarExpr x, ScalarExpr y, ScalarExpr z) => new MultiplyAddExpr(x, y, z);

    protected override ScalarExpr[,] Gradient(WinogradTransforms transforms, Func<int, ScalarExpr> sum) =>
        transforms.Gradient((i, j) => sum(i * Points + j));
}
