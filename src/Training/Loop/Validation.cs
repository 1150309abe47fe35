using GraphCompiler.Frontend;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training;

/// <summary>Examples that are not trained with, and what judges them.</summary>
public sealed class Validation
{
    private readonly BatchRunner<CompiledFunction> _runner;

    /// <summary>By one function, which takes full batches.</summary>
    /// <param name="function">Over the variables of the step: <c>graph.Compile(step.Variables, ("loss", loss))</c>. Each output of one
    /// element is a metric of its name: the mean over the examples.</param>
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

    /// <summary>The names of the metrics; the first is watched where none is named.</summary>
    /// <exception cref="RuntimeException">SGC6004: no output is one number, or the data are not the function's.</exception>
    internal IReadOnlyList<string> Metrics => [.. MetricsOf(_runner.For(Data.BatchSize)).Select(m => m.Name)];

    /// <summary>Judges one epoch, each time the same one: the means over its examples, by name.</summary>
    /// <exception cref="RuntimeException">SGC5001: the only function does not take the batches. SGC6004: no output is one number, the data
    /// are not the function's, or there are none.</exception>
    public IReadOnlyDictionary<string, double> Measure()
    {
        var (sums, rows) = (new Dictionary<string, double>(), 0L);
        Data.Seek(default);
        while (Data.TryNext(out var batch))
        {
            var function = _runner.Run(batch);
            foreach (var metric in MetricsOf(function))
                sums[metric.Name] = sums.GetValueOrDefault(metric.Name) + batch.Rows * ValueOf(function, metric);
            rows += batch.Rows;
        }
        return sums.ToDictionary(s => s.Key, s => s.Value / rows);
    }

    private static BufferLayout[] MetricsOf(CompiledFunction function)
    {
        BufferLayout[] metrics = [.. function.Layout.Buffers.Where(b => b.Role == BufferRole.Output && b.Elements == 1
            && b.Type is ElementType.F32 or ElementType.F64 && function.Outputs.Contains(b.Name))];
        return metrics.Length > 0 ? metrics : throw new RuntimeException(RuntimeCode.InconsistentData,
            $"no output of the validation is one number of f32 or f64: {string.Join(", ", function.Outputs)}; take a mean");
    }

    private static double ValueOf(CompiledFunction function, BufferLayout output) => output.Type == ElementType.F32
        ? function.Output<float>(output.Name)[0] : function.Output<double>(output.Name)[0];
}
