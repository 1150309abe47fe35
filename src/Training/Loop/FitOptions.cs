using GraphCompiler.Frontend;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Checkpoints;
using GraphCompiler.Training.Data;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Training;

/// <summary>How long a training goes on, what is watched meanwhile, and what is kept.</summary>
/// <remarks>At least one of <see cref="Epochs"/>, <see cref="Steps"/> and <see cref="Time"/> is needed; what comes first ends it.</remarks>
public sealed record FitOptions
{
    /// <summary>Passes over the examples, those of a run that is gone on with included.</summary>
    public int? Epochs { get; init; }

    /// <summary>Steps, those of a run that is gone on with included.</summary>
    public long? Steps { get; init; }

    /// <summary>Time by the clock, that of a run that is gone on with included.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>A row of the history, and with it validation, comes after so many steps; at the end of each epoch when null.</summary>
    public long? EvaluateEvery { get; init; }

    /// <summary>Examples that are not trained with, and the function that judges them.</summary>
    public Validation? Validation { get; init; }

    /// <summary>The metric that says what is best: a name of <see cref="HistoryRow.Metrics"/>, or "loss" for the training's own. The first
    /// output of the validation when null, or "loss" where there is none.</summary>
    public string? Monitor { get; init; }

    /// <summary>Whether more of the watched metric is better, as of an accuracy; when null as the metric itself says, and false for an
    /// output that is no <see cref="Frontend.Metrics.Metric"/>.</summary>
    public bool? HigherIsBetter { get; init; }

    /// <summary>Ends the training where the watched metric does not get better.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>Lowers the learning rate where the watched metric does not get better.</summary>
    public ReduceOnPlateau? ReduceOnPlateau { get; init; }

    /// <summary>Whether the variables are, in the end, those of the best row of the history.</summary>
    public bool RestoreBest { get; init; }

    /// <summary>Steps that also tell how large gradients and changes are: callbacks and the logger are told.</summary>
    public InsightPlan? Insight { get; init; }

    /// <summary>Whether a loss that is NaN or infinite ends the training. It does by default. With
    /// <see cref="CompileOptions.CheckNumerics"/> the reason names the operation that it came from; where this is false, SGC5012 is thrown
    /// then.</summary>
    public bool StopOnNaN { get; init; } = true;

    /// <summary>Where the run is kept, so that it can be gone on with.</summary>
    public CheckpointPlan? Checkpoints { get; init; }

    /// <summary>Called in turn, on the thread of the training.</summary>
    public IReadOnlyList<FitCallback> Callbacks { get; init; } = [];

    /// <summary>Is told how far the training is, on its thread: <see cref="ConsoleProgress"/>, or one's own.</summary>
    public IProgress<FitProgress>? Progress { get; init; }

    /// <summary>The least time between two reports, beside those of a row of the history.</summary>
    public TimeSpan ReportEvery { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Is told of the beginning, of rows of the history and of the end at Information level, of checkpoints at Debug level, and,
    /// as warnings, of checkpoints that are damaged or not written and of what <see cref="Insight"/> finds.</summary>
    public ILogger? Logger { get; init; }

    internal void Check()
    {
        static RuntimeException Bad(string what) => new(RuntimeCode.BadArgument, what);
        if (Epochs is null && Steps is null && Time is null) throw Bad("a training without an end; give Epochs, Steps or Time");
        if (Epochs < 0 || Steps < 0 || Time < TimeSpan.Zero) throw Bad($"a training of {Epochs} epochs, {Steps} steps, {Time} of time");
        if (EvaluateEvery < 1) throw Bad($"a row of the history after {EvaluateEvery} steps; at least 1 is needed");
        ArgumentNullException.ThrowIfNull(Callbacks);
    }
}

/// <summary>Ends a training that does not get better.</summary>
/// <param name="Patience">Rows of the history without improvement after which it ends; at least 1.</param>
/// <param name="MinImprovement">What a change must exceed to count.</param>
public sealed record EarlyStopping(int Patience, double MinImprovement = 0);

/// <summary>Lowers a rate that is settable, <c>new Adam(Schedule.Settable(1e-3))</c>, where the watched metric does not get
/// better.</summary>
/// <param name="Patience">Rows of the history without improvement after which it is lowered; at least 1.</param>
/// <param name="Factor">What the rate is multiplied by, in (0, 1).</param>
/// <param name="Lowest">The rate does not become less.</param>
/// <param name="MinImprovement">What a change must exceed to count.</param>
public sealed record ReduceOnPlateau(int Patience, double Factor = 0.5, double Lowest = 0, double MinImprovement = 0);

/// <summary>Where and when a run is kept.</summary>
/// <param name="Folder">Of this run alone; made where it is not.</param>
/// <remarks>A checkpoint comes at the end too, and with each best row of the history where <see cref="FitOptions.RestoreBest"/> is set.
/// Where none of the two intervals is given, one comes with each row of the history.</remarks>
public sealed record CheckpointPlan(string Folder)
{
    /// <summary>Steps between two.</summary>
    public long? EverySteps { get; init; }

    /// <summary>Time between two.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>How many of the last ones stay, at least 1; the best one stays beside them.</summary>
    public int Keep { get; init; } = 3;

    /// <summary>Whether a run that is kept in the folder is gone on with, as by default. Otherwise a folder that has one is
    /// refused.</summary>
    public bool Resume { get; init; } = true;
}
