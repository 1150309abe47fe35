using System.Buffers.Binary;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Data;
using GraphCompiler.Training.TensorBoard;
using Tensorboard;
using Xunit;

namespace GraphCompiler.Training.Tests;

/// <summary>Files for TensorBoard, read by the classes that protoc made of its own definitions (those of TorchSharp), and with a checksum
/// computed bit by bit.</summary>
[Trait("Category", "AnyLevel")]
public sealed class TensorBoardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("events").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The polynomial 0x1EDC6F41, reflected (RFC 3720, appendix B.4).
    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var b in bytes)
        {
            sum ^= b;
            for (var bit = 0; bit < 8; bit++) sum = (sum & 1) != 0 ? (sum >> 1) ^ 0x82f63b78 : sum >> 1;
        }
        return ~sum;
    }

    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var sum = Crc32C(bytes);
        return ((sum >> 15) | (sum << 17)) + 0xa282ead8;
    }

    private static List<Event> Read(string path)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        List<Event> events = [];
        while (!bytes.IsEmpty)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            Assert.Equal(Masked(bytes[..8]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
            var message = bytes.Slice(12, length);
            Assert.Equal(Masked(message), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(12 + length)..]));
            events.Add(Event.Parser.ParseFrom(message.ToArray()));
            bytes = bytes[(16 + length)..];
        }
        return events;
    }

    private static IEnumerable<(long Step, string Tag, float Value)> Scalars(IEnumerable<Event> events) =>
        events.Where(e => e.Summary is not null).SelectMany(e => e.Summary.Value.Select(v => (e.Step, v.Tag, v.SimpleValue)));

    [Fact]
    public void Events_are_those_of_tensorflow()
    {
        Assert.Equal(0xe3069283, Crc32C("123456789"u8)); // The check value of the algorithm.
        Assert.Equal(Masked("123456789"u8), EventFile.MaskedChecksum("123456789"u8));
        string path;
        byte[] png = [0x89, .. "PNG"u8, 1, 2, 3];
        using (var file = new EventFile(Path.Combine(_folder, "made")))
        {
            path = file.Path;
            file.WriteScalars(3, ("loss", 0.1), ("größe/λ", double.NaN));
            file.WriteStart(-4);
            file.WriteImage(1L << 40, "picture", png, 20, 10);
            file.WriteScalars(9);
            Assert.Throws<ArgumentNullException>(() => file.WriteScalars(0, (null!, 1)));
            Errors.Expect("SGC5011", () => file.WriteImage(0, "x", [], 0, 1));
        }
        Assert.Contains("tfevents", Path.GetFileName(path), StringComparison.Ordinal);
        var events = Read(path);
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.InRange(events[0].WallTime, 1.7e9, 4e9);
        Assert.Equal([(3L, "loss", 0.1f), (3, "größe/λ", float.NaN)], Scalars(events[..2]));
        Assert.Equal((SessionLog.Types.SessionStatus.Start, -4L), (events[2].SessionLog.Status, events[2].Step));
        var image = events[3].Summary.Value[0];
        Assert.Equal((1L << 40, "picture", 20, 10), (events[3].Step, image.Tag, image.Image.Width, image.Image.Height));
        Assert.Equal(png, image.Image.EncodedImageString.ToByteArray());
        Assert.Empty(events[4].Summary.Value);
        using var next = new EventFile(Path.Combine(_folder, "made"));
        Assert.NotEqual(path, next.Path);
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        Errors.Expect("SGC6001", () => new EventFile(Path.Combine(_folder, "file")).Dispose());
    }

    [Fact]
    public void A_training_is_written_down()
    {
        using var model = new Small();
        using var judge = model.Evaluate();
        using var watched = model.Plan.WithInsight().Compile(new() { Threads = 1 }, model.Step.Variables);
        using var batches = Small.Data(40).Batches(Small.BatchSize);
        using var validation = Small.Data(16, seed: 9).Batches(Small.BatchSize);
        var path = "";
        using var board = new TensorBoardCallback(_folder, every: 2);
        List<float> losses = [];
        FitOptions Options(int epochs) => new()
        {
            Epochs = epochs,
            Validation = new(judge, validation),
            Insight = new(watched, every: 4),
            Checkpoints = new(Path.Combine(_folder, "checkpoints")),
            Callbacks = [board, FitCallback.OnStep(c => { losses.Add(c.Loss); path = board.Path!; })],
        };
        var history = model.Step.Fit(batches, Options(2));
        Assert.Null(board.Path); // Closed.
        var all = Scalars(Read(path)).ToLookup(s => s.Tag, s => (s.Step, s.Value));
        Assert.Equal([2L, 4, 6, 8, 10], all["train/loss"].Select(s => s.Step));
        Assert.Equal(all["train/loss"].Select(s => losses[(int)s.Step - 1]), all["train/loss"].Select(s => s.Value));
        Assert.Equal(history.Rows.Select(r => (r.Step, (float)r.Loss)), all["epoch/loss"]);
        Assert.Equal(history.Rows.Select(r => (r.Step, (float)r["r2"])), all["validation/r2"]);
        Assert.Equal([(5L, 0.05f), (10, 0.05f)], all["epoch/learning_rate"]);
        Assert.Equal([4L, 8], all["gradient_norm/hidden/kernel"].Select(s => s.Step));
        Assert.All(all["update_ratio/output/kernel"], s => Assert.InRange(s.Value, 1e-6f, 10));
        Assert.Equal(2, all["zero_fraction/hidden/bias"].Count());
        // Gone on with: another file, from the next step.
        var first = path;
        batches.Seek(default);
        model.Step.Fit(batches, Options(3));
        Assert.NotEqual(first, path);
        var start = Read(path).Single(e => e.SessionLog is not null);
        Assert.Equal((SessionLog.Types.SessionStatus.Start, 11L), (start.SessionLog.Status, start.Step));
        Errors.Expect("SGC5011", () => new TensorBoardCallback(_folder, 0).Dispose());
    }

    /// <summary>A device that is always full: the training goes on.</summary>
    [Fact]
    public void A_full_disk_does_not_end_a_training()
    {
        if (!File.Exists("/dev/full")) return;
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.Write, bufferSize: 0);
        using var model = new Small();
        using var batches = Small.Data(40).Batches(Small.BatchSize);
        using var board = new TensorBoardCallback(_folder, every: 1);
        var history = model.Step.Fit(batches, new FitOptions
        {
            Epochs = 1,
            Callbacks = [board, FitCallback.OnStep(c =>
            {
                Assert.Equal(c.Step < 3, board.Path is not null); // The callback before this one has met it.
                if (c.Step == 2) board.File = new EventFile(full);
            })],
        });
        Assert.Equal((FitEnd.Epochs, 5L), (history.End, history.Steps));
    }
}
