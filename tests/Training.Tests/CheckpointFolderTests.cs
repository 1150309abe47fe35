using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Checkpoints;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GraphCompiler.Training.Tests;

/// <summary>A folder of checkpoints: what stays, and what a damaged file does.</summary>
[Trait("Category", "AnyLevel")]
public sealed class CheckpointFolderTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("checkpoints").FullName, "run");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    private static VariableStore Store(float value)
    {
        var store = new VariableStore();
        store.Obtain([BufferLayout.Dense("w", BufferRole.State, ElementType.F32, 100)]);
        store.Variable<float>("w").Fill(value);
        return store;
    }

    private void Fill(int last, Func<int, int?>? best = null, int keep = 3)
    {
        using var folder = new CheckpointFolder(_path, keep);
        using var store = Store(0);
        for (var step = 1; step <= last; step++)
        {
            store.Variable<float>("w").Fill(step);
            folder.Save(store, step, best?.Invoke(step), new Dictionary<string, string> { ["note"] = $"n{step}" });
        }
    }

    private string[] Names() =>
        [.. Directory.GetFiles(_path, "*.safetensors").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_last_ones_and_the_best_stay()
    {
        Fill(9, best: step => step < 4 ? step : 4, keep: 2);
        Assert.Equal(["step-0000000004.safetensors", "step-0000000008.safetensors", "step-0000000009.safetensors"], Names());
        using var folder = new CheckpointFolder(_path);
        Assert.Equal([4L, 8, 9], folder.All.Select(c => c.Step));
        using var store = Store(0);
        var checkpoint = folder.Restore(store)!;
        Assert.Equal((9L, 4L, "n9"), (checkpoint.Step, checkpoint.BestStep!.Value, checkpoint.Texts["note"]));
        Assert.Equal(9, store.Variable<float>("w")[99]);
        folder.Restore(store, 4);
        Assert.Equal(4, store.Variable<float>("w")[99]);
        Errors.Expect("SGC6001", () => folder.Restore(store, 5), "does not exist");
    }

    [Fact]
    public void An_empty_folder_is_none_and_another_user_is_refused()
    {
        using var folder = new CheckpointFolder(_path);
        using var store = Store(3);
        Assert.Null(folder.Restore(store));
        Assert.Equal(3, store.Variable<float>("w")[0]);
        Errors.Expect("SGC6001", () => new CheckpointFolder(_path).Dispose(), "another training");
        Errors.Expect("SGC5011", () => new CheckpointFolder(_path, keep: 0).Dispose());
        Errors.Expect("SGC5011", () => folder.Save(store, -1));
        folder.Dispose();
        new CheckpointFolder(_path).Dispose();
    }

    [Theory]
    [InlineData("cut", "SGC6003")]
    [InlineData("bit", "SGC6005")]
    [InlineData("empty", "SGC6003")]
    [InlineData("text", "SGC6002")]
    [InlineData("weights", "SGC6002")]
    public void A_damaged_file_is_passed_over_for_the_one_before_it(string damage, string code)
    {
        Fill(3);
        var newest = Path.Combine(_path, Names()[^1]);
        var bytes = File.ReadAllBytes(newest);
        byte[] bad = damage switch
        {
            "cut" => bytes[..^1],
            "bit" => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)],
            "empty" => [],
            "text" => "this is no file of tensors"u8.ToArray(),
            _ => [8, 0, 0, 0, 0, 0, 0, 0, .. "{}      "u8], // In the format, and not a checkpoint.
        };
        File.WriteAllBytes(newest, bad);
        var log = new Warnings();
        using (var folder = new CheckpointFolder(_path, logger: log))
        {
            using var store = Store(0);
            Assert.Equal(2, folder.Restore(store)!.Step);
            Assert.Equal(2, store.Variable<float>("w")[0]);
            Assert.Contains(log.Told, t => t.Contains("damaged", StringComparison.Ordinal) && t.Contains(code, StringComparison.Ordinal));
            foreach (var name in Names()) File.WriteAllBytes(Path.Combine(_path, name), bad);
            Errors.Expect(code, () => folder.Restore(store), Path.GetFileName(newest));
            Assert.Equal(2, store.Variable<float>("w")[0]);
        }
        using var other = new VariableStore();
        other.Obtain([BufferLayout.Dense("w", BufferRole.State, ElementType.F32, 50)]);
        Fill(4);
        using var again = new CheckpointFolder(_path);
        Errors.Expect("SGC6006", () => again.Restore(other), "'w' as f32[100]", "f32[50]");
    }

    [Fact]
    public void What_could_not_be_written_is_told_and_tried_again()
    {
        var log = new Warnings();
        using var folder = new CheckpointFolder(_path, logger: log);
        using var store = Store(1);
        // A folder in the place of the file: the rename fails, as a disk would.
        Directory.CreateDirectory(Path.Combine(_path, "step-0000000005.safetensors"));
        folder.Save(store, 5);
        Errors.Expect("SGC6001", folder.Flush, "step-0000000005");
        Assert.Empty(Directory.GetFiles(_path, "*.tmp"));
        folder.Save(store, 6);
        folder.Flush();
        Assert.Equal([6L], folder.All.Select(c => c.Step));
    }

    [Fact]
    public void Leftovers_are_deleted()
    {
        Fill(1);
        File.WriteAllText(Path.Combine(_path, "step-0000000002.safetensors.0123.tmp"), "half");
        File.WriteAllText(Path.Combine(_path, "notes.tmp"), "somebody's");
        using var folder = new CheckpointFolder(_path);
        Assert.Equal(1, folder.LeftoversDeleted);
        Assert.Equal(["lock", "notes.tmp", "step-0000000001.safetensors"],
            Directory.GetFiles(_path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    /// <summary>A copy is of the moment of the call, whatever steps do while it is written.</summary>
    [Fact]
    public void Steps_go_on_while_one_is_written()
    {
        using var folder = new CheckpointFolder(_path);
        using var store = Store(1);
        for (var i = 1; i <= 20; i++)
        {
            store.Variable<float>("w").Fill(i);
            folder.Save(store, i);
            store.Variable<float>("w").Fill(-1);
        }
        folder.Flush();
        folder.Restore(store);
        Assert.False(store.Variable<float>("w").ContainsAnyExcept(20));
    }

    private sealed class Warnings : ILogger
    {
        public List<string> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Told.Add(formatter(state, exception));
    }
}
