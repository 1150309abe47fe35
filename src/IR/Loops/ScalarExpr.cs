using System.Collections.Immutable;

namespace GraphCompiler.IR.Loops;

/// <summary>Unary scalar operations that every target has.</summary>
public enum UnaryKind
{
    /// <summary>-x.</summary>
    Neg,
    /// <summary>|x|.</summary>
    Abs,
    /// <summary>Square root, correctly rounded.</summary>
    Sqrt,
    /// <summary>Towards minus infinity.</summary>
    Floor,
    /// <summary>Towards plus infinity.</summary>
    Ceil,
    /// <summary>To nearest, ties to even.</summary>
    RoundEven,
    /// <summary>Logical negation; of an integer, of each bit.</summary>
    Not,
}

/// <summary>Binary scalar operations; floating or integer by the operands' type.</summary>
public enum BinaryKind
{
    /// <summary>x + y.</summary>
    Add,
    /// <summary>x - y.</summary>
    Sub,
    /// <summary>x · y.</summary>
    Mul,
    /// <summary>x / y; integers truncate, x / 0 is 0 and x / -1 is -x, which wraps.</summary>
    Div,
    /// <summary>Remainder with the sign of x; for indices, which are never negative.</summary>
    Rem,
    /// <summary>The smaller; NaN if either is NaN, and -0 of 0 and -0 (IEEE 754-2019's minimum).</summary>
    Min,
    /// <summary>The larger; NaN if either is NaN, and 0 of 0 and -0 (IEEE 754-2019's maximum).</summary>
    Max,
    /// <summary>Logical and; of integers, of each bit.</summary>
    And,
    /// <summary>Logical or; of integers, of each bit.</summary>
    Or,
    /// <summary>Exclusive or; of integers, of each bit.</summary>
    Xor,
    /// <summary>x · 2ʸ, for integers: zeros move in, and 0 remains where y, as an unsigned number, is not below the type's bits.</summary>
    ShiftLeft,
    /// <summary>Shift to the right of integers: zeros move in, and 0 remains where y, as an unsigned number, is not below the type's
    /// bits.</summary>
    ShiftRightLogical,
    /// <summary>Shift to the right of integers: copies of the highest bit move in, and nothing else remains where y, as an unsigned
    /// number, is not below the type's bits.</summary>
    ShiftRightArithmetic,
    /// <summary>The high half of the product of two integers, which has twice the bits of the type.</summary>
    MultiplyHigh,
}

/// <summary>Comparisons; false with a NaN operand, except <see cref="Ne"/>.</summary>
public enum CompareKind
{
    /// <summary>x = y.</summary>
    Eq,
    /// <summary>x ≠ y.</summary>
    Ne,
    /// <summary>x &lt; y.</summary>
    Lt,
    /// <summary>x ≤ y.</summary>
    Le,
    /// <summary>x &gt; y.</summary>
    Gt,
    /// <summary>x ≥ y.</summary>
    Ge,
}

/// <summary>A scalar computed inside a loop. A closed set; shared nodes are computed once where their scope allows.</summary>
/// <param name="DType">Element type; indices are i64.</param>
public abstract record ScalarExpr(DType DType)
{
    /// <summary>The expressions that it is computed from, in order; a kind that is forgotten here does not compile.</summary>
    public abstract ReadOnlySpan<ScalarExpr> Operands { get; }

    /// <summary>A number, rounded to the type.</summary>
    public static ScalarExpr Constant(DType type, Scalar value) => new ConstantExpr(type, type.Round(value));
    /// <summary>An index.</summary>
    public static ScalarExpr Index(long value) => new ConstantExpr(DType.I64, value);
    /// <summary>A unary operation.</summary>
    public static ScalarExpr Unary(UnaryKind kind, ScalarExpr x) => new UnaryExpr(kind, x);
    /// <summary>A call of a backend's math function.</summary>
    public static ScalarExpr Call(MathFunction function, params ReadOnlySpan<ScalarExpr> x) => new CallExpr(function, [.. x]);
    /// <summary>One of two values; the one that it is, if the condition is known.</summary>
    public static ScalarExpr Select(ScalarExpr condition, ScalarExpr whenTrue, ScalarExpr whenFalse) =>
        condition.Truth is { } truth ? truth ? whenTrue : whenFalse : new SelectExpr(condition, whenTrue, whenFalse);
    /// <summary>A comparison; of indices, a constant where the extents of loops decide it.</summary>
    public static ScalarExpr Compare(CompareKind kind, ScalarExpr x, ScalarExpr y) =>
        x.DType == DType.I64 && IndexIntervals.Decide(kind, x, y) is { } known ? Constant(DType.Bool, known ? 1 : 0)
            : new CompareExpr(kind, x, y);
    /// <summary>Whether both hold, null standing for a condition that always does.</summary>
    public static ScalarExpr? Both(ScalarExpr? x, ScalarExpr? y)
    {
        if (x is null || x.Truth == true) return y?.Truth == true ? null : y;
        return y is null || y.Truth == true ? x : x.Truth == false ? x : y.Truth == false ? y : Binary(BinaryKind.And, x, y);
    }
    /// <summary>The value of a condition that is a constant.</summary>
    public bool? Truth => this is ConstantExpr c && c.DType == DType.Bool ? (long)c.Value != 0 : null;
    /// <summary>The value converted to another element type; itself where it has that type.</summary>
    public ScalarExpr ConvertTo(DType type) => type == DType ? this : new ConvertExpr(type, this);

    /// <summary>A binary operation; arithmetic in i64, an index's type, is folded as it wraps.</summary>
    public static ScalarExpr Binary(BinaryKind kind, ScalarExpr x, ScalarExpr y)
    {
        if (x.DType == DType.I64 && Fold(kind, x, y) is { } folded) return folded;
        return new BinaryExpr(kind, x, y);
    }

    /// <summary>x + y.</summary>
    public static ScalarExpr operator +(ScalarExpr x, ScalarExpr y) => Binary(BinaryKind.Add, x, y);
    /// <summary>x - y.</summary>
    public static ScalarExpr operator -(ScalarExpr x, ScalarExpr y) => Binary(BinaryKind.Sub, x, y);
    /// <summary>x · y.</summary>
    public static ScalarExpr operator *(ScalarExpr x, ScalarExpr y) => Binary(BinaryKind.Mul, x, y);
    /// <summary>x / y.</summary>
    public static ScalarExpr operator /(ScalarExpr x, ScalarExpr y) => Binary(BinaryKind.Div, x, y);
    /// <summary>x + c, for indices.</summary>
    public static ScalarExpr operator +(ScalarExpr x, long y) => x + Index(y);
    /// <summary>x · c, for indices.</summary>
    public static ScalarExpr operator *(ScalarExpr x, long y) => x * Index(y);

    private static ScalarExpr? Fold(BinaryKind kind, ScalarExpr x, ScalarExpr y)
    {
        var a = x is ConstantExpr u ? (long)u.Value : (long?)null;
        var b = y is ConstantExpr v ? (long)v.Value : (long?)null;
        return (kind, a, b) switch
        {
            (BinaryKind.Add, { } m, { } n) => Index(m + n),
            (BinaryKind.Mul, { } m, { } n) => Index(m * n),
            (BinaryKind.Add, 0, _) => y,
            (BinaryKind.Add, _, 0) => x,
            (BinaryKind.Sub, _, 0) => x,
            (BinaryKind.Mul, 1, _) => y,
            (BinaryKind.Mul, _, 1) => x,
            (BinaryKind.Mul, 0, _) or (BinaryKind.Mul, _, 0) => Index(0),
            (BinaryKind.Div, { } m, > 0) => Index(m / b!.Value),
            (BinaryKind.Rem, { } m, > 0) => Index(m % b!.Value),
            (BinaryKind.Div, _, 1) => x,
            (BinaryKind.Rem, _, 1) => Index(0),
            (BinaryKind.Div or BinaryKind.Rem, null, > 0) => FoldDivision(kind, x, b!.Value),
            _ => null,
        };
    }

    // Of a · c + b, where b is below c: an index that an outer and an inner loop make together.
    private static ScalarExpr? FoldDivision(BinaryKind kind, ScalarExpr x, long divisor)
    {
        static bool Holds(CompareKind compare, ScalarExpr x, long limit) => Compare(compare, x, Index(limit)).Truth == true;
        if (x is not BinaryExpr { Kind: BinaryKind.Add, X: BinaryExpr { Kind: BinaryKind.Mul, X: var a, Y: ConstantExpr factor },
            Y: var b })
            return null;
        var c = (long)factor.Value;
        if (c <= 0 || !(Holds(CompareKind.Ge, x, 0) && Holds(CompareKind.Ge, a, 0) && Holds(CompareKind.Ge, b, 0))) return null;
        var isQuotient = kind == BinaryKind.Div;
        if (c % divisor == 0 && Holds(CompareKind.Lt, b, divisor)) return isQuotient ? a * (c / divisor) : b;
        if (divisor % c != 0 || !Holds(CompareKind.Lt, b, c)) return null;
        return isQuotient ? a / Index(divisor / c) : Binary(BinaryKind.Rem, a, Index(divisor / c)) * c + b;
    }
}

/// <summary>A number of the element type.</summary>
public sealed record ConstantExpr(DType Type, Scalar Value) : ScalarExpr(Type)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => [];
}
/// <summary>The current value of a loop's variable.</summary>
public sealed record VariableExpr(LoopVariable Variable) : ScalarExpr(DType.I64)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => [];
}
/// <summary>An element of a buffer; where <paramref name="Guard"/> is false nothing is read and the value is zero.</summary>
public sealed record LoadExpr(LoopBuffer Buffer, ScalarExpr Position, ScalarExpr? Guard = null) : ScalarExpr(Buffer.DType)
{
    /// <summary>How many elements from the position on hold this value: 1, or those of <see cref="CopiedBytes"/>, which one load copies to
    /// all lanes (<see cref="TargetTraits.BroadcastBytes"/>). The position is the same in all lanes, a multiple of it, and has no
    /// guard.</summary>
    public int Copies { get; init; } = 1;

    /// <summary>Bytes of the copies of a value.</summary>
    public const int CopiedBytes = 8;

    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => Guard is null ? new ScalarExpr[] { Position } : new[] { Position, Guard };
}
/// <summary>The value of a local, or of one element of a register tile.</summary>
public sealed record LocalExpr(Local Local, int Element = 0) : ScalarExpr(Local.DType)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => [];
}
/// <summary>A unary operation.</summary>
public sealed record UnaryExpr(UnaryKind Kind, ScalarExpr X) : ScalarExpr(X.DType)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { X };
}
/// <summary>A binary operation.</summary>
public sealed record BinaryExpr(BinaryKind Kind, ScalarExpr X, ScalarExpr Y) : ScalarExpr(X.DType)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { X, Y };
}
/// <summary>x·y + z with one rounding where the target has it, else two.</summary>
public sealed record MultiplyAddExpr(ScalarExpr X, ScalarExpr Y, ScalarExpr Z) : ScalarExpr(X.DType)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { X, Y, Z };
}
/// <summary>Two bf16 as one u32, as memory holds neighbours: <paramref name="Low"/> comes first.</summary>
public sealed record PairExpr(ScalarExpr Low, ScalarExpr High) : ScalarExpr(DType.U32)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { Low, High };
}
/// <summary>(z + x₁·y₁) + x₀·y₀ in f32, x and y being pairs of bf16, 1 the high half of each: products are exact, and each addition rounds
/// to nearest, ties to even.</summary>
/// <remarks>As VDPBF16PS (Intel SDM, volume 2): it takes subnormal operands for zero and makes subnormal results zero, also where a step
/// keeps them; a target without it keeps them as the step does.</remarks>
public sealed record PairDotExpr(ScalarExpr X, ScalarExpr Y, ScalarExpr Z) : ScalarExpr(DType.F32)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { X, Y, Z };
}
/// <summary>A comparison.</summary>
public sealed record CompareExpr(CompareKind Kind, ScalarExpr X, ScalarExpr Y) : ScalarExpr(DType.Bool)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { X, Y };
}
/// <summary>One of two values.</summary>
public sealed record SelectExpr(ScalarExpr Condition, ScalarExpr WhenTrue, ScalarExpr WhenFalse) : ScalarExpr(WhenTrue.DType)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { Condition, WhenTrue, WhenFalse };
}
/// <summary>A conversion: floating to integer truncates and saturates, NaN gives 0; to bool is "not zero".</summary>
public sealed record ConvertExpr(DType Type, ScalarExpr X) : ScalarExpr(Type)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { X };
}
/// <summary>The bits of a number of at least 32 as a signed integer: i32 of f32, i64 of f64.</summary>
public sealed record BitcastExpr(ScalarExpr X) : ScalarExpr(X.DType.Bits == 32 ? DType.I32 : DType.I64)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { X };
}
/// <summary>A math function of the backend.</summary>
public sealed record CallExpr(MathFunction Function, ImmutableArray<ScalarExpr> X) : ScalarExpr(X[0].DType)
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => X.AsSpan();
}
