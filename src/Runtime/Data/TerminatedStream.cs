namespace GraphCompiler.Runtime.Data;

/// <summary>The bytes of a gzip file, then eight bytes 0xff, so that a truncated trailer does not match.</summary>
/// <remarks>The decompressor checks the trailer, CRC-32 and length, only as far as the file has one. With a byte of 0xff in
/// place of its last, the length is 255 * 2^24 or more, which no array holds. After a whole trailer the bytes are ignored, as they do
/// not begin another member.</remarks>
internal sealed class TerminatedStream(Stream file) : Stream
{
    private const int TrailerBytes = 8;
    private int _left = TrailerBytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = file.Read(buffer);
        if (read > 0) return read;
        read = Math.Min(_left, buffer.Length);
        buffer[..read].Fill(0xff);
        _left -= read;
        return read;
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        base.Dispose(disposing);
    }
}
