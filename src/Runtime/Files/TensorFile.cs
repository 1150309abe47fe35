using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace GraphCompiler.Runtime.Files;

/// <summary>A safetensors file that is open for reading: tensors by name, and texts.</summary>
/// <remarks>
/// The format is Hugging Face's: the length of a header as 8 bytes, little endian; the header, JSON; the tensors' bytes end to end, little
/// endian and row-major (github.com/huggingface/safetensors). Opening checks all of the header (<see cref="TensorHeader"/>) before any
/// memory is allocated for tensors. Files that this library writes also carry checksums, which are compared where a file has them: that of
/// the header when it is opened, that of a tensor when it is read. For one thread at a time.
/// </remarks>
public sealed class TensorFile : IDisposable
{
    /// <summary>The key, among the texts, of the SHA-256 of length and header, itself taken for zeros, as 64 hexadecimal digits; and
    /// followed by a colon and a tensor's name, that of the first 16 bytes of the SHA-256 of the tensor's, as 32.</summary>
    internal const string ChecksumKey = "sha256";

    /// <summary>Digits of a tensor's checksum.</summary>
    internal const int TensorDigits = 32;

    internal const int LengthBytes = sizeof(ulong);
    private const int ChunkBytes = 1 << 20;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly long _start; // Of the tensors, in the stream.
    private readonly TensorHeader _header;

    private TensorFile(Stream stream, string name, bool leaveOpen)
    {
        (_stream, Name, _leaveOpen) = (stream, name, leaveOpen);
        var (first, length) = (stream.Position, stream.Length - stream.Position);
        if (length < LengthBytes) throw Short($"{Name} ends within the length of its header, after {length} bytes");
        Span<byte> prefix = stackalloc byte[LengthBytes];
        Fill(prefix);
        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerBytes > TensorHeader.MostBytes)
            throw new RuntimeException(RuntimeCode.WrongFormat,
                $"{Name} is not a safetensors file: its header would have {headerBytes} bytes, and the format's longest has"
                    + $" {TensorHeader.MostBytes}");
        if ((long)headerBytes > length - LengthBytes)
            throw Short($"{Name} ends within its header, which has {headerBytes} bytes; {length - LengthBytes} are there");
        var json = new byte[headerBytes];
        Fill(json);
        _start = first + LengthBytes + json.Length;
        _header = TensorHeader.Parse(json, length - LengthBytes - json.Length, Name);
        CheckHeader(prefix, json);
    }

    /// <summary>The file in messages.</summary>
    public string Name { get; }

    /// <summary>The tensors in the order of their bytes.</summary>
    public ImmutableArray<TensorEntry> Tensors => _header.Entries;

    /// <summary>The texts by key, those of checksums among them.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="RuntimeException">SGC6001: missing or unreadable. SGC6002: it breaks a rule of the format. SGC6003: it ends before
    /// a tensor does. SGC6005: the header was altered.</exception>
    public static TensorFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var name = $"'{path}'";
        return Attempt(name, () =>
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            try
            {
                return new TensorFile(stream, name, leaveOpen: false);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        });
    }

    /// <summary>Reads from a stream, from its position to its end; it stays open.</summary>
    /// <param name="stream">One that can seek.</param>
    /// <exception cref="RuntimeException">As for a file; SGC6001: a stream that cannot be read or cannot seek.</exception>
    public static TensorFile Open(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Attempt("the stream", () => new TensorFile(stream, "the stream", leaveOpen: true));
    }

    /// <summary>Is there a tensor of this name?</summary>
    public bool Contains(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _header.ByName.ContainsKey(name);
    }

    /// <summary>What the header says about a tensor.</summary>
    /// <exception cref="RuntimeException">SGC5004: no such tensor.</exception>
    public TensorEntry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _header.ByName.TryGetValue(name, out var entry) ? entry : throw new RuntimeException(RuntimeCode.UnknownArgument,
            $"{Name} has no tensor '{TensorHeader.Shown(name)}'");
    }

    /// <summary>A tensor's elements, row-major.</summary>
    /// <typeparam name="T">A type that holds its elements, see <see cref="ElementType"/>.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="RuntimeException">SGC5003: other element type. SGC5004: no such tensor. SGC5010: more than an array or memory
    /// holds. SGC6001: unreadable. SGC6003: cut short meanwhile. SGC6005: the tensor was altered.</exception>
    public T[] Read<T>(string name) where T : unmanaged
    {
        var entry = Find(name);
        if (entry.Type is not { } type || !ElementTypes.Holds<T>(type))
            throw new RuntimeException(RuntimeCode.WrongType,
                $"tensor '{TensorHeader.Shown(name)}' is {entry.TypeText}, and an array of {typeof(T).Name} cannot hold it");
        if (entry.Bytes / type.SizeOf() > Array.MaxLength)
            throw new RuntimeException(RuntimeCode.OutOfMemory, $"tensor '{TensorHeader.Shown(name)}' has more elements than an array");
        var elements = new T[entry.Bytes / type.SizeOf()];
        Read(entry, (at, count) => MemoryMarshal.AsBytes(elements.AsSpan((int)(at / type.SizeOf()), count / type.SizeOf())));
        return elements;
    }

    /// <summary>Closes the file. Can be called twice.</summary>
    public void Dispose()
    {
        if (!_leaveOpen) _stream.Dispose();
    }

    /// <summary>Some bytes of what a tensor is read into.</summary>
    internal delegate Span<byte> Destination(long start, int count);

    /// <summary>Reads a tensor, piece by piece, and compares its checksum where the file has it.</summary>
    internal void Read(TensorEntry entry, Destination destination) => Attempt(Name, () =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _stream.Position = _start + entry.Begin;
        for (var at = 0L; at < entry.Bytes; at += ChunkBytes)
        {
            var chunk = destination(at, (int)Math.Min(ChunkBytes, entry.Bytes - at));
            Fill(chunk);
            hash.AppendData(chunk);
        }
        if (Metadata.TryGetValue($"{ChecksumKey}:{entry.Name}", out var expected) && expected != TensorDigitsOf(hash))
            throw Altered($"{Name}: tensor '{TensorHeader.Shown(entry.Name)}' was altered: its checksum differs");
        return 0;
    });

    /// <summary>The checksum of a tensor's bytes.</summary>
    internal static string TensorDigitsOf(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset())[..TensorDigits];

    /// <summary>The checksum of a header, in which the checksum's own digits are zeros.</summary>
    internal static string HeaderDigitsOf(ReadOnlySpan<byte> length, ReadOnlySpan<byte> json)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(length);
        hash.AppendData(json);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void CheckHeader(ReadOnlySpan<byte> length, byte[] json)
    {
        if (!Metadata.TryGetValue(ChecksumKey, out var expected))
        {
            // Whoever writes those of tensors writes that of the header too.
            if (Metadata.Keys.Any(k => k.StartsWith($"{ChecksumKey}:", StringComparison.Ordinal)))
                throw Altered($"{Name} was altered: its header's checksum is not there");
            return;
        }
        json.AsSpan(TensorHeader.PlaceOfText(json, ChecksumKey)).Fill((byte)'0');
        if (HeaderDigitsOf(length, json) != expected) throw Altered($"{Name} was altered: its header's checksum differs");
    }

    private void Fill(Span<byte> bytes)
    {
        var read = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read < bytes.Length) throw Short($"{Name} ends {bytes.Length - read} bytes before what its header declares");
    }

    private static RuntimeException Short(string message) => new(RuntimeCode.FileCutShort, message);

    private static RuntimeException Altered(string message) => new(RuntimeCode.AlteredFile, message);

    private static T Attempt<T>(string name, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException
            or ObjectDisposedException)
        {
            var what = error is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : "cannot be read";
            throw new RuntimeException(RuntimeCode.FileMissing, $"{name} {what}: {error.Message}", error);
        }
    }
}
