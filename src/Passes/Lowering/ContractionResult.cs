using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Indices of a contraction's result, at which the operations after it read and store.</summary>
/// <remarks>Axes of a group are one where no operation tells them apart (<see cref="MergedAxes"/>): the position in memory is the same, and
/// needs no division.</remarks>
internal sealed class ContractionResult
{
    private readonly ContractionShape _shape;
    private readonly Dictionary<AxisGroup, int[]> _sizes = [];

    /// <param name="shape">The contraction.</param>
    /// <param name="dot">Its result.</param>
    /// <param name="operations">Those after it.</param>
    public ContractionResult(ContractionShape shape, Value dot, IEnumerable<Operation> operations)
    {
        _shape = shape;
        // What has another shape is read at an index that a map of the result has made.
        Operation[] maps = [.. operations.Where(o => o.Op is IIndexedOp && o.Result.Shape == dot.Shape && !KernelBody.IsUniform(o))];
        var first = 0;
        foreach (var group in shape.ResultGroups)
        {
            _sizes[group] = MergedAxes.Sizes(maps, dot.Shape, [.. Enumerable.Range(first, group.Rank)]);
            first += group.Rank;
        }
    }

    /// <summary>The index of an element, for all operations.</summary>
    public ScalarExpr[] Index(ScalarExpr batch, AxisNumber m, AxisNumber n) =>
        Of(batch, m, n, (group, number) => number.Split(_sizes[group]));

    /// <summary>An index that gives an element's position in memory, and nothing else.</summary>
    public ScalarExpr[] Position(ScalarExpr batch, AxisNumber m, AxisNumber n) => Of(batch, m, n, (group, number) => group.Whole(number));

    private ScalarExpr[] Of(AxisNumber batch, AxisNumber m, AxisNumber n, Func<AxisGroup, AxisNumber, ScalarExpr[]> index) =>
        [.. _shape.ResultGroups.SelectMany(group => index(group, group == _shape.A.Free ? m : group == _shape.B.Free ? n : batch))];
}
