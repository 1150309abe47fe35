using System.Diagnostics;
using System.Globalization;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Suite;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>oversubscribed</c>: what a step takes that may use one processor only, for numbers of threads.</summary>
internal static class OversubscribedCommand
{
    /// <summary>The hidden verb of a child process.</summary>
    public const string Verb = "confined-steps";

    // What .NET takes for the number of processors, in hexadecimal: only so do more threads run than there are processors.
    private const string ProcessorsVariable = "DOTNET_PROCESSOR_COUNT";

    private static readonly TimeSpan s_warmUp = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_timed = TimeSpan.FromSeconds(1);

    /// <summary>Microseconds of a step in this process, from 50 ms after the first on.</summary>
    public static double MicrosecondsOf(string name, int threads)
    {
        var model = Models.All.Single(m => m.Name == name);
        using var side = Peer.Create(Peer.Compiled, model, [model.CreateBatch(0)], threads);
        Run(side, s_warmUp);
        var start = Stopwatch.GetTimestamp();
        var steps = Run(side, s_timed);
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / steps;
    }

    /// <summary>Prints a row for each model: alone, with many threads asked for, and with as many running. Returns 0, or 2 if
    /// there is no such model.</summary>
    public static int Run(string filter, int threads, int rounds)
    {
        var models = Models.Matching(filter);
        if (models.Length == 0) return 2;
        Console.WriteLine($"{Backend.Llvm.TargetInfo.HostModel}; microseconds a step on one processor, from 50 ms after the first on, "
            + $"medians of {rounds} rounds");
        Console.WriteLine($"{"model",-26}{"1 thread",11}{$"{threads} asked",11}{"ratio",8}{$"{threads} run",11}{"ratio",8}");
        foreach (var model in models)
        {
            var turns = Enumerable.Range(0, rounds).Select(_ => new[]
            {
                Child(model, 1, processors: null), Child(model, threads, processors: null), Child(model, threads, threads),
            }).ToArray();
            double Median(Func<double[], double> of) => turns.Select(of).Order().ElementAt(rounds / 2);
            Console.WriteLine($"{model.Name,-26}{Median(t => t[0]),11:f1}{Median(t => t[1]),11:f1}{Median(t => t[1] / t[0]),8:f2}"
                + $"{Median(t => t[2]),11:f1}{Median(t => t[2] / t[0]),8:f2}");
        }
        return 0;
    }

    private static int Run(IPeer side, TimeSpan time)
    {
        var (start, steps) = (Stopwatch.GetTimestamp(), 0);
        for (; Stopwatch.GetElapsedTime(start) < time; steps++) side.Step(0);
        return steps;
    }

    private static double Child(SuiteModel model, int threads, int? processors)
    {
        string[] arguments = ["-c", $"{FirstProcessor()}", .. ThisProgram.Command, Verb, model.Name, "--threads", $"{threads}"];
        var start = new ProcessStartInfo("taskset", arguments) { RedirectStandardOutput = true };
        if (processors is { } count) start.Environment[ProcessorsVariable] = $"{count:x}";
        using var child = Process.Start(start)!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0 ? double.Parse(output, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"the child process for {model.Name} ended with {child.ExitCode}");
    }

    private static int FirstProcessor()
    {
        using var own = Process.GetCurrentProcess();
        return OperatingSystem.IsLinux() ? System.Numerics.BitOperations.TrailingZeroCount(own.ProcessorAffinity)
            : throw new PlatformNotSupportedException("this verb confines its processes with Linux's taskset");
    }
}
