using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Elements of a value in memory at an offset and a stride for each axis: what a chain of affine index maps reads.</summary>
/// <param name="Memory">The value in memory.</param>
/// <param name="Shape">Sizes of the view.</param>
/// <param name="Offset">Position of the view's first element.</param>
/// <param name="Strides">Elements from an index to the next along each axis: 0 where it repeats, negative where it is reversed.</param>
internal sealed record StridedView(Value Memory, Shape Shape, long Offset, long[] Strides)
{
    /// <summary>The view that a value of a region is of one of the region's parameters, or null if it is none.</summary>
    public static StridedView? Of(Value value)
    {
        if (value.Definition is not { } operation) return new(value, value.Shape, 0, value.Shape.Strides());
        return operation.Op is IAffineOp op && op.MapOf(operation) is { } map && Of(operation.Operands[0]) is { } view
            ? view.Through(map, operation.Result.Shape) : null;
    }

    /// <summary>A position some steps further.</summary>
    public static ScalarExpr Step(ScalarExpr position, ScalarExpr steps, long stride) =>
        stride < 0 ? position - steps * -stride : position + steps * stride;

    private StridedView Through(AffineMap map, Shape shape)
    {
        var (offset, strides) = (Offset, new long[shape.Rank]);
        for (var d = 0; d < Strides.Length; d++)
        {
            offset += Strides[d] * map.Axes[d].Offset;
            foreach (var (axis, coefficient) in map.Axes[d].Terms) strides[axis] += Strides[d] * coefficient;
        }
        return new(Memory, shape, offset, strides);
    }
}
