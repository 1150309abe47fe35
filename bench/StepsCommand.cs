using GraphCompiler.Backend.Llvm;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Bench.Torch;
using GraphCompiler.Passes;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>steps</c>.</summary>
internal static class StepsCommand
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1.5);

    public static string[] Split(string? list) =>
        (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Returns 0 if every row counts, 1 if one failed, 2 if nothing could be run.</summary>
    public static int Run(string filter, int threads, string[] peers, int rounds, TimeSpan turn, string? json, bool memory,
        Precision precision = Precision.Float32)
    {
        var models = Models.Matching(filter);
        if (models.Length == 0 || json is not null && !CanWrite(json)) return 2;
        if (peers.Contains(Peer.Torch) && LibTorch.Unavailable is { } reason)
        {
            Console.Error.WriteLine($"libtorch is not available, so it is left out: {reason}");
            peers = [.. peers.Where(p => p != Peer.Torch)];
        }
        // An object cache of its own: each model's first compile misses it, and the one after it hits.
        var cache = Directory.CreateTempSubdirectory("objects").FullName;
        var before = Environment.GetEnvironmentVariable(ObjectCache.Variable);
        Environment.SetEnvironmentVariable(ObjectCache.Variable, cache);
        try
        {
            return Run(models, threads, peers, rounds, turn, json, memory, precision);
        }
        finally
        {
            Environment.SetEnvironmentVariable(ObjectCache.Variable, before);
            Directory.Delete(cache, recursive: true);
        }
    }

    private static int Run(SuiteModel[] models, int threads, string[] peers, int rounds, TimeSpan turn, string? json, bool memory,
        Precision precision)
    {
        var (machine, peaks, barriers) = (Machine.OfThisProcess(peers, precision), Peaks.Of(threads), BarrierCost.Measure(threads));
        Console.WriteLine($"{machine}\n{threads} threads. Microseconds a step, medians of {rounds} rounds; ratios are medians of the "
            + "rounds' ratios, and in brackets their 10th to 90th percentile; of peak: the fastest round, of the best peak.");
        if (barriers.Count > 0) Console.WriteLine($"A barrier: {string.Join("; ", barriers)}.");
        var benchmark = new StepBenchmark(peers, threads, rounds, turn, s_warmUp) { Precision = precision };
        var rows = new List<Row>();
        peaks.Measure();
        foreach (var model in models)
        {
            // A live display would redraw itself on the processors that are being measured.
            if (!Console.IsErrorRedirected) Console.Error.Write($"[{rows.Count + 1}/{models.Length}] {model.Name} …\r");
            var row = benchmark.Measure(model);
            peaks.Measure();
            rows.Add(memory ? row with { PeakBytes = PeakBytes(model, peers, threads) } : row);
            // After each row: a run that is interrupted leaves those that it has.
            if (json is not null) (Measurement.Run.Of(machine, peaks, rows) with { Barriers = barriers }).Write(json);
        }
        var run = Measurement.Run.Of(machine, peaks, rows);
        Console.WriteLine(Line("model", "compiled", "tape", "torch", "torch/compiled", "f32/compiled", "GFLOP/s", "of peak",
            "compile ms", "cached ms", "loss diff"));
        foreach (var row in run.Rows) Console.WriteLine(Line(row));
        Console.WriteLine(peaks.Describe());
        if (memory) ShowMemory(run.Rows, peers);
        return rows.Any(r => r.Failure is not null) ? 1 : 0;
    }

    private static Dictionary<string, long> PeakBytes(SuiteModel model, string[] peers, int threads) =>
        Peer.Of(model, peers).Prepend(Peer.Compiled).ToDictionary(p => p, p => PeakMemory.OfChild(model, p, threads));

    private static void ShowMemory(IReadOnlyList<Row> rows, string[] peers)
    {
        var columns = string.Concat(peers.Prepend(Peer.Compiled).Select(p => $"{p} peak MiB".PadLeft(19)));
        Console.WriteLine($"\n{"model",-26}{"arena KiB",11}{"of it values",14}{"if none shared",16}{columns}");
        foreach (var row in rows)
            Console.WriteLine($"{row.Name,-26}{row.ArenaBytes / 1024.0,11:f1}{row.ValueBytes / 1024.0,14:f1}"
                + $"{row.KeepAllBytes / 1024.0,16:f1}"
                + string.Concat(peers.Prepend(Peer.Compiled).Select(p =>
                    (row.PeakBytes!.TryGetValue(p, out var bytes) ? $"{bytes / 1048576.0:f0}" : "-").PadLeft(19))));
    }

    // Found out before the run rather than after it.
    private static bool CanWrite(string path)
    {
        try
        {
            var existed = File.Exists(path);
            File.Open(path, FileMode.OpenOrCreate, FileAccess.Write).Dispose();
            if (!existed) File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"--json: {path} cannot be written: {e.Message}");
            return false;
        }
    }

    private static string Line(Row row) => row.Failure is { } failure ? $"{row.Name,-26} FAILED: {failure}" : Line(row.Name,
        Measurement.Run.Significant(row.CompiledUs), Measurement.Run.Significant(row.TapeUs), Measurement.Run.Significant(row.TorchUs),
        Measurement.Run.Ratio(row.TorchOverCompiled, row.TorchOverCompiledSpread),
        Measurement.Run.Ratio(row.F32OverCompiled, row.F32OverCompiledSpread), $"{row.Gflops:f1}",
        row.FractionOfPeak is { } part ? $"{part:p0}" : "-", $"{row.CompileMs:f0}", $"{row.CompileWarmMs:f0}", $"{row.LossMaxRelDiff:g2}");

    private static string Line(string name, params string[] columns) =>
        $"{name,-26}{string.Concat(columns.Select((c, i) => c.PadLeft(i is 3 or 4 ? 21 : 11)))}";
}
