using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using GraphCompiler.Runtime.Files;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>Files of tensors: what is written is in the format, and what is not in it is refused, with the store as it was.</summary>
public sealed partial class TensorFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tensors").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name) => Path.Combine(_folder, name);

    private static BufferLayout State(string name, ElementType type, params int[] dimensions) =>
        BufferLayout.Dense(name, BufferRole.State, type, dimensions);

    private static VariableDeclaration[] Model =>
    [
        new(State("dense/kernel", ElementType.F32, 2, 3), VariableRole.Trainable, null),
        new(State("step", ElementType.I64), VariableRole.Optimizer, null),
        new(State("mask", ElementType.Bool, 5), VariableRole.Frozen, null),
        new(State("größe", ElementType.F64, 1), VariableRole.State, null),
        new(State("none", ElementType.F32, 0, 7), VariableRole.Trainable, null),
    ];

    private static VariableStore Filled(int start)
    {
        var store = new VariableStore();
        store.Declare(Model);
        store.Write<float>("dense/kernel", [.. Enumerable.Range(start, 6).Select(i => i + 0.5f)]);
        store.Write("step", (long)start << 40);
        store.Write("mask", true, false, true, true, start % 2 == 0);
        store.Write("größe", (double)start / 3);
        return store;
    }

    private static void AssertSame(VariableStore expected, VariableStore actual)
    {
        Assert.Equal(expected.Variable<float>("dense/kernel"), actual.Variable<float>("dense/kernel"));
        Assert.Equal(expected.Variable<long>("step"), actual.Variable<long>("step"));
        Assert.Equal(expected.Variable<bool>("mask"), actual.Variable<bool>("mask"));
        Assert.Equal(expected.Variable<double>("größe"), actual.Variable<double>("größe"));
    }

    private static byte[] FileOf(string json, int dataBytes)
    {
        var header = Encoding.UTF8.GetBytes(json);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        return [.. length, .. header, .. Enumerable.Range(0, dataBytes).Select(i => (byte)i)];
    }

    private static TensorFile Open(byte[] bytes) => TensorFile.Open(new MemoryStream(bytes));

    /// <summary>The layout by a reader that shares no code with the one that is tested.</summary>
    [Fact]
    public void What_is_written_is_the_format()
    {
        using var store = Filled(3);
        var path = PathOf("all.safetensors");
        store.Snapshot().Save(path, new Dictionary<string, string> { ["note"] = "ein \"Text\"\n" });
        var bytes = File.ReadAllBytes(path);
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Assert.Equal(0, (8 + length) % 64);
        Assert.Equal((byte)'{', bytes[8]);
        var root = JsonDocument.Parse(bytes.AsMemory(8, length)).RootElement;
        Assert.Equal("ein \"Text\"\n", root.GetProperty("__metadata__").GetProperty("note").GetString());
        var end = 0L;
        foreach (var tensor in root.EnumerateObject().Where(t => t.Name != "__metadata__"))
        {
            var offsets = tensor.Value.GetProperty("data_offsets");
            Assert.Equal(end, offsets[0].GetInt64()); // In the order of the header, end to end.
            end = offsets[1].GetInt64();
        }
        Assert.Equal(bytes.Length, 8 + length + end);
        var kernel = root.GetProperty("dense/kernel");
        Assert.Equal("F32", kernel.GetProperty("dtype").GetString());
        Assert.Equal("[2,3]", kernel.GetProperty("shape").GetRawText());
        var at = 8 + length + (int)kernel.GetProperty("data_offsets")[0].GetInt64();
        Assert.Equal(0, at % 4);
        for (var i = 0; i < 6; i++) Assert.Equal(i + 3.5f, BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(at + 4 * i)));
        Assert.Equal("[]", root.GetProperty("step").GetProperty("shape").GetRawText());
        var text = Encoding.UTF8.GetString(bytes, 8, length);
        var stored = Sha256().Match(text).Groups[1].Value;
        var zeroed = Encoding.UTF8.GetBytes(text.Replace(stored, new string('0', 64), StringComparison.Ordinal));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. bytes[..8], .. zeroed])), stored);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(at, 24)))[..32],
            root.GetProperty("__metadata__").GetProperty("sha256:dense/kernel").GetString());
    }

    [GeneratedRegex("\"sha256\":\"([0-9a-f]{64})\"")]
    private static partial Regex Sha256();

    [Fact]
    public void All_comes_back_and_the_same_content_is_the_same_bytes()
    {
        using var store = Filled(4);
        store.Snapshot().Save(PathOf("a"));
        using var stream = new MemoryStream();
        store.Snapshot().Save(stream);
        Assert.Equal(File.ReadAllBytes(PathOf("a")), stream.ToArray());
        using var other = Filled(9);
        using var file = TensorFile.Open(PathOf("a"));
        other.Restore(file);
        AssertSame(store, other);
        Assert.Equal(["größe : f64[1]", "step : i64[]", "dense/kernel : f32[2,3]", "none : f32[0,7]", "mask : bool[5]"],
            file.Tensors.OrderByDescending(t => t.Type!.Value.SizeOf()).ThenBy(t => t.Name, StringComparer.Ordinal)
                .Select(t => t.ToString()));
        Assert.Equal(store.Variable<float>("dense/kernel").ToArray(), file.Read<float>("dense/kernel"));
        Assert.Empty(file.Read<float>("none"));
        Errors.Expect("SGC5003", () => file.Read<double>("dense/kernel"), "dense/kernel", "f32[2,3]");
        Errors.Expect("SGC5004", () => file.Read<double>("x"), "'x'");
        Errors.Expect("SGC5011", () => store.Snapshot().Save(stream, new Dictionary<string, string> { ["sha256:x"] = "" }), "sha256:x");
    }

    /// <summary>Each bit of a file counts: whichever is another, reading fails, and nothing has changed.</summary>
    [Fact]
    public void Every_flipped_bit_is_found()
    {
        using var store = Filled(4);
        using var stream = new MemoryStream();
        store.Snapshot().Save(stream, new Dictionary<string, string> { ["loop"] = "{\"step\":12}" });
        var bytes = stream.ToArray();
        using var other = Filled(9);
        using var untouched = Filled(9);
        var codes = new SortedDictionary<string, int>();
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            var error = Assert.Throws<RuntimeException>(() =>
            {
                using var file = Open(bytes);
                other.Restore(file);
            });
            codes[error.Code] = codes.GetValueOrDefault(error.Code) + 1;
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        Assert.Equal(["SGC6002", "SGC6003", "SGC6005"], codes.Keys);
        AssertSame(untouched, other);
        var kernel = bytes.AsSpan().IndexOf(BitConverter.GetBytes(4.5f));
        bytes[kernel] ^= 1;
        Errors.Expect("SGC6005", () => other.Restore(Open(bytes)), "'dense/kernel'", "altered");
    }

    [Fact]
    public void Every_truncation_and_every_extra_byte_is_found()
    {
        using var store = Filled(4);
        using var stream = new MemoryStream();
        store.Snapshot().Save(stream);
        var bytes = stream.ToArray();
        for (var length = 0; length < bytes.Length; length++) Errors.Expect("SGC6003", () => Open(bytes[..length]).Dispose(), "ends");
        Errors.Expect("SGC6002", () => Open([.. bytes, 0]), "1 bytes after its last tensor");
        Errors.Expect("SGC6003", () => Open(bytes[..^1]), "tensor 'mask'");
    }

    private const string Good = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    public static TheoryData<string, int, string> Broken => new()
    {
        { "[]", 0, "'{'" },
        { " {}", 0, "'{'" },
        { "{}x", 0, "JSON" },
        { "{}\n", 0, "something else than spaces" },
        { "{" + Good + "", 8, "JSON" },
        { "{" + Good + "," + Good + "}", 8, "tensor 'a' twice" },
        { "{" + Good + ",\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16, "tensor 'a' twice" },
        { "{" + Good + "}", 12, "4 bytes after" },
        { "{\"a\":1}", 0, "tensor 'a' as something else" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 0, "tensor 'a' without" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "tensor 'a' without" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "tensor 'a' without" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "tensor 'a' to end at 0" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "tensor 'a' with something else than whole numbers" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8.5]}}", 8, "tensor 'a' with something else" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", 8, "tensor 'a' with something else" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8, "tensor 'a' with a 'shape'" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "tensor 'a' as f32[3], which are 12 bytes" },
        { "{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor 'a' of the unknown dtype 'F31'" },
        { "{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor 'a' with a dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor 'a' with 'dtype' twice" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"x\":[],\"data_offsets\":[0,8]}}", 8, "tensor 'a' with an unknown 'x'" },
        { "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1, "tensor 'a' as f4[3], which are 1.5 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0, "tensor 'a' of shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9223372036854775807],\"data_offsets\":[0,4]}}",
            4, "tensor 'a' of shape" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
            6,
            "tensor 'b' to begin at 2, within another" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
            4,
            "to begin at 0, within another" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[6,10]}}",
            10,
            "tensor 'b' to begin at 6, and there is nothing from 4 on" },
        { "{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ 'a', which is no text" },
        { "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "__metadata__ 'a' twice" },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ twice" },
        { "{\"a\\nb\":1}", 0, "tensor 'a\\u000ab'" },
        { "{\"\\ud800\":1}", 0, "JSON" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_breaks_a_rule_is_named(string json, int dataBytes, string part) =>
        Errors.Expect("SGC6002", () => Open(FileOf(json, dataBytes)), part);

    [Fact]
    public void A_header_is_not_believed()
    {
        var huge = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(huge, 100_000_001);
        Errors.Expect("SGC6002", () => Open([.. huge, .. new byte[100]]), "100000001");
        BinaryPrimitives.WriteUInt64LittleEndian(huge, ulong.MaxValue);
        Errors.Expect("SGC6002", () => Open([.. huge, .. new byte[100]]), $"{ulong.MaxValue}");
        BinaryPrimitives.WriteUInt64LittleEndian(huge, 100_000_000); // Allowed, and not there: no memory is taken for it.
        Errors.Expect("SGC6003", () => Open([.. huge, .. new byte[100]]), "within its header");
        var nested = "{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + "}";
        Errors.Expect("SGC6002", () => Open(FileOf(nested, 0)));
        // A tensor that would take 4 EiB.
        var far = "{\"a\":{\"dtype\":\"U8\",\"shape\":[4611686018427387904],\"data_offsets\":[0,4611686018427387904]}}";
        Errors.Expect("SGC6003", () => Open(FileOf(far, 8)), "tensor 'a'");
    }

    [Fact]
    public void Files_of_other_programs_are_read()
    {
        // No padding, no checksums, a text, an order of its own, types that no variable has.
        using var file = Open(FileOf("{\"b\":{\"shape\":[3],\"dtype\":\"F8_E4M3\",\"data_offsets\":[1,4]},"
            + "\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"data_offsets\":[0,1],\"dtype\":\"U8\",\"shape\":[]}}   ", 4));
        Assert.Equal(["a : u8[]", "b : f8_e4m3[3]"], file.Tensors.Select(t => t.ToString()));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([0], file.Read<byte>("a"));
        Assert.Null(file.Find("b").Type);
        Errors.Expect("SGC5003", () => file.Read<byte>("b"), "f8_e4m3[3]");
        Assert.Empty(Open(FileOf("{}", 0)).Tensors);
    }

    [Fact]
    public void Weights_come_by_name_and_what_does_not_fit_is_reported()
    {
        using var store = Filled(4);
        store.SaveWeights(PathOf("w"));
        using var other = Filled(9);
        using var before = Filled(9);
        var report = other.LoadWeights(PathOf("w"));
        Assert.Equal(["dense/kernel", "größe", "mask", "none"], report.Loaded.Order(StringComparer.Ordinal));
        Assert.Empty(report.Unused);
        Assert.Equal(store.Variable<float>("dense/kernel"), other.Variable<float>("dense/kernel"));
        Assert.Equal(before.Variable<long>("step"), other.Variable<long>("step")); // The optimizer's stays.

        using var wider = new VariableStore();
        wider.Declare([.. Model.Skip(1), new(State("dense/kernel", ElementType.F32, 3, 2), VariableRole.Trainable, null),
            new(State("more", ElementType.F32, 2), VariableRole.Trainable, null)]);
        Errors.Expect("SGC6006", () => wider.LoadWeights(PathOf("w")), "'dense/kernel' as f32[2,3]", "f32[3,2]");
        Assert.Equal(0, wider.Variable<double>("größe")[0]);
        report = wider.LoadWeights(PathOf("w"), partial: true);
        Assert.Equal(["größe", "mask", "none"], report.Loaded.Order(StringComparer.Ordinal));
        Assert.Contains("'more'", Assert.Single(report.Missing), StringComparison.Ordinal);
        Assert.Contains("f32[3,2]", Assert.Single(report.Different), StringComparison.Ordinal);
        Assert.Equal(["dense/kernel"], report.Unused.ToArray());
        Assert.Equal(store.Variable<double>("größe"), wider.Variable<double>("größe"));

        using var renamed = new VariableStore();
        renamed.Declare([new(State("body/kernel", ElementType.F32, 2, 3), VariableRole.Trainable, null)]);
        Errors.Expect("SGC6006", () => renamed.LoadWeights(PathOf("w")), "no tensor 'body/kernel'");
        renamed.LoadWeights(PathOf("w"), rename: n => n.Replace("body", "dense", StringComparison.Ordinal));
        Assert.Equal(store.Variable<float>("dense/kernel"), renamed.Variable<float>("body/kernel"));
        Errors.Expect("SGC6001", () => store.LoadWeights(PathOf("missing")), "missing", "does not exist");
        using var whole = TensorFile.Open(PathOf("w"));
        Errors.Expect("SGC6006", () => store.Restore(whole), "'step'");
        Errors.Expect("SGC6006", () => renamed.Restore(whole), "no such variable");
    }

    [Fact]
    public void A_copy_is_of_its_moment()
    {
        using var store = Filled(4);
        var copy = store.Snapshot();
        Assert.Equal(6 * 4 + 8 + 5 + 8, copy.Bytes);
        store.Write("step", 1L);
        store.Restore(copy);
        Assert.Equal(4L << 40, store.Variable<long>("step")[0]);
        store.Write("step", 2L);
        copy.Update();
        store.Write("step", 3L);
        store.Restore(copy);
        Assert.Equal(2, store.Variable<long>("step")[0]);
        using var other = new VariableStore();
        other.Declare([Model[0]]);
        Errors.Expect("SGC6006", () => other.Restore(copy), "5 variables");
        other.Declare([new(State("new", ElementType.F32, 1), VariableRole.Trainable, null)]);
        Errors.Expect("SGC6006", () => other.Restore(copy), "new : f32[1]");
        store.Dispose();
        Errors.Expect("SGC5002", copy.Update);
    }

    // A disk that is full after some bytes.
    private sealed class FullDisk(Stream file, long room) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            file.Write(buffer, offset, (int)Math.Min(count, room));
            if (count > room) throw new IOException("No space left on device");
            room -= count;
        }

        public override void Flush() => file.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) file.Dispose();
            base.Dispose(disposing);
        }
    }

    [Fact]
    public void A_full_disk_leaves_the_file_that_was_there()
    {
        using var store = Filled(4);
        var path = PathOf("kept");
        store.Snapshot().Save(path);
        var before = File.ReadAllBytes(path);
        using var other = Filled(9);
        var copy = other.Snapshot();
        for (var room = 0L; room < before.Length; room += 7)
        {
            var left = room;
            Errors.Expect("SGC6001", () => copy.Save(path, null, null, p => new FullDisk(File.Create(p), left)), "No space left");
            Assert.Equal(before, File.ReadAllBytes(path));
            Assert.Equal([path], Directory.GetFiles(_folder));
        }
        copy.Save(path, null, null, p => new FullDisk(File.Create(p), before.Length));
        Assert.Equal(before.Length, new FileInfo(path).Length);
        other.Restore(copy);
    }
}
