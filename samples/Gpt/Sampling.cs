using GraphCompiler.Runtime;

namespace Gpt;

/// <summary>Draws from scores.</summary>
internal static class Sampling
{
    /// <summary>A class with the probability that softmax gives it.</summary>
    public static int Draw(ReadOnlySpan<float> scores, ref CounterRandom random)
    {
        var (largest, sum) = (float.NegativeInfinity, 0.0);
        foreach (var score in scores) largest = Math.Max(largest, score);
        foreach (var score in scores) sum += Math.Exp(score - largest);
        var left = random.NextSingle() * sum;
        for (var i = 0; i < scores.Length; i++)
            if ((left -= Math.Exp(scores[i] - largest)) < 0) return i;
        return scores.Length - 1;
    }
}
