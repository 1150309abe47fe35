using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>An array of NumPy's.</summary>
/// <param name="Elements">Row-major.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
public sealed record NpyArray<T>(T[] Elements, ImmutableArray<int> Shape) where T : unmanaged
{
    /// <summary>Elements of one example, where the first axis counts examples: the product of the other sizes.</summary>
    public int Size => Shape.Skip(1).Aggregate(1, (product, size) => product * size);
}

/// <summary>Reads and writes NumPy's files of one array, .npy (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).</summary>
public static partial class NpyFile
{
    // Format version 1.0, whose header's length has two bytes; 2.0 and 3.0 have four.
    private const int PreambleBytes = 8, ShortLength = 2, LongLength = 4, Alignment = 64, MostHeaderBytes = 1 << 20;
    private const long MostElements = 1L << 40; // Of a byte to eight: no number of bytes overflows.

    private static readonly string[] s_types = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"];

    private static ReadOnlySpan<byte> Magic => "NUMPY"u8; // After the byte 0x93.

    /// <summary>Reads a file.</summary>
    /// <typeparam name="T">The elements' type: float, double, Half, sbyte, short, int, long, byte, ushort, uint, ulong or bool.</typeparam>
    /// <exception cref="RuntimeException">SGC5003: elements of another type. SGC6001: missing or unreadable. SGC6002: not such a file, in
    /// Fortran's order, big endian, or more than an array holds. SGC6003: cut short. SGC6004: longer than its header declares.</exception>
    public static NpyArray<T> Read<T>(string path) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return Read<T>(file, file.Length, $"'{path}'");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RuntimeException(RuntimeCode.FileMissing, $"'{path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Writes a file, of format version 1.0.</summary>
    /// <param name="path">Replaced if it is there.</param>
    /// <param name="elements">Row-major.</param>
    /// <param name="shape">Sizes, outermost first, whose product is the number of elements.</param>
    /// <exception cref="RuntimeException">SGC5001: another number of elements. SGC5003: a type that NumPy does not have. SGC6001: the file
    /// cannot be written.</exception>
    public static void Write<T>(string path, ReadOnlySpan<T> elements, params ReadOnlySpan<int> shape) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(path);
        var count = 1L;
        foreach (var size in shape) count *= size;
        if (count != elements.Length || shape.ContainsAnyInRange(int.MinValue, -1))
            throw new RuntimeException(RuntimeCode.WrongLength, $"{elements.Length} elements for a shape of {count}");
        var sizes = string.Concat(shape.ToArray().Select(s => $"{s.ToString(CultureInfo.InvariantCulture)}, ")).TrimEnd();
        var text = $"{{'descr': '{Descriptor<T>()}', 'fortran_order': False, 'shape': ({sizes}), }}";
        var length = (PreambleBytes + ShortLength + text.Length + Alignment) / Alignment * Alignment - PreambleBytes - ShortLength;
        try
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
            file.Write([0x93, .. Magic, 1, 0, (byte)length, (byte)(length >> 8)]);
            file.Write(Encoding.ASCII.GetBytes($"{text.PadRight(length - 1)}\n"));
            file.Write(MemoryMarshal.AsBytes(elements));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RuntimeException(RuntimeCode.FileMissing, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Reads an array from where a stream is to its end.</summary>
    /// <param name="file">Read once, in order.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="name">For messages.</param>
    internal static NpyArray<T> Read<T>(Stream file, long length, string name) where T : unmanaged
    {
        var header = Describe(file, length, name, Descriptor<T>());
        if (header.Count > Array.MaxLength)
            throw new RuntimeException(RuntimeCode.WrongFormat, $"{name} declares more elements than an array has");
        var elements = new T[header.Count];
        file.ReadExactly(MemoryMarshal.AsBytes(elements.AsSpan()));
        return new(elements, header.Shape);
    }

    // Of elements as NumPy names them, without the order of bytes, which is little endian: f4.
    private sealed record ArrayHeader(string Type, ImmutableArray<int> Shape, long Count, long Start);

    // What is expected is the type that is asked for, any when null.
    private static ArrayHeader Describe(Stream file, long length, string name, string? expected = null)
    {
        RuntimeException Bad(string why) => new(RuntimeCode.WrongFormat, $"{name} {why}");
        var (text, start) = ReadHeader(file, name);
        var match = Header().Match(text);
        if (!match.Success) throw Bad("is not in NumPy's format: its header is no dictionary of descr, fortran_order and shape");
        if (match.Groups["order"].Value == "True") throw Bad("is in Fortran's order; write it with numpy.ascontiguousarray");
        var descriptor = match.Groups["type"].Value;
        if (descriptor[0] == '>') throw Bad("is big endian; write it with astype('<f4') or the like");
        var type = descriptor.TrimStart('<', '|', '=');
        if (expected is not null ? type != expected[1..] : !s_types.Contains(type))
            throw new RuntimeException(RuntimeCode.WrongType,
                $"{name} has elements '{descriptor}', and {(expected is null ? "numbers are" : $"'{expected}' is")} asked for");
        var shape = ImmutableArray.CreateBuilder<int>();
        var count = 1L;
        foreach (var number in match.Groups["shape"].Value
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var size)) throw Bad($"has a size of {number}");
            shape.Add(size);
            count *= size;
            if (count > MostElements) throw Bad("declares more elements than an array has");
        }
        var bytes = count * int.Parse(type[1..], CultureInfo.InvariantCulture);
        var left = length - start;
        if (left < bytes)
            throw new RuntimeException(RuntimeCode.FileCutShort, $"{name} declares {bytes} bytes of elements and has {left}");
        if (left > bytes) throw new RuntimeException(RuntimeCode.InconsistentData, $"{name} has {left - bytes} bytes after its elements");
        return new(type, shape.DrainToImmutable(), count, start);
    }

    // The header, and where it ends.
    private static (string Text, long End) ReadHeader(Stream file, string name)
    {
        RuntimeException Short() => new(RuntimeCode.FileCutShort, $"{name} ends within its header");
        var start = ReadUpTo(file, PreambleBytes);
        if (start.Length < PreambleBytes || start[0] != 0x93 || !start.AsSpan(1, Magic.Length).SequenceEqual(Magic)
            || start[6] is < 1 or > 3)
            throw new RuntimeException(RuntimeCode.WrongFormat, $"{name} is not a .npy file of version 1 to 3");
        var lengthBytes = start[6] == 1 ? ShortLength : LongLength;
        var size = ReadUpTo(file, lengthBytes);
        if (size.Length < lengthBytes) throw Short();
        var length = lengthBytes == ShortLength ? BinaryPrimitives.ReadUInt16LittleEndian(size)
            : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > MostHeaderBytes)
            throw new RuntimeException(RuntimeCode.WrongFormat, $"{name} declares a header of {length} bytes, and none is so long");
        var bytes = ReadUpTo(file, (int)length);
        return bytes.Length < length ? throw Short() : (Encoding.UTF8.GetString(bytes), PreambleBytes + lengthBytes + length);
    }

    private static byte[] ReadUpTo(Stream file, int count)
    {
        var bytes = new byte[count];
        return bytes[..file.ReadAtLeast(bytes, count, throwOnEndOfStream: false)];
    }

    private static string Descriptor<T>() where T : unmanaged => default(T) switch
    {
        float => "<f4",
        double => "<f8",
        Half => "<f2",
        sbyte => "|i1",
        short => "<i2",
        int => "<i4",
        long => "<i8",
        byte => "|u1",
        ushort => "<u2",
        uint => "<u4",
        ulong => "<u8",
        bool => "|b1",
        _ => throw new RuntimeException(RuntimeCode.WrongType, $"NumPy has no elements of type {typeof(T).Name}"),
    };

    [GeneratedRegex(@"^\s*\{\s*'descr':\s*'(?<type>[<>|=]?[a-zA-Z][0-9]+)',\s*'fortran_order':\s*(?<order>True|False)\s*,"
        + @"\s*'shape':\s*\((?<shape>[0-9,\s]*)\),?\s*\}\s*$")]
    private static partial Regex Header();
}
