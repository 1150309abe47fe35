using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace GraphCompiler.Runtime.Files;

/// <summary>Writes safetensors files: tensors by size of their elements, then by name, so that each is aligned to its elements, and the
/// same content is the same bytes.</summary>
internal static class TensorFileWriter
{
    // A cache line: where a file is mapped, vectors are aligned.
    private const int DataAlignment = 64;

    private const int ChunkBytes = 1 << 20;

    /// <summary>A tensor to be written.</summary>
    /// <param name="Name">Unique within the file.</param>
    /// <param name="Type">The type of its elements.</param>
    /// <param name="Dimensions">Sizes, outermost first.</param>
    /// <param name="Memory">Its elements, row-major, perhaps with something after them.</param>
    public readonly record struct Item(string Name, ElementType Type, ImmutableArray<int> Dimensions, PinnedMemory Memory)
    {
        /// <summary>The elements' bytes.</summary>
        public long Bytes => Dimensions.Aggregate((long)Type.SizeOf(), (bytes, size) => bytes * size);
    }

    /// <summary>Writes a file, with checksums.</summary>
    /// <exception cref="RuntimeException">SGC5011: a key of the texts is that of a checksum. SGC6002: the header would be too
    /// long.</exception>
    public static void Write(Stream stream, IEnumerable<Item> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Item[] ordered = [.. tensors.OrderByDescending(t => t.Type.SizeOf()).ThenBy(t => t.Name, StringComparer.Ordinal)];
        var json = Header(ordered, metadata);
        Span<byte> length = stackalloc byte[TensorFile.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        var place = TensorHeader.PlaceOfText(json, TensorFile.ChecksumKey);
        Encoding.ASCII.GetBytes(TensorFile.HeaderDigitsOf(length, json), json.AsSpan(place));
        stream.Write(length);
        stream.Write(json);
        foreach (var tensor in ordered)
            for (var at = 0L; at < tensor.Bytes; at += ChunkBytes) stream.Write(Chunk(tensor, at));
    }

    private static ReadOnlySpan<byte> Chunk(Item tensor, long at) =>
        tensor.Memory.Slice(at, (int)Math.Min(ChunkBytes, tensor.Bytes - at));

    // The digits of its own checksum are zeros.
    private static byte[] Header(Item[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject(TensorHeader.MetadataKey);
            json.WriteString(TensorFile.ChecksumKey, new string('0', 2 * SHA256.HashSizeInBytes));
            foreach (var (key, text) in metadata.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                if (key.StartsWith(TensorFile.ChecksumKey, StringComparison.Ordinal))
                    throw new RuntimeException(RuntimeCode.BadArgument, $"the key '{key}' is that of a checksum; choose another");
                json.WriteString(key, text);
            }
            foreach (var tensor in tensors) json.WriteString($"{TensorFile.ChecksumKey}:{tensor.Name}", Checksum(tensor));
            json.WriteEndObject();
            var begin = 0L;
            foreach (var tensor in tensors)
            {
                WriteEntry(json, tensor, begin);
                begin += tensor.Bytes;
            }
            json.WriteEndObject();
        }
        var bytes = buffer.WrittenCount;
        var padded = (TensorFile.LengthBytes + bytes + DataAlignment - 1) / DataAlignment * DataAlignment - TensorFile.LengthBytes;
        if (padded > TensorHeader.MostBytes)
            throw new RuntimeException(RuntimeCode.WrongFormat,
                $"a file of {tensors.Length} tensors would have a header of {padded} bytes; the format allows {TensorHeader.MostBytes}");
        buffer.GetSpan(padded - bytes)[..(padded - bytes)].Fill((byte)' ');
        buffer.Advance(padded - bytes);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteEntry(Utf8JsonWriter json, Item tensor, long begin)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", TensorTypes.NameOf(tensor.Type));
        json.WriteStartArray("shape");
        foreach (var size in tensor.Dimensions) json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(begin + tensor.Bytes);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Checksum(Item tensor)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var at = 0L; at < tensor.Bytes; at += ChunkBytes) hash.AppendData(Chunk(tensor, at));
        return TensorFile.TensorDigitsOf(hash);
    }
}
