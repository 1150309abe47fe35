using System.Numerics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>What the kernels of attention share: blocks of queries and keys, products in register tiles, and masks.</summary>
/// <remarks>Scores are in scratch transposed, a row for each key, so that lanes are queries: what is of a query, such as its largest score,
/// is a vector, and elements of keys and values are repeated over lanes as they are read. A last block that would reach beyond an axis is
/// moved back to end with it; what it has in common with the block before it counts once.</remarks>
internal abstract partial class AttentionKernel
{
    /// <summary>Most queries, and most keys, of a block: a block of scores takes half of a first-level cache.</summary>
    private const int MostOfBlock = 64;

    private readonly Operation _operation;
    private readonly TargetTraits _target;
    private readonly List<LoopBuffer> _arguments = [];
    private readonly List<LoopBuffer> _scratch = [];
    private Func<ScalarExpr, ScalarExpr>? _isKept;
    private int _nextLocal;

    protected AttentionKernel(Operation operation, TargetTraits target, int first)
    {
        (_operation, _target, Shape) = (operation, target, AttentionShape.Of(operation, first));
        foreach (var (number, operand) in operation.Operands.Index())
            _arguments.Add(LoopBuffer.Argument(
                number == Shape.MaskAt ? "mask" : number == Shape.StepAt ? "step" : OperandNames[number], operand.Type));
        foreach (var (number, result) in operation.Results.Index())
            _arguments.Add(LoopBuffer.Argument(ResultNames[number], result.Type, isWritten: true));
        QueryBlocks = AttentionBlocks.Of(Math.Max(Shape.Queries, 1), MostOfBlock, target.Lanes(Shape.Wide));
        KeyBlocks = AttentionBlocks.Of(Math.Max(Shape.Keys, 1), MostOfBlock, 1);
        MaskBlock = HasMaskOfPairs ? Scratch("mask_block", Shape.Mask!.DType, KeyBlocks.Size * QueryBlocks.Size) : null;
    }

    protected AttentionShape Shape { get; }
    protected AttentionBlocks QueryBlocks { get; }
    protected AttentionBlocks KeyBlocks { get; }
    protected abstract string[] OperandNames { get; }
    protected abstract string[] ResultNames { get; }

    // A mask of queries and keys both is transposed, as scores are.
    private LoopBuffer? MaskBlock { get; }
    private bool HasMaskOfPairs => Shape.Mask is { } mask && mask.Shape[2] > 1 && mask.Shape[3] > 1;

    protected DType Wide => Shape.Wide;
    protected bool IsNarrow => Shape.DType != Wide;
    protected int Width => Shape.Width;
    protected ScalarExpr Zero => ScalarExpr.Constant(Wide, 0);
    protected ScalarExpr Nothing => ScalarExpr.Constant(Wide, double.NegativeInfinity);

    protected LoopBuffer Argument(string name) => _arguments.First(a => a.Name == name);

    protected LoopBuffer Scratch(string name, DType dtype, long elements, BufferScope scope = BufferScope.Worker)
    {
        var buffer = new LoopBuffer(name, dtype, elements, scope, isWritten: true);
        _scratch.Add(buffer);
        return buffer;
    }

    /// <summary>The kernel.</summary>
    /// <param name="products">Of queries and keys, each a multiply-add for every element of a head.</param>
    /// <param name="body">What runs.</param>
    protected Kernel Kernel(int products, params IEnumerable<Statement> body)
    {
        // A vector does some eight scalar operations at once.
        const double PerVector = 8;
        var pairs = (double)Shape.Batch * Shape.Heads * Shape.Queries * Shape.Keys / (Shape.IsCausal ? 2 : 1);
        return new(_operation.Op.Name, [.. _arguments], [.. _scratch], [.. body], _operation.Location.IsKnown ? [_operation.Location] : [],
            pairs * (2.0 * products * Width / PerVector + 1) + _operation.Results[0].Shape.ElementCount);
    }

    /// <summary>What is of a key, or 0 where the block before has the key too.</summary>
    protected ScalarExpr Own(ScalarExpr block, ScalarExpr key, ScalarExpr value) => !KeyBlocks.Overlaps ? value
        : ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Ge, key, KeyBlocks.Skipped(block)), value, Zero);

    protected static ScalarExpr Exp(ScalarExpr x) => ScalarExpr.Call(MathFunction.Exp, x);

    protected static ScalarExpr Remainder(ScalarExpr x, long by) => ScalarExpr.Binary(BinaryKind.Rem, x, ScalarExpr.Index(by));

    protected Local NewLocal(string prefix, DType dtype, int elements = 1) => new($"{prefix}{_nextLocal++}", dtype, elements);

    /// <summary>Where queries are in memory, and the keys that they are compared with.</summary>
    /// <param name="Sequence">Of the batch.</param>
    /// <param name="Head">Of the queries.</param>
    /// <param name="Queries">The number of their block.</param>
    protected sealed record Position(ScalarExpr Sequence, ScalarExpr Head, ScalarExpr Queries);

    /// <summary>The element of a tensor [batch, queries, heads, width] at a query of a block.</summary>
    protected ScalarExpr QueryAt(Position at, ScalarExpr query) =>
        ((at.Sequence * Shape.Queries + QueryBlocks.First(at.Queries) + query) * Shape.Heads + at.Head) * Width;

    /// <summary>The element of a tensor [batch, keys, key heads, width] at a key of a block.</summary>
    protected ScalarExpr KeyAt(ScalarExpr sequence, ScalarExpr head, ScalarExpr block, ScalarExpr key) =>
        ((sequence * Shape.Keys + KeyBlocks.First(block) + key) * Shape.KeyHeads + head) * Width;

    /// <summary>The element of a tensor [batch, queries, heads] at a query of a block.</summary>
    protected ScalarExpr RowAt(Position at, ScalarExpr query) =>
        (at.Sequence * Shape.Queries + QueryBlocks.First(at.Queries) + query) * Shape.Heads + at.Head;

    /// <summary>How many blocks of keys the queries of a block see any of.</summary>
    protected ScalarExpr KeyBlocksSeen(ScalarExpr queries) => !Shape.IsCausal ? ScalarExpr.Index(KeyBlocks.Count)
        : ScalarExpr.Binary(BinaryKind.Min, ScalarExpr.Index(KeyBlocks.Count),
            (QueryBlocks.First(queries) + (QueryBlocks.Size - 1)) / ScalarExpr.Index(KeyBlocks.Size) + 1);

    /// <summary>Copies what the mask says of a block of queries and a block of keys, if it is of both.</summary>
    protected IEnumerable<Statement> ReadMask(Position at, ScalarExpr keys)
    {
        if (MaskBlock is null) yield break;
        var from = MaskAt(at, keys, ScalarExpr.Index(0), ScalarExpr.Index(0));
        yield return new TransposeStatement(MaskBlock, ScalarExpr.Index(0), QueryBlocks.Size, Argument("mask"), from, Shape.Keys,
            QueryBlocks.Size, KeyBlocks.Size);
    }

    /// <summary>A score, or -∞ where the key is not seen.</summary>
    /// <param name="score">Scaled.</param>
    /// <param name="at">The block of queries.</param>
    /// <param name="keys">The block of keys.</param>
    /// <param name="key">Of its block.</param>
    /// <param name="query">Of its block: the lane.</param>
    protected ScalarExpr Masked(ScalarExpr score, Position at, ScalarExpr keys, ScalarExpr key, ScalarExpr query)
    {
        if (Shape.Mask is { } mask)
        {
            var element = MaskBlock is { } block ? new LoadExpr(block, key * QueryBlocks.Size + query)
                : new LoadExpr(Argument("mask"), MaskAt(at, keys, key, query));
            score = mask.DType == DType.Bool ? ScalarExpr.Select(element, score, Nothing) : score + element.ConvertTo(Wide);
        }
        if (!Shape.IsCausal) return score;
        // In 32 bits, of which a vector compares as many as there are scores in it.
        var first = (KeyBlocks.First(keys) + key - QueryBlocks.First(at.Queries)).ConvertTo(DType.I32);
        return ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Ge, query.ConvertTo(DType.I32), first), score, Nothing);
    }

    /// <summary>What each unit of work begins with.</summary>
    protected IEnumerable<Statement> Prepare()
    {
        if (Shape.Dropout is not { } dropout) return [];
        var (prepare, isKept) = dropout.Lower(new LoadExpr(Argument("step"), ScalarExpr.Index(0)), name => NewLocal(name, DType.U32));
        _isKept = isKept;
        return prepare;
    }

    /// <summary>A value of a pair where its weight is kept, and 0 where it is dropped.</summary>
    protected ScalarExpr Kept(ScalarExpr value, Position at, ScalarExpr keys, ScalarExpr key, ScalarExpr query)
    {
        if (_isKept is null) return value;
        // The number of a pair, modulo 2^32, which lanes compute in 32 bits.
        var first = (((at.Sequence * Shape.Heads + at.Head) * Shape.Queries + QueryBlocks.First(at.Queries)) * Shape.Keys
            + KeyBlocks.First(keys) + key).ConvertTo(DType.U32);
        var pair = first + query.ConvertTo(DType.U32) * ScalarExpr.Constant(DType.U32, Shape.Keys);
        return ScalarExpr.Select(_isKept(pair), value, Zero);
    }

    private ScalarExpr MaskAt(Position at, ScalarExpr keys, ScalarExpr key, ScalarExpr query)
    {
        var mask = Shape.Mask!.Shape;
        ScalarExpr[] index = [at.Sequence, at.Head, QueryBlocks.First(at.Queries) + query, KeyBlocks.First(keys) + key];
        var (position, strides) = (ScalarExpr.Index(0), mask.Strides());
        for (var i = 0; i < index.Length; i++)
            if (mask[i] > 1) position += index[i] * strides[i];
        return position;
    }

    /// <summary>Copies a block of queries, transposed: to[d · queries + query].</summary>
    /// <param name="from">[batch, queries, heads, width].</param>
    /// <param name="at">The block.</param>
    /// <param name="to">Of the accumulator's type.</param>
    /// <param name="narrow">Of the operands' type, if that is another.</param>
    /// <param name="scale">What elements are multiplied by.</param>
    protected IEnumerable<Statement> ReadTransposed(LoopBuffer from, Position at, LoopBuffer to, LoopBuffer? narrow, Scalar scale)
    {
        var copy = narrow ?? to;
        yield return new TransposeStatement(copy, ScalarExpr.Index(0), QueryBlocks.Size, from, QueryAt(at, ScalarExpr.Index(0)),
            (long)Shape.Heads * Width, QueryBlocks.Size, Width);
        if (narrow is not null || scale != 1)
            yield return Vector("i", Width * QueryBlocks.Size, i =>
                [new StoreStatement(to, i, new LoadExpr(copy, i).ConvertTo(Wide) * ScalarExpr.Constant(Wide, scale))]);
    }

    /// <summary>Stores the rows of a block of queries that no block before it has.</summary>
    /// <param name="at">The block.</param>
    /// <param name="store">Stores a row, given its number in the block.</param>
    protected ForStatement EachOwnQuery(Position at, Func<ScalarExpr, IEnumerable<Statement>> store) =>
        EachOwn(QueryBlocks, at.Queries, "query", store);

    /// <summary>The positions of a block that no block before it has, from the last to the first.</summary>
    protected static ForStatement EachOwn(AttentionBlocks blocks, ScalarExpr block, string name,
        Func<ScalarExpr, IEnumerable<Statement>> body) =>
        Serial(name, blocks.Size, r => body(ScalarExpr.Index(blocks.Size - 1) - r),
            blocks.Overlaps ? ScalarExpr.Index(blocks.Size) - blocks.Skipped(block) : null);

    private int LanesOf(long extent) =>
        (int)Math.Min(2 * (ulong)_target.Lanes(Wide), BitOperations.RoundUpToPowerOf2((ulong)Math.Max(extent, 1)));

    protected ForStatement Vector(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, LoopKind.Vector, LanesOf(extent), [.. body(variable.Value)]);
    }

    /// <summary>Fills a result, all workers together.</summary>
    protected ForStatement Fill(int result, Scalar value)
    {
        var (buffer, type) = (Argument(ResultNames[result]), _operation.Results[result].Type);
        return ForAll(type.Shape.ElementCount, i => [new StoreStatement(buffer, i, ScalarExpr.Constant(type.DType, value))]);
    }

    /// <summary>A loop over elements, which all workers share.</summary>
    protected ForStatement ForAll(long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable("i", extent);
        return new(variable, extent, LoopKind.ParallelVector, LanesOf(extent), [.. body(variable.Value)]);
    }

    protected static ForStatement Serial(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body, ScalarExpr? count = null)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, LoopKind.Serial, 1, [.. body(variable.Value)], count);
    }

    /// <summary>A loop over units of work, of which each worker takes a range.</summary>
    protected static ForStatement Parallel(string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, LoopKind.Parallel, 1, [.. body(variable.Value)]);
    }
}
