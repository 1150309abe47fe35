using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers the derivative of a convolution of 3×3 taps by its filters, and the elementwise operations after it, by Winograd's
/// algorithm: for a range of channels and filters a worker transforms a block of tiles of the image and of the cotangent, multiplies them
/// at each of the 16 points, adds the products over the tiles, and after the last block transforms the sums into results, to which it
/// applies the operations.</summary>
/// <remarks>Sums are added in an order that follows from the shape and the target alone. Cost: 16 · tiles · channels · filters.</remarks>
internal sealed class WinogradGradientKernel
{
    private const int Points = WinogradTransforms.Points, AllPoints = WinogradTransforms.AllPoints, Taps = WinogradTransforms.Taps;

    private readonly KernelBody _body;
    private readonly TargetTraits _target;
    private readonly WinogradLoops _loops;
    private readonly Value _dot;
    private readonly DType _dtype;
    private readonly WinogradGradientShape _shape;
    private readonly WinogradGradientBlocking _blocking;
    private readonly long _pointOfImage;
    private readonly long _pointOfCotangent;
    private readonly long _mostFilters;
    private readonly LoopBuffer _image;
    private readonly LoopBuffer _cotangent;
    private readonly LoopBuffer _sums;

    private WinogradGradientKernel(Operation fusion, WinogradGradientShape shape, WinogradGradientBlocking blocking, TargetTraits target)
    {
        (_body, _shape, _blocking, _target) = (new KernelBody(fusion), shape, blocking, target);
        _dot = _body.Function.Operations.First(o => o.Op is IContractionOp).Result;
        _dtype = _dot.DType;
        _loops = new(_body, target, _dtype);
        _mostFilters = Math.Min(_blocking.Panels * _blocking.Width, _shape.Filters);
        _pointOfImage = _loops.PointOf(_blocking.TilesPerBlock * _blocking.Channels);
        _pointOfCotangent = _loops.PointOf(_blocking.TilesPerBlock * _mostFilters);
        _image = _body.AddScratch("image", _dtype, AllPoints * _pointOfImage, BufferScope.Worker);
        _cotangent = _body.AddScratch("cotangent", _dtype, AllPoints * _pointOfCotangent, BufferScope.Worker);
        _sums = AddSums();
    }

    /// <summary>The kernel, or null where the algorithm does not apply, or is not chosen.</summary>
    public static Kernel? TryLower(Operation fusion, TargetTraits target, ConvolutionAlgorithm algorithm)
    {
        var dot = fusion.Body!.Operations.First(o => o.Op is IContractionOp);
        if (!WinogradChoice.Allows(dot, algorithm) || WinogradGradientShape.Of(dot) is not { IsEmpty: false } shape) return null;
        var dtype = dot.Result.DType;
        if (algorithm == ConvolutionAlgorithm.ByCost && !WinogradGradientBlocking.Pays(dot, shape, target)) return null;
        var kernel = new WinogradGradientKernel(fusion, shape, WinogradGradientBlocking.Choose(shape, dtype, target), target);
        return kernel.Build() with { Name = "winograd_gradient" };
    }

    private LoopBuffer AddSums() =>
        _body.AddScratch("sums", _dtype, AllPoints * _blocking.Channels * _mostFilters, BufferScope.Worker);

    private Kernel Build()
    {
        var (full, remainder) = (_shape.Filters / _blocking.Width, _shape.Filters % _blocking.Width);
        List<Statement> statements = [];
        if (full > 0) statements.Add(Ranges("range", 0, full / _blocking.Panels, _blocking.Panels, _blocking.Width));
        if (remainder > 0) statements.Add(Ranges("last_range", full, 1, 1, remainder));
        return _body.Build(statements, _shape.Channels * _shape.Filters * (AllPoints * 2.0 * _shape.Tiles / 8
            + Taps * Taps * ElementKernel.Cost(_body.Function)));
    }

    /// <summary>Channels and filters whose results a worker computes.</summary>
    /// <param name="First">The first channel.</param>
    /// <param name="FirstOwn">The first whose results are its own; null where all are: the last range is shifted to end with the
    /// channels.</param>
    /// <param name="FirstPanel">The first panel of filters.</param>
    /// <param name="Panels">Panels of filters.</param>
    /// <param name="Width">Filters of a panel.</param>
    private sealed record Range(ScalarExpr First, ScalarExpr? FirstOwn, ScalarExpr FirstPanel, long Panels, long Width)
    {
        public long Filters => Panels * Width;
    }

    private ForStatement Ranges(string name, long firstPanel, long groups, long panels, long width)
    {
        var rangesOfChannels = ContractionBlocking.Divide(_shape.Channels, _blocking.Channels);
        var number = new LoopVariable(name, rangesOfChannels * groups);
        var index = KernelBody.Unravel(number.Value, [(int)rangesOfChannels, (int)groups]);
        var first = index[0] * _blocking.Channels;
        var isExact = _shape.Channels % _blocking.Channels == 0;
        var last = ScalarExpr.Index(_shape.Channels - _blocking.Channels);
        var range = new Range(isExact ? first : ScalarExpr.Binary(BinaryKind.Min, first, last), isExact ? null : first,
            index[1] * panels + firstPanel, panels, width);
        var elements = AllPoints * _blocking.Channels * range.Filters;
        var blocks = Cascade.Run(_blocking.Blocks, _sums, outer => Level(outer, elements), (block, into) => Block(range, block, into),
            name: "block");
        return new(number, rangesOfChannels * groups, LoopKind.Parallel, 1, [Fill(_sums, elements), .. blocks, TransformSums(range)]);
    }

    private CascadeLevel<LoopBuffer> Level(LoopBuffer outer, long elements)
    {
        var (sums, i) = (AddSums(), new LoopVariable("i", elements));
        var add = new StoreStatement(outer, i.Value, new LoadExpr(outer, i.Value) + new LoadExpr(sums, i.Value));
        return new(sums, [Fill(sums, elements)], [_loops.Vector(i, elements, [add])]);
    }

    private ForStatement Fill(LoopBuffer sums, long elements)
    {
        var i = new LoopVariable("i", elements);
        return _loops.Vector(i, elements, [new StoreStatement(sums, i.Value, ScalarExpr.Constant(_dtype, 0))]);
    }

    private IEnumerable<Statement> Block(Range range, ScalarExpr block, LoopBuffer into)
    {
        ScalarExpr Number(ScalarExpr tile) => block * _blocking.TilesPerBlock + tile;
        // Past the last tile is the last again, with a cotangent of 0.
        var isExact = _blocking.TilesPerBlock * _blocking.Blocks == _shape.Tiles;
        ScalarExpr Known(ScalarExpr tile) => isExact ? Number(tile)
            : ScalarExpr.Binary(BinaryKind.Min, Number(tile), ScalarExpr.Index(_shape.Tiles - 1));
        var tile = new LoopVariable("tile", _blocking.TilesPerBlock);
        var isTile = isExact ? null : ScalarExpr.Compare(CompareKind.Lt, Number(tile.Value), ScalarExpr.Index(_shape.Tiles));
        yield return _loops.TransformImage(_shape.Image, Known, _blocking.TilesPerBlock, range.First, _blocking.Channels, _image,
            _pointOfImage);
        yield return new ForStatement(tile, _blocking.TilesPerBlock, LoopKind.Serial, 1,
            [TransformCotangent(range, tile.Value, _shape.Image.TileAt(Known(tile.Value)), isTile)]);
        var (point, panel, row) = (new LoopVariable("point", AllPoints), new LoopVariable("panel", range.Panels),
            new LoopVariable("row", _blocking.Channels / _blocking.Rows));
        yield return new ForStatement(point, AllPoints, LoopKind.Serial, 1, [new ForStatement(panel, range.Panels, LoopKind.Serial, 1,
            [new ForStatement(row, _blocking.Channels / _blocking.Rows, LoopKind.Serial, 1,
                [Multiply(range, point.Value, panel.Value, row.Value * _blocking.Rows, into)])])]);
    }

    // cotangent[point][panel][tile][n]
    private ForStatement TransformCotangent(Range range, ScalarExpr tile, WinogradImage.Tile at, ScalarExpr? isTile)
    {
        var (panel, lane) = (new LoopVariable("panel", range.Panels), new LoopVariable("n", range.Width));
        var filter = (range.FirstPanel + panel.Value) * _blocking.Width + lane.Value;
        List<Statement> body = [];
        var transformed = new WinogradTransforms(_body, body).Cotangent((i, j) => new LoadExpr(_body.BufferOf(_shape.Cotangent),
            _shape.CotangentAt(at, i, j, filter), ScalarExpr.Both(isTile, at.Owns(ScalarExpr.Index(i), ScalarExpr.Index(j))))
            .ConvertTo(_dtype));
        WinogradLoops.Store(body, transformed, _cotangent, (panel.Value * _blocking.TilesPerBlock + tile) * range.Width + lane.Value,
            _pointOfCotangent);
        return new(panel, range.Panels, LoopKind.Serial, 1, [_loops.Vector(lane, range.Width, body)]);
    }

    // sums[point][channel][panel][n] += a register tile's products of all tiles.
    private ForStatement Multiply(Range range, ScalarExpr point, ScalarExpr panel, ScalarExpr first, LoopBuffer into)
    {
        var lane = new LoopVariable("n", range.Width);
        var (sums, filter) = (_body.NewLocal("c", _dtype, _blocking.Rows), _body.NewLocal("b", _dtype));
        var all = Enumerable.Range(0, _blocking.Rows);
        IEnumerable<Statement> OfTile(ScalarExpr tile)
        {
            var image = point * _pointOfImage + tile * _blocking.Channels + first;
            var cotangent = point * _pointOfCotangent + (panel * _blocking.TilesPerBlock + tile) * range.Width + lane.Value;
            return [new LetStatement(filter, new LoadExpr(_cotangent, cotangent)), .. all.Select(i => new AssignStatement(
                sums, i, new MultiplyAddExpr(new LoadExpr(_image, image + i), new LocalExpr(filter), new LocalExpr(sums, i))))];
        }
        var unroll = _target.StepsTogether(_blocking.Rows, range.Width, _dtype);
        ScalarExpr At(int i) => (point * _blocking.Channels + first + i) * range.Filters + panel * range.Width + lane.Value;
        return new(lane, range.Width, LoopKind.Vector, (int)Math.Min(_blocking.Width, ElementKernel.PowerOfTwoAtLeast(range.Width)),
            [new LetStatement(sums, ScalarExpr.Constant(_dtype, 0)),
                .. Cascade.Loop(_blocking.TilesPerBlock, "tile", OfTile, unroll),
                .. all.Select(i => new StoreStatement(into, At(i), new LoadExpr(into, At(i)) + new LocalExpr(sums, i)))]);
    }

    private ForStatement TransformSums(Range range)
    {
        var (number, lane) = (new LoopVariable("channel", _blocking.Channels * range.Panels), new LoopVariable("n", range.Width));
        var index = KernelBody.Unravel(number.Value, [(int)_blocking.Channels, (int)range.Panels]);
        var channel = range.First + index[0];
        var filter = (range.FirstPanel + index[1]) * _blocking.Width + lane.Value;
        var isOwn = range.FirstOwn is { } own ? ScalarExpr.Compare(CompareKind.Ge, channel, own) : null;
        var statements = _loops.Results(lane, range.Width, body => new WinogradTransforms(_body, body).Gradient((i, j) =>
                new LoadExpr(_sums, number.Value * range.Width + lane.Value + (i * Points + j) * (_blocking.Channels * range.Filters))),
            (row, column, result) => _body.StoreFrom(_dot, result, _ => _shape.ResultIndex(row, column, channel, filter), isOwn));
        return new(number, _blocking.Channels * range.Panels, LoopKind.Serial, 1, [.. statements]);
    }
}
