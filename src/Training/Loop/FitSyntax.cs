using GraphCompiler.Frontend;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training;

/// <summary>Training, from the first step to the last.</summary>
public static class FitSyntax
{
    extension(TrainingStep step)
    {
        /// <summary>Runs a step on batch after batch: validates, stops early, keeps checkpoints and goes on from them.</summary>
        /// <remarks>
        /// Everything that decides what comes next is in a checkpoint: a run that was stopped, or killed, between any two steps and is gone
        /// on with has the same bits in the end as one that was not. Costs less than a microsecond a step beside the step itself.
        /// </remarks>
        /// <param name="data">Columns that are the step's inputs by name, in batches of its size. Left where the training ended.</param>
        /// <param name="options">How long, and what is kept.</param>
        /// <param name="cancellation">Ends the training after the step that is running, with a checkpoint.</param>
        /// <exception cref="RuntimeException">SGC5001, SGC5003: a column is not of the input's elements. SGC5002: disposed. SGC5004: no
        /// metric has the name that is watched, or no rate is settable. SGC5011: an option is out of range. SGC6001: a folder or file
        /// cannot be used, or the last checkpoint not written. SGC6004: columns and inputs have other names, or the data contradict
        /// themselves. SGC6006: the checkpoint is of another model or of other data.</exception>
        public History Fit(BatchStream data, FitOptions options, CancellationToken cancellation = default)
        {
            ArgumentNullException.ThrowIfNull(step);
            ArgumentNullException.ThrowIfNull(data);
            return Run(BatchRunner<TrainingStep>.Of(step, data), data, options, cancellation);
        }
    }

    internal static History Run(BatchRunner<TrainingStep> runner, BatchStream data, FitOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        using var loop = new TrainingLoop(runner, data, options);
        return loop.Run(cancellation);
    }
}
