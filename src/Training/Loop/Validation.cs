using System.Collections.Immutable;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training;

/// <summary>Examples that are not trained with, and what judges them.</summary>
public sealed class Validation
{
    private readonly BatchRunner<CompiledFunction> _runner;

    /// <summary>By one function, which takes full batches.</summary>
    /// <param name="function">Over the variables of the step: <c>graph.Evaluation(("accuracy", Metric.Accuracy(logits,
    /// labels))).Compile(store: step.Variables)</c>, or any function: then each output of one element is a metric of its name, the mean
    /// over the examples.</param>
    /// <param name="data">One epoch is judged each time; its columns are the function's inputs.</param>
    public Validation(CompiledFunction function, BatchStream data)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(data);
        (_runner, Data) = (BatchRunner<CompiledFunction>.Of(function, data), data);
    }

    /// <summary>By a function for each number of rows, so that no example is left out.</summary>
    /// <param name="functions">Over the variables of the steps: <c>Specializations.ByRows(rows => ..., store: steps.Variables)</c>; outputs
    /// are as of one function.</param>
    /// <param name="data">One epoch is judged each time; its columns are the functions' inputs.</param>
    public Validation(Specializations<CompiledFunction> functions, BatchStream data)
    {
        ArgumentNullException.ThrowIfNull(functions);
        ArgumentNullException.ThrowIfNull(data);
        (_runner, Data) = (BatchRunner<CompiledFunction>.Of(functions, data), data);
    }

    /// <summary>What is judged, one epoch each time.</summary>
    public BatchStream Data { get; }

    /// <summary>The metrics that are one number; the first is watched where none is named.</summary>
    /// <exception cref="RuntimeException">SGC6004: there is no metric, or the data are not the function's.</exception>
    internal IReadOnlyList<NamedMetric> Numbers => [.. MetricsOf(_runner.For(Data.BatchSize)).Where(m => m.Metric.IsNumber)];

    /// <summary>Judges one epoch, each time the same one.</summary>
    /// <exception cref="RuntimeException">SGC5001: the only function does not take the batches. SGC5008: a label is no class. SGC6004:
    /// there is no metric, or the data are not the function's.</exception>
    public Measurement Measure()
    {
        List<(string Name, MetricTotals Totals)> all = [];
        Data.Seek(default);
        while (Data.TryNext(out var batch))
        {
            var function = _runner.Run(batch);
            var metrics = MetricsOf(function);
            if (all.Count == 0) all.AddRange(metrics.Select(m => (m.Name, m.Metric.Begin())));
            for (var i = 0; i < metrics.Length; i++)
                all[i].Totals.Add(new MetricBatch(function, metrics[i].Outputs, batch.Rows));
        }
        return new(all.Where(m => m.Totals.Matrix is null).ToDictionary(m => m.Name, m => m.Totals.Result),
            all.Where(m => m.Totals.Matrix is not null).ToDictionary(m => m.Name, m => m.Totals.Matrix!));
    }

    private static ImmutableArray<NamedMetric> MetricsOf(CompiledFunction function) => !function.Metrics.IsEmpty ? function.Metrics
        : throw new RuntimeException(RuntimeCode.InconsistentData,
            $"no output of the validation is one number of f32 or f64: {string.Join(", ", function.Outputs)}; take a mean");
}

/// <summary>What examples were judged to be like.</summary>
/// <param name="Metrics">Those that are one number, by name.</param>
/// <param name="Matrices">Those that are a table, by name.</param>
public sealed record Measurement(IReadOnlyDictionary<string, double> Metrics, IReadOnlyDictionary<string, ConfusionMatrix> Matrices)
{
    /// <summary>A metric that is one number.</summary>
    /// <exception cref="RuntimeException">SGC5004: there is none of this name.</exception>
    public double this[string name] => Metrics.TryGetValue(name ?? throw new ArgumentNullException(nameof(name)), out var value) ? value
        : throw new RuntimeException(RuntimeCode.UnknownArgument,
            $"no metric is named '{name}'; there are: {string.Join(", ", Metrics.Keys)}");
}
