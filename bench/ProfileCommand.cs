using System.Diagnostics;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Suite;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>profile</c>.</summary>
internal static class ProfileCommand
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(1);

    /// <summary>Returns 0, or 2 if no model's name holds the filter.</summary>
    public static int Run(string filter, int threads)
    {
        var models = Models.Matching(filter);
        foreach (var model in models) Show(model, threads);
        return models.Length > 0 ? 0 : 2;
    }

    private static void Show(SuiteModel model, int threads)
    {
        using var peer = new CompiledPeer(model, [model.CreateBatch(0)], threads, profile: true);
        var (start, steps) = (Stopwatch.GetTimestamp(), 0);
        for (; Stopwatch.GetElapsedTime(start) < s_duration; steps++) peer.Step(0);
        var step = Stopwatch.GetElapsedTime(start) / steps;
        Console.WriteLine($"{model.Name}, {threads} threads: {step.TotalMicroseconds:f2} µs a step");
        Console.WriteLine($"{"share",7}{"µs",11}{"GFLOP/s",9}{"GB/s",8}  kernel");
        foreach (var k in peer.Profile().Kernels)
            Console.WriteLine($"{k.Share,7:p1}{k.Share * step.TotalMicroseconds,11:f2}{k.GigaflopsPerSecond(step),9:f1}{k.GigabytesPerSecond(step),8:f1}  {(k.IsParallel ? "∥" : " ")} {k.Name} ({string.Join(", ", k.Locations.Where(l => l.IsKnown).Distinct().Take(3))})");
    }
}
