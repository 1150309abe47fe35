using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Rules that fold transposes and sums into the axis numbers of a contraction: packing reads either order equally fast.</summary>
internal static class DotRules
{
    /// <summary>dot(transpose(x), y) → dot(x, y) with axes renamed, where x's free axes keep their order; and for y.</summary>
    internal static Value? OfTranspose(RewriteSite site)
    {
        var axes = DotGeneral.Axes.Of(site.Operation.Attributes);
        var (x, y) = (site[0], site[1]);
        if (site.Defined(0, Transpose.Instance) is { } left && IsOrderKept(left, axes.FreeX(x.Rank)))
        {
            var map = ShapeRules.Permutation(left);
            axes = axes with { BatchX = Renamed(axes.BatchX, map), ContractX = Renamed(axes.ContractX, map) };
            x = left.Operands[0];
        }
        if (site.Defined(1, Transpose.Instance) is { } right && IsOrderKept(right, axes.FreeY(y.Rank)))
        {
            var map = ShapeRules.Permutation(right);
            axes = axes with { BatchY = Renamed(axes.BatchY, map), ContractY = Renamed(axes.ContractY, map) };
            y = right.Operands[0];
        }
        return x == site[0] && y == site[1] ? null : site.EmitWith(DotGeneral.Instance, axes.Attributes, x, y);
    }

    /// <summary>transpose(dot(x, y)) → dot(y, x) where it exchanges the free axes, if nothing else reads the dot.</summary>
    internal static Value? TransposeOfDot(RewriteSite site)
    {
        if (!site.IsOnlyUse(0, DotGeneral.Instance) || site.Defined(0, DotGeneral.Instance) is not { } dot) return null;
        var axes = DotGeneral.Axes.Of(dot.Attributes);
        var (batch, freeX) = (axes.BatchX.Length, axes.FreeX(dot.Operands[0].Rank).Length);
        var freeY = dot.Result.Rank - batch - freeX;
        var exchanged = Enumerable.Range(0, batch).Concat(Enumerable.Range(batch + freeX, freeY)).Concat(Enumerable.Range(batch, freeX));
        return ShapeRules.Permutation(site.Operation).SequenceEqual(exchanged)
            ? site.EmitWith(DotGeneral.Instance,
                new DotGeneral.Axes(axes.BatchY, axes.BatchX, axes.ContractY, axes.ContractX).Attributes, dot.Operands[1], dot.Operands[0])
            : null;
    }

    /// <summary>reduce_sum(dot(x, y)) over batch axes → dot(x, y) that contracts them, if nothing else reads the dot; and through a
    /// transpose, which then permutes less.</summary>
    internal static Value? SumOfDot(RewriteSite site)
    {
        var isMoved = site.Defined(0, Transpose.Instance) is not null;
        if (!(isMoved ? site.IsOnlyUse(0, Transpose.Instance, DotGeneral.Instance) : site.IsOnlyUse(0, DotGeneral.Instance))) return null;
        var moved = isMoved ? ShapeRules.Permutation(site.Defined(0, Transpose.Instance)!) : [.. Enumerable.Range(0, site[0].Rank)];
        if ((isMoved ? site[0].Definition!.Operands[0] : site[0]).Definition is not { Op: DotGeneral } dot) return null;
        var axes = DotGeneral.Axes.Of(dot.Attributes);
        var batch = axes.BatchX.Length;
        int[] summed = Renamed(Reduction.Axes(site.Operation), moved), contracted = [.. summed.Where(a => a < batch).Order()];
        if (contracted.Length == 0) return null;
        int[] kept = [.. Enumerable.Range(0, batch).Except(contracted)];
        var y = site.EmitWith(DotGeneral.Instance, new DotGeneral.Axes(Renamed(kept, axes.BatchX), Renamed(kept, axes.BatchY),
            [.. Renamed(contracted, axes.BatchX), .. axes.ContractX], [.. Renamed(contracted, axes.BatchY), .. axes.ContractY]).Attributes,
            dot.Operands[0], dot.Operands[1]);
        int[] left = [.. Enumerable.Range(0, moved.Length).Except(contracted)];
        int[] rest = [.. summed.Except(contracted).Select(a => Array.IndexOf(left, a)).Order()];
        if (rest.Length > 0) y = site.EmitWith(ReduceSum.Instance, ReduceSum.Attributes(rest), y);
        int[] order = [.. moved.Except(summed)];
        int[] permutation = [.. order.Select(a => Array.IndexOf([.. order.Order()], a))];
        return permutation.SequenceEqual(permutation.Order()) ? y
            : site.EmitWith(Transpose.Instance, Transpose.Attributes(permutation), y);
    }

    private static int[] Renamed(int[] axes, int[] map) => [.. axes.Select(a => map[a])];

    private static bool IsOrderKept(Operation transpose, int[] free)
    {
        var mapped = Renamed(free, ShapeRules.Permutation(transpose));
        return mapped.SequenceEqual(mapped.Order());
    }
}
