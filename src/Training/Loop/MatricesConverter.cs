using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using GraphCompiler.Frontend.Metrics;

namespace GraphCompiler.Training;

/// <summary>Tables of a row in a checkpoint: each as its counts, row-major, from which the number of classes follows.</summary>
internal sealed class MatricesConverter : JsonConverter<IReadOnlyDictionary<string, ConfusionMatrix>>
{
    // Every row of the history is in every checkpoint.
    private const int MostClasses = 64;

    public override IReadOnlyDictionary<string, ConfusionMatrix> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var matrices = ImmutableDictionary.CreateBuilder<string, ConfusionMatrix>();
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("tables are no object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray) throw new JsonException($"the table '{name}' is no array");
            var counts = ImmutableArray.CreateBuilder<long>();
            while (reader.Read() && reader.TokenType == JsonTokenType.Number)
                counts.Add(reader.TryGetInt64(out var count) && count >= 0 ? count
                    : throw new JsonException($"a count of '{name}' is none"));
            matrices[name] = Of(name, counts.ToImmutable());
        }
        return matrices.ToImmutable();
    }

    public override void Write(
        Utf8JsonWriter writer, IReadOnlyDictionary<string, ConfusionMatrix> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (name, matrix) in value)
        {
            if (matrix.Classes > MostClasses) continue;
            writer.WriteStartArray(name);
            foreach (var count in matrix.Counts) writer.WriteNumberValue(count);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static ConfusionMatrix Of(string name, ImmutableArray<long> counts)
    {
        var classes = (int)Math.Sqrt(counts.Length);
        return classes > 0 && classes * classes == counts.Length ? new ConfusionMatrix(classes, counts)
            : throw new JsonException($"the table '{name}' has {counts.Length} counts, which are no square");
    }
}
