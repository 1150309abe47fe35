using System.Diagnostics;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Bench.Torch;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>startup</c>: from the start of a process to its end after one training step of a digits classifier.</summary>
internal static class StartupCommand
{
    /// <summary>The hidden verb of a child process, and the argument of the deployed programs.</summary>
    public const string Verb = "first-step";
    private const string Model = "mlp_digits_b32_adam";

    /// <summary>Trains one step in this process.</summary>
    public static void OneStep(string peer, int threads)
    {
        if (peer == Peer.Torch && LibTorch.Unavailable is { } reason) throw new InvalidOperationException(reason);
        var model = Models.All.Single(m => m.Name == Model);
        using var side = Peer.Create(peer, model, [model.CreateBatch(0)], threads);
        side.Step(0);
    }

    /// <summary>Returns 0, or 2 if the deployed programs are not there.</summary>
    /// <param name="folder">What samples/Deploy/run wrote.</param>
    /// <param name="rounds">Starts of each; the median counts.</param>
    public static int Run(string folder, int rounds)
    {
        var library = Path.Combine(folder, "model", "libdigits.so");
        if (!File.Exists(library))
        {
            Console.Error.WriteLine($"{library} is missing: run samples/Deploy/run first, or name its folder with --deployed.");
            return 2;
        }
        var cache = Directory.CreateTempSubdirectory("objects").FullName;
        try
        {
            Console.WriteLine($"{Backend.Llvm.TargetInfo.HostModel}; milliseconds from start to end of a process of one training step, "
                + $"medians of {rounds} rounds");
            List<(string Name, string[] Command)> programs =
            [
                ("C, shared library", [Path.Combine(folder, "main"), $"--{Verb}"]),
                ("facade, NativeAOT", [Path.Combine(folder, "native", "DeployApp"), $"--{Verb}"]),
                ("facade, .NET", ["dotnet", Path.Combine(folder, "app", "DeployApp.dll"), $"--{Verb}"]),
                ("just in time, objects cached", Self(Peer.Compiled)),
                ("tape", Self(Peer.Tape)),
            ];
            if (LibTorch.Unavailable is null) programs.Add(("TorchSharp", Self(Peer.Torch)));
            foreach (var (name, command) in programs) Console.WriteLine($"{name,-30}{Median(command, rounds, cache),9:f1}");
            Console.WriteLine($"{"libdigits.so, bytes",-30}{new FileInfo(library).Length,9:N0}");
            return 0;
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }

    private static string[] Self(string peer) => [.. Measurement.ThisProgram.Command, Verb, "--peer", peer, "--threads", "1"];

    private static double Median(string[] command, int rounds, string cache)
    {
        var times = new double[rounds];
        Start(command, cache); // Fills the caches, of files and of objects.
        for (var i = 0; i < rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            Start(command, cache);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        Array.Sort(times);
        return times[rounds / 2];
    }

    private static void Start(string[] command, string cache)
    {
        var start = new ProcessStartInfo(command[0], command[1..]);
        start.Environment[ObjectCache.Variable] = cache;
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}");
    }
}
