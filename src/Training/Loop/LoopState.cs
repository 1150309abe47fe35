using System.Text.Json;
using System.Text.Json.Serialization;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Checkpoints;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training;

/// <summary>What a training knows beside its variables: a text in its checkpoints.</summary>
internal sealed class LoopState
{
    /// <summary>The key of the text.</summary>
    public const string Key = "loop";

    public string Data { get; set; } = "";

    public DataPosition Position { get; set; }

    public int Epoch { get; set; }

    public long Step { get; set; }

    public double Seconds { get; set; }

    /// <summary>The losses since the last row of the history, each as often as its batch has examples.</summary>
    public double RowsLoss { get; set; }

    /// <summary>The examples that these are of.</summary>
    public long LossRows { get; set; }

    public double? Best { get; set; }

    public long? BestStep { get; set; }

    public Waiting Early { get; set; } = new();

    public Waiting Plateau { get; set; } = new();

    public List<HistoryRow> Rows { get; set; } = [];

    public double Loss => RowsLoss / LossRows;

    public string ToJson() => JsonSerializer.Serialize(this, LoopStateJson.Default.LoopState);

    /// <exception cref="RuntimeException">SGC6006: the checkpoint has no such text, or one that is no state.</exception>
    public static LoopState Of(Checkpoint checkpoint)
    {
        try
        {
            if (checkpoint.Texts.TryGetValue(Key, out var text)
                && JsonSerializer.Deserialize(text, LoopStateJson.Default.LoopState) is { } state)
                return state;
        }
        catch (JsonException error)
        {
            throw new RuntimeException(RuntimeCode.Mismatch, $"'{checkpoint.Path}' has no state of a training: {error.Message}", error);
        }
        throw new RuntimeException(RuntimeCode.Mismatch, $"'{checkpoint.Path}' was not written by Fit: it has no state of a training");
    }

    /// <summary>The best value that counted as an improvement, and the rows since.</summary>
    internal sealed class Waiting
    {
        public double? Best { get; set; }

        public int Rows { get; set; }

        /// <summary>Takes a value into account; true where it is better by more than <paramref name="least"/>.</summary>
        public bool Improves(double value, bool higherIsBetter, double least)
        {
            if (double.IsFinite(value) && (Best is not { } best || (higherIsBetter ? value - best : best - value) > least))
            {
                (Best, Rows) = (value, 0);
                return true;
            }
            Rows++;
            return false;
        }
    }
}

[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(LoopState))]
internal sealed partial class LoopStateJson : JsonSerializerContext;
