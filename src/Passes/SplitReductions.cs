using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Splitting;

namespace GraphCompiler.Passes;

/// <summary>Splits large reductions, and contractions with weights that the same step updates, into a parallel reduction of ranges and a
/// reduction of their results. The split depends on shapes alone, so any number of workers gives the same bits.</summary>
/// <remarks>Needs: no rule after it that merges reductions. Ensures: a large reduction to few elements reduces ranges of at least 256
/// elements, then their results, where its sizes have a divisor that gives such ranges (a vector of prime length has none); what feeds it
/// element by element is in the domain of the ranges; a split-K contraction is a batch over ranges of K and a sum; all is live.
/// O(operations). See docs/adr/0007.</remarks>
public sealed class SplitReductions : IPass
{
    /// <summary>Ranges of K of a split-K contraction.</summary>
    private const int SplitK = 2;
    private const long LeastK = 256;

    /// <summary>Bytes of the partial results of all ranges: they move between the workers' caches, as weights would without the
    /// split.</summary>
    private const long MostPartialBytes = 128 << 10;

    /// <inheritdoc/>
    public string Name => "split_reductions";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        var (updated, moved, domains) = (UpdatedWeights(function), new MovedOperations(function), new SplitDomains());
        var map = new Dictionary<Value, Value>();
        var split = Rewriter.Rebuild(function, (operation, builder, operands) =>
        {
            for (var i = 0; i < operands.Length; i++) map[operation.Operands[i]] = operands[i];
            return operation.Op switch
            {
                IReductionOp { GivesIndex: false } => SplitVariance(operation, builder, map, domains)
                    ?? SplitReduction(operation, builder, operands[0], domains),
                DotGeneral when updated.Contains(operation) => SplitContraction(operation, builder, operands),
                _ when moved.SplitOf(operation) is { } s => [domains.Move(operation, s, builder, operands.AsSpan())],
                _ => null,
            };
        });
        // What moved has no reader where it was, and what is dead would be written to memory.
        return new DeadCodeElimination().Run(split, context);
    }

    // Partial results are of the accumulator's type, as sums are until they are stored.
    private static ImmutableArray<Value>? SplitReduction(Operation reduction, FunctionBuilder builder, Value x, SplitDomains domains)
    {
        var (op, type, axes) = (reduction.Op, reduction.Result.Type, Reduction.Axes(reduction));
        var next = ReductionSplit.OfWindows(reduction) ?? ReductionSplit.Of(x.Shape, axes);
        if (next is null) return null;
        var accumulator = Accumulation.TypeOf(reduction);
        for (; next is { } split; next = ReductionSplit.Of(x.Shape, axes))
        {
            x = domains.Reduced(op, split, In(accumulator, split.Axis is { } axis ? domains.In(axis, x) : x));
            axes = split.Second;
        }
        x = builder.Emit(op, [x], ReduceSum.Attributes(axes));
        return [SplitDomains.Reshaped(In(type.DType, x), type.Shape)];
    }

    // Columns only: a row's elements move into the domain of its ranges with all that is computed from them.
    private static ImmutableArray<Value>? SplitVariance(Operation sum, FunctionBuilder builder, Dictionary<Value, Value> map,
        SplitDomains domains)
    {
        if (VariancePattern.Of(sum) is not { } variance) return null;
        if (ReductionSplit.Of(variance.X.Shape, Reduction.Axes(sum)) is not { IsByRows: false } split) return null;
        var (x, mean) = (map[variance.X], map[variance.Mean]);
        if (split.Axis is { } axis) x = domains.In(axis, x);
        var ranges = VariancePattern.OfRanges(x, domains.Reduced(sum.Op, split, x), mean, split);
        var total = builder.Emit(sum.Op, [ranges], ReduceSum.Attributes(split.Second));
        return [SplitDomains.Reshaped(total, sum.Result.Shape)];
    }

    private static Value In(DType type, Value x) => x.DType == type ? x : x.ConvertTo(type);

    /// <summary>Contractions x·W in whose function xᵀ·dY, W's gradient, is computed too: the worker that updates some rows of W has them in
    /// its caches, so it should be the one that multiplies by them.</summary>
    private static HashSet<Operation> UpdatedWeights(Function function)
    {
        var updates = function.Operations.Where(o => o.Op is DotGeneral && ContractsRows(o))
            .Select(o => (o.Operands[0], o.Result.Shape)).ToHashSet();
        return [.. function.Operations.Where(o => o.Op is DotGeneral && ContractsColumns(o)
            && o.Operands[1].Definition is null && updates.Contains((o.Operands[0], o.Operands[1].Shape)))];
    }

    // x[…, k] · W[k, n]
    private static bool ContractsColumns(Operation dot)
    {
        var (axes, rank) = (DotGeneral.Axes.Of(dot.Attributes), dot.Operands[0].Rank);
        return axes.BatchX is [] && axes.ContractX is [var x] && axes.ContractY is [0] && x == rank - 1 && rank > 1
            && dot.Operands[1].Rank == 2;
    }

    // xᵀ · dY of x[…, k] and dY[…, n]
    private static bool ContractsRows(Operation dot)
    {
        var (axes, rank) = (DotGeneral.Axes.Of(dot.Attributes), dot.Operands[0].Rank);
        int[] rows = [.. Enumerable.Range(0, Math.Max(rank - 1, 0))];
        return axes.BatchX is [] && dot.Operands[1].Rank == rank && axes.ContractX.Order().SequenceEqual(rows)
            && axes.ContractX.SequenceEqual(axes.ContractY);
    }

    private static ImmutableArray<Value>? SplitContraction(Operation dot, FunctionBuilder builder, ImmutableArray<Value> operands)
    {
        var (rank, k, n) = (operands[0].Rank, operands[1].Shape[0], operands[1].Shape[1]);
        var partialBytes = (long)SplitK * dot.Result.Type.Bytes;
        // A sum of partial results in the elements' type would round each of them.
        if (Accumulation.TypeOf(dot) != dot.Result.DType) return null;
        if (k % SplitK != 0 || k < LeastK || partialBytes > MostPartialBytes || partialBytes > operands[1].Type.Bytes / 2) return null;
        var x = operands[0].Reshape([.. operands[0].Shape.SkipLast(1), SplitK, k / SplitK]);
        var y = operands[1].Reshape([SplitK, k / SplitK, n]);
        var partials = builder.Emit(DotGeneral.Instance, [x, y], new DotGeneral.Axes([rank - 1], [0], [rank], [1]).Attributes);
        return [builder.Emit(ReduceSum.Instance, [partials], ReduceSum.Attributes([0]))];
    }
}
