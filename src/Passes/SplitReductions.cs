using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Reduces a large tensor as a whole in two steps, first each row and then what the rows gave: so workers can share it, and it
/// gives the same bits however many there are.</summary>
/// <remarks>Needs: no rule after it that merges reductions. O(operations).</remarks>
public sealed class SplitReductions : IPass
{
    /// <summary>Elements below which one worker is as fast.</summary>
    private const long LeastElements = 1 << 14;
    private const long LeastRows = 16;
    private const long LeastColumns = 256;

    /// <inheritdoc/>
    public string Name => "split_reductions";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context) => Rewriter.Rebuild(function, (operation, builder, operands) => Split(operation, builder, operands));

    private static ImmutableArray<Value>? Split(Operation operation, FunctionBuilder builder, ImmutableArray<Value> operands)
    {
        if (operation.Op is not IReductionOp || operation.Result.Rank > 0 || LeadingAxes(operands[0].Shape) is not { } leading) return null;
        var rows = builder.Emit(operation.Op, operands.AsSpan(), ReduceSum.Attributes(Enumerable.Range(leading, operands[0].Rank - leading)));
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
}
