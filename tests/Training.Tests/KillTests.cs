using System.Diagnostics;
using System.Globalization;
using GraphCompiler.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Training.Tests;

/// <summary>A training that is killed again and again ends with the bits of one that was not.</summary>
/// <remarks>SGC_EXHAUSTIVE=1 kills 200 times. SGC_SEED chooses other moments; the seed is printed.</remarks>
[Trait("Category", "AnyLevel")]
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private const int MostSteps = 40; // From a checkpoint to a kill.

    private readonly string _folder = Directory.CreateTempSubdirectory("kill").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool IsLong => Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1";

    private string PathOf(string name) => Path.Combine(_folder, name);

    private Process Start(string folder, int steps, int every)
    {
        var child = Path.Combine(AppContext.BaseDirectory, "GraphCompiler.Training.Child.dll");
        return Start("dotnet", child, PathOf(folder), $"{steps}", $"{every}");
    }

    private Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GRAPHCOMPILER_CACHE"] = PathOf("cache"); // Compiled once.
        start.Environment["DOTNET_TieredCompilation"] = "1";
        return Process.Start(start)!;
    }

    private static string Finish(Process process)
    {
        var text = process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) Assert.Fail($"{text}\n{error}");
        return text;
    }

    // "done STEPS HASH", after the numbers of the steps.
    private static string HashOf(string text) => text.Split('\n').Single(l => l.StartsWith("done ", StringComparison.Ordinal)).Trim();

    private static long ReadStep(Process process)
    {
        var line = process.StandardOutput.ReadLine();
        if (long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var step)) return step;
        Assert.Fail($"{line}\n{process.StandardError.ReadToEnd()}");
        return 0;
    }

    private long NewestStep() => Directory.GetFiles(PathOf("killed"), "step-*.safetensors")
        .Select(f => long.Parse(Path.GetFileNameWithoutExtension(f)["step-".Length..], CultureInfo.InvariantCulture))
        .DefaultIfEmpty().Max();

    [Fact]
    public void A_training_that_is_killed_has_the_same_bits()
    {
        var kills = IsLong ? 200 : 20;
        var (steps, every) = (200 * kills, 6); // So many that none comes to its end.
        var seed = Seed.Given ?? 1;
        var random = new Random(seed);
        using var whole = Start("whole", steps, every);
        var expected = HashOf(Finish(whole));
        List<long> from = [];
        var halfWritten = 0;
        while (from.Count < kills)
        {
            halfWritten += Directory.Exists(PathOf("killed")) ? Directory.GetFiles(PathOf("killed"), "*.tmp").Length : 0;
            using var process = Start("killed", steps, every);
            from.Add(ReadStep(process) - 1);
            // After a checkpoint, so that it comes forward, three times of four; and then at any moment of a step or of a file.
            while (from.Count % 4 != 0 && NewestStep() <= from[^1]) ReadStep(process);
            for (var lines = random.Next(MostSteps); lines > 0; lines--) ReadStep(process);
            Thread.SpinWait(random.Next(20_000));
            process.Kill();
            process.WaitForExit();
        }
        using var last = Start("killed", steps, every);
        var actual = HashOf(Finish(last));
        output.WriteLine($"seed {seed}: {from.Count} kills of a training of {steps} steps, {halfWritten} of them while a checkpoint was"
            + $" being written; gone on from steps {string.Join(", ", from)}");
        output.WriteLine($"never stopped: {expected}\nkilled:        {actual}");
        Assert.Equal(expected, actual);
        Assert.True(from.Distinct().Count() > kills / 2, "the kills came at too few places");
        Assert.Empty(Directory.GetFiles(PathOf("killed"), "*.tmp"));
    }

    /// <summary>A limit on the size of files is a disk that is full for each of them: what is written fails after so many bytes.</summary>
    [Fact]
    public void A_full_disk_loses_no_more_than_the_steps_since_the_last_checkpoint()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var whole = Start("whole", 120, 10);
        var expected = HashOf(Finish(whole));
        using var first = Start("full", 60, 10);
        Finish(first);
        var before = Directory.GetFiles(PathOf("full"), "step-*").ToDictionary(f => f, File.ReadAllBytes);
        var child = Path.Combine(AppContext.BaseDirectory, "GraphCompiler.Training.Child.dll");
        // 64 blocks of 1024 bytes. The signal that comes with the limit is ignored, so that the write fails as on a full disk; the runtime
        // maps memory by way of files, which it must not.
        using var full = Start("bash", "-c",
            "trap '' XFSZ; ulimit -f 64; export DOTNET_EnableWriteXorExecute=0 GRAPHCOMPILER_CACHE=off; "
                + $"exec dotnet '{child}' '{PathOf("full")}' 120 10");
        var (text, error) = (full.StandardOutput.ReadToEnd(), full.StandardError.ReadToEnd()); // Little of both: no pipe is full.
        full.WaitForExit();
        Assert.NotEqual(0, full.ExitCode);
        Assert.Contains("SGC6001", error, StringComparison.Ordinal);
        Assert.StartsWith("61\n", text, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(PathOf("full"), "step-*").ToDictionary(f => f, File.ReadAllBytes));
        using var again = Start("full", 120, 10);
        Assert.Equal(expected, HashOf(Finish(again)));
    }
}
