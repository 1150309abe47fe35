using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Rules that fold transposes into the axis numbers of a contraction: packing reads either order equally fast.</summary>
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
                (axes with
                {
                    BatchX = axes.BatchY, BatchY = axes.BatchX, ContractX = axes.ContractY, ContractY = axes.ContractX,
                }).Attributes, dot.Operands[1], dot.Operands[0])
            : null;
    }

    private static int[] Renamed(int[] axes, int[] map) => [.. axes.Select(a => map[a])];

    private static bool IsOrderKept(Operation transpose, int[] free)
    {
        var mapped = Renamed(free, ShapeRules.Permutation(transpose));
        return mapped.SequenceEqual(mapped.Order());
    }
}
