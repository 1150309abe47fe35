using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GraphCompiler.Training.Tests;

/// <summary>What a training tells those who listen: measurements, spans and a log.</summary>
[Trait("Category", "AnyLevel")]
public sealed class TelemetryTests
{
    private const string Name = "GraphCompiler.Training";

    [Fact]
    public void Instruments_count_steps_and_examples()
    {
        var thread = Environment.CurrentManagedThreadId;
        var (sums, times) = (new Dictionary<string, long>(), new Dictionary<string, List<double>>());
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == Name) l.EnableMeasurementEvents(instrument);
        };
        // Other classes train at the same time, on threads of their own.
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            if (Environment.CurrentManagedThreadId == thread) sums[instrument.Name] = sums.GetValueOrDefault(instrument.Name) + value;
        });
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
        {
            if (Environment.CurrentManagedThreadId != thread) return;
            if (!times.TryGetValue(instrument.Name, out var all)) times.Add(instrument.Name, all = []);
            all.Add(value);
        });
        listener.Start();
        using var model = new Small();
        using var batches = Small.Data(40).Batches(Small.BatchSize).Prefetch();
        List<double> losses = [];
        model.Step.Fit(batches, new FitOptions { Steps = 7, Callbacks = [FitCallback.OnStep(c => losses.Add(c.Loss))] });
        Assert.Equal(7, sums["graphcompiler.training.steps"]);
        Assert.Equal(7 * Small.BatchSize, sums["graphcompiler.training.examples"]);
        Assert.Equal(losses, times["graphcompiler.training.loss"]);
        foreach (var name in new[] { "graphcompiler.training.step.duration", "graphcompiler.training.data.wait" })
        {
            Assert.Equal(7, times[name].Count);
            Assert.All(times[name], t => Assert.InRange(t, 0, 60));
        }
    }

    [Fact]
    public void Spans_are_of_the_training_its_evaluations_and_checkpoints()
    {
        List<(string Name, string? Parent, object? Step)> spans = [];
        using var root = new Activity("test").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = a =>
            {
                if (a.RootId == root.RootId)
                    spans.Add((a.OperationName, a.Parent?.OperationName, a.GetTagItem("graphcompiler.training.step")));
            },
        };
        ActivitySource.AddActivityListener(listener);
        var folder = Directory.CreateTempSubdirectory("spans").FullName;
        using var model = new Small();
        using var batches = Small.Data(40).Batches(Small.BatchSize);
        model.Step.Fit(batches, new FitOptions { Epochs = 2, Checkpoints = new(folder) { EverySteps = 100 } });
        Directory.Delete(folder, recursive: true);
        Assert.Equal([("evaluate", "fit", 5L), ("evaluate", "fit", 10L), ("checkpoint", "fit", 10L), ("fit", "test", null)], spans);
    }

    [Fact]
    public void The_logger_is_told_of_the_beginning_rows_and_the_end()
    {
        var log = new Lines();
        using var model = new Small();
        using var batches = Small.Data(40).Batches(Small.BatchSize);
        model.Step.Fit(batches, new FitOptions { Epochs = 1, Logger = log });
        Assert.Equal(3, log.Told.Count);
        Assert.StartsWith("training begins at step 0, epoch 0, on a table of 40 examples", log.Told[0], StringComparison.Ordinal);
        Assert.StartsWith("epoch 1, step 5: loss ", log.Told[1], StringComparison.Ordinal);
        Assert.Equal("training ends after step 5: all 1 epochs were made", log.Told[2]);
    }

    private sealed class Lines : ILogger
    {
        public List<string> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Told.Add(formatter(state, exception));
    }
}
