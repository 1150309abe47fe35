using System.Reflection;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Bench.Torch;
using GraphCompiler.Runtime;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>steps</c>.</summary>
internal static class StepsCommand
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1.5);

    public static string[] Split(string? list) =>
        (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Returns 0 if every row counts, 1 if one failed, 2 if nothing could be run.</summary>
    public static int Run(string filter, int threads, string[] peers, int rounds, TimeSpan turn, string? json, bool memory)
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
        Environment.SetEnvironmentVariable(ObjectCache.Variable, cache);
        try
        {
            return Run(models, threads, peers, rounds, turn, json, memory);
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }

    private static int Run(SuiteModel[] models, int threads, string[] peers, int rounds, TimeSpan turn, string? json, bool memory)
    {
        var peak = Roofline.Measure(threads).Gigaflops;
        Console.WriteLine($"{Measurement.Run.CpuName()}, {threads} threads, {peak:f0} GFLOP/s at FMA peak. "
            + $"Microseconds a step, medians of {rounds} rounds.");
        Console.WriteLine(Line("model", "compiled", "tape", "torch", "torch/compiled", "GFLOP/s", "of peak",
            "compile ms", "cached ms", "loss diff"));
        var benchmark = new StepBenchmark(peers, threads, rounds, turn, s_warmUp);
        var rows = new Row[models.Length];
        for (var i = 0; i < models.Length; i++)
        {
            // A live display would redraw itself on the processors that are being measured.
            if (!Console.IsErrorRedirected) Console.Error.Write($"[{i + 1}/{models.Length}] {models[i].Name} …\r");
            rows[i] = benchmark.Measure(models[i], peak);
            if (memory) rows[i] = rows[i] with { PeakBytes = PeakBytes(models[i], peers, threads) };
            Console.WriteLine(Line(rows[i]));
        }
        if (memory) ShowMemory(rows, peers);
        if (json is not null) Describe(peak, peers, rows).Write(json);
        return rows.Any(r => r.Failure is not null) ? 1 : 0;
    }

    private static Dictionary<string, long> PeakBytes(SuiteModel model, string[] peers, int threads) =>
        Peer.Of(model, peers).Prepend(Peer.Compiled).ToDictionary(p => p, p => PeakMemory.OfChild(model, p, threads));

    private static void ShowMemory(Row[] rows, string[] peers)
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

    private static Measurement.Run Describe(double peak, string[] peers, Row[] rows) => new()
    {
        Cpu = Measurement.Run.CpuName(),
        Processors = Environment.ProcessorCount,
        Runtime = System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription,
        Compiler = typeof(Frontend.GraphBuilder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        Torch = peers.Contains(Peer.Torch)
            ? $"libtorch {TorchSharp.torch.__version__}, TorchSharp {typeof(TorchSharp.torch).Assembly.GetName().Version}" : "not run",
        Date = DateTimeOffset.UtcNow,
        PeakGflops = peak,
        Rows = rows,
    };

    private static string Line(Row row) => row.Failure is { } failure ? $"{row.Name,-26} FAILED: {failure}" : Line(row.Name,
        Significant(row.CompiledUs), Significant(row.TapeUs), Significant(row.TorchUs), Significant(row.TorchOverCompiled),
            $"{row.Gflops:f1}", $"{row.FractionOfPeak:p0}", $"{row.CompileMs:f0}", $"{row.CompileWarmMs:f0}", $"{row.LossMaxRelDiff:g2}");

    private static string Significant(double? value) =>
        value switch { null => "-", >= 100 => $"{value:f0}", >= 10 => $"{value:f1}", >= 1 => $"{value:f2}", _ => $"{value:f3}" };

    private static string Line(string name, params string[] columns) =>
        $"{name,-26}{string.Concat(columns.Select((c, i) => c.PadLeft(i == 3 ? 16 : 11)))}";
}
