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

    /// <summary>Operations for an element up to which those after the convolution are unrolled for each result of a tile.</summary>
    private const int UnrolledCost = 16;

    private readonly KernelBody _body;
    private readonly TargetTraits _target;
    private readonly Value _dot;
    private readonly DType _dtype;
    private readonly WinogradShape _shape;
    private readonly WinogradBlocking _blocking;
    private readonly long _pointOfImage;
    private readonly long _pointOfProducts;
    private readonly LoopBuffer _filters;
    private readonly LoopBuffer _image;
    private readonly LoopBuffer _products;
    private readonly LoopBuffer? _results;

    private WinogradKernel(Operation fusion, WinogradShape shape, WinogradBlocking blocking, TargetTraits target)
    {
        (_body, _target, _shape, _blocking) = (new KernelBody(fusion), target, shape, blocking);
        _dot = _body.Function.Operations.First(o => o.Op is IContractionOp).Result;
        _dtype = _dot.DType;
        // A line more than a power of two: else the lines of all points would share few sets of the cache.
        var line = TargetTraits.LineBytes / _dtype.Bytes;
        _pointOfImage = ContractionBlocking.RoundUp(_blocking.TilesPerBlock * _shape.Channels, line) + line;
        _pointOfProducts = ContractionBlocking.RoundUp(_blocking.TilesPerBlock * _blocking.Width, line) + line;
        _filters = _body.AddScratch("filters", _dtype, Panels * PanelOfFilters, BufferScope.Shared);
        _image = _body.AddScratch("image", _dtype, AllPoints * _pointOfImage, BufferScope.Worker);
        _products = _body.AddScratch("products", _dtype, AllPoints * _pointOfProducts, BufferScope.Worker);
        if (!IsUnrolled) _results = _body.AddScratch("results", _dtype, Results * Results * _blocking.Width, BufferScope.Worker);
    }

    /// <summary>The kernel, or null where the algorithm does not apply, or is not chosen.</summary>
    public static Kernel? TryLower(Operation fusion, TargetTraits target, ConvolutionAlgorithm algorithm)
    {
        var dot = fusion.Body!.Operations.First(o => o.Op is IContractionOp);
        var dtype = dot.Result.DType;
        if (algorithm == ConvolutionAlgorithm.Direct || dtype != DType.F32 || Accumulation.TypeOf(dot) != dtype
            || WinogradShape.Of(dot) is not { IsEmpty: false } shape)
            return null;
        if (algorithm == ConvolutionAlgorithm.ByCost && !WinogradBlocking.Pays(shape, dtype, target)) return null;
        var kernel = new WinogradKernel(fusion, shape, WinogradBlocking.Choose(shape, dtype, target), target);
        return kernel.Build() with { Name = "winograd" };
    }

    private long Panels => ContractionBlocking.Divide(_shape.Filters, _blocking.Width);
    private long PanelOfFilters => AllPoints * _shape.Channels * _blocking.Width;
    private bool IsUnrolled => ElementKernel.Cost(_body.Function) <= UnrolledCost;

    private Kernel Build()
    {
        var block = new LoopVariable("block", _blocking.Blocks);
        Statement[] statements = [.. Widths("filters").Select(w => TransformFilters(w)), new BarrierStatement(),
            new ForStatement(block, _blocking.Blocks, LoopKind.Parallel, 1,
                [TransformImage(block.Value), .. Widths("panel").Select(w => Panel(block.Value, w))])];
        return _body.Build(statements, (double)_shape.Tiles * _shape.Filters * (AllPoints * 2.0 * _shape.Channels / 8
            + Results * Results * ElementKernel.Cost(_body.Function)));
    }

    /// <summary>Panels of one width: all that are full, or the last.</summary>
    private sealed record PanelRange(string Name, long First, long Count, long Width);

    private IEnumerable<PanelRange> Widths(string name)
    {
        var (full, remainder) = (_shape.Filters / _blocking.Width, _shape.Filters % _blocking.Width);
        if (full > 0) yield return new(name, 0, full, _blocking.Width);
        if (remainder > 0) yield return new($"last_{name}", full, 1, remainder);
    }

    // filters[panel][point][channel][n]
    private ForStatement TransformFilters(PanelRange panels)
    {
        var (number, lane) = (new LoopVariable(panels.Name, panels.Count * _shape.Channels), new LoopVariable("n", panels.Width));
        var index = KernelBody.Unravel(number.Value, [(int)panels.Count, (int)_shape.Channels]);
        var panel = index[0] + panels.First;
        var filter = panel * _blocking.Width + lane.Value;
        List<Statement> body = [];
        var transformed = new WinogradTransforms(_body, body).Filter((i, j) =>
            new LoadExpr(_body.BufferOf(_shape.Filter), _shape.FilterPosition(i, j, index[1], filter)));
        Store(body, transformed, _filters, panel * PanelOfFilters + index[1] * _blocking.Width + lane.Value,
            _shape.Channels * _blocking.Width);
        return new(number, panels.Count * _shape.Channels, LoopKind.Parallel, 1, [Vector(lane, panels.Width, body)]);
    }

    // image[point][tile of block][channel]
    private ForStatement TransformImage(ScalarExpr block)
    {
        var (tile, lane) = (new LoopVariable("tile", _blocking.TilesPerBlock), new LoopVariable("c", _shape.Channels));
        var at = _shape.TileAt(FirstTile(block) + tile.Value);
        List<Statement> body = [];
        var transformed = new WinogradTransforms(_body, body).Image((i, j) =>
            new LoadExpr(_body.BufferOf(_shape.Image), _shape.ImagePosition(at, i, j, lane.Value)));
        Store(body, transformed, _image, tile.Value * _shape.Channels + lane.Value, _pointOfImage);
        return new(tile, _blocking.TilesPerBlock, LoopKind.Serial, 1, [Vector(lane, _shape.Channels, body)]);
    }

    private ForStatement Panel(ScalarExpr block, PanelRange panels)
    {
        var (panel, point, tile) = (new LoopVariable(panels.Name, panels.Count), new LoopVariable("point", AllPoints),
            new LoopVariable("tile", _blocking.TilesPerBlock / _blocking.RowsOfTile));
        var number = panel.Value + panels.First;
        var multiply = new ForStatement(point, AllPoints, LoopKind.Serial, 1, [new ForStatement(tile,
            _blocking.TilesPerBlock / _blocking.RowsOfTile, LoopKind.Serial, 1,
            [Multiply(number, point.Value, tile.Value * _blocking.RowsOfTile, panels.Width)])]);
        return new(panel, panels.Count, LoopKind.Serial, 1, [multiply, TransformResults(block, number, panels.Width)]);
    }

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
        }, Cascade.MostMultiplyAdds, "k"));
        body.AddRange(Enumerable.Range(0, sums.Elements).Select(i => new StoreStatement(_products,
            point * _pointOfProducts + first * _blocking.Width + (i * _blocking.Width) + lane.Value, new LocalExpr(sums, i))));
        return new(lane, width, LoopKind.Vector, (int)Math.Min(_blocking.Width, ElementKernel.PowerOfTwoAtLeast(width)), [.. body]);
    }

    private ForStatement TransformResults(ScalarExpr block, ScalarExpr panel, long width)
    {
        var (tile, lane) = (new LoopVariable("tile", _blocking.TilesPerBlock), new LoopVariable("n", width));
        var number = FirstTile(block) + tile.Value;
        var at = _shape.TileAt(number);
        var isOwn = _shape.Tiles % _blocking.TilesPerBlock == 0 ? null
            : ScalarExpr.Compare(CompareKind.Ge, number, block * _blocking.TilesPerBlock);
        List<Statement> body = [];
        var results = new WinogradTransforms(_body, body).Result((i, j) => new LoadExpr(_products,
            tile.Value * _blocking.Width + lane.Value + (i * Points + j) * _pointOfProducts));
        var filter = panel * _blocking.Width + lane.Value;
        if (_results is null)
        {
            for (var i = 0; i < Results; i++)
                for (var j = 0; j < Results; j++)
                    body.AddRange(Epilogue(at, ScalarExpr.Index(i), ScalarExpr.Index(j), filter, results[i, j], isOwn));
            return new(tile, _blocking.TilesPerBlock, LoopKind.Serial, 1, [Vector(lane, width, body)]);
        }
        Store(body, results, _results, lane.Value, _blocking.Width);
        var result = new LoopVariable("result", Results * Results);
        var position = KernelBody.Unravel(result.Value, [Results, Results]);
        var epilogue = Vector(lane, width, Epilogue(at, position[0], position[1], filter,
            new LoadExpr(_results, result.Value * _blocking.Width + lane.Value), isOwn));
        return new(tile, _blocking.TilesPerBlock, LoopKind.Serial, 1,
            [Vector(lane, width, body), new ForStatement(result, Results * Results, LoopKind.Serial, 1, [epilogue])]);
    }

    private List<Statement> Epilogue(WinogradShape.Tile tile, ScalarExpr row, ScalarExpr column, ScalarExpr filter, ScalarExpr result,
        ScalarExpr? isOwn)
    {
        var index = _shape.ResultIndex(tile, row, column, filter);
        var guard = ScalarExpr.Both(isOwn, ScalarExpr.Both(Owns(tile.OwnsFirstRow, row), Owns(tile.OwnsFirstColumn, column)));
        return _body.StoreFrom(_dot, result, _ => index, guard);

        static ScalarExpr? Owns(ScalarExpr? ownsFirst, ScalarExpr number)
        {
            if (ownsFirst is null) return null;
            var isSecond = ScalarExpr.Compare(CompareKind.Gt, number, ScalarExpr.Index(0));
            return isSecond.Truth is { } known ? known ? null : ownsFirst : ScalarExpr.Binary(BinaryKind.Or, ownsFirst, isSecond);
        }
    }

    private ScalarExpr FirstTile(ScalarExpr block)
    {
        var first = block * _blocking.TilesPerBlock;
        return _shape.Tiles % _blocking.TilesPerBlock == 0 ? first
            : ScalarExpr.Binary(BinaryKind.Min, first, ScalarExpr.Index(_shape.Tiles - _blocking.TilesPerBlock));
    }

    // to[at + (row · columns + column) · stride] = values[row, column]
    private static void Store(List<Statement> statements, ScalarExpr[,] values, LoopBuffer to, ScalarExpr at, long stride)
    {
        var i = 0;
        foreach (var value in values) statements.Add(new StoreStatement(to, at + i++ * stride, value));
    }

    private ForStatement Vector(LoopVariable lane, long extent, List<Statement> body) =>
        new(lane, extent, LoopKind.Vector, Math.Min(_target.Lanes(_dtype), ElementKernel.PowerOfTwoAtLeast(extent)), [.. body]);
}
