using System.Runtime.CompilerServices;

namespace GraphCompiler.Runtime;

/// <summary>The type of a buffer's elements.</summary>
public enum ElementType
{
    /// <summary>IEEE 754 binary32; <see cref="float"/> in C#.</summary>
    F32,

    /// <summary>IEEE 754 binary64; <see cref="double"/> in C#.</summary>
    F64,

    /// <summary>bfloat16, the upper half of a binary32; its bits as <see cref="ushort"/> in C#.</summary>
    BF16,

    /// <summary>IEEE 754 binary16; <see cref="Half"/>, or its bits as <see cref="ushort"/>, in C#.</summary>
    F16,

    /// <summary>Signed, 8 bits; <see cref="sbyte"/> in C#.</summary>
    I8,

    /// <summary>Signed, 32 bits; <see cref="int"/> in C#.</summary>
    I32,

    /// <summary>Signed, 64 bits; <see cref="long"/> in C#.</summary>
    I64,

    /// <summary>Unsigned, 8 bits; <see cref="byte"/> in C#.</summary>
    U8,

    /// <summary>Unsigned, 32 bits; <see cref="uint"/> in C#.</summary>
    U32,

    /// <summary>One byte, 0 or 1; <see cref="bool"/> or <see cref="byte"/> in C#.</summary>
    Bool,
}

/// <summary>Sizes of element types, and the C# types that hold them.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of one element: 1, 2, 4 or 8.</summary>
    /// <exception cref="RuntimeException">SGC5011: a number that is none of the types.</exception>
    public static int SizeOf(this ElementType type) => type switch
    {
        ElementType.F64 or ElementType.I64 => 8,
        ElementType.F32 or ElementType.I32 or ElementType.U32 => 4,
        ElementType.BF16 or ElementType.F16 => 2,
        ElementType.I8 or ElementType.U8 or ElementType.Bool => 1,
        _ => throw new RuntimeException(RuntimeCode.BadArgument, $"{(int)type} is not an element type"),
    };

    /// <summary>Can a span of <typeparamref name="T"/> hold elements of <paramref name="type"/>?</summary>
    public static bool Holds<T>(ElementType type) where T : unmanaged => ((HeldBy<T>() >> (int)type) & 1) != 0;

    // A set of element types as bits. The comparisons are constant for the JIT, so a check is one bit test.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int HeldBy<T>() where T : unmanaged
    {
        if (typeof(T) == typeof(float)) return 1 << (int)ElementType.F32;
        if (typeof(T) == typeof(double)) return 1 << (int)ElementType.F64;
        if (typeof(T) == typeof(Half)) return 1 << (int)ElementType.F16;
        if (typeof(T) == typeof(ushort)) return (1 << (int)ElementType.BF16) | (1 << (int)ElementType.F16);
        if (typeof(T) == typeof(sbyte)) return 1 << (int)ElementType.I8;
        if (typeof(T) == typeof(int)) return 1 << (int)ElementType.I32;
        if (typeof(T) == typeof(long)) return 1 << (int)ElementType.I64;
        if (typeof(T) == typeof(byte)) return (1 << (int)ElementType.U8) | (1 << (int)ElementType.Bool);
        if (typeof(T) == typeof(uint)) return 1 << (int)ElementType.U32;
        if (typeof(T) == typeof(bool)) return 1 << (int)ElementType.Bool;
        return 0;
    }
}
