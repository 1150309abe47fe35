using GraphCompiler.Frontend;
using GraphCompiler.Runtime;

namespace Gpt;

/// <summary>Trains the network of letters on eight tenths of the names, judges it by a tenth, and lets it make some up. The last tenth is
/// for a reader's own choices, such as the number of steps.</summary>
internal static class NameLetters
{
    private const double Target = 2.17;
    private const int StepsOfShort = 50, Written = 20, End = 0;

    /// <summary>0 if the loss of the held-out names reaches the target; a short run makes some steps and is not judged.</summary>
    public static int Run(bool isShort)
    {
        var names = Shuffled(Data.Names());
        var (trained, held) = (names.Length * 8 / 10, names.Length * 9 / 10);
        var (letters, next) = Examples(names.AsSpan(0, trained));
        var (heldLetters, heldNext) = Examples(names.AsSpan(held));
        var (training, scores, losses) = Models.DeclareNames();
        using var step = training.Compile();
        using var judge = step.Predictor(losses);
        using var writer = step.Predictor(scores);
        Console.WriteLine(training.Graph.Summary());
        Console.WriteLine($"compiled in {step.CompileTime.TotalMilliseconds:F0} ms; {next.Length:N0} letters of {trained:N0} names, and "
            + $"{heldNext.Length:N0} of {names.Length - held:N0} held out");

        Train(step, letters, next, isShort ? StepsOfShort : Models.NameIterations);
        Console.WriteLine(string.Join(", ", Enumerable.Range(0, Written).Select(i => Write(writer, (ulong)i))));
        if (isShort) return 0;
        var loss = Loss(judge, heldLetters, heldNext);
        // Written so that a NaN fails.
        var isReached = loss <= Target;
        Console.WriteLine($"{(isReached ? "reached" : "MISSED")}: loss {loss:F4} of the names held out, and at most {Target} is asked for");
        return isReached ? 0 : 1;
    }

    private static string[] Shuffled(string[] names)
    {
        var order = Enumerable.Range(0, names.Length).ToArray();
        new CounterRandom(seed: 42).Shuffle(order);
        return [.. order.Select(i => names[i])];
    }

    // For each letter of each name, and its end, the three before it; the end stands before a name's first.
    private static (int[] Letters, int[] Next) Examples(ReadOnlySpan<string> names)
    {
        var (letters, next) = (new List<int>(), new List<int>());
        foreach (var name in names)
        {
            var seen = new int[Models.NameContext];
            foreach (var letter in name.Select(c => c - 'a' + 1).Append(End))
            {
                letters.AddRange(seen);
                next.Add(letter);
                seen = [.. seen[1..], letter];
            }
        }
        return ([.. letters], [.. next]);
    }

    private static void Train(TrainingStep step, int[] letters, int[] next, int steps)
    {
        var (random, progress) = (new CounterRandom(seed: 1), new Progress(steps, Models.NameBatch, every: 2000));
        var (batch, labels) = (new int[Models.NameBatch * Models.NameContext], new int[Models.NameBatch]);
        for (var i = 1; i <= steps; i++)
        {
            for (var b = 0; b < labels.Length; b++) Take(random.NextInt32(next.Length), b);
            step.Run<int, int>(batch, labels);
            progress.Count(i, step.Loss);
        }

        void Take(int example, int b)
        {
            letters.AsSpan(example * Models.NameContext, Models.NameContext).CopyTo(batch.AsSpan(b * Models.NameContext));
            labels[b] = next[example];
        }
    }

    private static double Loss(Predictor judge, int[] letters, int[] next)
    {
        var (batch, labels, total) = (new int[Models.NameBatch * Models.NameContext], new int[Models.NameBatch], 0.0);
        for (var start = 0; start < next.Length; start += Models.NameBatch)
        {
            // The compiled batch is fixed: what is left in it after the last letters is computed and ignored.
            var size = Math.Min(Models.NameBatch, next.Length - start);
            letters.AsSpan(start * Models.NameContext, size * Models.NameContext).CopyTo(batch);
            next.AsSpan(start, size).CopyTo(labels);
            foreach (var loss in judge.Run<int, int, float>(batch, labels)[..size]) total += loss;
        }
        return total / next.Length;
    }

    private static string Write(Predictor writer, ulong seed)
    {
        var (random, batch, name) = (new CounterRandom(seed), new int[Models.NameBatch * Models.NameContext], "");
        for (var seen = new int[Models.NameContext]; ;)
        {
            seen.CopyTo(batch, 0);
            var letter = Sampling.Draw(writer.Run<int, float>(batch)[..Models.Letters], ref random);
            if (letter == End) return name;
            name += (char)('a' + letter - 1);
            seen = [.. seen[1..], letter];
        }
    }
}
