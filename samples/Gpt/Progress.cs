using System.Diagnostics;

namespace Gpt;

/// <summary>Says how far a training is: a line of its own at every report, and one that is written over in between.</summary>
/// <param name="steps">Of the training.</param>
/// <param name="tokens">That a step learns from.</param>
/// <param name="every">Steps between two reports.</param>
internal sealed class Progress(int steps, int tokens, int every)
{
    private const int StepsBetweenUpdates = 20;

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private double _loss;
    private int _counted;

    /// <summary>Counts a step; the mean loss since the last report where one is due.</summary>
    public void Count(int step, float loss)
    {
        (_loss, _counted) = (_loss + loss, _counted + 1);
        var rate = (double)step * tokens / _watch.Elapsed.TotalSeconds;
        var text = $"step {step,6}/{steps}  loss {_loss / _counted:F4}  {rate,9:N0} tokens/s";
        if (step % every == 0 || step == steps)
        {
            Console.WriteLine(text);
            (_loss, _counted) = (0, 0);
        }
        else if (step % StepsBetweenUpdates == 0 && !Console.IsErrorRedirected)
        {
            Console.Error.Write($"{text}\r");
        }
    }
}
