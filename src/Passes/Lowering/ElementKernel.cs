using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a fusion of elementwise operations and index maps: one pass over its index space.</summary>
internal static class ElementKernel
{
    /// <summary>Vector registers that one iteration fills; several hide the latency of loads.</summary>
    private const int RegistersPerVector = 2;

    /// <summary>Most parts that the loops are split into: each is code of its own.</summary>
    private const int MostParts = 12;

    /// <summary>Most vectors of a row that is only moved which stand one after another, with no loop: so more rows are within the
    /// processor's window, and wait for memory together.</summary>
    private const int MostMoved = 8;

    public static Kernel Lower(Operation fusion, TargetTraits target)
    {
        var body = new KernelBody(fusion);
        var function = body.Function;
        var shape = function.Results[0].Shape;
        var count = shape.ElementCount;
        var statements = new List<Statement>();
        if (count > 0)
        {
            var lanes = Math.Min(target.Lanes(Widest(function)) * RegistersPerVector, PowerOfTwoAtLeast(count));
            statements.AddRange(IsFlat(function) ? [Flat(body, count, lanes, target)] : Rows(body, shape, lanes, target));
        }
        return body.Build(statements, count * (double)Cost(function));
    }

    /// <summary>The widest element type that a function touches, which decides the lanes.</summary>
    public static DType Widest(Function function) =>
        function.Operations.SelectMany(o => o.Results).Concat(function.Parameters).Concat(function.Results)
            .Select(v => v.DType).Where(t => t.IsFloating || t.Bits <= 32).DefaultIfEmpty(DType.F32).MaxBy(t => t.Bits)!;

    public static int PowerOfTwoAtLeast(long count) =>
        (int)Math.Min(1L << 20, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(count, 1)));

    /// <summary>Scalar operations for an element.</summary>
    public static int Cost(Function function) => 1 + function.Parameters.Length + function.Operations.Sum(Cost);

    /// <summary>Scalar operations for an element of one operation's result; a math function counts 20.</summary>
    public static int Cost(Operation operation) => IsFunction(operation) ? 20 : 1;

    /// <summary>Whether an operation calls a math function of many instructions.</summary>
    public static bool IsFunction(Operation operation) => operation.Op is ElementwiseOp { IsFunction: true };

    // Without index maps every operand is read at the reader's own position, whatever the rank.
    private static bool IsFlat(Function function) =>
        function.Operations.All(o => o.Op is not IIndexedOp || o.Op is Constant)
        && function.Parameters.All(p => p.Shape == function.Results[0].Shape);

    private static ForStatement Flat(KernelBody body, long count, int lanes, TargetTraits target)
    {
        var i = new LoopVariable("i");
        var inner = Elements(body, shape => KernelBody.FlatIndex(shape, i.Value));
        return new ForStatement(i, count, LoopKind.ParallelVector, lanes, [.. Prefetching.OfFlat(body, i.Value, lanes, target), .. inner]);
    }

    private static IEnumerable<Statement> Rows(KernelBody body, Shape shape, int lanes, TargetTraits target)
    {
        // Vectors are along the innermost axis of more than one element.
        var sizes = MergedAxes.Sizes(body.Function.Operations, shape, [.. Enumerable.Range(0, shape.Rank)]);
        var along = Math.Max(Array.FindLastIndex(sizes, size => size != 1), 0);
        var zeros = Enumerable.Repeat(ScalarExpr.Index(0), shape.Rank).ToArray();
        if (shape.Rank == 0) return [Vectors(LoopKind.ParallelVector, 0, 1, [])];
        var bounds = LoopParts.Bounds(body.Function, shape, [.. Enumerable.Range(0, along + 1)], sizes[..(along + 1)], MostParts);
        var isRow = shape.ElementCount == sizes[along];
        var parts = bounds[..along].Aggregate(1, (product, b) => product * (b.Length - 1));
        if (!isRow && bounds[along].Length == 2 && IsMove(body.Function)) bounds[along] = OneByOne(sizes[along], lanes, MostParts / parts);
        return isRow ? Parts(LoopKind.ParallelVector, zeros[..along])
            : RowLoops.InParts(bounds[..along], 1, leading => Parts(LoopKind.Vector, leading[0]));

        IEnumerable<Statement> Parts(LoopKind kind, ScalarExpr[] leading)
        {
            body.Row = kind == LoopKind.Vector ? new() : null;
            ForStatement[] loops =
                [.. bounds[along].Zip(bounds[along].Skip(1), (first, next) => Vectors(kind, first, next - first, leading))];
            return body.Row is { } row ? [.. row.Statements, .. loops] : loops;
        }

        ForStatement Vectors(LoopKind kind, int first, int count, ScalarExpr[] leading)
        {
            var lane = new LoopVariable("i", count);
            body.Row?.Lane = lane;
            ScalarExpr[] index = [.. leading, lane.Value + first, .. zeros];
            var inner = Elements(body, _ => index[..shape.Rank]);
            var width = Math.Min(lanes, PowerOfTwoAtLeast(count));
            return new(lane, count, kind, width, [.. Prefetching.Of(body, lane, width, inner, target), .. inner]);
        }
    }

    // An element is one of an operand's, and no sum of several.
    private static bool IsMove(Function function) =>
        function.Operations.All(o => o.Op is IIndexedOp op && op.DisjointTerms(o) is null or 1);

    // Where each vector of a short row begins.
    private static int[] OneByOne(int count, int lanes, int most) => count > lanes * Math.Min(MostMoved, most) ? [0, count]
        : [.. Enumerable.Range(0, (count + lanes - 1) / lanes).Select(i => i * lanes), count];

    private static List<Statement> Elements(KernelBody body, Func<Shape, ScalarExpr[]> index)
    {
        var statements = new List<Statement>();
        body.PushScope();
        body.Store(body.Function.Results, index, statements);
        body.PopScope();
        return statements;
    }
}
