using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace GraphCompiler.Backend.Llvm;

/// <summary>The file of an <see cref="ObjectCache"/>'s entry: a SHA-256 hash of all that follows, then the key, the number of objects,
/// and each object's length and bytes.</summary>
/// <remarks>The hash finds damage and entries under another's name. It has no secret: the file system decides who may write.</remarks>
internal static class ObjectCacheEntry
{
    private const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>The bytes of an entry.</summary>
    public static byte[] Encode(string key, byte[][] objects)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(new byte[HashBytes]);
        writer.Write(key);
        writer.Write(objects.Length);
        foreach (var code in objects)
        {
            writer.Write(code.Length);
            writer.Write(code);
        }
        var bytes = stream.ToArray();
        SHA256.HashData(bytes.AsSpan(HashBytes), bytes);
        return bytes;
    }

    /// <summary>The objects of an entry, or null if it is damaged or another key's.</summary>
    public static byte[][]? Decode(string key, ReadOnlySpan<byte> bytes)
    {
        // What an entry of this key has behind its hash.
        var start = Encode(key, []).AsSpan(HashBytes)[..^sizeof(int)];
        if (bytes.Length < HashBytes || !SHA256.HashData(bytes[HashBytes..]).AsSpan().SequenceEqual(bytes[..HashBytes])) return null;
        if (!bytes[HashBytes..].StartsWith(start)) return null;
        var remaining = bytes[(HashBytes + start.Length)..];
        // Each object takes at least its length: a count is never allocated for before it is known to fit.
        if (!TryReadLength(ref remaining, out var count) || count > remaining.Length / sizeof(int)) return null;
        var objects = new byte[count][];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadLength(ref remaining, out var length) || length > remaining.Length) return null;
            objects[i] = remaining[..length].ToArray();
            remaining = remaining[length..];
        }
        return remaining.IsEmpty ? objects : null;
    }

    private static bool TryReadLength(ref ReadOnlySpan<byte> bytes, out int length)
    {
        length = -1;
        if (!BinaryPrimitives.TryReadInt32LittleEndian(bytes, out var read) || read < 0) return false;
        length = read;
        bytes = bytes[sizeof(int)..];
        return true;
    }
}
