using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Fusing;

/// <summary>Pads of memory that are never written: windows that a column kernel sums (of a depthwise convolution, of a pool) read the
/// memory itself, under guards that its loops, split at the padding's edges, decide.</summary>
/// <remarks>A kernel for the pad would read and write as much memory as the sum does.</remarks>
internal static class GuardedPads
{
    /// <summary>Operations for an element of a sum of products with padded windows, about.</summary>
    private const int Cost = 8;

    public static HashSet<Operation> Of(Function function)
    {
        if (!function.Operations.Any(o => o.Op is Pad)) return [];
        var readers = new ValueReaders(function);
        var stored = StorePadded.FirstPads(function, readers);
        var results = function.Results.ToHashSet();
        return [.. function.Operations.Where(o => o.Op is Pad && stored.GetValueOrDefault(o.Operands[0]) != o
            && o.Operands[0].Definition is not { Op: IIndexedOp and not IMemoryOp }
            && !results.Contains(o.Result) && o.Ints("interior").All(n => n == 0) && o.Result.Rank > 1
            && o.Operands[0].Shape[^1] == o.Result.Shape[^1]
            && readers[o.Result].All(r => r.Op is Window && IsSummed(r.Result, readers, results)))];
    }

    // Whether all that reads a value, through index maps and one elementwise operation, sums it by columns.
    private static bool IsSummed(Value value, ValueReaders readers, HashSet<Value> results, bool isProduct = false) =>
        !results.Contains(value) && readers[value].All(r => r.Op switch
        {
            IReductionOp => SumsColumns(r),
            IAffineOp and not IMemoryOp => IsSummed(r.Result, readers, results, isProduct),
            IElementOp and not IIndexedOp => !isProduct && r.Results.Length == 1 && IsSummed(r.Result, readers, results, true),
            _ => false,
        });

    // By a kernel without guards: one that is unrolled, or whose loop is over the one axis that is reduced.
    private static bool SumsColumns(Operation reduction)
    {
        var (domain, axes) = (reduction.Operands[0].Shape, Reduction.Axes(reduction));
        return !axes.Contains(domain.Rank - 1) && (RowKernel.Unrolls(domain, axes, Cost) || axes.Count(a => domain[a] != 1) == 1);
    }
}
