using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Runtime;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Training.TensorBoard;

/// <summary>Writes a training down for TensorBoard: losses, metrics, rates and insight.</summary>
/// <remarks>
/// Tags: <c>train/loss</c> of steps, <c>epoch/loss</c>, <c>epoch/learning_rate</c> and <c>validation/METRIC</c> of rows of the history; and
/// of steps with insight <c>gradient_norm/VARIABLE</c>, <c>largest_gradient/VARIABLE</c>, <c>zero_fraction/VARIABLE</c> and
/// <c>update_ratio/VARIABLE</c>. A run that is gone on with adds a file, which hides what was written after its checkpoint. A disk that is
/// full does not end the training: the logger is told, and no more is written.
/// </remarks>
public sealed class TensorBoardCallback : FitCallback, IDisposable
{
    private readonly string _folder;
    private readonly long _every;
    private readonly ILogger? _logger;

    /// <summary>Writes to a folder, from the first step on.</summary>
    /// <param name="folder">Of this run alone: <c>tensorboard --logdir</c> is told it, or the folder around it.</param>
    /// <param name="every">Steps from one loss that is written to the next, at least 1.</param>
    /// <param name="logger">Is told where the file cannot be written any more.</param>
    /// <exception cref="RuntimeException">SGC5011: fewer steps than 1.</exception>
    public TensorBoardCallback(string folder, long every = 10, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (every < 1)
            throw new RuntimeException(RuntimeCode.BadArgument, $"a loss is to be written every {every} steps; at least 1 is needed");
        (_folder, _every, _logger) = (folder, every, logger);
    }

    /// <summary>What is written to.</summary>
    internal EventFile? File { get; set; }

    /// <summary>The file that is being written; null before the training and where it failed.</summary>
    public string? Path => File?.Path;

    /// <inheritdoc/>
    /// <exception cref="RuntimeException">SGC6001: the file cannot be made.</exception>
    public override void Started(FitContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        File?.Dispose();
        File = new EventFile(_folder);
        Attempt(file => file.WriteStart(context.Step + 1));
    }

    /// <inheritdoc/>
    public override void StepDone(FitContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Step % _every == 0) Attempt(file => file.WriteScalars(context.Step, ("train/loss", context.Loss)));
    }

    /// <inheritdoc/>
    public override void Inspected(FitContext context, StepInsight insight)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(insight);
        Attempt(file => file.WriteScalars(context.Step, [.. insight.Parameters.SelectMany(p => (IEnumerable<(string, double)>)[
            ($"gradient_norm/{p.Name}", p.GradientNorm), ($"largest_gradient/{p.Name}", p.LargestGradient),
            ($"zero_fraction/{p.Name}", p.ZeroFraction), ($"update_ratio/{p.Name}", p.UpdateRatio)])]));
    }

    /// <inheritdoc/>
    public override void Evaluated(FitContext context, HistoryRow row)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(row);
        List<(string, double)> scalars = [("epoch/loss", row.Loss), .. row.Metrics.Select(m => ($"validation/{m.Key}", m.Value))];
        if (row.LearningRate is { } rate) scalars.Add(("epoch/learning_rate", rate));
        Attempt(file => file.WriteScalars(row.Step, [.. scalars]));
    }

    /// <inheritdoc/>
    public override void Ended(FitContext context) => Dispose();

    /// <summary>Closes the file. Can be called twice.</summary>
    public void Dispose()
    {
        File?.Dispose();
        File = null;
    }

    private void Attempt(Action<EventFile> write)
    {
        if (File is null) return;
        try
        {
            write(File);
        }
        catch (RuntimeException error) when (error.Code == RuntimeCode.FileMissing)
        {
            _logger?.LogWarning("nothing more is written for TensorBoard: {Error}", error.Message);
            File.Dispose();
            File = null;
        }
    }
}
