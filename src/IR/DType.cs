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
    /// <summary>64-bit signed integer; values above 2^53 in magnitude cannot be written as constants.</summary>
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
    public double Lowest => IsFloating ? double.NegativeInfinity : Kind == DTypeKind.Signed ? -Math.Pow(2, Bits - 1) : 0;

    /// <summary>The largest element, +∞ for floating point: the identity of a minimum.</summary>
    public double Highest => Kind switch
    {
        DTypeKind.Floating => double.PositiveInfinity,
        DTypeKind.Signed => Math.Pow(2, Bits - 1) - 1,
        DTypeKind.Unsigned => Math.Pow(2, Bits) - 1,
        _ => 1,
    };

    /// <summary>Rounds <paramref name="value"/> to what an element of this type can hold; integers truncate and wrap.</summary>
    public double Round(double value) => this switch
    {
        _ when this == F64 => value,
        _ when this == F32 => (float)value,
        _ when this == F16 => (double)(Half)value,
        _ when this == BF16 => RoundToBFloat16(value),
        _ when this == Bool => value != 0 ? 1 : 0,
        _ when this == I8 => (sbyte)WrapToInt64(value),
        _ when this == I32 => (int)WrapToInt64(value),
        _ when this == U8 => (byte)WrapToInt64(value),
        _ when this == U32 => (uint)WrapToInt64(value),
        _ => WrapToInt64(value),
    };

    /// <summary>Finds the type with this IR name, or null.</summary>
    public static DType? Find(ReadOnlySpan<char> name)
    {
        foreach (var type in All)
            if (name.SequenceEqual(type.Name)) return type;
        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static long WrapToInt64(double value) => double.IsNaN(value) ? 0 : (long)value;

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
