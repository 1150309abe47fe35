using System.Buffers.Binary;

namespace GraphCompiler.Runtime.Deployment;

// A checkpoint is 8 bytes of magic, the 32 bytes of the source's SHA-256, all states in order, and FNV-1a of the states.
// Libraries read and write the same files from C.
public abstract unsafe partial class CompiledModel
{
    private const int HeaderBytes = 40;

    /// <summary>Writes parameters and optimizer state to a file, beside it first: an older one is replaced whole or not at all, however
    /// many write to one path.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5005: run by another thread. SGC6001: the file cannot be
    /// written.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var entry = _training.Enter();
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            Write(temporary, States());
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RuntimeException(RuntimeCode.FileMissing, $"checkpoint '{path}' cannot be written: {error.Message}", error);
        }
        finally
        {
            if (File.Exists(temporary)) File.Delete(temporary);
        }
    }

    private void Write(string path, PinnedMemory[] states)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        file.Write("SGCSTAT1"u8);
        file.Write(Convert.FromHexString(_manifest.SourceSha256));
        var hash = Fnv.Start;
        foreach (var state in states)
        {
            var bytes = state.Elements<byte>(checked((int)state.Bytes));
            file.Write(bytes);
            hash = Fnv.Add(hash, bytes);
        }
        Span<byte> end = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(end, hash);
        file.Write(end);
    }

    /// <summary>Takes over parameters and optimizer state of a file that this model wrote. On an error nothing has changed.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5005: run by another thread. SGC6001: no such file, or it cannot be read.
    /// SGC7208: not a checkpoint of this model, truncated or altered.</exception>
    public void Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path)) throw new RuntimeException(RuntimeCode.FileMissing, $"there is no checkpoint '{path}'");
        var bytes = ModelManifest.ReadBytes(path);
        using var entry = _training.Enter();
        var states = States();
        var size = states.Sum(s => s.Bytes);
        RuntimeException Bad(string why) => new(RuntimeCode.BadCheckpoint, $"checkpoint '{path}' {why}");
        if (bytes.Length < HeaderBytes || !bytes.AsSpan(0, 8).SequenceEqual("SGCSTAT1"u8))
            throw Bad("is not a checkpoint of a compiled model");
        if (Convert.ToHexStringLower(bytes.AsSpan(8, 32)) != _manifest.SourceSha256)
            throw Bad($"was written by another model than '{_manifest.Model}'");
        if (bytes.Length != HeaderBytes + size + 8) throw Bad($"has {bytes.Length} bytes, expected are {HeaderBytes + size + 8}");
        var content = bytes.AsSpan(HeaderBytes, (int)size);
        if (Fnv.Add(Fnv.Start, content) != BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(^8..)))
            throw Bad("was altered: its checksum differs");
        foreach (var state in states)
        {
            var elements = state.Elements<byte>((int)state.Bytes);
            content[..elements.Length].CopyTo(elements);
            content = content[elements.Length..];
        }
    }

    private PinnedMemory[] States() => [.. _manifest.Training.Where(b => b.Role == BufferRole.State).Select(b => _states.Find(b.Name))];

    private static class Fnv
    {
        public const ulong Start = 14695981039346656037UL;

        public static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
        {
            foreach (var b in bytes) hash = unchecked((hash ^ b) * 1099511628211UL);
            return hash;
        }
    }
}
