using System.Globalization;

namespace GraphCompiler.IR;

/// <summary>One element as the compiler computes with it: an exact 64-bit integer, or an f64.
/// Truth values are the integers 0 and 1.</summary>
/// <remarks>Two integers give an integer, which wraps at 64 bits; <see cref="DType.Round"/> then wraps it into a narrower type, and
/// wrapping once at the end is the same as after every step. Anything else is f64 arithmetic: rounded once to f32, f16 or bf16 it is the
/// correctly rounded sum, difference, product, quotient or square root of that type, since 53 ≥ 2p + 2 (Figueroa, "When is double rounding
/// innocuous?", 1995).</remarks>
public readonly struct Scalar : IEquatable<Scalar>
{
    private readonly long _bits;

    private Scalar(long bits, bool isFloating) => (_bits, IsFloating) = (bits, isFloating);

    /// <summary>Whether it is an f64; otherwise it is an integer.</summary>
    public bool IsFloating { get; }

    /// <summary>An exact integer.</summary>
    public static implicit operator Scalar(long value) => new(value, false);
    /// <summary>An f64.</summary>
    public static implicit operator Scalar(double value) => new(BitConverter.DoubleToInt64Bits(value), true);
    /// <summary>The value in f64: exact, except that integers above 2^53 in magnitude are rounded.</summary>
    public static explicit operator double(Scalar x) => x.IsFloating ? x.Floating : x._bits;
    /// <summary>The value as an integer: an f64 is truncated and saturated, and NaN gives 0.</summary>
    public static explicit operator long(Scalar x) => x.IsFloating ? (long)x.Floating : x._bits;

    /// <summary>x + y; integers wrap.</summary>
    public static Scalar operator +(Scalar x, Scalar y) => AreIntegers(x, y) ? Integer(x._bits + y._bits) : (double)x + (double)y;
    /// <summary>x - y; integers wrap.</summary>
    public static Scalar operator -(Scalar x, Scalar y) => AreIntegers(x, y) ? Integer(x._bits - y._bits) : (double)x - (double)y;
    /// <summary>x · y; integers wrap.</summary>
    public static Scalar operator *(Scalar x, Scalar y) => AreIntegers(x, y) ? Integer(x._bits * y._bits) : (double)x * (double)y;
    /// <summary>-x; integers wrap.</summary>
    public static Scalar operator -(Scalar x) => x.IsFloating ? -x.Floating : Integer(-x._bits);

    /// <summary>x / y. Integers truncate; x / 0 is 0 and x / -1 is -x, which wraps.</summary>
    public static Scalar operator /(Scalar x, Scalar y)
    {
        if (!AreIntegers(x, y)) return (double)x / (double)y;
        return y._bits switch { 0 => 0, -1 => -x, _ => x._bits / y._bits };
    }

    /// <summary>x &lt; y; false with a NaN.</summary>
    public static bool operator <(Scalar x, Scalar y) => AreIntegers(x, y) ? x._bits < y._bits : (double)x < (double)y;
    /// <summary>x &gt; y; false with a NaN.</summary>
    public static bool operator >(Scalar x, Scalar y) => y < x;
    /// <summary>x ≤ y; false with a NaN.</summary>
    public static bool operator <=(Scalar x, Scalar y) => AreIntegers(x, y) ? x._bits <= y._bits : (double)x <= (double)y;
    /// <summary>x ≥ y; false with a NaN.</summary>
    public static bool operator >=(Scalar x, Scalar y) => y <= x;
    /// <summary>x = y as IEEE 754 compares: 0 equals -0, and NaN nothing.</summary>
    public static bool operator ==(Scalar x, Scalar y) => AreIntegers(x, y) ? x._bits == y._bits : (double)x == (double)y;
    /// <summary>x ≠ y as IEEE 754 compares.</summary>
    public static bool operator !=(Scalar x, Scalar y) => !(x == y);

    /// <summary>The larger: IEEE 754-2019's maximum, where NaN wins and -0 is below 0.</summary>
    public static Scalar Max(Scalar x, Scalar y) =>
        AreIntegers(x, y) ? Integer(Math.Max(x._bits, y._bits)) : Math.Max((double)x, (double)y);
    /// <summary>The smaller: IEEE 754-2019's minimum, where NaN wins and -0 is below 0.</summary>
    public static Scalar Min(Scalar x, Scalar y) =>
        AreIntegers(x, y) ? Integer(Math.Min(x._bits, y._bits)) : Math.Min((double)x, (double)y);
    /// <summary>|x|; of the smallest integer, itself.</summary>
    public static Scalar Abs(Scalar x) => x.IsFloating ? Math.Abs(x.Floating) : x._bits < 0 ? -x : x;

    /// <summary>Whether it is a whole number within 64 bits, and which.</summary>
    public bool IsWhole(out long value)
    {
        value = (long)this;
        return !IsFloating || (Floating >= long.MinValue && Floating < -(double)long.MinValue && Floating == value);
    }

    /// <summary>Whether it is less than zero, or -0.</summary>
    public bool IsNegative => _bits < 0;

    /// <summary>Whether both are the same number, as text tells them apart: 1 is 1.0, NaN is NaN, and 0 is not -0.</summary>
    public bool Equals(Scalar other)
    {
        if (IsFloating == other.IsFloating)
            return _bits == other._bits || (IsFloating && double.IsNaN(Floating) && double.IsNaN(other.Floating));
        var (floating, integer) = IsFloating ? (this, other) : (other, this);
        return floating.IsWhole(out var whole) && whole == integer._bits && !(whole == 0 && floating.IsNegative);
    }
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Scalar other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode() => ((double)this).GetHashCode();

    /// <summary>Reads a number as IR text has it: <c>-3</c>, <c>0.5</c>, <c>1e-20</c>, <c>inf</c>, <c>-inf</c>, <c>nan</c>.</summary>
    /// <remarks>Digits alone are an integer, if 64 bits hold it; -0 is an f64, since integers have none.</remarks>
    public static bool TryParse(ReadOnlySpan<char> text, out Scalar value)
    {
        if (text is "nan") value = double.NaN;
        else if (text is "inf") value = double.PositiveInfinity;
        else if (text is "-inf") value = double.NegativeInfinity;
        else if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer)
            && !(integer == 0 && text[0] == '-'))
            value = integer;
        else if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var floating)) value = floating;
        else
        {
            value = default;
            return false;
        }
        return true;
    }

    /// <summary>The number in IR text: the shortest that reads back as the same.</summary>
    public override string ToString() => !IsFloating ? _bits.ToString(CultureInfo.InvariantCulture)
        : double.IsNaN(Floating) ? "nan" : double.IsPositiveInfinity(Floating) ? "inf" : double.IsNegativeInfinity(Floating) ? "-inf"
        : Floating.ToString("R", CultureInfo.InvariantCulture);

    private double Floating => BitConverter.Int64BitsToDouble(_bits);

    // Without it the type of a conditional expression would be double.
    private static Scalar Integer(long value) => value;

    private static bool AreIntegers(Scalar x, Scalar y) => !(x.IsFloating || y.IsFloating);
}
