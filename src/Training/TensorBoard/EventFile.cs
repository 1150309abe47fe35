using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.TensorBoard;

/// <summary>A file of events that TensorBoard shows: scalars and images by tag and step.</summary>
/// <remarks>
/// Records as TensorFlow frames them (tensorflow/core/lib/io/record_writer.h): the length as u64, a checksum of it, the bytes, a checksum
/// of these, all little endian; a checksum is CRC-32C, rotated and shifted. The bytes are a message <c>Event</c> of
/// tensorflow/core/util/event.proto, whose field numbers are below. For one thread at a time.
/// </remarks>
public sealed class EventFile : IDisposable
{
    private const uint MaskDelta = 0xa282ead8;
    private const int RotatedBits = 15;

    private readonly FileStream _file;
    private readonly MemoryStream _event = new();

    /// <summary>Makes a file in a folder, by a name that no other has; the folder is made where it is not.</summary>
    /// <param name="folder">That <c>tensorboard --logdir</c> is told; each run has one of its own.</param>
    /// <exception cref="RuntimeException">SGC6001: it cannot be made.</exception>
    public EventFile(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        _file = VariableStore.Attempt($"'{folder}' cannot hold a file of events", () =>
        {
            Directory.CreateDirectory(folder);
            var seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            for (var number = 0; ; number++)
            {
                // TensorBoard reads the files of a folder in the order of their names.
                var name = string.Create(CultureInfo.InvariantCulture,
                    $"events.out.tfevents.{seconds:D10}.{Environment.MachineName}.{Environment.ProcessId}.{number:D4}");
                var path = System.IO.Path.Combine(folder, name);
                // Nothing is held back, so that a disk that is full is told of by the call that meets it.
                if (!File.Exists(path)) return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
            }
        });
        try
        {
            Write(0, output =>
            {
                output.WriteTag(EventField.FileVersion, WireFormat.WireType.LengthDelimited);
                output.WriteString("brain.Event:2");
            });
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Goes on with a file that is open.</summary>
    internal EventFile(FileStream file) => _file = file;

    /// <summary>The file.</summary>
    public string Path => _file.Name;

    /// <summary>Adds numbers of one step.</summary>
    /// <param name="step">Steps that had been made.</param>
    /// <param name="scalars">By tag, such as <c>loss</c> or <c>validation/accuracy</c>: what is before a '/' is a group. They are kept in
    /// f32.</param>
    /// <exception cref="RuntimeException">SGC6001: the file cannot be written.</exception>
    public void WriteScalars(long step, params ReadOnlySpan<(string Tag, double Value)> scalars)
    {
        foreach (var (tag, _) in scalars) ArgumentNullException.ThrowIfNull(tag, nameof(scalars));
        using var summary = new MemoryStream();
        foreach (var (tag, value) in scalars)
            Append(summary, SummaryField.Value, Message(output =>
            {
                WriteTag(output, tag);
                output.WriteTag(ValueField.SimpleValue, WireFormat.WireType.Fixed32);
                output.WriteFloat((float)value);
            }));
        WriteSummary(step, summary.ToArray());
    }

    /// <summary>Adds a picture of one step.</summary>
    /// <param name="step">Steps that had been made.</param>
    /// <param name="tag">Its name.</param>
    /// <param name="png">The bytes of a PNG file.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <exception cref="RuntimeException">SGC5011: not a size. SGC6001: the file cannot be written.</exception>
    public void WriteImage(long step, string tag, ReadOnlySpan<byte> png, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(tag);
        if (width < 1 || height < 1) throw new RuntimeException(RuntimeCode.BadArgument, $"an image of {width}×{height} pixels");
        var bytes = ByteString.CopyFrom(png);
        var image = Message(output =>
        {
            output.WriteTag(ImageField.Height, WireFormat.WireType.Varint);
            output.WriteInt32(height);
            output.WriteTag(ImageField.Width, WireFormat.WireType.Varint);
            output.WriteInt32(width);
            output.WriteTag(ImageField.ColorSpace, WireFormat.WireType.Varint);
            output.WriteInt32(ImageField.Rgba);
            output.WriteTag(ImageField.Encoded, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(bytes);
        });
        using var summary = new MemoryStream();
        Append(summary, SummaryField.Value, Message(output =>
        {
            WriteTag(output, tag);
            output.WriteTag(ValueField.Image, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(image));
        }));
        WriteSummary(step, summary.ToArray());
    }

    /// <summary>Says that a run begins anew at a step: what other files of the folder have of it and of later ones is not shown.</summary>
    /// <exception cref="RuntimeException">SGC6001: the file cannot be written.</exception>
    public void WriteStart(long step)
    {
        var start = Message(output =>
        {
            output.WriteTag(SessionField.Status, WireFormat.WireType.Varint);
            output.WriteEnum(SessionField.Start);
        });
        Write(step, output =>
        {
            output.WriteTag(EventField.SessionLog, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(start));
        });
    }

    /// <summary>Closes the file. Can be called twice.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _event.Dispose();
    }

    /// <summary>CRC-32C (Castagnoli), as records have it.</summary>
    internal static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes) sum = BitOperations.Crc32C(sum, b);
        return BitOperations.RotateRight(~sum, RotatedBits) + MaskDelta;
    }

    private void WriteSummary(long step, byte[] summary) => Write(step, output =>
    {
        output.WriteTag(EventField.Summary, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(summary));
    });

    private void Write(long step, Action<CodedOutputStream> what)
    {
        _event.SetLength(0);
        using (var output = new CodedOutputStream(_event, leaveOpen: true))
        {
            output.WriteTag(EventField.WallTime, WireFormat.WireType.Fixed64);
            output.WriteDouble((DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds);
            output.WriteTag(EventField.Step, WireFormat.WireType.Varint);
            output.WriteInt64(step);
            what(output);
        }
        var record = RecordOf(_event.GetBuffer().AsSpan(0, (int)_event.Length));
        VariableStore.Attempt($"'{Path}' cannot be written", () => _file.Write(record));
    }

    private static byte[] RecordOf(ReadOnlySpan<byte> bytes)
    {
        const int Head = sizeof(ulong) + sizeof(uint);
        var record = new byte[Head + bytes.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), MaskedChecksum(record.AsSpan(0, sizeof(ulong))));
        bytes.CopyTo(record.AsSpan(Head));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(Head + bytes.Length), MaskedChecksum(bytes));
        return record;
    }

    private static void WriteTag(CodedOutputStream output, string tag)
    {
        output.WriteTag(ValueField.Tag, WireFormat.WireType.LengthDelimited);
        output.WriteString(tag);
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true)) write(output);
        return stream.ToArray();
    }

    private static void Append(MemoryStream to, int field, byte[] message)
    {
        using var output = new CodedOutputStream(to, leaveOpen: true);
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(message));
    }

    // Numbers of fields in event.proto and summary.proto.
    private static class EventField
    {
        public const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, SessionLog = 7;
    }

    private static class SummaryField
    {
        public const int Value = 1;
    }

    private static class ValueField
    {
        public const int Tag = 1, SimpleValue = 2, Image = 4;
    }

    private static class ImageField
    {
        public const int Height = 1, Width = 2, ColorSpace = 3, Encoded = 4, Rgba = 4;
    }

    private static class SessionField
    {
        public const int Status = 1, Start = 1;
    }
}
