using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Numerics;

namespace GraphCompiler.Training;

/// <summary>Where a training is, for callbacks.</summary>
public sealed class FitContext
{
    internal FitContext(TrainingStep step) => TrainingStep = step;

    /// <summary>The step that ran last, and that of full batches before the first: its variables may be read and set.</summary>
    public TrainingStep TrainingStep { get; internal set; }

    /// <summary>Steps that have been made.</summary>
    public long Step { get; internal set; }

    /// <summary>Passes over the examples before this one, from 0.</summary>
    public int Epoch { get; internal set; }

    /// <summary>The loss of the last step.</summary>
    public float Loss { get; internal set; }

    /// <summary>Examples of the last step's batch.</summary>
    public int Rows { get; internal set; }

    /// <summary>What is to end the training after this step, or null.</summary>
    internal string? StopReason { get; private set; }

    /// <summary>Ends the training after this step.</summary>
    /// <param name="reason">As <see cref="History.Reason"/> says it.</param>
    public void Stop(string reason = "a callback asked for it") => StopReason ??= reason ?? throw new ArgumentNullException(nameof(reason));
}

/// <summary>Code that is called at points of a training. What it keeps for itself is not in checkpoints.</summary>
public abstract class FitCallback
{
    /// <summary>Before the first step, after a checkpoint was taken over.</summary>
    public virtual void Started(FitContext context)
    {
    }

    /// <summary>After each step.</summary>
    public virtual void StepDone(FitContext context)
    {
    }

    /// <summary>After each step that gave insight, <see cref="FitOptions.Insight"/>, and before <see cref="StepDone"/>.</summary>
    public virtual void Inspected(FitContext context, StepInsight insight)
    {
    }

    /// <summary>After each row of the history.</summary>
    public virtual void Evaluated(FitContext context, HistoryRow row)
    {
    }

    /// <summary>After the last step, whatever ended the training.</summary>
    public virtual void Ended(FitContext context)
    {
    }

    /// <summary>After each step: an action.</summary>
    public static FitCallback OnStep(Action<FitContext> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return new ActionCallback(action, null);
    }

    /// <summary>After each row of the history: an action.</summary>
    public static FitCallback OnRow(Action<FitContext, HistoryRow> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return new ActionCallback(null, action);
    }

    private sealed class ActionCallback(Action<FitContext>? step, Action<FitContext, HistoryRow>? row) : FitCallback
    {
        public override void StepDone(FitContext context) => step?.Invoke(context);

        public override void Evaluated(FitContext context, HistoryRow evaluated) => row?.Invoke(context, evaluated);
    }
}
