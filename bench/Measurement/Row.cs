using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using GraphCompiler.Bench.Peers;

namespace GraphCompiler.Bench.Measurement;

/// <summary>The figures of one model. Times are microseconds a step; null where a side did not run.</summary>
internal sealed record Row
{
    public required string Name { get; init; }
    public required int Threads { get; init; }
    public double CompiledUs { get; init; }
    /// <summary>Of the compiled side's fastest round; 0 in files of before 2026-11-28.</summary>
    public double CompiledFastestUs { get; init; }
    public double? TapeUs { get; init; }
    public double? TorchUs { get; init; }
    /// <summary>Of the compiled step with products of f32, where the compiled side has others.</summary>
    public double? F32Us { get; init; }
    /// <summary>The median over the rounds of one side's time over the compiled one's in the same round: what slows the machine for a while
    /// slows both.</summary>
    public double? TorchOverCompiled { get; init; }
    /// <summary>From the 10th to the 90th percentile of the rounds; null in files of before 2026-11-27.</summary>
    public Spread? TorchOverCompiledSpread { get; init; }
    /// <inheritdoc cref="TorchOverCompiled"/>
    public double? TapeOverCompiled { get; init; }
    /// <inheritdoc cref="TorchOverCompiledSpread"/>
    public Spread? TapeOverCompiledSpread { get; init; }
    /// <inheritdoc cref="TorchOverCompiled"/>
    public double? F32OverCompiled { get; init; }
    /// <inheritdoc cref="TorchOverCompiledSpread"/>
    public Spread? F32OverCompiledSpread { get; init; }
    public double CompileMs { get; init; }
    public double CompileWarmMs { get; init; }
    /// <summary>Floating-point operations of the matmuls in a step, a multiply-add counted as two.</summary>
    public double Flops { get; init; }
    public double Gflops => CompiledUs > 0 ? Flops / CompiledUs / 1e3 : 0;
    /// <summary>Of the fastest round.</summary>
    public double FastestGflops => CompiledFastestUs > 0 ? Flops / CompiledFastestUs / 1e3 : 0;
    /// <summary>What an operation counts by the peak, which is that of f32: 2 in f64, of which a vector holds half as many.</summary>
    public double PeakWeight { get; init; } = 1;
    /// <summary>Of the best peak of the run that of the fastest round, at most 1: both of moments in which nobody else slowed the machine.
    /// Null without operations, and where the step seems faster than the peak: then the peak was measured too low, or the step takes fewer
    /// operations than are counted.</summary>
    public double? FractionOfPeak { get; init; }
    public long ArenaBytes { get; init; }
    /// <summary>Of the arena those of values that pass from one kernel to another.</summary>
    public long ValueBytes { get; init; }
    /// <summary>What these would take if none shared memory with another.</summary>
    public long KeepAllBytes { get; init; }
    public double LossMaxRelDiff { get; init; }
    /// <summary>Why the row does not count; null if it does.</summary>
    public string? Failure { get; init; }
    /// <summary>Peak resident bytes of a process that trains with that side alone; null unless asked for.</summary>
    public IReadOnlyDictionary<string, long>? PeakBytes { get; init; }
}

/// <summary>A whole run: the machine, and a row for each model.</summary>
internal sealed record Run
{
    public static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public required string Cpu { get; init; }
    public required int Processors { get; init; }
    /// <summary>x86-64 levels and extensions that the processor has.</summary>
    public IReadOnlyList<string> Levels { get; init; } = [];
    /// <summary>Data caches, nearest first.</summary>
    public IReadOnlyList<long> CacheBytes { get; init; } = [];
    /// <summary>The level that each side used.</summary>
    public IReadOnlyDictionary<string, string> SideLevels { get; init; } = new Dictionary<string, string>();
    public required string Runtime { get; init; }
    public required string Compiler { get; init; }
    public required string Torch { get; init; }
    public required DateTimeOffset Date { get; init; }
    /// <summary>Multiply-adds at the level of the compiled code: the best of those measured before, between and after the rows.</summary>
    public required double PeakGflops { get; init; }
    /// <summary>Memory bandwidth, likewise.</summary>
    public double PeakGigabytes { get; init; }
    /// <summary>How often the peaks were measured.</summary>
    public int PeaksMeasured { get; init; }
    /// <summary>How far the least of them is below the best, from 0 to 1.</summary>
    public double PeaksDifference { get; init; }
    /// <summary>Whether the peaks differ by no more than 15 %; null in files of before 2026-11-27.</summary>
    public bool? IsSteady { get; init; }
    /// <summary>What a barrier costs; empty on one thread.</summary>
    public IReadOnlyList<BarrierCost> Barriers { get; init; } = [];
    public required IReadOnlyList<Row> Rows { get; init; }

    public static Run Read(string path) =>
        JsonSerializer.Deserialize<Run>(File.ReadAllText(path), Format) ?? throw new InvalidDataException($"{path} is empty");

    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Format) + "\n");

    /// <summary>Of the rows that there are until now.</summary>
    /// <param name="machine">What ran them.</param>
    /// <param name="peaks">Measured before, between and after them.</param>
    /// <param name="rows">Their fractions of the peak are those of the best until now.</param>
    public static Run Of(Machine machine, Peaks peaks, IEnumerable<Row> rows) => new()
    {
        Cpu = machine.Cpu,
        Processors = Environment.ProcessorCount,
        Levels = machine.Levels,
        CacheBytes = machine.Caches,
        SideLevels = machine.Sides,
        Runtime = System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription,
        Compiler = typeof(Frontend.GraphBuilder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        Torch = machine.Sides.ContainsKey(Peer.Torch)
            ? $"libtorch {TorchSharp.torch.__version__}, TorchSharp {typeof(TorchSharp.torch).Assembly.GetName().Version}" : "not run",
        Date = DateTimeOffset.UtcNow,
        PeakGflops = peaks.Best!.Gigaflops,
        PeakGigabytes = peaks.Best.Gigabytes,
        PeaksMeasured = peaks.Count,
        PeaksDifference = peaks.Difference,
        IsSteady = peaks.AreSteady,
        Rows = [.. rows.Select(r => r with { FractionOfPeak = peaks.FractionOf(r.FastestGflops * r.PeakWeight) })],
    };

    /// <summary>A text of three digits or so; "-" for none.</summary>
    public static string Significant(double? value) =>
        value switch { null => "-", >= 100 => $"{value:f0}", >= 10 => $"{value:f1}", >= 1 => $"{value:f2}", _ => $"{value:f3}" };

    /// <summary>A ratio and its spread; "-" for none.</summary>
    public static string Ratio(double? ratio, Spread? spread) =>
        ratio is null || spread is null ? Significant(ratio)
            : $"{Significant(ratio)} ({Significant(spread.P10)}-{Significant(spread.P90)})";
}
