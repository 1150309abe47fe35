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
