using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a convolution of 3×3 taps over bf16, and the elementwise operations after it, by Winograd's algorithm along rows alone,
/// for targets that multiply pairs: filters are transformed once; then each worker transforms some rows of an image, multiplies them by
/// the filters at each of the 4 points, a panel of filters at a time, and transforms the products into results, to which it applies the
/// operations.</summary>
/// <remarks>Pairs halve the time of products and leave that of transforms, of which there are fewer along rows. Transformed elements are
/// rounded to bf16 again, sums are f32. Cost: 12 · tiles of 1×2 results · channels · filters.</remarks>
internal sealed class WinogradRowKernel
{
    private const int Points = WinogradTransforms.Points, Taps = WinogradTransforms.Taps, Results = WinogradTransforms.Results, OfPair = 2;

    private readonly KernelBody _body;
    private readonly TargetTraits _target;
    private readonly WinogradLoops _loops;
    private readonly Value _dot;
    private readonly DType _dtype;
    private readonly WinogradShape _shape;
    private readonly WinogradImage _view;
    private readonly WinogradRowBlocking _blocking;
    private readonly long _pairs;
    private readonly long _pointOfImage;
    private readonly long _pointOfProducts;
    private readonly LoopBuffer _filters;
    private readonly LoopBuffer _image;
    private readonly LoopBuffer _products;

    private WinogradRowKernel(Operation fusion, WinogradShape shape, WinogradRowBlocking blocking, TargetTraits target)
    {
        (_body, _shape, _view, _blocking, _target) = (new KernelBody(fusion), shape, shape.Image, blocking, target);
        _dot = _body.Function.Operations.First(o => o.Op is IContractionOp).Result;
        _dtype = _dot.DType;
        _loops = new(_body, target, _dtype);
        _pairs = _shape.Channels / OfPair;
        var tiles = _blocking.TilesOf(_shape);
        _pointOfImage = WinogradLoops.PointOf((tiles + (Taps - 1) * _view.TileColumns) * _shape.Channels, DType.BF16);
        _pointOfProducts = WinogradLoops.PointOf(tiles * _blocking.Width, _dtype);
        _filters = _body.AddScratch("filters", DType.U32, PanelCount * Points * PointOfFilters, BufferScope.Shared);
        _image = _body.AddScratch("image", DType.BF16, Points * _pointOfImage, BufferScope.Worker);
        _products = _body.AddScratch("products", _dtype, Points * _pointOfProducts, BufferScope.Worker);
    }

    /// <summary>The kernel, or null where the algorithm does not apply, or is not chosen.</summary>
    public static Kernel? TryLower(Operation fusion, TargetTraits target, ConvolutionAlgorithm algorithm)
    {
        var dot = fusion.Body!.Operations.First(o => o.Op is IContractionOp);
        if (!WinogradChoice.AllowsPairs(dot, target, algorithm)
            || WinogradShape.Of(dot) is not { IsEmpty: false } shape || shape.Channels % OfPair != 0) return null;
        if (algorithm == ConvolutionAlgorithm.ByCost && !WinogradRowBlocking.Pays(dot, shape, target)) return null;
        var kernel = new WinogradRowKernel(fusion, shape, WinogradRowBlocking.Choose(shape, dot.Result.DType, target), target);
        return kernel.Build() with { Name = "winograd_rows" };
    }

    private long PanelCount => ContractionBlocking.Divide(_shape.Filters, _blocking.Width);
    private IEnumerable<WinogradLoops.PanelRange> PanelsOf(string name) => WinogradLoops.Panels(name, _shape.Filters, _blocking.Width);
    private long PointOfFilters => Taps * _pairs * _blocking.Width;

    private Kernel Build()
    {
        var blocks = _view.Images.Count * _blocking.Blocks;
        var number = new LoopVariable("block", blocks);
        var block = BlockOf(number.Value);
        Statement[] statements = [.. PanelsOf("filters").Select(TransformFilters), new BarrierStatement(), new ForStatement(number, blocks,
            LoopKind.Parallel, 1, [TransformImage(block), .. PanelsOf("panel").Select(w => Panel(block, w))])];
        return _body.Build(statements, (double)_view.Images.Count * _view.Rows * _view.TileColumns * _shape.Filters
            * (Points * Taps * 2.0 * _shape.Channels / 16 + Results * ElementKernel.Cost(_body.Function)));
    }

    /// <summary>Some rows of results of an image.</summary>
    private sealed record Block(ScalarExpr Number, ScalarExpr Image, WinogradImage.RowGroup Rows);

    private Block BlockOf(ScalarExpr number)
    {
        var index = KernelBody.Unravel(number, [(int)_view.Images.Count, (int)_blocking.Blocks]);
        return new(number, index[0], _view.RowsOf(index[1], _blocking.Rows));
    }

    // filters[panel][point][row of taps][pair of channels][n]
    private ForStatement TransformFilters(WinogradLoops.PanelRange panels)
    {
        var (number, lane) = (new LoopVariable(panels.Name, panels.Count * _pairs), new LoopVariable("n", panels.Width));
        var index = KernelBody.Unravel(number.Value, [(int)panels.Count, (int)_pairs]);
        var panel = index[0] + panels.First;
        var filter = panel * _blocking.Width + lane.Value;
        List<Statement> body = [];
        for (var row = 0; row < Taps; row++)
        {
            ScalarExpr[] Of(int half) => new WinogradTransforms(_body, body).FilterOfRow(j => new LoadExpr(_body.BufferOf(_shape.Filter),
                _shape.FilterPosition(row, j, index[1] * OfPair + half, filter)).ConvertTo(_dtype));
            WinogradLoops.Store(body, WinogradLoops.Pairs(Of(0), Of(1)), _filters, panel * (Points * PointOfFilters)
                + (index[1] + row * _pairs) * _blocking.Width + lane.Value, PointOfFilters);
        }
        return new(number, panels.Count * _pairs, LoopKind.Parallel, 1, [_loops.Vector(lane, panels.Width, body)]);
    }

    // image[point][row, tile of it][channel]; two rows more than of results.
    private ForStatement TransformImage(Block block)
    {
        var (row, column) = (new LoopVariable("row", _blocking.Rows + Taps - 1), new LoopVariable("column", _view.TileColumns));
        var lane = new LoopVariable("c", _shape.Channels);
        var at = _view.TileOfRow(block.Image, block.Rows.First + row.Value, column.Value);
        List<Statement> body = [];
        var transformed = new WinogradTransforms(_body, body).ImageOfRow(j =>
            new LoadExpr(_body.BufferOf(_view.Memory), _view.At(at, 0, j, lane.Value)).ConvertTo(_dtype));
        WinogradLoops.Store(body, transformed.Select(x => x.ConvertTo(DType.BF16)), _image,
            TileOfBlock(row.Value, column.Value) * _shape.Channels + lane.Value, _pointOfImage);
        return new(row, _blocking.Rows + Taps - 1, LoopKind.Serial, 1, [new ForStatement(column, _view.TileColumns, LoopKind.Serial, 1,
            [_loops.Vector(lane, _shape.Channels, body)])]);
    }

    private ForStatement Panel(Block block, WinogradLoops.PanelRange panels)
    {
        var (tiles, together) = (_blocking.TilesOf(_shape), _blocking.TilesTogether);
        var count = _blocking.RegisterTilesOf(_shape);
        var (panel, point, tile) = (new LoopVariable(panels.Name, panels.Count), new LoopVariable("point", Points),
            new LoopVariable("tile", count));
        var number = panel.Value + panels.First;
        var first = tiles % together == 0 ? tile.Value * together
            : ScalarExpr.Binary(BinaryKind.Min, tile.Value * together, ScalarExpr.Index(tiles - together));
        var multiply = new ForStatement(point, Points, LoopKind.Serial, 1, [new ForStatement(tile, count, LoopKind.Serial, 1,
            [.. PrefetchNext(block, (number * Points + point.Value) * count + tile.Value, PanelCount * Points * count),
                .. PrefetchResults(block, number, first, point.Value), Multiply(number, point.Value, first, panels.Width)])]);
        return new(panel, panels.Count, LoopKind.Serial, 1, [multiply, TransformResults(block, number, panels.Width)]);
    }

    private IEnumerable<Statement> PrefetchNext(Block block, ScalarExpr part, long parts)
    {
        var (next, columns) = (BlockOf(block.Number + 1), _view.Columns + Taps - 1);
        return _loops.Prefetch(_body.BufferOf(_view.Memory), (_blocking.Rows + Taps - 1) * columns, pixel =>
        {
            var index = KernelBody.Unravel(pixel, [_blocking.Rows + Taps - 1, columns]);
            return _view.PixelAt(next.Image, next.Rows.First + index[0], index[1]);
        }, _shape.Channels, part, parts);
    }

    private IEnumerable<Statement> PrefetchResults(Block block, ScalarExpr panel, ScalarExpr first, ScalarExpr point) =>
        _loops.PrefetchResults(_dot, _blocking.TilesTogether, tile =>
        {
            var index = KernelBody.Unravel(first + tile, [_blocking.Rows, _view.TileColumns]);
            var at = _view.TileOfRow(block.Image, block.Rows.First + index[0], index[1]);
            return Enumerable.Range(0, Results).Select(j =>
                _shape.ResultIndex(at, ScalarExpr.Index(0), ScalarExpr.Index(j), panel * _blocking.Width));
        }, _blocking.Width, point, Points);

    // products[point][tile of block][n]: a register tile.
    private ForStatement Multiply(ScalarExpr panel, ScalarExpr point, ScalarExpr first, long width)
    {
        var lane = new LoopVariable("n", width);
        var sums = _body.NewLocal("c", _dtype, _blocking.TilesTogether);
        var unroll = _target.StepsTogether(_blocking.TilesTogether, width, _dtype);
        var (image, filters) = (point * _pointOfImage + first * _shape.Channels, (panel * Points + point) * PointOfFilters + lane.Value);
        IEnumerable<Statement> Step(ScalarExpr row, ScalarExpr pair, Local into)
        {
            var filter = _body.NewLocal("b", DType.U32);
            var from = image + row * (_view.TileColumns * _shape.Channels) + pair * OfPair;
            return [new LetStatement(filter, new LoadExpr(_filters, filters + (row * _pairs + pair) * _blocking.Width)),
                .. Enumerable.Range(0, into.Elements).Select(i => new AssignStatement(into, i, new PairDotExpr(
                    PairAt(from + i * _shape.Channels), new LocalExpr(filter), new LocalExpr(into, i))))];
        }
        IEnumerable<Statement> Row(ScalarExpr row)
        {
            if (Taps * _pairs <= Cascade.MostMultiplyAdds) return Cascade.Loop(_pairs, "k", k => Step(row, k, sums), unroll);
            var level = Cascade.OpenTile(_body, sums);
            return [.. level.Declare, .. Cascade.Run(_pairs, level.Accumulators, outer => Cascade.OpenTile(_body, outer),
                (k, into) => Step(row, k, into), Cascade.MostMultiplyAdds, "k", unroll), .. level.Add];
        }
        return new(lane, width, LoopKind.Vector, (int)Math.Min(_blocking.Width, ElementKernel.PowerOfTwoAtLeast(width)),
            [new LetStatement(sums, ScalarExpr.Constant(_dtype, 0)), .. Cascade.Loop(Taps, "row", Row),
                .. Enumerable.Range(0, sums.Elements).Select(i => new StoreStatement(_products,
                    point * _pointOfProducts + first * _blocking.Width + (i * _blocking.Width) + lane.Value, new LocalExpr(sums, i)))]);
    }

    private PairExpr PairAt(ScalarExpr position) => new(new LoadExpr(_image, position), new LoadExpr(_image, position + 1));

    private ForStatement TransformResults(Block block, ScalarExpr panel, long width)
    {
        var (row, column) = (new LoopVariable("row", _blocking.Rows), new LoopVariable("column", _view.TileColumns));
        var lane = new LoopVariable("n", width);
        var at = _view.TileOfRow(block.Image, block.Rows.First + row.Value, column.Value);
        var statements = _loops.Results(lane, width, body =>
            {
                var results = new WinogradTransforms(_body, body).ResultOfRow(i => new LoadExpr(_products,
                    TileOfBlock(row.Value, column.Value) * _blocking.Width + lane.Value + i * _pointOfProducts));
                return new[,] { { results[0], results[1] } };
            },
            (i, j, result) =>
            {
                var index = _shape.ResultIndex(at, i, j, panel * _blocking.Width + lane.Value);
                return _body.StoreFrom(_dot, result, _ => index, ScalarExpr.Both(block.Rows.Owns(at.Row), at.Owns(i, j)));
            });
        return new(row, _blocking.Rows, LoopKind.Serial, 1, [new ForStatement(column, _view.TileColumns, LoopKind.Serial, 1,
            [.. statements])]);
    }

    private ScalarExpr TileOfBlock(ScalarExpr row, ScalarExpr column) => row * _view.TileColumns + column;
}
