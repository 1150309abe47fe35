using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Indices of a contraction's result, at which the operations after it read and store.</summary>
/// <remarks>Axes of a group are counted together where no operation tells them apart: the position in memory is the same, and needs no
/// division.</remarks>
internal sealed class ContractionResult
{
    private readonly ContractionShape _shape;
    private readonly HashSet<AxisGroup> _whole = [];

    /// <param name="shape">The contraction.</param>
    /// <param name="dot">Its result.</param>
    /// <param name="operations">Those after it.</param>
    public ContractionResult(ContractionShape shape, Value dot, IEnumerable<Operation> operations)
    {
        _shape = shape;
        Operation[] maps = [.. operations.Where(o => o.Op is IIndexedOp && o.Result.Shape == dot.Shape && !KernelBody.IsUniform(o))];
        var first = 0;
        foreach (var group in shape.ResultGroups)
        {
            int[] axes = [.. Enumerable.Range(first, group.Rank).Where(a => dot.Shape[a] != 1)];
            if (axes.Length <= 1 || maps.All(m => IsSameAlong(m, axes))) _whole.Add(group);
            first += group.Rank;
        }
    }

    /// <summary>The index of an element, for all operations.</summary>
    public ScalarExpr[] Index(ScalarExpr batch, AxisNumber m, AxisNumber n) => Of(batch, m, n, _whole.Contains);

    /// <summary>An index that gives an element's position in memory, and nothing else.</summary>
    public ScalarExpr[] Position(ScalarExpr batch, AxisNumber m, AxisNumber n) => Of(batch, m, n, _ => true);

    private ScalarExpr[] Of(AxisNumber batch, AxisNumber m, AxisNumber n, Func<AxisGroup, bool> isWhole) =>
        [.. _shape.ResultGroups.SelectMany(group =>
        {
            var number = group == _shape.A.Free ? m : group == _shape.B.Free ? n : batch;
            return isWhole(group) ? group.Whole(number) : group.Split(number);
        })];

    private static bool IsSameAlong(Operation map, int[] axes) => map.Op is IAffineOp op && op.MapOf(map) is { } affine
        && affine.Axes.All(a => a.Terms.All(t => !axes.Contains(t.Axis)));
}
