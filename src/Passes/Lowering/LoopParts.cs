using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Where loops are split: between two bounds what a kernel reads does not change, as from padding to the elements within it, so
/// that no guard is evaluated.</summary>
internal static class LoopParts
{
    /// <summary>For each axis where its first loop begins, those between, and where the last ends.</summary>
    /// <param name="function">The kernel's.</param>
    /// <param name="domain">The shape of its elements.</param>
    /// <param name="axes">Axes of the domain.</param>
    /// <param name="sizes">Of the axes; 1 for one that is merged with the next.</param>
    /// <param name="most">Parts in all, each of which is code of its own. Inner axes come first: their guards are the most often
    /// evaluated.</param>
    public static int[][] Bounds(Function function, Shape domain, int[] axes, int[] sizes, int most)
    {
        Value[] maps = [.. function.Operations.Where(o => o.Op is IIndexedOp && o.Result.Shape == domain).Select(o => o.Result)];
        var (bounds, parts) = (new int[axes.Length][], 1);
        for (var i = axes.Length - 1; i >= 0; i--)
        {
            var breaks = maps.SelectMany(m => Breaks(m, axes[i])).Where(b => b > 0 && b < sizes[i]).Distinct().Order().ToList();
            if (parts * (breaks.Count + 1) > most) breaks = [];
            parts *= breaks.Count + 1;
            bounds[i] = [0, .. breaks.Select(b => (int)b), sizes[i]];
        }
        return bounds;
    }

    // Of a chain of index maps. Along merged axes there are none.
    private static IEnumerable<long> Breaks(Value value, int axis)
    {
        if (value.Definition is not { Op: IIndexedOp op } map) return [];
        var own = op.Breaks(map, axis).Select(b => (long)b);
        return op is IAffineOp affine && affine.MapOf(map) is { } affineMap
            ? own.Concat(affineMap.Axes.SelectMany((at, d) => Through(at, axis, value.Shape, map.Operands[0], d))) : own;
    }

    // The first index for which offset + coefficient · index is on the other side of a break, whatever the other indices are.
    private static IEnumerable<long> Through(AffineIndex at, int axis, Shape shape, Value operand, int along)
    {
        var coefficient = at.Terms.Where(t => t.Axis == axis).Sum(t => t.Coefficient);
        if (coefficient == 0 || Breaks(operand, along).ToList() is not { Count: > 0 } breaks) return [];
        IEnumerable<long> offsets = [at.Offset];
        foreach (var (other, step) in at.Terms.Where(t => t.Axis != axis))
            offsets = offsets.SelectMany(o => Enumerable.Range(0, shape[other]).Select(i => o + i * step));
        return offsets.SelectMany(o => breaks.Select(b => coefficient > 0 ? -FloorDivide(o - b, coefficient)
            : FloorDivide(o - b, -coefficient) + 1));
    }

    private static long FloorDivide(long x, long y) => x / y - (x % y < 0 ? 1 : 0);
}
