using System.Buffers.Binary;
using System.Text;
using GraphCompiler.Bench.Torch;
using Xunit;

namespace GraphCompiler.Bench.Tests;

/// <summary>The ELF edit on a file made by hand: one library with two needs, GLIBCXX_3.4 and GLIBCXX_3.4.32.</summary>
public sealed class ElfVersionNeedsTests
{
    private const int FirstNeed = 0x200 + 16;
    private const int SecondNeed = FirstNeed + 16;
    private const int Size = 0x300;

    [Fact]
    public void Marks_the_named_version_alone_and_once()
    {
        var image = Image();
        Assert.Equal(1, ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"));
        Assert.Equal(0, image[FirstNeed + 4]);
        Assert.Equal(2, image[SecondNeed + 4]);
        Assert.Equal(0, ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"));
        Assert.Equal(0, ElfVersionNeeds.MarkWeak(image, "GLIBCXX_9"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64)]
    [InlineData(0x150)]
    public void Refuses_what_is_cut_short(int length) =>
        Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.MarkWeak(Image()[..length], "GLIBCXX_3.4.32"));

    [Fact]
    public void Refuses_what_is_no_elf_file() =>
        Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.MarkWeak(new byte[Size], "GLIBCXX_3.4.32"));

    // Header, two section headers at 0x100 (strings at 0x180, needs at 0x200), as the System V ABI lays them out.
    private static byte[] Image()
    {
        var image = new byte[Size];
        "\u007fELF\u0002\u0001"u8.CopyTo(image);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x28), 0x100);
        U16(image, 0x3A, 64);
        U16(image, 0x3C, 2);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x100 + 24), 0x180);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x140 + 4), 0x6ffffffe);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x140 + 24), 0x200);
        Encoding.ASCII.GetBytes("\0GLIBCXX_3.4\0GLIBCXX_3.4.32\0").CopyTo(image, 0x180);
        U16(image, 0x202, 2);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x208), 16);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(FirstNeed + 8), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(FirstNeed + 12), 16);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(SecondNeed + 8), 13);
        return image;
    }

    private static void U16(byte[] image, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(at), value);
}
