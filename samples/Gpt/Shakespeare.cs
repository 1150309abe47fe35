using System.Diagnostics;
using GraphCompiler.Frontend;
using GraphCompiler.Runtime;

namespace Gpt;

/// <summary>Trains the language model on nine tenths of the plays, judges it by the last tenth, and lets it write.</summary>
internal static class Shakespeare
{
    private const double Target = 1.93;
    private const int StepsOfShort = 20, Written = 400;

    /// <summary>0 if the loss of the last tenth reaches the target; a short run makes some steps and is not judged.</summary>
    public static int Run(bool isShort)
    {
        var text = Data.Shakespeare();
        char[] characters = [.. text.Distinct().Order()];
        int[] tokens = [.. text.Select(c => Array.BinarySearch(characters, c))];
        var (train, held) = (tokens.AsMemory(0, tokens.Length * 9 / 10), tokens.AsMemory(tokens.Length * 9 / 10));
        var (training, _, losses, writing) = Models.DeclareGpt();
        using var step = training.Compile();
        using var judge = step.Predictor(losses);
        using var writer = writing.Compile(store: step.Variables);
        Console.WriteLine(training.Graph.Summary());
        Console.WriteLine($"compiled in {step.CompileTime.TotalMilliseconds:F0} ms; {train.Length:N0} characters, {characters.Length} "
            + $"different ones, and {held.Length:N0} held out");

        Train(step, train.Span, isShort ? StepsOfShort : Models.Iterations);
        var loss = isShort ? double.NaN : Loss(judge, held.Span);
        Console.WriteLine(Write(writer, characters, isShort ? 10 : Written));
        if (isShort) return 0;
        // Written so that a NaN fails.
        var isReached = loss <= Target;
        Console.WriteLine(
            $"{(isReached ? "reached" : "MISSED")}: loss {loss:F4} of all that was held out, and at most {Target} is asked for");
        return isReached ? 0 : 1;
    }

    private static void Train(TrainingStep step, ReadOnlySpan<int> text, int steps)
    {
        var (random, progress) = (new CounterRandom(seed: 1), new Progress(steps, Models.Batch * Models.Context, every: 250));
        var (tokens, targets) = (new int[Models.Batch * Models.Context], new int[Models.Batch * Models.Context]);
        for (var i = 1; i <= steps; i++)
        {
            for (var b = 0; b < Models.Batch; b++)
                Take(text, random.NextInt32(text.Length - Models.Context), b, tokens, targets);
            step.Run<int, int>(tokens, targets);
            progress.Count(i, step.Loss);
        }
    }

    // Sequence b of a batch: characters from a start on, and for each the one that follows.
    private static void Take(ReadOnlySpan<int> text, int start, int b, Span<int> tokens, Span<int> targets)
    {
        text.Slice(start, Models.Context).CopyTo(tokens[(b * Models.Context)..]);
        text.Slice(start + 1, Models.Context).CopyTo(targets[(b * Models.Context)..]);
    }

    // Every character once, in sequences side by side; what is left over at the end is judged in the context of all that fits before it.
    private static double Loss(Predictor judge, ReadOnlySpan<int> text)
    {
        var (tokens, targets, starts) = (new int[Models.Batch * Models.Context], new int[Models.Batch * Models.Context], new List<int>());
        for (var start = 0; start + Models.Context < text.Length; start += Models.Context) starts.Add(start);
        var (total, count, judged) = (0.0, 0, starts.Count * Models.Context);
        if (judged < text.Length - 1) starts.Add(text.Length - 1 - Models.Context);
        for (var first = 0; first < starts.Count; first += Models.Batch)
        {
            var size = Math.Min(Models.Batch, starts.Count - first);
            for (var b = 0; b < size; b++) Take(text, starts[first + b], b, tokens, targets);
            var losses = judge.Run<int, int, float>(tokens, targets);
            for (var i = 0; i < size * Models.Context; i++)
            {
                var at = starts[first + i / Models.Context] + i % Models.Context;
                if (at != count) continue; // Judged already.
                (total, count) = (total + losses[i], count + 1);
            }
        }
        return total / count;
    }

    // Draws one character after another, each by its probability. Of a full context the later half is read again from its beginning on.
    private static string Write(CompiledFunction writer, char[] characters, int count)
    {
        var (random, start, watch) = (new CounterRandom(seed: 2), 0, Stopwatch.StartNew());
        List<int> written = [Array.BinarySearch(characters, '\n')];
        for (var seen = 0; written.Count <= count; seen++)
        {
            if (seen - start == Models.Context) (start, seen) = (seen - Models.Context / 2, seen - Models.Context / 2);
            writer.Run<int, int>([written[seen]], [seen - start]);
            if (seen == written.Count - 1) written.Add(Sampling.Draw(writer.Output<float>("output"), ref random));
        }
        var text = string.Concat(written.Skip(1).Select(c => characters[c]));
        return $"{text}\n({count / watch.Elapsed.TotalSeconds:N0} characters a second)";
    }
}
