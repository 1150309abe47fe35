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

    /// <summary>The type of <see cref="IntegerKey"/>.</summary>
    public DType KeyType => DType.Bits == 64 ? DType.I64 : DType.I32;
    /// <summary>How many of its lowest bits decide.</summary>
    public int KeyBits => DType.Bits;

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

    /// <summary>An integer whose bits, as an unsigned number's, are in the order of the elements; the same for equals.</summary>
    /// <remarks>A negative float's bits decrease with it, so all of them are flipped, and of the others the sign (T. Herf, "Radix tricks",
    /// 2001).</remarks>
    public ScalarExpr IntegerKey(ScalarExpr row, ScalarExpr place)
    {
        var x = Key(row, place);
        var key = DType.IsFloating ? OfFloat(x)
            : DType == DType.U32 ? x.ConvertTo(KeyType)
            : x.ConvertTo(KeyType) - ScalarExpr.Constant(KeyType, DType.Lowest);
        return _isDescending ? ScalarExpr.Unary(UnaryKind.Not, key) : key;
    }

    private ScalarExpr OfFloat(ScalarExpr x)
    {
        // -0 + 0 is 0, and so is what a step takes for zero.
        var bits = new BitcastExpr(x + ScalarExpr.Constant(DType, 0));
        var sign = ScalarExpr.Binary(BinaryKind.ShiftRightArithmetic, bits, ScalarExpr.Constant(KeyType, DType.Bits - 1));
        var flipped = ScalarExpr.Binary(BinaryKind.Xor, bits,
            ScalarExpr.Binary(BinaryKind.Or, sign, ScalarExpr.Constant(KeyType, KeyType.Lowest)));
        return ScalarExpr.Select(ScalarExpr.Compare(CompareKind.Eq, x, x), flipped, ScalarExpr.Constant(KeyType, -1));
    }

    /// <summary>An element of a row, or what comes last where the row has none.</summary>
    public ScalarExpr KeyOrLast(ScalarExpr row, ScalarExpr place)
    {
        var isThere = ScalarExpr.Compare(CompareKind.Lt, place, ScalarExpr.Index(_size));
        return ScalarExpr.Select(isThere, Key(row, ScalarExpr.Binary(BinaryKind.Min, place, ScalarExpr.Index(_size - 1))), Last);
    }
}
