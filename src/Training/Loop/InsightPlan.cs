using GraphCompiler.Frontend;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training;

/// <summary>Every so many steps one that also tells how large gradients and changes are, variable by variable.</summary>
public sealed class InsightPlan
{
    private readonly Func<Data.BatchStream, BatchRunner<TrainingStep>> _runner;

    /// <summary>By one step, which takes full batches: it is used at full batches alone.</summary>
    /// <param name="step">Of the plan <see cref="TrainingPlan.WithInsight"/>, over the variables of the step that is fitted.</param>
    /// <param name="every">Steps from one to the next, at least 1.</param>
    /// <exception cref="RuntimeException">SGC5011: fewer.</exception>
    public InsightPlan(TrainingStep step, long every)
    {
        ArgumentNullException.ThrowIfNull(step);
        (_runner, Every) = (data => BatchRunner<TrainingStep>.Of(step, data), Checked(every));
    }

    /// <summary>By a step for each number of rows.</summary>
    /// <param name="steps">As one step.</param>
    /// <param name="every">Steps from one to the next, at least 1.</param>
    /// <exception cref="RuntimeException">SGC5011: fewer.</exception>
    public InsightPlan(Specializations<TrainingStep> steps, long every)
    {
        ArgumentNullException.ThrowIfNull(steps);
        (_runner, Every) = (data => BatchRunner<TrainingStep>.Of(steps, data), Checked(every));
    }

    /// <summary>Steps from one to the next.</summary>
    public long Every { get; }

    /// <exception cref="RuntimeException">SGC5011: a step without insight, or over other variables.</exception>
    internal BatchRunner<TrainingStep> For(Data.BatchStream data, VariableStore variables)
    {
        static RuntimeException Bad(string what) => new(RuntimeCode.BadArgument, $"the step that is to give insight {what}");
        var runner = _runner(data);
        var step = runner.For(data.BatchSize);
        if (!step.HasInsight) throw Bad("has none; compile plan.WithInsight()");
        return step.Variables == variables ? runner
            : throw Bad("has other variables; compile it over the store of the step that is fitted");
    }

    private static long Checked(long every) =>
        every >= 1 ? every : throw new RuntimeException(RuntimeCode.BadArgument, $"insight every {every} steps; at least 1 is needed");
}
