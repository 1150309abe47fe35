using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace GraphCompiler.Runtime.Files;

/// <summary>The header of a safetensors file: an object of JSON with an entry for each tensor, and texts by name.</summary>
/// <remarks>
/// Nothing in it is trusted. Names are unique, also those within an entry; numbers are whole and not negative; a tensor has the bytes that
/// its type and shape take; and the tensors lie end to end, so that none overlaps another and no byte is left over.
/// </remarks>
internal sealed class TensorHeader
{
    /// <summary>The key of the texts.</summary>
    public const string MetadataKey = "__metadata__";

    /// <summary>The longest header that the format allows, in bytes.</summary>
    public const int MostBytes = 100_000_000;

    private const int MostShown = 80;

    private readonly string _file;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorEntry> _byName = new(StringComparer.Ordinal);

    private TensorHeader(string file) => _file = file;

    /// <summary>The texts of <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> ByName => _byName;

    /// <summary>The tensors in the order of their bytes.</summary>
    public ImmutableArray<TensorEntry> Entries { get; private set; } = [];

    /// <summary>Where in the header the value of <paramref name="key"/> in the texts stands, without its quotes; empty if there is
    /// none.</summary>
    public static Range PlaceOfText(ReadOnlySpan<byte> json, string key)
    {
        var reader = new Utf8JsonReader(json);
        var isWithin = false;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName) continue;
            if (reader.CurrentDepth == 1) isWithin = reader.ValueTextEquals(MetadataKey);
            if (!isWithin || reader.CurrentDepth != 2 || !reader.ValueTextEquals(key)) continue;
            reader.Read();
            return ((int)reader.TokenStartIndex + 1)..((int)reader.BytesConsumed - 1);
        }
        return default;
    }

    /// <summary>Parses and checks a header.</summary>
    /// <param name="json">All of it, with the spaces that it may end with.</param>
    /// <param name="dataBytes">What follows it in the file.</param>
    /// <param name="file">The file's name in messages.</param>
    /// <exception cref="RuntimeException">SGC6002: it breaks a rule of the format; the message names the tensor. SGC6003: the file ends
    /// before a tensor does.</exception>
    public static TensorHeader Parse(ReadOnlySpan<byte> json, long dataBytes, string file)
    {
        var header = new TensorHeader(file);
        try
        {
            header.Parse(json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw header.Bad($"has a header that is not the format's JSON: {error.Message}");
        }
        header.CheckTiling(dataBytes);
        return header;
    }

    /// <summary>A name as messages show it: on one line, and not too long.</summary>
    public static string Shown(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name.Length > MostShown ? name[..MostShown] : name)
        {
            if (char.IsControl(c) || char.IsSurrogate(c)) text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else text.Append(c);
        }
        return name.Length > MostShown ? $"{text}..." : text.ToString();
    }

    private RuntimeException Bad(string why) => new(RuntimeCode.WrongFormat, $"{_file} {why}");

    private RuntimeException BadTensor(string name, string why) => Bad($"declares tensor '{Shown(name)}' {why}");

    private void Parse(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != '{') throw Bad("has a header that does not begin with '{'");
        // The reader itself takes any white space after the object, where the format has only spaces.
        var reader = new Utf8JsonReader(json.TrimEnd((byte)' '));
        reader.Read();
        var hasTexts = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) throw BadTensor(name, "as something else than an object");
            if (name != MetadataKey)
            {
                if (!_byName.TryAdd(name, ParseEntry(ref reader, name))) throw BadTensor(name, "twice");
                continue;
            }
            if (hasTexts) throw Bad($"has {MetadataKey} twice");
            hasTexts = true;
            ParseTexts(ref reader);
        }
        if (reader.Read() || json.TrimEnd((byte)' ')[^1] != '}') throw Bad("has something else than spaces after its header");
    }

    private void ParseTexts(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String) throw Bad($"has {MetadataKey} '{Shown(key)}', which is no text");
            if (!_metadata.TryAdd(key, reader.GetString()!)) throw Bad($"has {MetadataKey} '{Shown(key)}' twice");
        }
    }

    private TensorEntry ParseEntry(ref Utf8JsonReader reader, string name)
    {
        string? type = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (key is not ("dtype" or "shape" or "data_offsets")) throw BadTensor(name, $"with an unknown '{Shown(key)}'");
            if (key switch { "dtype" => type is not null, "shape" => shape is not null, _ => offsets is not null })
                throw BadTensor(name, $"with '{key}' twice");
            if (key == "dtype")
            {
                if (reader.TokenType != JsonTokenType.String) throw BadTensor(name, "with a dtype that is no text");
                type = reader.GetString()!;
            }
            else if (key == "shape") shape = Numbers(ref reader, name, key);
            else offsets = Numbers(ref reader, name, key);
        }
        if (type is null || shape is null || offsets is not [var begin, var end])
            throw BadTensor(name, "without a dtype, a shape and two data_offsets");
        if (end < begin) throw BadTensor(name, $"to end at {end}, before its beginning at {begin}");
        var entry = new TensorEntry(name, type, [.. shape], begin, end);
        if (TensorTypes.Find(type) is not var (bits, _)) throw BadTensor(name, $"of the unknown dtype '{Shown(type)}'");
        var expected = (UInt128)bits;
        foreach (var size in shape)
        {
            expected *= (ulong)size;
            if (expected > (UInt128)long.MaxValue * 8)
                throw BadTensor(name, $"of shape [{string.Join(',', shape.Take(8))}], which no file holds");
        }
        if (expected != (UInt128)(ulong)entry.Bytes * 8)
            throw BadTensor(name, $"as {entry.TypeText}, which are {(ulong)expected / 8.0} bytes, and gives it {entry.Bytes}");
        return entry;
    }

    private List<long> Numbers(ref Utf8JsonReader reader, string name, string key)
    {
        const int MostNumbers = 64;
        if (reader.TokenType != JsonTokenType.StartArray) throw BadTensor(name, $"with a '{key}' that is no array");
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw BadTensor(name, $"with something else than whole numbers from 0 to 2^63 - 1 in '{key}'");
            numbers.Add(number);
            if (numbers.Count > MostNumbers) throw BadTensor(name, $"with more than {MostNumbers} numbers in '{key}'");
        }
        return numbers;
    }

    // End to end from 0 to the end of the file.
    private void CheckTiling(long dataBytes)
    {
        Entries = [.. _byName.Values.OrderBy(e => e.Begin).ThenBy(e => e.End)];
        var at = 0L;
        foreach (var entry in Entries)
        {
            if (entry.Begin < at) throw BadTensor(entry.Name, $"to begin at {entry.Begin}, within another, which ends at {at}");
            if (entry.Begin > at) throw BadTensor(entry.Name, $"to begin at {entry.Begin}, and there is nothing from {at} on");
            at = entry.End;
            if (at > dataBytes)
                throw new RuntimeException(RuntimeCode.FileCutShort,
                    $"{_file} ends {at - dataBytes} bytes before the end of tensor '{Shown(entry.Name)}'");
        }
        if (at < dataBytes) throw Bad($"has {dataBytes - at} bytes after its last tensor");
    }
}
