using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a convolution of 3×3 taps and the elementwise operations after it by Winograd's algorithm: filters are transformed once;
/// then each worker transforms a block of tiles of the image, multiplies it by the filters at each of the 16 points, a panel of filters at
/// a time, and transforms the products into results, to which it applies the operations.</summary>
/// <remarks>What of a block is in scratch stays in the second-level cache. Cost: 16 · tiles · channels · filters.</remarks>
internal sealed class WinogradKernel
{
    private const int Points = WinogradTransforms.Points, AllPoints = WinogradTransforms.AllPoints, Results = WinogradTransforms.Results;

    private readonly KernelBody _body;
    private readonly TargetTraits _target;
    private readonly WinogradLoops _loops;
    private readonly Value _dot;
    private readonly DType _dtype;
    private readonly WinogradShape _shape;
    private readonly WinogradBlocking _blocking;
    private readonly long _pointOfImage;
    private readonly long _pointOfProducts;
    private readonly LoopBuffer _filters;
    private readonly LoopBuffer _image;
    private readonly LoopBuffer _products;

    private WinogradKernel(Operation fusion, WinogradShape shape, WinogradBlocking blocking, TargetTraits target)
    {
        (_body, _shape, _blocking, _target) = (new KernelBody(fusion), shape, blocking, target);
        _dot = _body.Function.Operations.First(o => o.Op is IContractionOp).Result;
        _dtype = _dot.DType;
        _loops = new(_body, target, _dtype);
        _pointOfImage = WinogradLoops.PointOf(_blocking.TilesPerBlock * _shape.Channels, _dtype);
        _pointOfProducts = WinogradLoops.PointOf(_blocking.TilesPerBlock * _blocking.Width, _dtype);
        _filters = _body.AddScratch("filters", _dtype, PanelCount * PanelOfFilters, BufferScope.Shared);
        _image = _body.AddScratch("image", _dtype, AllPoints * _pointOfImage, BufferScope.Worker);
        _products = _body.AddScratch("products", _dtype, AllPoints * _pointOfProducts, BufferScope.Worker);
    }

    /// <summary>The kernel, or null where the algorithm does not apply, or is not chosen.</summary>
    public static Kernel? TryLower(Operation fusion, TargetTraits target, ConvolutionAlgorithm algorithm)
    {
        var dot = fusion.Body!.Operations.First(o => o.Op is IContractionOp);
        if (!WinogradChoice.Allows(dot, algorithm) || WinogradShape.Of(dot) is not { IsEmpty: false } shape) return null;
        var dtype = dot.Result.DType;
        if (algorithm == ConvolutionAlgorithm.ByCost && !WinogradBlocking.Pays(dot, shape, target)) return null;
        var kernel = new WinogradKernel(fusion, shape, WinogradBlocking.Choose(shape, dtype, target), target);
        return kernel.Build() with { Name = "winograd" };
    }

    private long PanelCount => ContractionBlocking.Divide(_shape.Filters, _blocking.Width);
    private IEnumerable<WinogradLoops.PanelRange> PanelsOf(string name) => WinogradLoops.Panels(name, _shape.Filters, _blocking.Width);
    private long PanelOfFilters => AllPoints * _shape.Channels * _blocking.Width;

    private Kernel Build()
    {
        var block = new LoopVariable("block", _blocking.Blocks);
        Statement[] statements = [.. PanelsOf("filters").Select(TransformFilters), new BarrierStatement(),
            new ForStatement(block, _blocking.Blocks, LoopKind.Parallel, 1,
                [TransformImage(block.Value), .. PanelsOf("panel").Select(w => Panel(block.Value, w))])];
        return _body.Build(statements, (double)_shape.Tiles * _shape.Filters * (AllPoints * 2.0 * _shape.Channels / 8
            + Results * Results * ElementKernel.Cost(_body.Function)));
    }

    // filters[panel][point][channel][n]
    private ForStatement TransformFilters(WinogradLoops.PanelRange panels)
    {
        var (number, lane) = (new LoopVariable(panels.Name, panels.Count * _shape.Channels), new LoopVariable("n", panels.Width));
        var index = KernelBody.Unravel(number.Value, [(int)panels.Count, (int)_shape.Channels]);
        var panel = index[0] + panels.First;
        var filter = panel * _blocking.Width + lane.Value;
        List<Statement> body = [];
        var transformed = new WinogradTransforms(_body, body).Filter((i, j) =>
            new LoadExpr(_body.BufferOf(_shape.Filter), _shape.FilterPosition(i, j, index[1], filter)).ConvertTo(_dtype));
        WinogradLoops.Store(body, transformed.Cast<ScalarExpr>(), _filters,
            panel * PanelOfFilters + index[1] * _blocking.Width + lane.Value, _shape.Channels * _blocking.Width);
        return new(number, panels.Count * _shape.Channels, LoopKind.Parallel, 1, [_loops.Vector(lane, panels.Width, body)]);
    }

    // image[point][tile of block][channel]
    private ForStatement TransformImage(ScalarExpr block) => _loops.TransformImage(_shape.Image, tile => FirstTile(block) + tile,
        _blocking.TilesPerBlock, ScalarExpr.Index(0), _shape.Channels, _image, _pointOfImage);

    private ForStatement Panel(ScalarExpr block, WinogradLoops.PanelRange panels)
    {
        var count = _blocking.TilesPerBlock / _blocking.RowsOfTile;
        var (panel, point, tile) = (new LoopVariable(panels.Name, panels.Count), new LoopVariable("point", AllPoints),
            new LoopVariable("tile", count));
        var number = panel.Value + panels.First;
        var multiply = new ForStatement(point, AllPoints, LoopKind.Serial, 1, [new ForStatement(tile, count, LoopKind.Serial, 1,
            [.. PrefetchNext(block, (number * AllPoints + point.Value) * count + tile.Value, PanelCount * AllPoints * count),
                .. PrefetchResults(block, number, tile.Value * _blocking.RowsOfTile, point.Value),
                Multiply(number, point.Value, tile.Value * _blocking.RowsOfTile, panels.Width)])]);
        return new(panel, panels.Count, LoopKind.Serial, 1, [multiply, TransformResults(block, number, panels.Width)]);
    }

    private IEnumerable<Statement> PrefetchNext(ScalarExpr block, ScalarExpr part, long parts) => _loops.PrefetchTiles(
        _body.BufferOf(_shape.Image.Memory), _blocking.TilesPerBlock, FirstTile(block + 1), _shape.Image,
        (tile, row, column) => _shape.Image.PixelAt(tile.Image, tile.Row + Results + row, tile.Column + Results + column),
        _shape.Channels, part, parts);

    private IEnumerable<Statement> PrefetchResults(ScalarExpr block, ScalarExpr panel, ScalarExpr first, ScalarExpr point) =>
        _loops.PrefetchResults(_dot, _blocking.RowsOfTile, tile =>
        {
            var at = _shape.Image.TileAt(FirstTile(block) + first + tile);
            return Enumerable.Range(0, Results * Results).Select(i => _shape.ResultIndex(
                at, ScalarExpr.Index(i / Results), ScalarExpr.Index(i % Results), panel * _blocking.Width));
        }, _blocking.Width, point, AllPoints);

    // products[point][tile of block][n]: a register tile.
    private ForStatement Multiply(ScalarExpr panel, ScalarExpr point, ScalarExpr first, long width)
    {
        var lane = new LoopVariable("n", width);
        var sums = _body.NewLocal("c", _dtype, _blocking.RowsOfTile);
        var filters = panel * PanelOfFilters + point * (_shape.Channels * _blocking.Width) + lane.Value;
        List<Statement> body = [new LetStatement(sums, ScalarExpr.Constant(_dtype, 0))];
        body.AddRange(Cascade.Run(_shape.Channels, sums, outer => Cascade.OpenTile(_body, outer), (channel, into) =>
        {
            var filter = _body.NewLocal("b", _dtype);
            var from = point * _pointOfImage + first * _shape.Channels + channel;
            return [new LetStatement(filter, new LoadExpr(_filters, filters + channel * _blocking.Width)),
                .. Enumerable.Range(0, into.Elements).Select(i => new AssignStatement(into, i, new MultiplyAddExpr(
                    new LoadExpr(_image, from + i * _shape.Channels), new LocalExpr(filter), new LocalExpr(into, i))))];
        }, Cascade.MostMultiplyAdds, "k", _target.StepsTogether(_blocking.RowsOfTile, width, _dtype)));
        body.AddRange(Enumerable.Range(0, sums.Elements).Select(i => new StoreStatement(_products,
            point * _pointOfProducts + first * _blocking.Width + (i * _blocking.Width) + lane.Value, new LocalExpr(sums, i))));
        return new(lane, width, LoopKind.Vector, (int)Math.Min(_blocking.Width, ElementKernel.PowerOfTwoAtLeast(width)), [.. body]);
    }

    private ForStatement TransformResults(ScalarExpr block, ScalarExpr panel, long width)
    {
        var (tile, lane) = (new LoopVariable("tile", _blocking.TilesPerBlock), new LoopVariable("n", width));
        var number = FirstTile(block) + tile.Value;
        var at = _shape.Image.TileAt(number);
        var isOwn = _shape.Tiles % _blocking.TilesPerBlock == 0 ? null
            : ScalarExpr.Compare(CompareKind.Ge, number, block * _blocking.TilesPerBlock);
        var statements = _loops.Results(lane, width, body => new WinogradTransforms(_body, body).Result((i, j) => new LoadExpr(_products,
                tile.Value * _blocking.Width + lane.Value + (i * Points + j) * _pointOfProducts)),
            (row, column, result) => Epilogue(at, row, column, panel * _blocking.Width + lane.Value, result, isOwn));
        return new(tile, _blocking.TilesPerBlock, LoopKind.Serial, 1, [.. statements]);
    }

    private List<Statement> Epilogue(WinogradImage.Tile tile, ScalarExpr row, ScalarExpr column, ScalarExpr filter, ScalarExpr result,
        ScalarExpr? isOwn)
    {
        var index = _shape.ResultIndex(tile, row, column, filter);
        return _body.StoreFrom(_dot, result, _ => index, ScalarExpr.Both(isOwn, tile.Owns(row, column)));
    }

    private ScalarExpr FirstTile(ScalarExpr block)
    {
        var first = block * _blocking.TilesPerBlock;
        return _shape.Tiles % _blocking.TilesPerBlock == 0 ? first
            : ScalarExpr.Binary(BinaryKind.Min, first, ScalarExpr.Index(_shape.Tiles - _blocking.TilesPerBlock));
    }
}
