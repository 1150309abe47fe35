using System.Diagnostics;
using GraphCompiler.Frontend;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime.Data;

namespace Vision;

/// <summary>Trains a classifier, and judges it by images that it was not trained with.</summary>
internal static class Training
{
    private const int StepsOfShort = 50;
    private const int StepsBetweenReports = 20;

    /// <summary>0 if the accuracy reaches the target; a short run makes some steps and is not judged.</summary>
    public static int Run(Recipe recipe, Precision precision, string folder, bool isShort)
    {
        var (all, test) = (Mnist.LoadTrain(folder), Mnist.LoadTest(folder));
        var count = recipe.LeavesOutTenth ? all.Count - all.Count / 10 : all.Count;
        List<HeldOut> judges = [new("test", test.Images, test.Labels)];
        if (count < all.Count) judges.Add(new("left out", all.Images.AsMemory(count * all.Pixels), all.Labels.AsMemory(count)));
        var plan = recipe.Model.Training;
        using var step = plan.Compile(new CompileOptions { Precision = precision });
        using var classify = step.Predictor(recipe.Model.Prediction!.ArgMax(1));
        Console.WriteLine(plan.Graph.Summary());
        Console.WriteLine($"compiled in {step.CompileTime.TotalMilliseconds:F0} ms; {count} training images");

        var batch = plan.Graph.Inputs.First().Shape[0];
        var batches = new Batches(all.Images.AsMemory(0, count * all.Pixels), all.Labels.AsMemory(0, count), batch, seed: 7);
        double[] accuracies = [];
        for (var epoch = 1; epoch <= (isShort ? 1 : recipe.Epochs); epoch++)
        {
            var start = Stopwatch.GetTimestamp();
            var loss = Epoch(step, batches, epoch, isShort ? StepsOfShort : batches.Count);
            var time = Stopwatch.GetElapsedTime(start);
            accuracies = [.. judges.Select(j => Accuracy(classify, j, batch))];
            Console.WriteLine($"epoch {epoch}  {time.TotalSeconds,5:F1} s  loss {loss:F4}  accuracy "
                + string.Join(", ", judges.Zip(accuracies, (judge, a) => $"{a:P2} ({judge.Name})")));
        }
        if (isShort) return 0;
        // Written so that a NaN fails.
        var isReached = accuracies.All(a => a >= recipe.Target);
        Console.WriteLine($"{(isReached ? "reached" : "MISSED")}: at least {recipe.Target:P1} after {recipe.Epochs} epochs");
        return isReached ? 0 : 1;
    }

    /// <summary>The mean loss of an epoch's steps, of which there are at most as many as asked for.</summary>
    private static double Epoch(TrainingStep step, Batches batches, int epoch, int steps)
    {
        var (total, done) = (0.0, 0);
        foreach (var (images, labels) in batches.Epoch(epoch))
        {
            step.Run(images, labels);
            total += step.Loss;
            if (++done % StepsBetweenReports == 0 && !Console.IsErrorRedirected)
                Console.Error.Write($"epoch {epoch}  {done}/{batches.Count}  loss {total / done:F4}\r");
            if (done == steps) break;
        }
        return total / done;
    }

    // The compiled batch is fixed: what is left in the buffer after the last images is computed and ignored.
    private static double Accuracy(Predictor classify, HeldOut judge, int batch)
    {
        var (count, correct) = (judge.Labels.Length, 0);
        var pixels = judge.Images.Length / count;
        var images = new float[batch * pixels];
        for (var start = 0; start < count; start += batch)
        {
            var size = Math.Min(batch, count - start);
            judge.Images.Span.Slice(start * pixels, size * pixels).CopyTo(images);
            var classes = classify.Run<float, int>(images);
            for (var i = 0; i < size; i++) correct += classes[i] == judge.Labels.Span[start + i] ? 1 : 0;
        }
        return (double)correct / count;
    }
}
