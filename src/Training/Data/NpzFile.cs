using System.IO.Compression;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Reads NumPy's files of several arrays, .npz, as <c>numpy.savez</c> and <c>savez_compressed</c> write them.</summary>
public static class NpzFile
{
    private const string Suffix = ".npy";

    // Deflate makes no more of a byte, so what declares more is not believed, and no memory taken for it.
    private const long MostExpansion = 1032;

    /// <summary>The names of a file's arrays, in its order.</summary>
    /// <exception cref="RuntimeException">SGC6001: missing or unreadable. SGC6002: not such a file.</exception>
    public static IReadOnlyList<string> Names(string path) => Open<string[]>(path, archive => [.. archive.Entries.Select(NameOf)]);

    /// <summary>Reads one array.</summary>
    /// <typeparam name="T">The elements' type, as of <see cref="NpyFile.Read{T}(string)"/>.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="name">The array's, as it was given to <c>savez</c>; <c>arr_0</c> and so on where none was.</param>
    /// <exception cref="RuntimeException">SGC5004: no such array. SGC6001: missing or unreadable. SGC6002: not such a file. Else as of
    /// <see cref="NpyFile.Read{T}(string)"/>.</exception>
    public static NpyArray<T> Read<T>(string path, string name) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(name);
        return Open(path, archive =>
        {
            var entry = archive.Entries.FirstOrDefault(e => NameOf(e) == name) ?? throw new RuntimeException(RuntimeCode.UnknownArgument,
                $"'{path}' has no array '{name}'; there are: {string.Join(", ", archive.Entries.Select(NameOf))}");
            if (entry.Length > MostExpansion * (entry.CompressedLength + 1))
                throw new RuntimeException(RuntimeCode.WrongFormat,
                    $"'{path}' declares {entry.Length} bytes for '{name}', and cannot have them");
            using var stream = entry.Open();
            return NpyFile.Read<T>(stream, entry.Length, $"'{name}' of '{path}'");
        });
    }

    private static string NameOf(ZipArchiveEntry entry) =>
        entry.FullName.EndsWith(Suffix, StringComparison.Ordinal) ? entry.FullName[..^Suffix.Length] : entry.FullName;

    private static T Open<T>(string path, Func<ZipArchive, T> read)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            using var archive = ZipFile.OpenRead(path);
            return read(archive);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            throw new RuntimeException(RuntimeCode.WrongFormat, $"'{path}' is not a file of NumPy's arrays: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new RuntimeException(RuntimeCode.FileMissing, $"'{path}' cannot be read: {error.Message}", error);
        }
    }
}
