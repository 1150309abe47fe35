using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Compression;

namespace GraphCompiler.Runtime.Data;

/// <summary>Reads an IDX file of bytes (the format of MNIST), compressed with gzip or not, from front to back.</summary>
/// <remarks>The format: a big-endian magic number 00 00 08 n, then n big-endian 32-bit sizes, then the bytes,
/// row-major. Described at yann.lecun.com/exdb/mnist. Compression is recognized by gzip's own magic number, 1f 8b.</remarks>
public sealed class IdxFile : IDisposable
{
    /// <summary>The magic number of one-dimensional bytes: labels.</summary>
    public const int LabelsMagic = 0x0801;

    /// <summary>The magic number of three-dimensional bytes: images by number, row and column.</summary>
    public const int ImagesMagic = 0x0803;

    // Deflate cannot do better than 1032:1, so a header that declares more than that is wrong before anything is read.
    private const long LargestExpansion = 1032;

    // What is allocated for compressed data before any of it is read.
    private const int FirstChunk = 1 << 20;

    private readonly Stream _stream;
    private readonly bool _compressed;
    private long _position;

    private IdxFile(string path, Stream stream, bool compressed) =>
        (Path, _stream, _compressed) = (path, stream, compressed);

    /// <summary>The file that is read.</summary>
    public string Path { get; }

    /// <summary>The sizes in the header, outermost first.</summary>
    public ImmutableArray<int> Dimensions { get; private set; } = [];

    /// <summary>Bytes of data that the header declares: the product of the dimensions.</summary>
    public long DataBytes { get; private set; }

    /// <summary>Opens a file and reads its header.</summary>
    /// <param name="path">The file.</param>
    /// <param name="magic">The magic number that it must have: 0x0800 plus the number of dimensions.</param>
    /// <exception cref="RuntimeException">SGC6001: missing or unreadable; SGC6002: another magic number, damaged
    /// compression, or more data than an array holds; SGC6003: too short for its header.</exception>
    public static IdxFile Open(string path, int magic)
    {
        ArgumentNullException.ThrowIfNull(path);
        var raw = OpenRaw(path);
        try
        {
            Span<byte> start = stackalloc byte[2];
            var compressed = raw.ReadAtLeast(start, 2, throwOnEndOfStream: false) == 2 && start is [0x1f, 0x8b];
            raw.Position = 0;
            Stream stream = compressed ? new GZipStream(new TerminatedStream(raw), CompressionMode.Decompress) : raw;
            var file = new IdxFile(path, stream, compressed);
            file.ReadHeader(magic, raw.Length);
            return file;
        }
        catch
        {
            raw.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next bytes of data, all of them or none.</summary>
    /// <param name="destination">Filled completely.</param>
    /// <exception cref="RuntimeException">SGC6002: damaged compression; SGC6003: the file ends before.</exception>
    public void Read(Span<byte> destination)
    {
        var read = Fill(destination);
        if (read == destination.Length) return;
        throw new RuntimeException(RuntimeCode.FileCutShort,
            $"{Path} ends after {_position} bytes{UncompressedText}; its header {HeaderText} declares {HeaderBytes + DataBytes}");
    }

    /// <summary>Reads all data that follows, to the end of the file.</summary>
    /// <remarks>Memory grows with what has been read: a compressed file whose header declares more than it holds is refused
    /// before more than twice its content, or 1 MiB, is allocated at once.</remarks>
    /// <returns><see cref="DataBytes"/> bytes, when none was read before.</returns>
    /// <exception cref="RuntimeException">As <see cref="Read"/> and <see cref="EnsureEnd"/>.</exception>
    public byte[] ReadToEnd()
    {
        var total = (int)(HeaderBytes + DataBytes - _position);
        // The length of a plain file is known to be enough.
        var data = new byte[_compressed ? Math.Min(total, FirstChunk) : total];
        for (var start = 0; start < total;)
        {
            if (start == data.Length) Array.Resize(ref data, (int)Math.Min(total, 2L * start));
            Read(data.AsSpan(start));
            start = data.Length;
        }
        EnsureEnd();
        return data;
    }

    /// <summary>Checks that nothing follows the data, and that a compressed file ends with its checksum and length.</summary>
    /// <exception cref="RuntimeException">SGC6002: damaged or missing checksum or length; SGC6004: the file is longer than its
    /// header declares.</exception>
    public void EnsureEnd()
    {
        Span<byte> next = stackalloc byte[1];
        if (Fill(next) != 0)
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"{Path} is longer than the {HeaderBytes + DataBytes} bytes{UncompressedText} that its header {HeaderText} declares");
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    private long HeaderBytes => 4 + 4L * Dimensions.Length;

    private string HeaderText => $"[{string.Join(',', Dimensions)}]";

    private string UncompressedText => _compressed ? " (uncompressed)" : "";

    private static FileStream OpenRaw(string path)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
            if (stream.CanSeek) return stream;
            stream.Dispose();
            throw new IOException("it is not a regular file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            var what = e is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : "cannot be opened";
            throw new RuntimeException(RuntimeCode.FileMissing, $"{path} {what}: {e.Message}", e);
        }
    }

    private void ReadHeader(int magic, long fileBytes)
    {
        var found = ReadInt32();
        if (found != magic)
            throw new RuntimeException(RuntimeCode.WrongFormat,
                $"{Path} starts with the magic number 0x{found:x8}, and 0x{magic:x8} is expected");

        var dimensions = ImmutableArray.CreateBuilder<int>(magic & 0xff);
        var limit = _compressed ? Math.Min(fileBytes, int.MaxValue) * LargestExpansion : fileBytes;
        var bytes = 1L;
        for (var i = 0; i < (magic & 0xff); i++)
        {
            var size = ReadInt32();
            if (size < 0)
                throw new RuntimeException(RuntimeCode.WrongFormat, $"{Path} declares a dimension of {(uint)size}");
            dimensions.Add(size);
            // Both factors are below 2^31 here, for the product so far has passed the checks below.
            bytes *= size;
            if (bytes > limit)
                throw new RuntimeException(RuntimeCode.FileCutShort,
                    $"{Path} declares [{string.Join(',', dimensions)},...], at least {bytes} bytes, "
                        + $"which a file of {fileBytes} bytes cannot hold");
            if (bytes > Array.MaxLength)
                throw new RuntimeException(RuntimeCode.WrongFormat,
                    $"{Path} declares [{string.Join(',', dimensions)},...], at least {bytes} bytes; at most {Array.MaxLength} can be read");
        }
        Dimensions = dimensions.MoveToImmutable();
        DataBytes = bytes;
    }

    private int ReadInt32()
    {
        Span<byte> bytes = stackalloc byte[4];
        var read = Fill(bytes);
        return read == 4
            ? BinaryPrimitives.ReadInt32BigEndian(bytes)
            : throw new RuntimeException(RuntimeCode.FileCutShort,
                $"{Path} ends within its header, after {_position} bytes{UncompressedText}");
    }

    private int Fill(Span<byte> destination)
    {
        try
        {
            var read = _stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
            _position += read;
            return read;
        }
        catch (InvalidDataException e)
        {
            throw new RuntimeException(RuntimeCode.WrongFormat, $"{Path} is gzip that is damaged or truncated: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new RuntimeException(RuntimeCode.FileMissing, $"{Path} cannot be read: {e.Message}", e);
        }
    }
}
