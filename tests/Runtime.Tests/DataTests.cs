using System.IO.Compression;
using GraphCompiler.Runtime.Data;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

public sealed class DataTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("idx").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Images(int count) =>
        [0, 0, 8, 3, 0, 0, 0, (byte)count, 0, 0, 0, 2, 0, 0, 0, 3, .. Enumerable.Range(0, count * 6).Select(i => (byte)(i * 5))];

    private static byte[] Labels(params byte[] labels) => [0, 0, 8, 1, 0, 0, 0, (byte)labels.Length, .. labels];

    private string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(_folder, name);
        if (!name.EndsWith(".gz", StringComparison.Ordinal))
        {
            File.WriteAllBytes(path, bytes);
            return path;
        }
        using var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        gzip.Write(bytes);
        return path;
    }

    [Theory]
    [InlineData("")]
    [InlineData(".gz")]
    public void Mnist_loads_plain_and_compressed(string suffix)
    {
        foreach (var part in new[] { "train", "t10k" })
        {
            Write($"{part}-images-idx3-ubyte{suffix}", Images(4));
            Write($"{part}-labels-idx1-ubyte{suffix}", Labels(3, 1, 9, 0));
        }
        foreach (var set in new[] { Mnist.LoadTrain(_folder), Mnist.LoadTest(_folder) })
        {
            Assert.Equal((4, 2, 3, 6), (set.Count, set.Rows, set.Columns, set.Pixels));
            Assert.Equal([3, 1, 9, 0], set.Labels);
            Assert.Equal(Enumerable.Range(0, 24).Select(i => i * 5 / 255f), set.Images);
        }
    }

    [Fact]
    public void Missing_files_are_named()
    {
        var path = Path.Combine(_folder, "none");
        Errors.Expect("SGC6001", () => IdxFile.Open(path, IdxFile.LabelsMagic), path, "does not exist");
        Errors.Expect("SGC6001", () => Mnist.LoadTrain(_folder), "train-images-idx3-ubyte", _folder);
    }

    [Fact]
    public void Another_magic_number_is_shown()
    {
        var path = Write("labels", Labels(1));
        Errors.Expect("SGC6002", () => IdxFile.Open(path, IdxFile.ImagesMagic), path, "0x00000801", "0x00000803");
    }

    [Theory]
    [InlineData("x", 10)]
    [InlineData("x.gz", 10)]
    [InlineData("x", 20)]
    [InlineData("x.gz", 39)]
    public void A_file_cut_short_is_reported(string name, int bytes)
    {
        var path = Write(name, Images(4)[..bytes]);
        Errors.Expect("SGC6003", () => ReadAll(path), path);
    }

    [Fact]
    public void An_absurd_header_is_refused_before_memory_is_asked_for()
    {
        var path = Write("x", [0, 0, 8, 3, 127, 255, 255, 255, 127, 255, 255, 255, 127, 255, 255, 255]);
        Errors.Expect("SGC6003", () => ReadAll(path), path, "2147483647");
    }

    [Fact]
    public void Broken_compression_is_reported()
    {
        var path = Write("x", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255]);
        Errors.Expect("SGC6002", () => ReadAll(path), path, "gzip");
    }

    [Fact]
    public void A_compressed_file_that_was_cut_is_reported()
    {
        var whole = File.ReadAllBytes(Write("whole.gz", Images(40)));
        var path = Write("cut", whole[..(whole.Length / 2)]);
        var error = Assert.Throws<RuntimeException>(() => ReadAll(path));
        Assert.Contains(error.Code, new[] { "SGC6002", "SGC6003" });
    }

    [Fact]
    public void A_compressed_file_that_declares_more_than_it_holds_allocates_about_what_it_holds()
    {
        // 4 MiB that do not compress, after a header of 2040 MiB: within what deflate could hold, so reading has to find out.
        var held = new byte[4 << 20];
        new Random(1).NextBytes(held);
        var path = Write("train-images-idx3-ubyte.gz", [0, 0, 8, 3, 0, 0, 7, 0xf8, 0, 0, 4, 0, 0, 0, 4, 0, .. held]);
        Write("train-labels-idx1-ubyte.gz", [0, 0, 8, 1, 0, 0, 7, 0xf8]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Errors.Expect("SGC6003", () => Mnist.LoadTrain(_folder), path, "2139095056");
        // Doubling from 1 MiB: 1 + 2 + 4 + 8.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData((1 << 20) - 1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData(5_000_001)]
    public void Reading_in_growing_chunks_gives_every_byte(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        foreach (var name in new[] { "x", "x.gz" })
        {
            var path = Write(name, [0, 0, 8, 1, .. BitConverter.GetBytes(count).Reverse(), .. bytes]);
            using var file = IdxFile.Open(path, IdxFile.LabelsMagic);
            Assert.Equal(bytes, file.ReadToEnd());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_gzip_trailer_that_is_cut_or_altered_is_refused(int bytes)
    {
        var whole = File.ReadAllBytes(Write("whole.gz", Images(40)));
        Errors.Expect("SGC6002", () => ReadToEnd(Write("cut", whole[..^bytes])), "cut", "gzip");
        whole[^bytes] ^= 1;
        Errors.Expect("SGC6002", () => ReadToEnd(Write("altered", whole)), "altered", "gzip");
    }

    [Fact]
    public void Members_of_gzip_follow_one_another_and_padding_is_ignored()
    {
        var image = Images(4);
        byte[] members = [.. File.ReadAllBytes(Write("a.gz", image[..20])), .. File.ReadAllBytes(Write("b.gz", image[20..])), 0, 0, 0];
        Assert.Equal(image[16..], ReadToEnd(Write("members", members)));
    }

    [Fact]
    public void Every_size_that_no_array_holds_is_refused()
    {
        // Compressed, and so large that deflate could hold it: a hole that is never read.
        var path = Write("x.gz", [0, 0, 8, 1, 0x7f, 255, 255, 255]);
        using (var hole = File.OpenWrite(path)) hole.SetLength(1 << 24);
        Errors.Expect("SGC6002", () => IdxFile.Open(path, IdxFile.LabelsMagic), path, "2147483647", $"{Array.MaxLength}");
    }

    [Fact]
    public void What_is_no_file_is_refused()
    {
        foreach (var path in new[] { "", "a\0b", _folder, new string('x', 5000) })
            Errors.Expect("SGC6001", () => IdxFile.Open(path, IdxFile.LabelsMagic));
    }

    // Every byte of a small file replaced by wild ones, and every length that it can be cut to: data or a coded error.
    [Theory]
    [InlineData("x")]
    [InlineData("x.gz")]
    public void Mutated_files_are_read_or_refused(string name)
    {
        var whole = File.ReadAllBytes(Write(name, Images(4)));
        for (var i = 0; i < whole.Length; i++)
        {
            ReadOrRefuse(whole[..i]);
            foreach (var value in new byte[] { 0, 1, 0x7f, 0x80, 255 })
            {
                var altered = whole.ToArray();
                altered[i] = value;
                ReadOrRefuse(altered);
            }
        }
    }

    private void ReadOrRefuse(byte[] bytes)
    {
        var error = Record.Exception(() => ReadToEnd(Write("mutated", bytes)));
        Assert.True(error is null or RuntimeException, error?.ToString());
    }

    private static byte[] ReadToEnd(string path)
    {
        using var file = IdxFile.Open(path, IdxFile.ImagesMagic);
        return file.ReadToEnd();
    }

    [Fact]
    public void Contradictions_are_reported()
    {
        Write("train-images-idx3-ubyte", Images(2));
        Write("train-labels-idx1-ubyte", Labels(1));
        Errors.Expect("SGC6004", () => Mnist.LoadTrain(_folder), "2 images", "1 labels");
        Write("train-labels-idx1-ubyte", Labels(1, 10));
        Errors.Expect("SGC6004", () => Mnist.LoadTrain(_folder), "label 1 is 10");
        Write("train-labels-idx1-ubyte", [.. Labels(1, 2), 0]);
        Errors.Expect("SGC6004", () => Mnist.LoadTrain(_folder), "longer");
    }

    private static void ReadAll(string path)
    {
        using var file = IdxFile.Open(path, IdxFile.ImagesMagic);
        file.Read(new byte[file.DataBytes]);
    }
}
