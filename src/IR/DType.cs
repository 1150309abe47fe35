using System.Buffers.Binary;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <summary>What the bits of an element mean.</summary>
public enum DTypeKind
{
    /// <summary>IEEE or brain floating point.</summary>
    Floating,
    /// <summary>Two's complement integer.</summary>
    Signed,
    /// <summary>Unsigned integer.</summary>
    Unsigned,
    /// <summary>Truth value, one byte holding 0 or 1.</summary>
    Boolean,
}

/// <summary>An element type. Indexing it with sizes gives a tensor type: <c>F32[64, 784]</c>.</summary>
public sealed class DType
{
    private DType(string name, DTypeKind kind, int bits) => (Name, Kind, Bits) = (name, kind, bits);

    /// <summary>32-bit IEEE floating point.</summary>
    public static DType F32 { get; } = new("f32", DTypeKind.Floating, 32);
    /// <summary>64-bit IEEE floating point.</summary>
    public static DType F64 { get; } = new("f64", DTypeKind.Floating, 64);
    /// <summary>Brain floating point, 8 exponent bits.</summary>
    public static DType BF16 { get; } = new("bf16", DTypeKind.Floating, 16);
    /// <summary>16-bit IEEE floating point.</summary>
    public static DType F16 { get; } = new("f16", DTypeKind.Floating, 16);
    /// <summary>8-bit signed integer.</summary>
    public static DType I8 { get; } = new("i8", DTypeKind.Signed, 8);
    /// <summary>32-bit signed integer.</summary>
    public static DType I32 { get; } = new("i32", DTypeKind.Signed, 32);
    /// <summary>64-bit signed integer.</summary>
    public static DType I64 { get; } = new("i64", DTypeKind.Signed, 64);
    /// <summary>8-bit unsigned integer.</summary>
    public static DType U8 { get; } = new("u8", DTypeKind.Unsigned, 8);
    /// <summary>32-bit unsigned integer.</summary>
    public static DType U32 { get; } = new("u32", DTypeKind.Unsigned, 32);
    /// <summary>Truth value.</summary>
    public static DType Bool { get; } = new("bool", DTypeKind.Boolean, 8);

    /// <summary>Every element type.</summary>
    public static IReadOnlyList<DType> All { get; } = [F32, F64, BF16, F16, I8, I32, I64, U8, U32, Bool];

    /// <summary>The name in IR text, such as <c>f32</c>.</summary>
    public string Name { get; }
    /// <summary>What the bits mean.</summary>
    public DTypeKind Kind { get; }
    /// <summary>Bits of one element in memory.</summary>
    public int Bits { get; }
    /// <summary>Bytes of one element in memory.</summary>
    public int Bytes => Bits / 8;
    /// <summary>Whether it is a floating-point type, the only kind with derivatives.</summary>
    public bool IsFloating => Kind == DTypeKind.Floating;
    /// <summary>Whether it is a signed or unsigned integer.</summary>
    public bool IsInteger => Kind is DTypeKind.Signed or DTypeKind.Unsigned;

    /// <summary>The tensor type with these sizes, each at least 0; none for a scalar.</summary>
    public TensorType this[params ReadOnlySpan<int> sizes] => new(this, new Shape(sizes));

    /// <summary>The scalar type of this element type.</summary>
    public TensorType Scalar => new(this, Shape.Scalar);

    /// <summary>The smallest element, -∞ for floating point: the identity of a maximum.</summary>
    public Scalar Lowest => Kind switch
    {
        DTypeKind.Floating => (Scalar)double.NegativeInfinity,
        DTypeKind.Signed => long.MinValue >> (64 - Bits),
        _ => 0,
    };

    /// <summary>The largest element, +∞ for floating point: the identity of a minimum.</summary>
    public Scalar Highest => Kind switch
    {
        DTypeKind.Floating => (Scalar)double.PositiveInfinity,
        DTypeKind.Signed => long.MaxValue >> (64 - Bits),
        DTypeKind.Unsigned => (1L << Bits) - 1,
        _ => 1,
    };

    /// <summary>Whether a number can be an element as it is: any number for floating point, which rounds it; for integers and truth values
    /// a whole one between <see cref="Lowest"/> and <see cref="Highest"/>.</summary>
    public bool CanHold(Scalar value) => IsFloating || (value.IsWhole(out var whole) && whole >= (long)Lowest && whole <= (long)Highest);

    /// <summary>Rounds <paramref name="value"/> once to what an element of this type can hold; integers truncate and wrap.</summary>
    public Scalar Round(Scalar value) => this switch
    {
        _ when this == F64 => (Scalar)(double)value,
        _ when this == F32 => value.IsFloating ? (float)(double)value : (float)(long)value,
        _ when this == F16 => (double)(Half)(double)value,
        _ when this == BF16 => RoundToBFloat16(value.IsFloating ? (double)value : RoundToOdd((long)value)),
        _ when this == Bool => value != 0 ? 1 : 0,
        _ when this == I8 => (sbyte)(long)value,
        _ when this == I32 => (int)(long)value,
        _ when this == U8 => (byte)(long)value,
        _ when this == U32 => (uint)(long)value,
        _ => (long)value,
    };

    /// <summary>Rounds as a conversion does: a floating-point number becomes an integer by truncation and saturation, NaN becoming 0;
    /// between integers it wraps; to bool it is "not zero".</summary>
    public Scalar Convert(Scalar value)
    {
        if (!IsInteger || !value.IsFloating) return Round(value);
        var whole = (long)value;
        return Math.Clamp(whole, (long)Lowest, (long)Highest);
    }

    /// <summary>The element in memory: <see cref="Bytes"/> bytes, little endian.</summary>
    /// <exception cref="GraphException">SGC1011: fewer bytes.</exception>
    public Scalar Read(ReadOnlySpan<byte> bytes) => this switch
    {
        _ when bytes.Length < Bytes => throw TooShort(bytes.Length),
        _ when this == F64 => (Scalar)BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        _ when this == F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        _ when this == F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        _ when this == BF16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
        _ when this == I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ when this == I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        _ when this == U32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ when this == I8 => (sbyte)bytes[0],
        _ => bytes[0],
    };

    /// <summary>Writes an element as <see cref="Read"/> reads it.</summary>
    /// <param name="value">Rounded to this type already.</param>
    /// <param name="bytes">At least <see cref="Bytes"/> of them.</param>
    /// <exception cref="GraphException">SGC1011: fewer bytes.</exception>
    public void Write(Scalar value, Span<byte> bytes)
    {
        if (bytes.Length < Bytes) throw TooShort(bytes.Length);
        if (this == F64) BinaryPrimitives.WriteDoubleLittleEndian(bytes, (double)value);
        else if (this == F32) BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)(double)value);
        else if (this == F16) BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)(double)value);
        else if (this == BF16) BinaryPrimitives.WriteUInt16LittleEndian(bytes,
            (ushort)(BitConverter.SingleToUInt32Bits((float)(double)value) >> 16));
        else if (Bits == 64) BinaryPrimitives.WriteInt64LittleEndian(bytes, (long)value);
        else if (Bits == 32) BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)(long)value);
        else bytes[0] = (byte)(long)value;
    }

    /// <summary>The element type of .NET's <typeparamref name="T"/>: float, double, Half, sbyte, int, long, byte, uint or bool.</summary>
    /// <exception cref="GraphException">SGC1001: any other.</exception>
    public static DType Of<T>() where T : unmanaged => Find<T>() ?? throw NoSuch<T>();

    internal static DType? Find<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? F32 : typeof(T) == typeof(double) ? F64 : typeof(T) == typeof(Half) ? F16
        : typeof(T) == typeof(sbyte) ? I8 : typeof(T) == typeof(int) ? I32 : typeof(T) == typeof(long) ? I64
        : typeof(T) == typeof(byte) ? U8 : typeof(T) == typeof(uint) ? U32 : typeof(T) == typeof(bool) ? Bool
        : null;

    internal static GraphException NoSuch<T>(Location location = default) where T : unmanaged => new(DiagnosticCode.DTypeMismatch,
        $"no tensor has elements of .NET's {typeof(T).Name}; use float, double, Half, sbyte, int, long, byte, uint or bool", location);

    /// <summary>Finds the type with this IR name, or null.</summary>
    public static DType? Find(ReadOnlySpan<char> name)
    {
        foreach (var type in All)
            if (name.SequenceEqual(type.Name)) return type;
        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private GraphException TooShort(int bytes) => new(DiagnosticCode.BadArgument, $"{bytes} bytes; an element of {this} has {Bytes}");

    // An inexact f64 gets an odd last bit, so that rounding it again is rounding once.
    private static double RoundToOdd(long value)
    {
        var near = (double)value;
        var error = (Int128)value - (Int128)near;
        if (error == 0) return near;
        var bits = BitConverter.DoubleToInt64Bits(near);
        if (error < 0 == value > 0) bits--;
        return BitConverter.Int64BitsToDouble(bits | 1);
    }

    // Once, not by way of f32: the dropped bits are rounded to odd first, so that no tie arises that was none.
    private static double RoundToBFloat16(double value)
    {
        if (!double.IsFinite(value)) return value;
        var near = (float)value;
        var bits = BitConverter.SingleToUInt32Bits(near);
        if (Math.Abs((double)near) > Math.Abs(value)) bits--;
        if (near != value) bits |= 1;
        return BitConverter.UInt32BitsToSingle((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
    }
}
