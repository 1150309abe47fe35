using System.Text;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Data;
using GraphCompiler.Training.Formats;
using Microsoft.ML.Tokenizers;
using Parquet;
using Parquet.Schema;
using SkiaSharp;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Training.Tests;

/// <summary>Files of other programs as examples: each written by its library, chunk by chunk, and read as a stream and as a
/// table.</summary>
[Trait("Category", "AnyLevel")]
public sealed class FormatTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("formats").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name) => Path.Combine(_folder, name);

    private static void Check(Func<Action<ChunkColumns>, Examples> open, string kind)
    {
        var table = open(c => c.Floats("x", ["b", "a"], missing: -1).Integers("y", ["n"])).ToTable();
        Assert.Equal([0.5f, 1, -1, 2, 2.5f, 3, 3.5f, 4, 4.5f, 5], table.Get<float>("x").ToArray());
        Assert.Equal([10, 20, 30, 40, 50], table.Get<int>("y").ToArray());
        using var stream = open(c => c.Integers("flag", ["t"])).Batches(2, keepRemainder: true);
        for (var epoch = 0; epoch < 2; epoch++)
        {
            List<int> flags = [];
            while (stream.TryNext(out var batch)) flags.AddRange(batch.Get<int>("flag"));
            Assert.Equal([1, 0, 1, 0, 1], flags);
        }
        stream.Seek(new(0, 3));
        Assert.True(stream.TryNext(out var sought));
        Assert.Equal([0, 1], sought.Get<int>("flag").ToArray());
        Errors.Expect("SGC6004", () => open(c => c.Floats("x", ["b"])).ToTable(), "null in column 'b', example 1");
        Errors.Expect("SGC6004", () => open(c => c.Integers("x", ["b"], missing: 0)).ToTable(), "0.5", "example 0", "no whole number");
        Errors.Expect("SGC6004", () => open(c => c.Floats("x", ["c"])).ToTable(), "no column 'c'", "a, b, n, t, s");
        Errors.Expect("SGC6004", () => open(c => c.Floats("x", ["s"])).ToTable(), "no numbers in column 's'");
        Errors.Expect("SGC5011", () => open(_ => { }), kind);
    }

    [Fact]
    public async Task Parquet_files_are_read()
    {
        var path = PathOf("a.parquet");
        DataField[] fields = [new DataField<double>("a"), new DataField("b", typeof(float), isNullable: true), new DataField<long>("n"),
            new DataField<bool>("t"), new DataField<string>("s")];
        await using (var stream = File.Create(path))
        await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), stream))
            foreach (var (first, count) in new[] { (1, 3), (4, 2) })
            {
                using var group = writer.CreateRowGroup();
                int[] rows = [.. Enumerable.Range(first, count)];
                await group.WriteAsync<double>(fields[0], rows.Select(i => (double)i).ToArray().AsMemory());
                await group.WriteAsync<float>(fields[1], rows.Select(i => i == 2 ? (float?)null : i - 0.5f).ToArray().AsMemory());
                await group.WriteAsync<long>(fields[2], rows.Select(i => 10L * i).ToArray().AsMemory());
                await group.WriteAsync<bool>(fields[3], rows.Select(i => i % 2 == 1).ToArray().AsMemory());
                await group.WriteAsync(fields[4], rows.Select(i => $"{i}").ToArray());
            }
        Check(columns => ParquetFile.Open(path, columns), "a.parquet");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^9]);
        Errors.Expect("SGC6004", () => ParquetFile.Open(path, c => c.Floats("x", ["a"])).ToTable(), "no Parquet file");
        Errors.Expect("SGC6001", () => ParquetFile.Open(PathOf("none"), c => c.Floats("x", ["a"])).ToTable());
    }

    /// <summary>A file of many row groups: one of them is in memory at a time.</summary>
    [Fact]
    public async Task Parquet_files_stream_in_bounded_memory()
    {
        const int Group = 50_000;
        var rows = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 10_000_000 : 200_000;
        var path = PathOf("large.parquet");
        DataField[] fields = [new DataField<float>("a"), new DataField<int>("b"), new DataField<double>("c")];
        await using (var file = File.Create(path))
        await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), file))
            for (var first = 0; first < rows; first += Group)
            {
                int[] numbers = [.. Enumerable.Range(first, Group)];
                using var group = writer.CreateRowGroup();
                await group.WriteAsync<float>(fields[0], System.Array.ConvertAll(numbers, i => (float)i).AsMemory());
                await group.WriteAsync<int>(fields[1], System.Array.ConvertAll(numbers, i => i % 7).AsMemory());
                await group.WriteAsync<double>(fields[2], System.Array.ConvertAll(numbers, i => i * 0.5).AsMemory());
            }
        using var stream = ParquetFile.Open(path, c => c.Floats("x", ["a", "b", "c"])).Batches(1000, buffer: 2000, seed: 1).Prefetch(2);
        var (sum, largest, before) = (0.0, 0L, GC.GetTotalMemory(forceFullCollection: true));
        while (stream.TryNext(out var batch))
        {
            for (var i = 0; i < batch.Rows; i++) sum += batch.Get<float>("x")[3 * i + 1];
            largest = Math.Max(largest, GC.GetTotalMemory(forceFullCollection: false) - before);
        }
        output.WriteLine($"{rows} rows, {new FileInfo(path).Length >> 20} MiB: {largest >> 10} KiB more at most");
        // 21 for seven rows; the last ones are no whole seven.
        Assert.Equal(rows / 7 * 21.0 + Enumerable.Range(rows / 7 * 7, rows % 7).Sum(i => i % 7), sum);
        Assert.InRange(largest, 0, 128 << 20);
    }

    [Fact]
    public void Arrow_files_are_read()
    {
        var path = PathOf("a.arrow");
        static RecordBatch Batch(int first, int count)
        {
            int[] rows = [.. Enumerable.Range(first, count)];
            var b = new FloatArray.Builder();
            foreach (var i in rows) _ = i == 2 ? b.AppendNull() : b.Append(i - 0.5f);
            return new RecordBatch.Builder()
                .Append("a", nullable: false, new DoubleArray.Builder().AppendRange(rows.Select(i => (double)i)).Build())
                .Append("b", nullable: true, b.Build())
                .Append("n", nullable: false, new Int64Array.Builder().AppendRange(rows.Select(i => 10L * i)).Build())
                .Append("t", nullable: false, new BooleanArray.Builder().AppendRange(rows.Select(i => i % 2 == 1)).Build())
                .Append("s", nullable: false, new StringArray.Builder().AppendRange(rows.Select(i => $"{i}")).Build())
                .Build();
        }
        var (first, second) = (Batch(1, 3), Batch(4, 2));
        using (var stream = File.Create(path))
        using (var writer = new ArrowFileWriter(stream, first.Schema))
        {
            writer.WriteRecordBatch(first);
            writer.WriteRecordBatch(second);
            writer.WriteEnd();
        }
        Check(columns => ArrowFile.Open(path, columns), "a.arrow");
        File.WriteAllText(path, "this is no file of Arrow's, but it is long enough to be taken for one");
        Errors.Expect("SGC6004", () => ArrowFile.Open(path, c => c.Floats("x", ["a"])).ToTable(), "no Arrow file");
        Errors.Expect("SGC6001", () => ArrowFile.Open(PathOf("none"), c => c.Floats("x", ["a"])).ToTable());
    }

    [Fact]
    public void Texts_are_windows_of_tokens()
    {
        // Characters, and one pair.
        using var vocabulary = new MemoryStream(Encoding.UTF8.GetBytes("""{"a":0,"b":1,"c":2,"ab":3}"""));
        using var merges = new MemoryStream(Encoding.UTF8.GetBytes("#version: 0.2\na b\n"));
        var tokenizer = BpeTokenizer.Create(vocabulary, merges);
        var table = TokenWindows.Of(tokenizer, () => ["abc", "cab", "b"], length: 2, end: 9).ToTable();
        // ab c 9 c ab 9 b 9: windows of two, each with the token after it.
        Assert.Equal([3, 2, 9, 2, 3, 9], table.Get<int>("tokens").ToArray());
        Assert.Equal([2, 9, 2, 3, 9, 1], table.Get<int>("targets").ToArray());
        Errors.Expect("SGC5011", () => TokenWindows.Of(tokenizer, () => [], 0));
        Errors.Expect("SGC6004", () => TokenWindows.Of(tokenizer, () => ["a"], 2).ToTable(), "no examples");
    }

    [Fact]
    public void Pictures_are_read_by_class()
    {
        foreach (var (name, colour) in new[] { ("dog/1.png", SKColors.Red), ("cat/2.png", SKColors.Lime), ("cat/1.PNG", SKColors.Blue) })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
            using var bitmap = new SKBitmap(8, 6);
            bitmap.Erase(colour);
            using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
            File.WriteAllBytes(PathOf(name), data.ToArray());
        }
        File.WriteAllText(PathOf("cat/notes.txt"), "no picture");
        var folder = new ImageFolder(_folder);
        Assert.Equal(["cat", "dog"], folder.Classes.ToArray());
        Assert.Equal(3, folder.Count);
        var table = folder.Open(2, 3).ToTable();
        Assert.Equal([0, 0, 1], table.Get<int>("labels").ToArray());
        var images = table.Get<float>("images").ToArray();
        Assert.Equal(3 * 18, images.Length);
        for (var i = 0; i < images.Length; i++) Assert.Equal(i % 3 == new[] { 2, 1, 0 }[i / 18] ? 1 : 0, images[i]);
        Errors.Expect("SGC5011", () => folder.Open(0, 3), "0×3");
        File.WriteAllText(PathOf("dog/1.png"), "no picture");
        Errors.Expect("SGC6002", () => new ImageFolder(_folder).Open(2, 3).ToTable(), "1.png");
        Errors.Expect("SGC6001", () => _ = new ImageFolder(PathOf("none")));
        Errors.Expect("SGC6004", () => _ = new ImageFolder(PathOf("cat")), "0 classes");
    }
}
