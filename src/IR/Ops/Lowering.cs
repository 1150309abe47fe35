using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Gives the scalar expression of an operand's element at <paramref name="index"/>; it is not read where
/// <paramref name="guard"/> is false.</summary>
public delegate ScalarExpr ElementSource(int operand, ReadOnlySpan<ScalarExpr> index, ScalarExpr? guard = null);

/// <summary>An op whose result element is an expression of the operands' elements at the same index.</summary>
public interface IElementOp
{
    /// <summary>The scalar expression of the result element.</summary>
    ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x);
}

/// <summary>An op whose result element is an expression of operand elements at mapped indices (broadcast, slice, gather, …).</summary>
public interface IIndexedOp
{
    /// <summary>The scalar expression of the result's element at <paramref name="index"/>.</summary>
    ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source);

    /// <summary>Indices along an axis of the result at which other elements begin to be read: a loop that is split there needs no guards
    /// along the axis.</summary>
    IEnumerable<int> Breaks(Operation operation, int axis) => [];
}

/// <summary>An op that combines the elements along some axes and drops those axes.</summary>
public interface IReductionOp
{
    /// <summary>How elements are combined.</summary>
    ReductionKind Kind { get; }
}
