using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers the derivative of a convolution of 3×3 taps by its filters, and the elementwise operations after it, by Winograd's
/// algorithm: for a range of channels and filters a worker transforms a block of tiles of the image and of the cotangent, multiplies them
/// at each point, adds the products over the tiles, and after the last block transforms the sums into results, to which it applies the
/// operations.</summary>
/// <remarks>Sums are added in an order that follows from the shape and the target alone.</remarks>
internal abstract class WinogradSums
{
    private readonly TargetTraits _target;
    private readonly Value _dot;
    private readonly int _products;
    private readonly long _blocks;
    private readonly LoopBuffer _sums;

    /// <summary>A kernel.</summary>
    /// <param name="fusion">What it computes.</param>
    /// <param name="shape">Of the derivative.</param>
    /// <param name="ranges">What a worker takes.</param>
    /// <param name="products">Products of a channel and a filter that are added apart: for each point, and row of taps that is not
    /// transformed.</param>
    /// <param name="blocks">Blocks of tiles.</param>
    /// <param name="target">Vectors.</param>
    protected WinogradSums(Operation fusion, WinogradGradientShape shape, WinogradRanges ranges, int products, long blocks,
        TargetTraits target)
    {
        (Body, Shape, Ranges, _products, _blocks, _target) = (new KernelBody(fusion), shape, ranges, products, blocks, target);
        _dot = Body.Function.Operations.First(o => o.Op is IContractionOp).Result;
        Loops = new(Body, target, DType);
        _sums = AddSums();
    }

    protected KernelBody Body { get; }
    protected WinogradGradientShape Shape { get; }
    protected WinogradRanges Ranges { get; }
    protected WinogradLoops Loops { get; }

    /// <summary>Of the sums.</summary>
    protected DType DType => _dot.DType;

    /// <summary>Filters of the longest range.</summary>
    protected long MostFilters => Ranges.FiltersOf(Shape);

    /// <summary>Multiply-adds of a block for each product.</summary>
    protected abstract long Steps { get; }

    /// <summary>Transforms a block of tiles of image and cotangent.</summary>
    protected abstract IEnumerable<Statement> Transform(Range range, ScalarExpr block);

    /// <summary>A part of what hints of the next block of image and cotangent.</summary>
    protected abstract IEnumerable<Statement> PrefetchNext(Range range, ScalarExpr block, ScalarExpr part, long parts);

    /// <summary>A transformed element of the image, and of the cotangent, for a multiply-add.</summary>
    /// <param name="product">Which of those of a channel and a filter.</param>
    /// <param name="step">Which of the block.</param>
    /// <param name="at">A channel of the range, or a filter of the panel.</param>
    protected abstract LoadExpr ImageAt(ScalarExpr product, ScalarExpr step, ScalarExpr at);

    /// <inheritdoc cref="ImageAt"/>
    protected abstract LoadExpr CotangentAt(Range range, ScalarExpr panel, ScalarExpr product, ScalarExpr step, ScalarExpr at);

    /// <summary>x·y + z</summary>
    protected abstract ScalarExpr MultiplyAdd(ScalarExpr x, ScalarExpr y, ScalarExpr z);

    /// <summary>The derivative by the taps of a channel and a filter, given the sums of its products.</summary>
    protected abstract ScalarExpr[,] Gradient(WinogradTransforms transforms, Func<int, ScalarExpr> sum);

    /// <summary>Channels and filters whose results a worker computes.</summary>
    /// <param name="First">The first channel.</param>
    /// <param name="FirstOwn">The first whose results are its own; null where all are: the last range is shifted to end with the
    /// channels.</param>
    /// <param name="FirstPanel">The first panel of filters.</param>
    /// <param name="Panels">Panels of filters.</param>
    /// <param name="Width">Filters of a panel.</param>
    protected sealed record Range(ScalarExpr First, ScalarExpr? FirstOwn, ScalarExpr FirstPanel, long Panels, long Width)
    {
        public long Filters => Panels * Width;
    }

    /// <summary>The kernel.</summary>
    /// <param name="multiplyAdds">Of a channel and a filter, all tiles.</param>
    protected Kernel Build(double multiplyAdds)
    {
        const int Taps = WinogradTransforms.Taps;
        var (full, remainder) = (Shape.Filters / Ranges.Width, Shape.Filters % Ranges.Width);
        List<Statement> statements = [];
        if (full > 0) statements.Add(OfRanges("range", 0, full / Ranges.Panels, Ranges.Panels, Ranges.Width));
        if (remainder > 0) statements.Add(OfRanges("last_range", full, 1, 1, remainder));
        return Body.Build(statements, Shape.Channels * Shape.Filters * (multiplyAdds * 2.0 / 8
            + Taps * Taps * ElementKernel.Cost(Body.Function)));
    }

    private LoopBuffer AddSums() =>
        Body.AddScratch("sums", DType, _products * Ranges.Channels * MostFilters, BufferScope.Worker);

    private ForStatement OfRanges(string name, long firstPanel, long groups, long panels, long width)
    {
        var rangesOfChannels = ContractionBlocking.Divide(Shape.Channels, Ranges.Channels);
        var number = new LoopVariable(name, rangesOfChannels * groups);
        var index = KernelBody.Unravel(number.Value, [(int)rangesOfChannels, (int)groups]);
        var first = index[0] * Ranges.Channels;
        var isExact = Shape.Channels % Ranges.Channels == 0;
        var last = ScalarExpr.Index(Shape.Channels - Ranges.Channels);
        var range = new Range(isExact ? first : ScalarExpr.Binary(BinaryKind.Min, first, last), isExact ? null : first,
            index[1] * panels + firstPanel, panels, width);
        var elements = _products * Ranges.Channels * range.Filters;
        var blocks = Cascade.Run(_blocks, _sums, outer => Level(outer, elements),
            (block, into) => [.. Transform(range, block), Multiply(range, block, into)], name: "block");
        return new(number, rangesOfChannels * groups, LoopKind.Parallel, 1, [Fill(_sums, elements), .. blocks, TransformSums(range)]);
    }

    private CascadeLevel<LoopBuffer> Level(LoopBuffer outer, long elements)
    {
        var (sums, i) = (AddSums(), new LoopVariable("i", elements));
        var add = new StoreStatement(outer, i.Value, new LoadExpr(outer, i.Value) + new LoadExpr(sums, i.Value));
        return new(sums, [Fill(sums, elements)], [Loops.Vector(i, elements, [add])]);
    }

    private ForStatement Fill(LoopBuffer sums, long elements)
    {
        var i = new LoopVariable("i", elements);
        return Loops.Vector(i, elements, [new StoreStatement(sums, i.Value, ScalarExpr.Constant(DType, 0))]);
    }

    private ForStatement Multiply(Range range, ScalarExpr block, LoopBuffer into)
    {
        var rows = Ranges.Channels / Ranges.Rows;
        var (product, panel, row) = (new LoopVariable("product", _products), new LoopVariable("panel", range.Panels),
            new LoopVariable("row", rows));
        var part = (product.Value * range.Panels + panel.Value) * rows + row.Value;
        return new(product, _products, LoopKind.Serial, 1, [new ForStatement(panel, range.Panels, LoopKind.Serial, 1,
            [new ForStatement(row, rows, LoopKind.Serial, 1, [.. PrefetchNext(range, block, part, _products * range.Panels * rows),
                Multiply(range, product.Value, panel.Value, row.Value * Ranges.Rows, into)])])]);
    }

    // sums[product][channel][panel][n] += a register tile's products of all tiles.
    private ForStatement Multiply(Range range, ScalarExpr product, ScalarExpr panel, ScalarExpr first, LoopBuffer into)
    {
        var lane = new LoopVariable("n", range.Width);
        var sums = Body.NewLocal("c", DType, Ranges.Rows);
        var all = Enumerable.Range(0, Ranges.Rows);
        IEnumerable<Statement> OfStep(ScalarExpr step, Local to)
        {
            var from = CotangentAt(range, panel, product, step, lane.Value);
            var filter = Body.NewLocal("b", from.DType);
            return [new LetStatement(filter, from), .. all.Select(i => new AssignStatement(
                to, i, MultiplyAdd(ImageAt(product, step, first + i), new LocalExpr(filter), new LocalExpr(to, i))))];
        }
        var unroll = _target.StepsTogether(Ranges.Rows, range.Width, DType);
        ScalarExpr At(int i) => (product * Ranges.Channels + first + i) * range.Filters + panel * range.Width + lane.Value;
        return new(lane, range.Width, LoopKind.Vector, (int)Math.Min(Ranges.Width, ElementKernel.PowerOfTwoAtLeast(range.Width)),
            [new LetStatement(sums, ScalarExpr.Constant(DType, 0)), .. Cascade.Run(
                Steps, sums, outer => Cascade.OpenTile(Body, outer), OfStep, Cascade.MostMultiplyAdds, "step", unroll),
                .. all.Select(i => new StoreStatement(into, At(i), new LoadExpr(into, At(i)) + new LocalExpr(sums, i)))]);
    }

    private ForStatement TransformSums(Range range)
    {
        var (number, lane) = (new LoopVariable("channel", Ranges.Channels * range.Panels), new LoopVariable("n", range.Width));
        var index = KernelBody.Unravel(number.Value, [(int)Ranges.Channels, (int)range.Panels]);
        var channel = range.First + index[0];
        var filter = (range.FirstPanel + index[1]) * Ranges.Width + lane.Value;
        var isOwn = range.FirstOwn is { } own ? ScalarExpr.Compare(CompareKind.Ge, channel, own) : null;
        var statements = Loops.Results(lane, range.Width, body => Gradient(new WinogradTransforms(Body, body), i =>
                new LoadExpr(_sums, number.Value * range.Width + lane.Value + i * (Ranges.Channels * range.Filters))),
            (row, column, result) => Body.StoreFrom(_dot, result, _ => Shape.ResultIndex(row, column, channel, filter), isOwn));
        return new(number, Ranges.Channels * range.Panels, LoopKind.Serial, 1, [.. statements]);
    }
}
