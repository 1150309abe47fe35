using GraphCompiler.Frontend;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training;

/// <summary>Training on batches of any size.</summary>
public static class SpecializedFitSyntax
{
    extension(Specializations<TrainingStep> steps)
    {
        /// <summary>Runs a step on batch after batch, that of as many rows as the batch has: no example is left out of an epoch whose
        /// stream keeps its remainder.</summary>
        /// <remarks>The loss is taken for a mean over the rows of a batch: rows of the history weigh it by their number. A new number of
        /// rows is compiled when its first batch comes; a run that is gone on with has the same bits.</remarks>
        /// <param name="data">Columns that are the steps' inputs by name, in batches of any size. Left where the training ended.</param>
        /// <param name="options">How long, and what is kept.</param>
        /// <param name="cancellation">Ends the training after the step that is running, with a checkpoint.</param>
        /// <exception cref="RuntimeException">As of one step, and SGC5006: a variable depends on the number of rows.</exception>
        /// <exception cref="IR.Diagnostics.GraphException">What the declaration and compilation of a new number of rows throw.</exception>
        public History Fit(BatchStream data, FitOptions options, CancellationToken cancellation = default)
        {
            ArgumentNullException.ThrowIfNull(steps);
            ArgumentNullException.ThrowIfNull(data);
            return FitSyntax.Run(BatchRunner<TrainingStep>.Of(steps, data), data, options, cancellation);
        }
    }
}
