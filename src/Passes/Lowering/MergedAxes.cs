using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Neighbouring axes that are one axis to everything in a kernel: one index runs over both, and nothing divides a position into
/// an index of each.</summary>
internal static class MergedAxes
{
    /// <summary>The sizes of axes of a kernel's domain, those of merged axes being 1 except the last, which has their product: as in
    /// <see cref="KernelBody.FlatIndex"/>, its index is the position among them.</summary>
    /// <param name="operations">What reads or computes at an index of the domain.</param>
    /// <param name="domain">The shape of its elements.</param>
    /// <param name="axes">Increasing.</param>
    public static int[] Sizes(IEnumerable<Operation> operations, Shape domain, int[] axes)
    {
        int[] sizes = [.. axes.Select(a => domain[a])];
        Operation[] maps = [.. operations.Where(o => o.Op is IIndexedOp)];
        var last = -1;
        for (var i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] == 1) continue;
            if (last >= 0 && AreNeighbours(domain, axes[last], axes[i]) && (long)sizes[last] * sizes[i] <= int.MaxValue
                && maps.All(m => AreOneTo(m, domain, axes[last], axes[i])))
                (sizes[last], sizes[i]) = (1, sizes[last] * sizes[i]);
            last = i;
        }
        return sizes;
    }

    private static bool AreNeighbours(Shape domain, int x, int y) => domain.Sizes[(x + 1)..y].ToArray().All(size => size == 1);

    // A broadcast repeats its operand along both axes, or reads memory along both.
    private static bool AreOneTo(Operation map, Shape domain, int x, int y)
    {
        if (map.Op is Constant) return true;
        if (map.Op is not Broadcast || map.Result.Shape != domain) return false;
        var dimensions = Broadcast.Dimensions(map);
        var (hasX, hasY) = (dimensions.Contains(x), dimensions.Contains(y));
        return hasX == hasY && !(hasX && map.Operands[0].Definition is { Op: IIndexedOp });
    }
}
