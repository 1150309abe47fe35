using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace GraphCompiler.Training;

/// <summary>What a training tells who listens, as OpenTelemetry does: instruments and spans. Where nobody listens each costs a
/// look.</summary>
internal static class Telemetry
{
    /// <summary>The name of the meter and of the source of spans.</summary>
    public const string Name = "GraphCompiler.Training";

    private static readonly Meter s_meter = new(Name);

    public static readonly ActivitySource Spans = new(Name);

    public static readonly Counter<long> Steps =
        s_meter.CreateCounter<long>("graphcompiler.training.steps", "{step}", "Steps that were made.");

    public static readonly Counter<long> Examples =
        s_meter.CreateCounter<long>("graphcompiler.training.examples", "{example}", "Examples of these steps.");

    public static readonly Gauge<double> Loss =
        s_meter.CreateGauge<double>("graphcompiler.training.loss", null, "The loss of the last step.");

    public static readonly Histogram<double> StepDuration =
        s_meter.CreateHistogram<double>("graphcompiler.training.step.duration", "s", "Time of a step.");

    public static readonly Histogram<double> DataWait =
        s_meter.CreateHistogram<double>("graphcompiler.training.data.wait", "s", "Time until the batch of a step was there.");

    /// <summary>Whether somebody listens to what needs the clock.</summary>
    public static bool IsTimed => StepDuration.Enabled || DataWait.Enabled;

    /// <summary>Tells of a step.</summary>
    /// <param name="rows">Examples of its batch.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="asked">When its batch was asked for; 0 where nobody listens to times.</param>
    /// <param name="given">When it was there.</param>
    public static void StepDone(int rows, double loss, long asked, long given)
    {
        Steps.Add(1);
        Examples.Add(rows);
        Loss.Record(loss);
        if (asked == 0) return;
        DataWait.Record(Stopwatch.GetElapsedTime(asked, given).TotalSeconds);
        StepDuration.Record(Stopwatch.GetElapsedTime(given).TotalSeconds);
    }
}
