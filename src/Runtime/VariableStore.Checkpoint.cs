using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using GraphCompiler.Runtime.Files;

namespace GraphCompiler.Runtime;

// A checkpoint is 8 bytes of magic, the SHA-256 of what the variables are, their elements in the order of their names, and FNV-1a of
// these. Libraries compiled ahead of time read and write the same files from C.
public sealed partial class VariableStore
{
    private const int HashBytes = 32;
    private const int ChunkBytes = 1 << 20;
    private const ulong FnvStart = 14695981039346656037UL;

    private static ReadOnlySpan<byte> Magic => "SGCSTAT2"u8;

    /// <summary>Writes all variables to a file, beside it first and to the disk itself: an older one is replaced whole or not at all,
    /// however many write to one path.</summary>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5005: another thread runs a function that replaces variables.
    /// SGC6001: the file cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Attempt($"checkpoint '{path}' cannot be written", () => DurableFile.Write(path, Write));
    }

    /// <summary>Writes all variables to a stream, which stays open.</summary>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5005: another thread runs a function that replaces variables.
    /// SGC6001: the stream cannot be written.</exception>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Attempt("the checkpoint cannot be written", () => Write(stream));
    }

    /// <summary>Takes over all variables from a file of a store, or of a model compiled ahead of time, with the same variables.</summary>
    /// <remarks>On an error nothing has changed. Compile the functions first: they say which variables there are.</remarks>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5005: another thread runs a function of this store. SGC6001:
    /// no such file, or it cannot be read. SGC7208: not a checkpoint of these variables, truncated or altered.</exception>
    public void Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path)) throw new RuntimeException(RuntimeCode.FileMissing, $"there is no checkpoint '{path}'");
        Attempt($"checkpoint '{path}' cannot be read", () =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            Read(file, $"checkpoint '{path}'");
        });
    }

    /// <summary>Takes over all variables from a stream, which ends with them; it stays open.</summary>
    /// <exception cref="RuntimeException">As for a file; SGC6001: the stream cannot be read.</exception>
    public void Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Attempt("the checkpoint cannot be read", () => Read(stream, "the checkpoint"));
    }

    /// <summary>SHA-256 of names, types and shapes: where it is the same, variables can be taken over.</summary>
    internal static byte[] HashOf(IEnumerable<VariableInfo> variables)
    {
        var lines = variables.OrderBy(v => v.Name, StringComparer.Ordinal).Select(v => $"{v.Name} {v.TypeText}\n");
        return SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines)));
    }

    private Entry[] Ordered()
    {
        lock (_lock) return [.. Entries.Values.OrderBy(e => e.Info.Name, StringComparer.Ordinal)];
    }

    private void Write(Stream stream)
    {
        var entries = Ordered();
        EnterToRead();
        try
        {
            stream.Write(Magic);
            stream.Write(HashOf(entries.Select(e => e.Info)));
            var hash = FnvStart;
            foreach (var entry in entries)
                for (var at = 0L; at < entry.ElementBytes; at += ChunkBytes)
                {
                    var chunk = Chunk(entry.Memory, at, entry.ElementBytes);
                    stream.Write(chunk);
                    hash = Fnv(hash, chunk);
                }
            Span<byte> end = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(end, hash);
            stream.Write(end);
        }
        finally
        {
            Gate.ExitFromReading();
        }
    }

    // Read and checked as a whole before anything changes.
    private void Read(Stream stream, string what)
    {
        RuntimeException Bad(string why) => new(RuntimeCode.BadCheckpoint, $"{what} {why}");
        var entries = Ordered();
        void Fill(Span<byte> bytes)
        {
            if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw Bad("is truncated");
        }
        Span<byte> header = stackalloc byte[Magic.Length + HashBytes];
        Fill(header);
        if (!header.StartsWith(Magic)) throw Bad("is not a checkpoint");
        if (!header[Magic.Length..].SequenceEqual(HashOf(entries.Select(e => e.Info))))
            throw Bad($"holds other variables than these {entries.Length}: another model's, or of other types and shapes");
        var (read, hash) = (Array.ConvertAll(entries, e => new PinnedMemory(e.ElementBytes)), FnvStart);
        foreach (var memory in read)
            for (var at = 0L; at < memory.Bytes; at += ChunkBytes)
            {
                var chunk = Chunk(memory, at, memory.Bytes);
                Fill(chunk);
                hash = Fnv(hash, chunk);
            }
        Span<byte> end = stackalloc byte[sizeof(ulong)];
        Fill(end);
        if (hash != BinaryPrimitives.ReadUInt64LittleEndian(end)) throw Bad("was altered: its checksum differs");
        if (stream.ReadByte() >= 0) throw Bad("is longer than its variables");
        EnterAlone();
        for (var i = 0; i < entries.Length; i++)
            for (var at = 0L; at < read[i].Bytes; at += ChunkBytes)
                Chunk(read[i], at, read[i].Bytes).CopyTo(Chunk(entries[i].Memory, at, read[i].Bytes));
        Gate.ExitAlone();
    }

    private static Span<byte> Chunk(PinnedMemory memory, long at, long end) => memory.Slice(at, (int)Math.Min(ChunkBytes, end - at));

    internal static void Attempt(string failure, Action action) => Attempt(failure, () =>
    {
        action();
        return true;
    });

    internal static T Attempt<T>(string failure, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException
            or ObjectDisposedException)
        {
            throw new RuntimeException(RuntimeCode.FileMissing, $"{failure}: {error.Message}", error);
        }
    }

    private static ulong Fnv(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes) hash = unchecked((hash ^ b) * 1099511628211UL);
        return hash;
    }
}
