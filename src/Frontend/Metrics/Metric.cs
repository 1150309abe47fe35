using System.Collections.Immutable;
using GraphCompiler.IR;

namespace GraphCompiler.Frontend.Metrics;

/// <summary>A number, or a table, that says how good a model is over examples that come in batches of any sizes.</summary>
/// <remarks>Each batch's counts and sums are results of the compiled function, <see cref="GraphBuilder.Evaluation"/>: sums in f64, and
/// counts as integers. They are added up, and finished, outside of it, so that a metric is that of all examples together, however they are
/// divided into batches.</remarks>
public abstract partial class Metric
{
    private protected Metric(params ImmutableArray<Value> values) => Values = values;

    /// <summary>Whether more of it is better, as of an accuracy.</summary>
    public bool HigherIsBetter { get; private protected init; }

    /// <summary>What a batch is reduced to, in the order in which <see cref="MetricTotals.Add"/> reads them.</summary>
    internal ImmutableArray<Value> Values { get; }

    /// <summary>Whether it gives one number; otherwise it is a table alone.</summary>
    internal virtual bool IsNumber => true;

    /// <summary>What adds batches up, empty.</summary>
    internal abstract MetricTotals Begin();
}

/// <summary>What a metric has added up.</summary>
internal abstract class MetricTotals
{
    /// <summary>Adds a batch.</summary>
    public abstract void Add(MetricBatch batch);

    /// <summary>The metric over all batches so far; NaN over nothing.</summary>
    public abstract double Result { get; }

    /// <summary>The table, of a metric that is one.</summary>
    public virtual ConfusionMatrix? Matrix => null;
}

/// <summary>What one run has reduced a batch to.</summary>
/// <param name="function">That has run.</param>
/// <param name="outputs">The names of the metric's results.</param>
/// <param name="rows">The batch's.</param>
internal readonly struct MetricBatch(CompiledFunction function, ImmutableArray<string> outputs, int rows)
{
    public int Rows => rows;

    public double Sum(int part) => function.Output<double>(outputs[part])[0];

    public long Count(int part) => function.Output<long>(outputs[part])[0];

    public ReadOnlySpan<T> Read<T>(int part) where T : unmanaged => function.Output<T>(outputs[part]);
}

/// <summary>A metric of a function, and the names of the results that it is made of.</summary>
internal sealed record NamedMetric(string Name, Metric Metric, ImmutableArray<string> Outputs);
