using System.Text.Json;
using System.Text.Json.Serialization;

namespace GraphCompiler.Bench.Measurement;

/// <summary>The figures of one model. Times are microseconds a step; null where a side did not run.</summary>
internal sealed record Row
{
    public required string Name { get; init; }
    public required int Threads { get; init; }
    public double CompiledUs { get; init; }
    public double? TapeUs { get; init; }
    public double? TorchUs { get; init; }
    /// <summary>The median over the rounds of one side's time over the compiled one's in the same round: what slows the machine for a while
    /// slows both.</summary>
    public double? TorchOverCompiled { get; init; }
    /// <inheritdoc cref="TorchOverCompiled"/>
    public double? TapeOverCompiled { get; init; }
    public double CompileMs { get; init; }
    public double CompileWarmMs { get; init; }
    /// <summary>Floating-point operations of the matmuls in a step, a multiply-add counted as two.</summary>
    public double Flops { get; init; }
    public double Gflops => Flops / CompiledUs / 1e3;
    public double FractionOfPeak { get; init; }
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
    public required string Runtime { get; init; }
    public required string Compiler { get; init; }
    public required string Torch { get; init; }
    public required DateTimeOffset Date { get; init; }
    public required double PeakGflops { get; init; }
    public required IReadOnlyList<Row> Rows { get; init; }

    public static Run Read(string path) =>
        JsonSerializer.Deserialize<Run>(File.ReadAllText(path), Format) ?? throw new InvalidDataException($"{path} is empty");

    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Format) + "\n");

    /// <summary>The processor's model name.</summary>
    public static string CpuName() =>
        File.Exists("/proc/cpuinfo")
            && File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':') + 1)..].Trim() : "unknown";
}
