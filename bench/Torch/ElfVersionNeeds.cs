using System.Buffers.Binary;
using System.Text;

namespace GraphCompiler.Bench.Torch;

/// <summary>Edits the section of an ELF file that lists the symbol versions it needs (Linux Standard Base, "Symbol Versioning").</summary>
internal static class ElfVersionNeeds
{
    private const uint VerneedSection = 0x6ffffffe;
    private const ushort WeakFlag = 2;
    private const int SectionHeaderOffset = 0x28;
    private const int SectionHeaderSize = 0x3A;

    /// <summary>Marks every need of <paramref name="version"/> as weak, so that the loader goes on without it.</summary>
    /// <param name="image">A little-endian 64-bit ELF file, changed in place.</param>
    /// <param name="version">Such as GLIBCXX_3.4.32.</param>
    /// <returns>How many were not weak before.</returns>
    /// <exception cref="InvalidDataException">The file is no such ELF file, or is truncated.</exception>
    public static int MarkWeak(byte[] image, string version)
    {
        if (image.Length < 64 || !image.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("not a 64-bit little-endian ELF file");
        try
        {
            var (count, changed) = (U16(image, SectionHeaderSize + 2), 0);
            for (var i = 0; i < count; i++)
            {
                var section = Section(image, i);
                if (U32(image, section + 4) == VerneedSection) changed += MarkWeak(image, section, version);
            }
            return changed;
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new InvalidDataException("the ELF file is truncated", e);
        }
    }

    private static int MarkWeak(byte[] image, int section, string version)
    {
        var names = (int)U64(image, Section(image, (int)U32(image, section + 40)) + 24);
        var changed = 0;
        for (int need = (int)U64(image, section + 24), next = 1; next != 0; need += next)
        {
            var entry = need + (int)U32(image, need + 8);
            for (int left = U16(image, need + 2), step = 0; left > 0; left--, entry += step)
            {
                step = (int)U32(image, entry + 12);
                var flags = U16(image, entry + 4);
                if ((flags & WeakFlag) != 0 || Text(image, names + (int)U32(image, entry + 8)) != version) continue;
                BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(entry + 4), (ushort)(flags | WeakFlag));
                changed++;
            }
            next = (int)U32(image, need + 12);
        }
        return changed;
    }

    private static int Section(byte[] image, int index) => (int)U64(image, SectionHeaderOffset) + index * U16(image, SectionHeaderSize);

    private static string Text(byte[] image, int start)
    {
        var bytes = image.AsSpan(start);
        return Encoding.ASCII.GetString(bytes[..bytes.IndexOf((byte)0)]);
    }

    private static ushort U16(byte[] image, int at) => BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(at));
    private static uint U32(byte[] image, int at) => BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(at));
    private static ulong U64(byte[] image, int at) => BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(at));
}
