using System.Diagnostics;
using System.Globalization;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Bench.Torch;

namespace GraphCompiler.Bench.Measurement;

/// <summary>Peak resident memory of a process that trains a model with one side.</summary>
internal static class PeakMemory
{
    /// <summary>The hidden verb that a child process is started with.</summary>
    public const string Verb = "peak-memory";
    private const int Steps = 50;

    /// <summary>Trains in this process and returns the kernel's high-water mark of it, in bytes.</summary>
    public static long OfThisProcess(SuiteModel model, string peer, int threads)
    {
        if (peer == Peer.Torch && LibTorch.Unavailable is { } reason) throw new InvalidOperationException(reason);
        using var side = Peer.Create(peer, model, [model.CreateBatch(0)], threads);
        for (var i = 0; i < Steps; i++) side.Step(0);
        var line = File.ReadLines("/proc/self/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    /// <summary>The same in a child process.</summary>
    public static long OfChild(SuiteModel model, string peer, int threads)
    {
        string[] command = [.. ThisProgram.Command, Verb, model.Name, "--peer", peer, "--threads", $"{threads}",
            .. ImageLayout.IsChannelsLast is { } last ? (string[])[ImageLayout.Option, $"{last}"] : []];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true };
        using var child = Process.Start(start)!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0 ? long.Parse(output, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"the child process for {model.Name} on {peer} ended with {child.ExitCode}");
    }
}
