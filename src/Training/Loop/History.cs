using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Files;
using nietras.SeparatedValues;

namespace GraphCompiler.Training;

/// <summary>Why a training ended.</summary>
public enum FitEnd
{
    /// <summary>All epochs were made.</summary>
    Epochs,

    /// <summary>All steps were made.</summary>
    Steps,

    /// <summary>The time was over.</summary>
    Time,

    /// <summary>The token was cancelled.</summary>
    Cancelled,

    /// <summary>The watched metric did not get better.</summary>
    EarlyStopped,

    /// <summary>A callback asked for it.</summary>
    Stopped,

    /// <summary>The loss was NaN or infinite.</summary>
    NotFinite,
}

/// <summary>What was measured at one point of a training.</summary>
/// <param name="Epoch">Passes over the examples before, from 0.</param>
/// <param name="Step">Steps that had been made.</param>
/// <param name="Seconds">Time by the clock until then.</param>
/// <param name="Loss">The mean loss over the examples since the row before.</param>
/// <param name="LearningRate">Where it is settable.</param>
/// <param name="Metrics">Those of the validation, by name.</param>
public sealed record HistoryRow(
    int Epoch, long Step, double Seconds, double Loss, double? LearningRate, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>Metrics of the validation that are tables, by name. Checkpoints have those of at most 64 classes: of a run that is gone on
    /// with, rows before lack larger ones.</summary>
    [JsonConverter(typeof(MatricesConverter))]
    public IReadOnlyDictionary<string, ConfusionMatrix> Matrices
    {
        get => field ?? ImmutableDictionary<string, ConfusionMatrix>.Empty; // Checkpoints of before have none.
        init;
    }

    /// <summary>A metric by name, or "loss".</summary>
    /// <exception cref="RuntimeException">SGC5004: there is none of this name.</exception>
    public double this[string name] => Metrics.TryGetValue(name, out var value) ? value : name == "loss" ? Loss
        : throw new RuntimeException(RuntimeCode.UnknownArgument,
            $"no metric is named '{name}'; there are: {string.Join(", ", Metrics.Keys.Append("loss"))}");
}

/// <summary>What a training was like.</summary>
public sealed class History
{
    internal History(FitEnd end, string reason, LoopState state)
    {
        (End, Reason, Steps, Time) = (end, reason, state.Step, TimeSpan.FromSeconds(state.Seconds));
        (Rows, BestStep) = ([.. state.Rows], state.BestStep);
    }

    /// <summary>Why it ended.</summary>
    public FitEnd End { get; }

    /// <summary>Why it ended, as a sentence.</summary>
    public string Reason { get; }

    /// <summary>Steps that were made, those before a checkpoint that was gone on from included.</summary>
    public long Steps { get; }

    /// <summary>Time by the clock, that before a checkpoint included.</summary>
    public TimeSpan Time { get; }

    /// <summary>What was measured, in order.</summary>
    public IReadOnlyList<HistoryRow> Rows { get; }

    /// <summary>The step of the best row by the watched metric; null where there is none.</summary>
    public long? BestStep { get; }

    /// <summary>The best row; null where there is none.</summary>
    public HistoryRow? Best => Rows.FirstOrDefault(r => r.Step == BestStep);

    /// <summary>The step that the run was gone on from; null where it began anew.</summary>
    public long? ResumedFrom { get; internal set; }

    /// <summary>Checkpoints of this call, and how long the steps stood still for their copies.</summary>
    public (int Count, TimeSpan CopyTime) Checkpoints { get; internal set; }

    /// <summary>Time of this call in which the steps waited for data.</summary>
    public TimeSpan DataWaitTime { get; internal set; }

    /// <summary>The rows as CSV, with a header; numbers can be read back exactly.</summary>
    public string ToCsv()
    {
        string[] names = [.. Rows.SelectMany(r => r.Metrics.Keys).Distinct()];
        using var writer = Sep.New(',').Writer(o => o with { CultureInfo = CultureInfo.InvariantCulture, Escape = true }).ToText();
        foreach (var row in Rows)
        {
            using var line = writer.NewRow();
            line["epoch"].Format(row.Epoch);
            line["step"].Format(row.Step);
            line["seconds"].Format(row.Seconds);
            line["loss"].Format(row.Loss);
            line["learning_rate"].Set(row.LearningRate?.ToString("R", CultureInfo.InvariantCulture) ?? "");
            foreach (var name in names)
                line[$"validation_{name}"].Set(
                    row.Metrics.TryGetValue(name, out var value) ? value.ToString("R", CultureInfo.InvariantCulture) : "");
        }
        return writer.ToString();
    }

    /// <summary>Writes the rows as CSV.</summary>
    /// <param name="path">Replaced whole if it is there.</param>
    /// <exception cref="RuntimeException">SGC6001: the file cannot be written.</exception>
    public void SaveCsv(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        VariableStore.Attempt($"'{path}' cannot be written",
            () => DurableFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(ToCsv()))));
    }
}
