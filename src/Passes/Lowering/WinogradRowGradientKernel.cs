using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>The derivative of a convolution over bf16 by its filters, by Winograd's algorithm along rows alone, for targets that multiply
/// pairs: those of the same place in two images.</summary>
/// <remarks>Transformed elements are rounded to bf16 again, sums are f32. Cost: 12 · tiles of 1×2 results · channels · filters.</remarks>
internal sealed class WinogradRowGradientKernel : WinogradSums
{
    private const int Points = WinogradTransforms.Points, Taps = WinogradTransforms.Taps;

    private readonly WinogradRowGradientBlocking _blocking;
    private readonly WinogradImage _view;
    private readonly long _pointOfImage;
    private readonly long _pointOfCotangent;
    private readonly LoopBuffer _image;
    private readonly LoopBuffer _cotangent;

    private WinogradRowGradientKernel(
        Operation fusion, WinogradGradientShape shape, WinogradRowGradientBlocking blocking, TargetTraits target)
        : base(fusion, shape, blocking.Ranges, Points * Taps, PairsOf(shape) * blocking.Blocks, target)
    {
        (_blocking, _view) = (blocking, shape.Image);
        _pointOfImage = WinogradLoops.PointOf((Steps + (Taps - 1) * _view.TileColumns) * Ranges.Channels, DType.U32);
        _pointOfCotangent = WinogradLoops.PointOf(Steps * MostFilters, DType.U32);
        _image = Body.AddScratch("image", DType.U32, Points * _pointOfImage, BufferScope.Worker);
        _cotangent = Body.AddScratch("cotangent", DType.U32, Points * _pointOfCotangent, BufferScope.Worker);
    }

    /// <summary>The kernel, or null where the algorithm does not apply, or is not chosen.</summary>
    public static Kernel? TryLower(Operation fusion, TargetTraits target, ConvolutionAlgorithm algorithm)
    {
        var dot = fusion.Body!.Operations.First(o => o.Op is IContractionOp);
        if (!WinogradChoice.AllowsPairs(dot, target, algorithm)) return null;
        if (WinogradGradientShape.Of(dot) is not { IsEmpty: false } shape) return null;
        if (algorithm == ConvolutionAlgorithm.ByCost && !WinogradRowGradientBlocking.Pays(dot, shape, target)) return null;
        var blocking = WinogradRowGradientBlocking.Choose(shape, dot.Result.DType, target);
        var tiles = (double)shape.Image.Images.Count * shape.Image.Rows * shape.Image.TileColumns;
        var kernel = new WinogradRowGradientKernel(fusion, shape, blocking, target).Build(Points * Taps * tiles / 2);
        return kernel with { Name = "winograd_rows_gradient" };
    }

    protected override long Steps => (long)_blocking.Rows * _view.TileColumns;

    private static long PairsOf(WinogradGradientShape shape) =>
        ContractionBlocking.Divide(shape.Image.Images.Count, WinogradRowGradientBlocking.Images);

    /// <summary>Some rows of two images, of which the second may be one more than there are.</summary>
    private sealed record Block(ScalarExpr FirstImage, WinogradImage.RowGroup Rows);

    private Block BlockOf(ScalarExpr number)
    {
        var index = KernelBody.Unravel(number, [(int)PairsOf(Shape), _blocking.Blocks]);
        return new(index[0] * WinogradRowGradientBlocking.Images, _view.RowsOf(index[1], _blocking.Rows));
    }

    // Past the last image is the last again, with a cotangent of 0.
    private (ScalarExpr Image, ScalarExpr? IsImage) Half(Block block, int half)
    {
        var number = block.FirstImage + half;
        var count = _view.Images.Count;
        return half == 0 || count % WinogradRowGradientBlocking.Images == 0 ? (number, null)
            : (ScalarExpr.Binary(BinaryKind.Min, number, ScalarExpr.Index(count - 1)),
                ScalarExpr.Compare(CompareKind.Lt, number, ScalarExpr.Index(count)));
    }

    protected override IEnumerable<Statement> Transform(Range range, ScalarExpr block) =>
        [TransformImage(range, BlockOf(block)), TransformCotangent(range, BlockOf(block))];

    // image[point][row, tile of it][channel]; two rows more than of the cotangent.
    private ForStatement TransformImage(Range range, Block block)
    {
        var (row, column) = (new LoopVariable("row", _blocking.Rows + Taps - 1), new LoopVariable("column", _view.TileColumns));
        var lane = new LoopVariable("c", Ranges.Channels);
        List<Statement> body = [];
        ScalarExpr[] Of(int half)
        {
            var at = _view.TileOfRow(Half(block, half).Image, block.Rows.First + row.Value, column.Value);
            return new WinogradTransforms(Body, body).ImageOfRow(j =>
                new LoadExpr(Body.BufferOf(_view.Memory), _view.At(at, 0, j, range.First + lane.Value)).ConvertTo(DType));
        }
        WinogradLoops.Store(body, WinogradLoops.Pairs(Of(0), Of(1)), _image,
            (row.Value * _view.TileColumns + column.Value) * Ranges.Channels + lane.Value, _pointOfImage);
        return new(row, _blocking.Rows + Taps - 1, LoopKind.Serial, 1, [new ForStatement(column, _view.TileColumns, LoopKind.Serial, 1,
            [Loops.Vector(lane, Ranges.Channels, body)])]);
    }

    // cotangent[point][panel][row, tile of it][n]
    private ForStatement TransformCotangent(Range range, Block block)
    {
        var (panel, row, column) = (new LoopVariable("panel", range.Panels), new LoopVariable("row", _blocking.Rows),
            new LoopVariable("column", _view.TileColumns));
        var lane = new LoopVariable("n", range.Width);
        var filter = (range.FirstPanel + panel.Value) * Ranges.Width + lane.Value;
        List<Statement> body = [];
        ScalarExpr[] Of(int half)
        {
            var (image, isImage) = Half(block, half);
            var at = _view.TileOfRow(image, block.Rows.First + row.Value, column.Value);
            var isOwn = ScalarExpr.Both(isImage, block.Rows.Owns(at.Row));
            return new WinogradTransforms(Body, body).CotangentOfRow(j => new LoadExpr(Body.BufferOf(Shape.Cotangent),
                Shape.CotangentAt(at, 0, j, filter), ScalarExpr.Both(isOwn, at.Owns(ScalarExpr.Index(0), ScalarExpr.Index(j)))), DType);
        }
        WinogradLoops.Store(body, WinogradLoops.Pairs(Of(0), Of(1)), _cotangent,
            (panel.Value * Steps + row.Value * _view.TileColumns + column.Value) * range.Width + lane.Value, _pointOfCotangent);
        return new(panel, range.Panels, LoopKind.Serial, 1, [new ForStatement(row, _blocking.Rows, LoopKind.Serial, 1,
            [new ForStatement(column, _view.TileColumns, LoopKind.Serial, 1, [Loops.Vector(lane, range.Width, body)])])]);
    }

    protected override IEnumerable<Statement> PrefetchNext(Range range, ScalarExpr block, ScalarExpr part, long parts)
    {
        const int Images = WinogradRowGradientBlocking.Images;
        var next = BlockOf(block + 1);
        IEnumerable<Statement> Pixels(Value of, int rows, int columns, long channels,
            Func<ScalarExpr, ScalarExpr, ScalarExpr, ScalarExpr> position) =>
            Loops.Prefetch(Body.BufferOf(of), (long)Images * rows * columns, pixel =>
            {
                var index = KernelBody.Unravel(pixel, [Images, rows, columns]);
                return position(next.FirstImage + index[0], next.Rows.First + index[1], index[2]);
            }, channels, part, parts);
        return [.. Pixels(_view.Memory, _blocking.Rows + Taps - 1, _view.Columns + Taps - 1, Ranges.Channels,
                (image, row, column) => _view.PixelAt(image, row, column) + range.First),
            .. Pixels(Shape.Cotangent, _blocking.Rows, _view.Columns, range.Filters,
                (image, row, column) => Shape.CotangentAt(image, row, column, range.FirstPanel * Ranges.Width))];
    }

    protected override LoadExpr ImageAt(ScalarExpr product, ScalarExpr step, ScalarExpr at)
    {
        var index = KernelBody.Unravel(product, [Points, Taps]);
        return new(_image, index[0] * _pointOfImage + (step + index[1] * _view.TileColumns) * Ranges.Channels + at);
    }

    protected override LoadExpr CotangentAt(Range range, ScalarExpr panel, ScalarExpr product, ScalarExpr step, ScalarExpr at) =>
        new(_cotangent, KernelBody.Unravel(product, [Points, Taps])[0] * _pointOfCotangent
            + (panel * Steps + step) * range.Width + at);

    protected override ScalarExpr MultiplyAdd(ScalarExpr x, ScalarExpr y, ScalarExpr z) => new PairDotExpr(x, y, z);

    protected override ScalarExpr[,] Gradient(WinogradTransforms transforms, Func<int, ScalarExpr> sum)
    {
        var taps = new ScalarExpr[Taps, Taps];
        for (var row = 0; row < Taps; row++)
        {
            var ofRow = transforms.GradientOfRow(point => sum(point * Taps + row));
            for (var column = 0; column < Taps; column++) taps[row, column] = ofRow[column];
        }
        return taps;
    }
}
