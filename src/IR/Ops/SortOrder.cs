using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The rows that <see cref="Sort"/> orders, and which of two elements comes before the other.</summary>
internal sealed class SortOrder
{
    private readonly bool _isDescending;
    private readonly long _size, _inner;

    public SortOrder(Operation operation)
    {
        var (axis, type) = (Cumulative.Axis(operation), operation.Operands[0].Type);
        (_isDescending, _size) = (Sort.IsDescending(operation), type.Shape[axis]);
        _inner = type.Shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        DType = type.DType is { IsFloating: true, Bits: < 32 } ? DType.F32 : type.DType;
        From = LoopBuffer.Argument("x", type);
    }

    /// <summary>What elements are compared as.</summary>
    public DType DType { get; }
    /// <summary>The tensor.</summary>
    public LoopBuffer From { get; }
    /// <summary>Whether the elements of a row are neighbors in memory.</summary>
    public bool IsContiguous => _inner == 1;

    /// <summary>What comes after all elements of a row, being behind them.</summary>
    public ScalarExpr Last => ScalarExpr.Constant(DType,
        _isDescending ? DType.Lowest : DType.IsFloating ? (Scalar)double.NaN : DType.Highest);

    /// <summary>Whether y comes before x, and not only because of where they are. NaN is above everything.</summary>
    public ScalarExpr IsBefore(ScalarExpr y, ScalarExpr x)
    {
        var (low, high) = _isDescending ? (y, x) : (x, y);
        if (!DType.IsFloating) return ScalarExpr.Compare(CompareKind.Gt, low, high);
        // Ascending: not x ≤ y, and y is a number; descending: not y ≤ x, and x is one.
        return ScalarExpr.Binary(BinaryKind.And, ScalarExpr.Unary(UnaryKind.Not, ScalarExpr.Compare(CompareKind.Le, low, high)),
            ScalarExpr.Compare(CompareKind.Eq, high, high));
    }

    /// <summary>Where the element of a row is in a tensor that has so many along the axis.</summary>
    public ScalarExpr At(ScalarExpr row, ScalarExpr place, long size) => IsContiguous ? row * size + place
        : (row / ScalarExpr.Index(_inner) * size + place) * _inner + ScalarExpr.Binary(BinaryKind.Rem, row, ScalarExpr.Index(_inner));

    /// <summary>An element of a row.</summary>
    public ScalarExpr Key(ScalarExpr row, ScalarExpr place) => new LoadExpr(From, At(row, place, _size)).ConvertTo(DType);

    /// <summary>An element of a row, or what comes last where the row has none.</summary>
    public ScalarExpr KeyOrLast(ScalarExpr row, ScalarExpr place)
    {
        var isThere = ScalarExpr.Compare(CompareKind.Lt, place, ScalarExpr.Index(_size));
        return ScalarExpr.Select(isThere, Key(row, ScalarExpr.Binary(BinaryKind.Min, place, ScalarExpr.Index(_size - 1))), Last);
    }
}
