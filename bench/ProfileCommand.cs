using System.Diagnostics;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Passes;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>profile</c>.</summary>
internal static class ProfileCommand
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(1);

    /// <summary>Returns 0, or 2 if no model's name holds the filter.</summary>
    public static int Run(string filter, int threads, Precision precision)
    {
        var models = Models.Matching(filter);
        foreach (var model in models) Show(model, threads, precision);
        return models.Length > 0 ? 0 : 2;
    }

    private static void Show(SuiteModel model, int threads, Precision precision)
    {
        using var peer = new CompiledPeer(model, [model.CreateBatch(0)], threads, profile: true, precision);
        peer.Step(0);
        var start = Stopwatch.GetTimestamp();
        peer.Step(0);
        var steps = (int)Math.Clamp(s_duration / Stopwatch.GetElapsedTime(start), 1, 1_000_000);
        Console.WriteLine($"{model.Name}: {peer.Profile(steps)}");
    }
}
