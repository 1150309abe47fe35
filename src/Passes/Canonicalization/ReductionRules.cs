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

    /// <summary>Σ select(count along the axis == label, v, 0), label and v the same along it → v where the label is on the axis, else 0:
    /// what flows back to the row of a cross entropy, which then needs no pass over its classes. The sum's sign of zero is that of
    /// v + 0.</summary>
    internal static Value? OfOneHot(RewriteSite site)
    {
        if (Reduction.Axes(site.Operation) is not [var axis] || site.Defined(0, Select.Instance) is not { } select
            || RewriteSite.SplatOf(select.Operands[2]) is not { } zero || zero != 0
            || select.Operands[0].Definition is not { Op: Compare } compare || compare.Word("direction") != "eq")
            return null;
        var at = Array.FindIndex([.. compare.Operands], o => o.Definition is { Op: Iota } iota && iota.Int("dimension") == axis);
        // Each place is counted once, by an integer that can hold the last.
        if (at < 0 || compare.Operands[1 - at] is not { DType.IsInteger: true } labels
            || select.Result.Shape[axis] is not (> 0 and var size) || !labels.DType.CanHold(size - 1L))
            return null;
        if (!IsSameAlong(labels, axis) || !IsSameAlong(select.Operands[1], axis)) return null;
        var (label, value) = (WithoutAxis(site, labels, axis), WithoutAxis(site, select.Operands[1], axis));
        var isOnAxis = label.GreaterOrEqual(label.Constant(0)).And(label.LessOrEqual(label.Constant(size - 1)));
        return isOnAxis.Select(value + value.Constant(0), value.Constant(0));
    }

    private static bool IsSameAlong(Value x, int axis) => RewriteSite.SplatOf(x) is not null
        || x.Definition is { Op: Broadcast } broadcast && !Broadcast.Dimensions(broadcast).Contains(axis);

    // What is the same along an axis, without it.
    private static Value WithoutAxis(RewriteSite site, Value x, int axis)
    {
        var shape = x.Shape.Without(axis);
        if (RewriteSite.SplatOf(x) is { } number) return x.Builder.Constant(Literal.Rounded(x.Type.With(shape), number), x.Location);
        var dimensions = Broadcast.Dimensions(x.Definition!).Select(d => d < axis ? d : d - 1);
        return site.EmitWith(Broadcast.Instance, Broadcast.Attributes(shape, dimensions), x.Definition!.Operands[0]);
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
