using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Rules of reductions.</summary>
internal static class ReductionRules
{
    /// <summary>A reduction over no axes → x.</summary>
    internal static Value? OverNothing(RewriteSite site) => Reduction.Axes(site.Operation).Length == 0 ? site[0] : null;

    /// <summary>The sum of n times c → n·c; the largest or smallest → c.</summary>
    internal static Value? OfSplat(RewriteSite site)
    {
        var axes = Reduction.Axes(site.Operation);
        if (site.Splat(0) is not { } c || CountOf(site[0].Shape, axes) is not { } count) return null;
        if (!IsSum(site)) return site.Constant(c);
        return IsExact(count, site.Type.DType) ? site.Constant(c * count) : null;
    }

    /// <summary>reduce(broadcast(x)) → broadcast(reduce(x)), a sum times how often each element was repeated.</summary>
    internal static Value? OfBroadcast(RewriteSite site)
    {
        if (site.Defined(0, Broadcast.Instance) is not { } broadcast) return null;
        var (axes, dimensions) = (Reduction.Axes(site.Operation), Broadcast.Dimensions(broadcast));
        if (CountOf(broadcast.Result.Shape, axes.Except(dimensions)) is not { } count || !IsExact(count, site.Type.DType)) return null;
        var value = broadcast.Operands[0];
        int[] inner = [.. Enumerable.Range(0, dimensions.Length).Where(i => axes.Contains(dimensions[i]))];
        if (inner.Length > 0) value = site.EmitWith(site.Operation.Op, site.Operation.Attributes.With("axes", inner), value);
        if (IsSum(site) && count != 1) value = site.Emit(Multiply.Instance, value, value.Constant(count));
        if (value.Shape == site.Type.Shape) return value;
        int[] remaining = [.. Enumerable.Range(0, broadcast.Result.Rank).Except(axes)];
        var kept = dimensions.Where(d => !axes.Contains(d)).Select(d => Array.IndexOf(remaining, d));
        return site.EmitWith(Broadcast.Instance, Broadcast.Attributes(site.Type.Shape, kept), value);
    }

    /// <summary>max(max(x)) → max(x) over the axes of both, and for min; sums would be added in another order.</summary>
    internal static Value? Twice(RewriteSite site)
    {
        if (site.Defined(0, site.Operation.Op) is not { } inner || !site.IsOnlyUse(0, site.Operation.Op)) return null;
        var (first, x) = (Reduction.Axes(inner), inner.Operands[0]);
        int[] remaining = [.. Enumerable.Range(0, x.Rank).Except(first)];
        return site.EmitWith(site.Operation.Op,
            ReduceSum.Attributes(first.Concat(Reduction.Axes(site.Operation).Select(a => remaining[a]))), x);
    }

    private static bool IsSum(RewriteSite site) => site.Operation.Op is ReduceSum;

    private static bool IsExact(long count, DType type) => type.Round(count) == count;

    // Null where a size is 0: the reduction is then of nothing, and not a multiple of anything.
    private static long? CountOf(Shape shape, IEnumerable<int> axes)
    {
        var count = axes.Aggregate(1L, (n, axis) => n * shape[axis]);
        return count == 0 ? null : count;
    }
}
