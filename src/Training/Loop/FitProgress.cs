namespace GraphCompiler.Training;

/// <summary>How far a training is.</summary>
/// <param name="Epoch">Passes over the examples before this one, from 0.</param>
/// <param name="Epochs">How many it is to make, where that was said.</param>
/// <param name="Step">Steps that have been made.</param>
/// <param name="Steps">How many there will be, where that is known.</param>
/// <param name="Loss">The mean loss over the examples since the last row of the history; that of this row where there is one.</param>
/// <param name="LearningRate">Where it is settable.</param>
/// <param name="StepsPerSecond">Since the last report; 0 where nothing is known yet.</param>
/// <param name="Elapsed">Time by the clock, that before a checkpoint included.</param>
/// <param name="Row">The row of the history that this reports, if it does.</param>
/// <param name="End">The sentence of its end, if it has ended.</param>
public sealed record FitProgress(int Epoch, int? Epochs, long Step, long? Steps, double Loss, double? LearningRate, double StepsPerSecond,
    TimeSpan Elapsed, HistoryRow? Row, string? End)
{
    /// <summary>Time left at this rate, where it is known how many steps there will be.</summary>
    public TimeSpan? Remaining => Steps is { } steps && StepsPerSecond > 0 ? TimeSpan.FromSeconds((steps - Step) / StepsPerSecond) : null;
}
