using GraphCompiler.Frontend;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training;

/// <summary>Hands batches to a compiled function: a column to the input of its name.</summary>
internal sealed class BatchRunner
{
    private readonly CompiledFunction _function;
    private readonly int[] _columns; // By input.
    private readonly ReadOnlyMemory<byte>[] _inputs;

    /// <exception cref="RuntimeException">SGC6004: an input has no column, or a column no input.</exception>
    public BatchRunner(CompiledFunction function, BatchStream data)
    {
        (_function, _inputs) = (function, new ReadOnlyMemory<byte>[function.Inputs.Count]);
        string[] columns = [.. data.Columns.Select(c => c.Name)], inputs = [.. function.Inputs];
        if (!inputs.ToHashSet().SetEquals(columns))
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"the data have columns {string.Join(", ", columns)}, and the function has inputs {string.Join(", ", inputs)}");
        _columns = [.. inputs.Select(i => Array.IndexOf(columns, i))];
    }

    public void Run(Batch batch)
    {
        for (var i = 0; i < _columns.Length; i++) _inputs[i] = batch.Memory(_columns[i]);
        _function.Run(_inputs);
    }
}

/// <summary>Judges variables by examples that are not trained with.</summary>
internal sealed class Evaluation
{
    private readonly Validation _validation;
    private readonly BatchRunner _runner;
    private readonly BufferLayout[] _metrics;

    /// <exception cref="RuntimeException">SGC6004: no output is one number, or the data are not the function's.</exception>
    public Evaluation(Validation validation)
    {
        (_validation, _runner) = (validation, new BatchRunner(validation.Function, validation.Data));
        _metrics = [.. validation.Function.Layout.Buffers.Where(b => b.Role == BufferRole.Output && b.Elements == 1
            && b.Type is ElementType.F32 or ElementType.F64 && validation.Function.Outputs.Contains(b.Name))];
        if (_metrics.Length == 0)
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"no output of the validation is one number of f32 or f64: {string.Join(", ", validation.Function.Outputs)}; take a mean");
    }

    /// <summary>The names of the metrics; the first is watched where none is named.</summary>
    public IReadOnlyList<string> Metrics => [.. _metrics.Select(m => m.Name)];

    /// <summary>The means over the examples of one epoch, each time the same one.</summary>
    public Dictionary<string, double> Measure()
    {
        var (sums, rows) = (new double[_metrics.Length], 0L);
        _validation.Data.Seek(default);
        while (_validation.Data.TryNext(out var batch))
        {
            _runner.Run(batch);
            for (var i = 0; i < sums.Length; i++) sums[i] += batch.Rows * Value(_metrics[i]);
            rows += batch.Rows;
        }
        return Enumerable.Range(0, sums.Length).ToDictionary(i => _metrics[i].Name, i => sums[i] / rows);
    }

    private double Value(BufferLayout output) => output.Type == ElementType.F32
        ? _validation.Function.Output<float>(output.Name)[0] : _validation.Function.Output<double>(output.Name)[0];
}
