using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Data;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Training.Tests;

/// <summary>Tables, streams of batches and their places, files.</summary>
[Trait("Category", "AnyLevel")]
public sealed class DataTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("data").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    // Example i is (i, -i) with label i.
    private static Table Numbered(int count) => Table.Empty
        .With("x", [.. Enumerable.Range(0, count).SelectMany(i => new[] { (float)i, -i })], 2)
        .With("y", Enumerable.Range(0, count).ToArray());

    private static Examples Sequence(int count, Action? opened = null) => Examples.From(() =>
    {
        opened?.Invoke();
        return Enumerable.Range(0, count);
    }, c => c.Add<float>("x", 2, (i, e) => (e[0], e[1]) = (i, -i)).Add("y", i => i));

    private static int[] Labels(Batch batch)
    {
        var labels = batch.Get<int>("y").ToArray();
        for (var i = 0; i < labels.Length; i++)
        {
            Assert.Equal(labels[i], batch.Get<float>("x")[2 * i]); // Columns stay together.
            Assert.Equal(-labels[i], batch.Get<float>("x")[2 * i + 1]);
        }
        return labels;
    }

    private static List<int> Epoch(BatchStream stream)
    {
        List<int> labels = [];
        while (stream.TryNext(out var batch)) labels.AddRange(Labels(batch));
        return labels;
    }

    public static TheoryData<string> Kinds => ["table", "shuffled", "sequence", "buffered", "whole buffer"];

    private static BatchStream Make(string kind, int count, int size) => kind switch
    {
        "table" => Numbered(count).Batches(size),
        "shuffled" => Numbered(count).Batches(size, seed: 5),
        "sequence" => Sequence(count).Batches(size),
        "buffered" => Sequence(count).Batches(size, buffer: 5, seed: 5),
        _ => Sequence(count).Batches(size, buffer: 100, seed: 5),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_epoch_has_each_example_at_most_once_and_only_whole_batches(string kind)
    {
        using var stream = Make(kind, 23, 4);
        for (var epoch = 0; epoch < 3; epoch++)
        {
            Assert.Equal(new DataPosition(epoch, 0), stream.Position);
            var labels = Epoch(stream);
            Assert.Equal(20, labels.Count);
            Assert.Equal(20, labels.Distinct().Count());
            Assert.All(labels, l => Assert.InRange(l, 0, 22));
            if (kind is "table" or "sequence") Assert.Equal(Enumerable.Range(0, 20), labels);
        }
    }

    /// <summary>From every place of two epochs, forward and back, prefetched or not: the same batches as one that went through.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_place_is_gone_back_to(string kind)
    {
        List<(DataPosition At, int[] Labels)> all = [];
        using (var stream = Make(kind, 23, 4))
            for (var epoch = 0; epoch < 2; epoch++)
                while (stream.TryNext(out var batch)) all.Add((batch.Position, Labels(batch)));
        using var plain = Make(kind, 23, 4);
        using var prefetched = Make(kind, 23, 4).Prefetch(3);
        foreach (var i in Enumerable.Range(0, all.Count).Concat(Enumerable.Range(0, all.Count).Reverse()))
            foreach (var stream in new[] { plain, prefetched })
            {
                stream.Seek(all[i].At);
                Assert.Equal(all[i].At, stream.Position);
                Assert.True(stream.TryNext(out var batch));
                Assert.Equal(all[i].Labels, Labels(batch));
                Assert.Equal(all[i].At, batch.Position);
                Assert.Equal(all[i].At.Example + 4, stream.Position.Example);
            }
        plain.Seek(new(0, 20)); // The end of an epoch is a place too.
        Assert.False(plain.TryNext(out _));
        Assert.Equal(new DataPosition(1, 0), plain.Position);
        Errors.Expect("SGC5011", () => plain.Seek(new(-1, 0)));
    }

    [Fact]
    public void Orders_depend_on_seed_and_epoch_and_every_place_is_as_likely()
    {
        using var a = Numbered(100).Batches(10, seed: 1);
        using var b = Numbered(100).Batches(10, seed: 2);
        var (first, second) = (Epoch(a), Epoch(a));
        Assert.NotEqual(first, second);
        Assert.NotEqual(first, Epoch(b));
        // Where example 0 is in 2000 orders of 10: each place 200 times, within five deviations.
        foreach (var stream in new[] { Numbered(10).Batches(10, seed: 3), Sequence(10).Batches(10, buffer: 10, seed: 3) })
        {
            var places = new int[10];
            for (var epoch = 0; epoch < 2000; epoch++)
            {
                stream.Seek(new(epoch, 0));
                Assert.True(stream.TryNext(out var batch));
                places[Labels(batch).IndexOf(0)]++;
            }
            Assert.All(places, n => Assert.InRange(n, 200 - 5 * 13.5, 200 + 5 * 13.5));
            stream.Dispose();
        }
    }

    [Fact]
    public void A_map_has_numbers_of_its_place()
    {
        static void Add(Batch batch, ref CounterRandom random)
        {
            foreach (ref var e in batch.Get<float>("x")) e = random.NextSingle();
        }
        using var once = Numbered(40).Batches(8, seed: 1).Map(Add, seed: 3);
        using var ahead = Numbered(40).Batches(8, seed: 1).Map(Add, seed: 3).Prefetch(4);
        using var other = Numbered(40).Batches(8, seed: 1).Map(Add, seed: 4);
        List<float> numbers = [];
        for (var i = 0; i < 5; i++)
        {
            Assert.True(once.TryNext(out var a) & ahead.TryNext(out var b) & other.TryNext(out var c));
            Assert.Equal(a!.Get<float>("x").ToArray(), b!.Get<float>("x").ToArray());
            Assert.NotEqual(a.Get<float>("x").ToArray(), c!.Get<float>("x").ToArray());
            numbers.AddRange(a.Get<float>("x"));
        }
        Assert.Equal(numbers.Count, numbers.Distinct().Count());
        once.Seek(new(0, 16));
        Assert.True(once.TryNext(out var again));
        Assert.Equal(numbers[32..48], again.Get<float>("x").ToArray());
        Assert.NotEqual(once.Identity, other.Identity);
    }

    /// <summary>What is made ahead is bounded, however long the stream is; and a thread that fails says so where its batch would
    /// be.</summary>
    [Fact]
    public void Prefetching_is_bounded_and_its_errors_arrive()
    {
        var read = 0;
        var endless = Examples.From(() => Enumerable.Range(0, int.MaxValue).Select(i => Interlocked.Exchange(ref read, i)),
            c => c.Add("y", i => i));
        using (var stream = endless.Batches(10).Prefetch(3))
        {
            for (var i = 0; i < 50; i++) Assert.True(stream.TryNext(out _));
            Thread.Sleep(50);
            Assert.InRange(Volatile.Read(ref read), 499, 10 * (50 + 3 + 1));
        }
        var failing = Examples.From(() => Enumerable.Range(0, 100).Select(i => i < 35 ? i : throw new InvalidOperationException("no 35")),
            c => c.Add("y", i => i));
        using var broken = failing.Batches(10).Prefetch(2);
        for (var i = 0; i < 3; i++) Assert.True(broken.TryNext(out _));
        for (var i = 0; i < 2; i++) Assert.Equal("no 35", Assert.Throws<InvalidOperationException>(() => broken.TryNext(out _)).Message);
        broken.Seek(new(0, 10));
        Assert.True(broken.TryNext(out var batch));
        Assert.Equal(10, batch.Get<int>("y")[0]);
        Errors.Expect("SGC5011", () => failing.Batches(10).Prefetch(0));
        Errors.Expect("SGC6004", () => Sequence(3).Batches(4).TryNext(out _), "3 examples", "batch 4");
        Errors.Expect("SGC6004", () => Sequence(3).Batches(4).Prefetch().TryNext(out _), "3 examples");
    }

    [Fact]
    public void Nothing_is_allocated_for_a_batch()
    {
        using var stream = Numbered(1000).Batches(10, seed: 1);
        while (stream.TryNext(out _)) { }
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 99; i++) stream.TryNext(out _);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Tables_are_split_taken_and_changed()
    {
        var table = Numbered(10);
        var (first, second) = table.Split(0.7);
        Assert.Equal((7, 3), (first.Count, second.Count));
        Assert.Equal([7, 8, 9], second.Get<int>("y").ToArray());
        (first, second) = table.Split(0.999, seed: 4);
        Assert.Equal(1, second.Count);
        int[] all = [.. first.Get<int>("y").ToArray(), .. second.Get<int>("y").ToArray()];
        Assert.NotEqual(Enumerable.Range(0, 10), all);
        Assert.Equal(Enumerable.Range(0, 10), all.Order());
        Assert.Equal([3f, -3, 0, 0], table.Take(3, 0).Get<float>("x").ToArray());
        Assert.Equal([0f, 1, 0, 1, 0, 0, 0, 0, 1], table.Take(1, 0, 2).OneHot("y", 3).Get<float>("y").ToArray());
        Assert.Equal("3 examples of x : f32[2], y : f32[3]", table.Take(1, 0, 2).OneHot("y", 3).ToString());
        Assert.Equal(["x"], table.Without("y").Columns.Select(c => c.Name));

        Errors.Expect("SGC6004", () => table.OneHot("y", 9), "has 9", "0 to 8");
        Errors.Expect("SGC5004", () => table.Take(10), "example 10");
        Errors.Expect("SGC6004", () => table.Take(), "no examples");
        Errors.Expect("SGC5011", () => table.Split(1));
        Errors.Expect("SGC5011", () => table.Split(double.NaN));
        Errors.Expect("SGC6004", () => table.Take(0).Split(0.5));
        Errors.Expect("SGC6004", () => table.With("z", new float[9]), "9 examples", "10");
        Errors.Expect("SGC6004", () => table.With("z", new float[21], 2), "21 elements");
        Errors.Expect("SGC6004", () => table.With("z", Array.Empty<float>()));
        Errors.Expect("SGC5011", () => table.With("", new float[10]));
        Errors.Expect("SGC5011", () => table.With("z", new float[10], 0));
        Errors.Expect("SGC5003", () => table.With("z", new Guid[10]), "Guid");
        Errors.Expect("SGC5003", () => table.Get<int>("x"), "x : f32[2]");
        Errors.Expect("SGC5004", () => table.Get<int>("z"), "x : f32[2]");
        Errors.Expect("SGC6004", () => table.Batches(11), "11", "10");
        Errors.Expect("SGC6004", () => Table.Empty.Batches(1));
        Errors.Expect("SGC5011", () => table.Batches(0));
    }

    [Fact]
    public void Features_have_mean_0_and_deviation_1()
    {
        var table = Table.Empty.With("x", [1f, 10, 7, 3, 10, 7, 8, 40, 7], 3);
        var by = Standardization.Of(table, "x");
        Assert.Equal([4f, 20, 7], by.Means.ToArray());
        Assert.Equal(Math.Sqrt(26.0 / 3), by.Deviations[0], 1e-6); // ((1-4)² + (3-4)² + (8-4)²)/3
        Assert.Equal(Math.Sqrt(200), by.Deviations[1], 1e-5);
        Assert.Equal(1, by.Deviations[2]);
        var changed = table.Standardize("x", by).Get<float>("x").ToArray();
        for (var f = 0; f < 2; f++)
        {
            Assert.Equal(0, changed[f] + changed[f + 3] + changed[f + 6], 1e-6);
            Assert.Equal(3, changed[f] * changed[f] + changed[f + 3] * changed[f + 3] + changed[f + 6] * changed[f + 6], 1e-5);
        }
        Assert.Equal([0f, 0, 0], new[] { changed[2], changed[5], changed[8] });
        Assert.Equal(1f, table.Get<float>("x").Span[0]); // The table itself stays.
        Errors.Expect("SGC6004", () => by.Apply(new float[4]));
        Errors.Expect("SGC5003", () => Standardization.Of(Numbered(3), "y"));
    }

    private const string Iris = "width,\"height\",kind\n1.5,2,a\n-3e2,\"4.25\",b\n5,6,\"c,d\"\n";

    private static Examples OpenIris(string path) =>
        Csv.Open(path, c => c.Floats("x", ["height", "width"]).Classes("y", "kind", ["a", "b", "c,d"]));

    [Fact]
    public void Csv_files_are_read()
    {
        var path = Write("iris.csv", Iris);
        var table = OpenIris(path).ToTable();
        Assert.Equal([2f, 1.5f, 4.25f, -300, 6, 5], table.Get<float>("x").ToArray());
        Assert.Equal([0, 1, 2], table.Get<int>("y").ToArray());
        using var stream = OpenIris(path).Batches(2, buffer: 3, seed: 1).Prefetch();
        for (var epoch = 0; epoch < 3; epoch++)
        {
            Assert.True(stream.TryNext(out var batch));
            Assert.Equal(2, batch.Get<int>("y").ToArray().Distinct().Count());
            Assert.False(stream.TryNext(out _));
        }
        var tabs = Write("tabs.tsv", "a\tb\n1\t\n2\t7\n");
        table = Csv.Open(tabs, c => c.Floats("b", ["b"], missing: -1).Integers("a", ["a"]), separator: '\t').ToTable();
        Assert.Equal([-1f, 7], table.Get<float>("b").ToArray());
        Assert.Equal([1, 2], table.Get<int>("a").ToArray());
    }

    [Fact]
    public void Csv_files_that_are_not_as_declared_are_named_by_line()
    {
        void Expect(string text, params string[] parts)
        {
            var path = Write("bad.csv", text);
            Errors.Expect("SGC6004", () => OpenIris(path).ToTable(), ["bad.csv", .. parts]);
        }
        Expect(Iris + "x,7,a\n", "line 5", "'width' is 'x'", "no number");
        Expect(Iris + ",7,a\n", "line 5", "'width' is ''");
        Expect(Iris + "1,7,e\n", "line 5", "'kind' is 'e'", "none of a, b, c,d");
        Expect(Iris + "1,7\n", "not a table");
        Expect("width,kind\n1,a\n", "no 'height'", "width, kind");
        Expect("width,height,kind\n", "");
        Errors.Expect("SGC6001", () => OpenIris(Path.Combine(_folder, "none.csv")).ToTable(), "none.csv");
        Errors.Expect("SGC5011", () => Csv.Open("x", _ => { }));
        Errors.Expect("SGC5011", () => Csv.Open("x", c => c.Floats("a", ["a"]).Floats("a", ["b"])));
        Errors.Expect("SGC5011", () => Csv.Open("x", c => c.Floats("a", [])));
    }

    /// <summary>A file that is larger than what may be held: the heap does not grow with it.</summary>
    [Fact]
    public void Csv_files_stream_in_bounded_memory()
    {
        var rows = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 10_000_000 : 200_000;
        var path = Path.Combine(_folder, "large.csv");
        using (var writer = new StreamWriter(path))
        {
            writer.WriteLine("a,b,c");
            for (var i = 0; i < rows; i++) writer.WriteLine($"{i},{i % 7},{i * 0.5}");
        }
        using var stream = Csv.Open(path, c => c.Floats("x", ["a", "b", "c"])).Batches(1000, buffer: 2000, seed: 1).Prefetch(2);
        var (sum, largest, before) = (0.0, 0L, GC.GetTotalMemory(forceFullCollection: true));
        while (stream.TryNext(out var batch))
        {
            for (var i = 0; i < batch.Rows; i++) sum += batch.Get<float>("x")[3 * i + 1];
            largest = Math.Max(largest, GC.GetTotalMemory(forceFullCollection: false) - before);
        }
        output.WriteLine($"{rows} rows, {new FileInfo(path).Length >> 20} MiB: {largest >> 10} KiB more at most");
        var expected = 0.0;
        for (var i = 0; i < rows; i++) expected += i % 7;
        Assert.Equal(expected, sum);
        Assert.InRange(largest, 0, 64 << 20);
    }

    /// <summary>How long steps of 50 µs wait for their data is printed, and decides nothing: every example comes once.</summary>
    [Fact]
    public void Data_do_not_starve_steps()
    {
        const int Microseconds = 50;
        var rows = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 800_000 : 8_000;
        using var model = new Small();
        var (table, path) = (Small.Data(rows), Path.Combine(_folder, "steps.csv"));
        var (x, y) = (table.Get<float>("x").ToArray(), table.Get<float>("y").ToArray());
        using (var writer = new StreamWriter(path))
        {
            writer.WriteLine("a,b,c,y");
            for (var i = 0; i < rows; i++)
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{x[3 * i]},{x[3 * i + 1]},{x[3 * i + 2]},{y[i]}"));
        }
        void Fit(string kind, BatchStream batches)
        {
            var (last, seen) = (Stopwatch.GetTimestamp(), 0L);
            // The rest of the time that such a step would take.
            var callback = FitCallback.OnStep(_ =>
            {
                seen++;
                var end = last + Stopwatch.Frequency * Microseconds / 1_000_000;
                while (Stopwatch.GetTimestamp() < end) Thread.SpinWait(8);
                last = Stopwatch.GetTimestamp();
            });
            using (batches)
            {
                var history = model.Step.Fit(batches, new FitOptions { Epochs = 1, Callbacks = [callback], EvaluateEvery = long.MaxValue });
                Assert.Equal(rows / Small.BatchSize, seen);
                output.WriteLine($"{kind}: {seen} steps of {Microseconds} µs waited "
                    + $"{history.DataWaitTime.TotalNanoseconds / seen:F0} ns each "
                    + $"for data, {history.DataWaitTime / history.Time:P2} of the time");
            }
        }
        Fit("a shuffled table", table.Batches(Small.BatchSize, seed: 1));
        Fit("a CSV file, shuffled in a buffer and prefetched", Csv.Open(path, c => c.Floats("x", ["a", "b", "c"]).Floats("y", ["y"]))
            .Batches(Small.BatchSize, buffer: 2000, seed: 1).Prefetch(64));
    }

    /// <summary>As numpy.save writes them: bytes by its documentation.</summary>
    [Fact]
    public void Npy_files_are_read_and_written()
    {
        var path = Path.Combine(_folder, "a.npy");
        NpyFile.Write(path, [1f, 2, 3, 4, 5, 6], 2, 3);
        var bytes = File.ReadAllBytes(path);
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3,), }";
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0, 118, 0], bytes[..10]);
        Assert.Equal(header.PadRight(117) + "\n", System.Text.Encoding.ASCII.GetString(bytes, 10, 118));
        Assert.Equal(128 + 24, bytes.Length);
        var array = NpyFile.Read<float>(path);
        Assert.Equal([1f, 2, 3, 4, 5, 6], array.Elements);
        Assert.Equal([2, 3], array.Shape.ToArray());
        Assert.Equal(3, array.Size);
        // Version 2 and the spelling of numpy.save.
        var text = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }".PadRight(64 - 13) + "\n";
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, 2, 0, (byte)text.Length, 0, 0, 0, .. System.Text.Encoding.ASCII.GetBytes(text),
            .. BitConverter.GetBytes(7L), .. BitConverter.GetBytes(-1L)]);
        Assert.Equal([7L, -1], NpyFile.Read<long>(path).Elements);
        NpyFile.Write<double>(path, [4.5]);
        Assert.Empty(NpyFile.Read<double>(path).Shape);
        NpyFile.Write<bool>(path, [], 0, 4);
        Assert.Equal([0, 4], NpyFile.Read<bool>(path).Shape.ToArray());
        Errors.Expect("SGC5001", () => NpyFile.Write(path, [1f], 2));
        Errors.Expect("SGC5003", () => NpyFile.Write(path, [Guid.Empty], 1));
    }

    [Fact]
    public void Npy_files_are_mapped_as_examples()
    {
        var (x, y) = (Path.Combine(_folder, "x.npy"), Path.Combine(_folder, "y.npy"));
        NpyFile.Write(x, [1f, 2, 3, 4, 5, 6, 7, 8, 9, 10], 5, 2);
        NpyFile.Write(y, [10, 20, 30, 40, 50], 5);
        var examples = NpyFile.Open(("x", x), ("y", y));
        Assert.Equal([new Column("x", ElementType.F32, 2), new Column("y", ElementType.I32, 1)], examples.Columns.ToArray());
        var stream = examples.Batches(2, keepRemainder: true).Prefetch();
        for (var epoch = 0; epoch < 2; epoch++)
        {
            List<float> seen = [];
            while (stream.TryNext(out var batch))
                for (var i = 0; i < batch.Rows; i++) seen.Add(batch.Get<float>("x")[2 * i + 1] + batch.Get<int>("y")[i]);
            Assert.Equal([12f, 24, 36, 48, 60], seen);
        }
        stream.Seek(new(1, 3));
        Assert.True(stream.TryNext(out var sought));
        Assert.Equal([40, 50], sought.Get<int>("y").ToArray());
        stream.Dispose(); // A file that is mapped cannot be written.
        NpyFile.Write(y, [1, 2, 3, 4], 4);
        Errors.Expect("SGC6004", () => NpyFile.Open(("x", x), ("y", y)), "5 examples", "has 4");
        Errors.Expect("SGC6004", () => examples.ToTable(), "other examples");
        NpyFile.Write(y, [1.5], []);
        Errors.Expect("SGC6004", () => NpyFile.Open(("y", y)), "scalar");
        NpyFile.Write(y, [(short)1], 1);
        Errors.Expect("SGC5003", () => NpyFile.Open(("y", y)), "'i2'");
        File.WriteAllBytes(x, File.ReadAllBytes(x)[..^1]);
        Errors.Expect("SGC6003", () => NpyFile.Open(("x", x)));
        Errors.Expect("SGC6001", () => NpyFile.Open(("x", Path.Combine(_folder, "none"))));
        Errors.Expect("SGC5011", () => NpyFile.Open());
    }

    [Fact]
    public void Asynchronous_sequences_are_examples()
    {
        static async IAsyncEnumerable<int> Count()
        {
            for (var i = 0; i < 5; i++)
            {
                await Task.Yield();
                yield return i;
            }
        }
        using var stream = Examples.FromAsync(Count, c => c.Add("x", i => i * 2)).Batches(2, keepRemainder: true);
        for (var epoch = 0; epoch < 2; epoch++)
        {
            List<int> seen = [];
            while (stream.TryNext(out var batch)) seen.AddRange(batch.Get<int>("x"));
            Assert.Equal([0, 2, 4, 6, 8], seen);
        }
    }

    /// <summary>As numpy.savez writes them: a zip archive of .npy files, stored or deflated.</summary>
    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Npz_files_are_read(CompressionLevel level)
    {
        var (path, npy) = (Path.Combine(_folder, $"{level}.npz"), Path.Combine(_folder, "part.npy"));
        using (var archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            NpyFile.Write(npy, new float[3000], 1000, 3);
            archive.CreateEntryFromFile(npy, "x.npy", level);
            NpyFile.Write(npy, [7L, -1], 2);
            archive.CreateEntryFromFile(npy, "arr_0.npy", level);
            using var text = archive.CreateEntry("note.npy").Open();
            text.Write("no array"u8);
        }
        Assert.Equal(["x", "arr_0", "note"], NpzFile.Names(path));
        Assert.Equal([7L, -1], NpzFile.Read<long>(path, "arr_0").Elements);
        var x = NpzFile.Read<float>(path, "x");
        Assert.Equal([1000, 3], x.Shape.ToArray());
        Assert.Equal(1000, Table.Empty.With("x", x.Elements, x.Size).Count);
        Errors.Expect("SGC5003", () => NpzFile.Read<int>(path, "x"), "'x' of", "<f4");
        Errors.Expect("SGC5004", () => NpzFile.Read<int>(path, "y"), "'y'", "x, arr_0");
        Errors.Expect("SGC6002", () => NpzFile.Read<int>(path, "note"), "'note' of");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^40]);
        Errors.Expect("SGC6002", () => NpzFile.Read<float>(path, "x"));
        Errors.Expect("SGC6002", () => NpzFile.Names(npy));
        Errors.Expect("SGC6001", () => NpzFile.Names(Path.Combine(_folder, "none.npz")));
    }

    [Fact]
    public void Npy_files_that_are_none_have_a_code()
    {
        var path = Path.Combine(_folder, "a.npy");
        NpyFile.Write(path, [1f, 2], 2);
        var good = File.ReadAllBytes(path);
        void Expect(string code, byte[] bytes, params string[] parts)
        {
            File.WriteAllBytes(path, bytes);
            Errors.Expect(code, () => NpyFile.Read<float>(path), parts);
        }
        byte[] With(string from, string to) => System.Text.Encoding.Latin1.GetBytes(
            System.Text.Encoding.Latin1.GetString(good).Replace(from, to, StringComparison.Ordinal));
        Expect("SGC6003", good[..^1], "8 bytes");
        Expect("SGC6003", good[..40], "header");
        Expect("SGC6003", good[..9], "header");
        Expect("SGC6002", good[..4]);
        Expect("SGC6002", []);
        Expect("SGC6004", [.. good, 0], "1 bytes after");
        Expect("SGC6002", With("NUMPY", "NUMPI"));
        Expect("SGC6002", With("False", "True "), "Fortran");
        Expect("SGC6002", With("<f4", ">f4"), "big endian");
        Expect("SGC5003", With("<f4", "<i4"), "<i4", "<f4");
        Expect("SGC5003", With("<f4", "|O8"));
        Expect("SGC6002", With("descr", "Descr"), "dictionary");
        Expect("SGC6002", With("(2,)", "(99999999999,)"), "99999999999");
        Expect("SGC6002", With("(2,)", "(99999999,99999999)"));
        Errors.Expect("SGC6001", () => NpyFile.Read<float>(Path.Combine(_folder, "none.npy")), "none.npy");
    }
}
