using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>An operand's index along one axis, as a function of the result's index: offset + Σ coefficient · index[axis].</summary>
/// <param name="Offset">The index where all of the result's are 0.</param>
/// <param name="Terms">Axes of the result, and what a step along each adds.</param>
public sealed record AffineIndex(long Offset, params (int Axis, long Coefficient)[] Terms)
{
    /// <summary>The index along an axis of the result.</summary>
    public static AffineIndex Of(int axis) => new(0, (axis, 1));
}

/// <summary>The element that an index map reads: an operand's index along each axis is an affine function of the result's.</summary>
/// <param name="axes">For each axis of the operand.</param>
/// <remarks>Maps compose, and map row-major memory to a strided view of it, whatever chain of ops they come from.</remarks>
public sealed class AffineMap(params AffineIndex[] axes)
{
    /// <summary>For each axis of the operand its index.</summary>
    public IReadOnlyList<AffineIndex> Axes { get; } = axes;

    /// <summary>For each axis of the operand the result's axis that it is; null where some index is more than that.</summary>
    public int[]? Dimensions => Axes.All(a => a is { Offset: 0, Terms: [(_, 1)] }) ? [.. Axes.Select(a => a.Terms[0].Axis)] : null;

    /// <summary>The operand's index, as expressions.</summary>
    public ScalarExpr[] Apply(ReadOnlySpan<ScalarExpr> index)
    {
        var mapped = new ScalarExpr[Axes.Count];
        for (var d = 0; d < mapped.Length; d++)
        {
            var at = ScalarExpr.Index(0);
            foreach (var (axis, coefficient) in Axes[d].Terms)
                at = coefficient < 0 ? at - index[axis] * -coefficient : at + index[axis] * coefficient;
            mapped[d] = at + Axes[d].Offset;
        }
        return mapped;
    }

    /// <summary>The operand's index.</summary>
    /// <param name="index">Of the result.</param>
    /// <param name="mapped">Of the operand; set.</param>
    public void Apply(ReadOnlySpan<int> index, Span<int> mapped)
    {
        for (var d = 0; d < Axes.Count; d++)
        {
            var at = Axes[d].Offset;
            foreach (var (axis, coefficient) in Axes[d].Terms) at += coefficient * index[axis];
            mapped[d] = (int)at;
        }
    }

    /// <summary>The positions that the elements of a result read, in the row-major memory of an operand.</summary>
    internal StridedWalk Walk(Shape result, Shape operand)
    {
        var (first, strides, memory) = (0L, new long[result.Rank], operand.Strides());
        for (var d = 0; d < Axes.Count; d++)
        {
            first += memory[d] * Axes[d].Offset;
            foreach (var (axis, coefficient) in Axes[d].Terms) strides[axis] += memory[d] * coefficient;
        }
        return new(result, first, strides);
    }
}

/// <summary>An op whose result element is an operand's at an affine index, so that of memory it is a strided view.</summary>
public interface IAffineOp : IIndexedOp
{
    /// <summary>What the operation reads, or null where that is no affine map.</summary>
    AffineMap? MapOf(Operation operation);
}

/// <summary>A linear op that is an affine index map: evaluation and lowering follow from the map.</summary>
public abstract class AffineOp : LinearOp, IAffineOp
{
    private protected AffineOp(string name) : base(name, arity: 1) { }

    /// <summary>What the operation reads.</summary>
    protected abstract AffineMap MapOf(Operation operation);

    AffineMap? IAffineOp.MapOf(Operation operation) => MapOf(operation);

    /// <inheritdoc/>
    protected sealed override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (type, x) = (operation.Result.Type, operands[0]);
        return x.Splat is { } splat ? Literal.Rounded(type, splat)
            : x.Read(type.Shape, MapOf(operation).Walk(type.Shape, x.Type.Shape));
    }

    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source(0, MapOf(operation).Apply(index));
    }
}
