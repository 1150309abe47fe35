using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Splits large reductions, and contractions with weights that the same step updates, into a parallel reduction of ranges and a
/// reduction of their results. The split depends on shapes alone, so any number of workers gives the same bits.</summary>
/// <remarks>Needs: no rule after it that merges reductions. Ensures: a reduction of a whole large tensor reduces its rows, then their
/// results; a split-K contraction is a batch over ranges of K and a sum. O(operations). See docs/adr/0007.</remarks>
public sealed class SplitReductions : IPass
{
    /// <summary>Elements below which one worker is as fast.</summary>
    private const long LeastElements = 1 << 14;
    private const long LeastRows = 16;
    private const long LeastColumns = 256;

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
        var updated = UpdatedWeights(function);
        return Rewriter.Rebuild(function, (operation, builder, operands) => operation.Op switch
        {
            IReductionOp => SplitRows(operation, builder, operands),
            DotGeneral when updated.Contains(operation) => SplitContraction(operation, builder, operands),
            _ => null,
        });
    }

    // All elements: rows first.
    private static ImmutableArray<Value>? SplitRows(Operation operation, FunctionBuilder builder, ImmutableArray<Value> operands)
    {
        if (operation.Result.Rank > 0 || LeadingAxes(operands[0].Shape) is not { } leading) return null;
        var rows = builder.Emit(operation.Op, operands.AsSpan(),
            ReduceSum.Attributes(Enumerable.Range(leading, operands[0].Rank - leading)));
        return [builder.Emit(operation.Op, [rows], ReduceSum.Attributes(Enumerable.Range(0, leading)))];
    }

    // The fewest that give enough rows.
    private static int? LeadingAxes(Shape shape)
    {
        if (shape.ElementCount < LeastElements) return null;
        var (axes, rows) = (0, 1L);
        while (rows < LeastRows && axes < shape.Rank - 1) rows *= shape[axes++];
        return rows >= LeastRows && shape.ElementCount / rows >= LeastColumns ? axes : null;
    }

    /// <summary>Contractions x·W in whose function xᵀ·dY, W's gradient, is computed too: the worker that updates some rows of W has them in
    /// its caches, so it should be the one that multiplies by them.</summary>
    private static HashSet<Operation> UpdatedWeights(Function function)
    {
        var updates = function.Operations.Where(o => o.Op is DotGeneral && IsPlain(o, contractX: 0, contractY: 0))
            .Select(o => (o.Operands[0], o.Result.Shape)).ToHashSet();
        return [.. function.Operations.Where(o => o.Op is DotGeneral && IsPlain(o, contractX: 1, contractY: 0)
            && o.Operands[1].Definition is null && updates.Contains((o.Operands[0], o.Operands[1].Shape)))];
    }

    private static bool IsPlain(Operation dot, int contractX, int contractY)
    {
        var axes = DotGeneral.Axes.Of(dot.Attributes);
        return axes.BatchX is [] && axes.ContractX is [var x] && axes.ContractY is [var y] && (x, y) == (contractX, contractY)
            && dot.Operands.All(o => o.Rank == 2);
    }

    private static ImmutableArray<Value>? SplitContraction(Operation dot, FunctionBuilder builder, ImmutableArray<Value> operands)
    {
        var (m, k, n) = (operands[0].Shape[0], operands[0].Shape[1], operands[1].Shape[1]);
        var partialBytes = (long)SplitK * dot.Result.Type.Bytes;
        if (k % SplitK != 0 || k < LeastK || partialBytes > MostPartialBytes || partialBytes > operands[1].Type.Bytes / 2) return null;
        var x = operands[0].Reshape([m, SplitK, k / SplitK]);
        var y = operands[1].Reshape([SplitK, k / SplitK, n]);
        var partials = builder.Emit(DotGeneral.Instance, [x, y], new DotGeneral.Axes([1], [0], [2], [1]).Attributes);
        return [builder.Emit(ReduceSum.Instance, [partials], ReduceSum.Attributes([0]))];
    }
}
