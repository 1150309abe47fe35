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

    /// <summary>Whether every reader computes the elements that it reads anew, because that is as cheap as reading them from
    /// memory.</summary>
    bool IsRepeatable(Operation operation) => true;

    /// <summary>How many of the operand's elements, at most, one element is the sum of, where no two elements read the same one: then what
    /// feeds the op may be computed as it is read. Null elsewhere.</summary>
    int? DisjointTerms(Operation operation) => null;

    /// <summary>Indices along an axis of the result at which other elements begin to be read: a loop that is split there needs no guards
    /// along the axis.</summary>
    IEnumerable<int> Breaks(Operation operation, int axis) => [];
}

/// <summary>An op that combines the elements along some axes and drops those axes.</summary>
public interface IReductionOp
{
    /// <summary>How elements are combined.</summary>
    ReductionKind Kind { get; }

    /// <summary>Whether a second result, of i32, is the index of the element that is chosen, among those along the axes in row-major
    /// order.</summary>
    bool GivesIndex => false;
}

/// <summary>An op that sums products of two operands over paired axes.</summary>
public interface IContractionOp
{
    /// <summary>Which axes of the operands pair up.</summary>
    DotGeneral.Axes AxesOf(Operation operation);
}

/// <summary>An op that no kernel computes: its result is memory that is there already.</summary>
public interface IMemoryOp
{
    /// <summary>The operand whose elements, in their order, the result has; null where it is data of the program.</summary>
    Value? AliasOf(Operation operation);
}

/// <summary>An op that needs more of an operand's elements than their type says, such as indices that are those of rows. What it does
/// elsewhere is defined, and reads and writes nothing outside of its operands and results.</summary>
public interface IPartialOp
{
    /// <summary>An integer operand, and the least and the greatest element that it may have.</summary>
    (int Operand, long Low, long High) NeededRange(Operation operation);
}

/// <summary>An op with a kernel of its own: nothing is fused with it, and it is not decomposed.</summary>
public interface IKernelOp
{
    /// <summary>The kernel. Its arguments are the operands, then the results, as <see cref="LoopBuffer.Argument"/> makes them.</summary>
    Kernel Lower(Operation operation, TargetTraits target);

    /// <summary>Whether the result may have the memory of an operand of its type: the kernel reads nothing of it after it has stored there.
    /// </summary>
    bool CanOverwrite(Operation operation, int operand) => false;
}
