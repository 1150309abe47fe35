using System.Diagnostics;
using System.Text.Json;
using Digits.Report;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime.Data;
using GraphCompiler.Tape;
using static GraphCompiler.IR.DType;

namespace Digits;

/// <summary>What to train, and the accuracy that it must reach.</summary>
internal sealed record Recipe(string Name, int Hidden, int Epochs, int Batch, double LearningRate, double Target);

/// <summary>Where the figures go beside the terminal.</summary>
/// <param name="Json">A file of figures; null for none.</param>
/// <param name="Html">The page.</param>
internal sealed record Outputs(string? Json, string Html);

/// <summary>Trains a two-layer classifier, reports its accuracy, and compares the compiled step with the eager tape.</summary>
internal static class Classifier
{
    public static int Run(Split data, Recipe recipe, Precision precision, Outputs outputs)
    {
        var g = new GraphBuilder("classifier", seed: 1);
        var x = g.Input("images", F32[recipe.Batch, data.Features]);
        var t = g.Input("labels", I32[recipe.Batch]);
        var logits = x.Dense(recipe.Hidden, name: "hidden").Relu().Dense(10, name: "logits");
        var loss = logits.SoftmaxCrossEntropy(t).Mean();
        var optimizer = new Adam(recipe.LearningRate);
        var plan = g.Minimize(loss, optimizer);
        using var step = plan.Compile(new CompileOptions { Precision = precision });
        Console.WriteLine($"compiled in {step.CompileTime.TotalMilliseconds:F0} ms; {data.TrainY.Length} examples, "
            + $"{data.TestY.Length} held out");
        using var predict = step.Predictor(logits.Softmax());
        var run = Train(data, recipe, step, predict);
        Console.WriteLine($"test accuracy {run.Guesses.Accuracy:P2} after {run.Time.TotalSeconds:F2} s of training");

        var comparison = Comparison.Run(plan, precision, new Tape(g, loss, optimizer),
            new Batches(data.TrainX, data.TrainY, recipe.Batch, seed: 7));
        Console.WriteLine($"compiled {comparison.CompiledMicroseconds:F2} µs a step, "
            + $"eager tape {comparison.TapeMicroseconds:F2} µs a step"
            + $" ({comparison.TapeMicroseconds / comparison.CompiledMicroseconds:F1} times as long)");
        Console.WriteLine($"largest relative difference of the loss over {Comparison.CheckedSteps} steps: "
            + $"{comparison.LossDifference:E1}");
        if (outputs.Json is { } json) WriteJson(json, run, recipe.Epochs, step.CompileTime, comparison);
        DigitsPage.Write(outputs.Html, new(recipe, data, run, comparison, step.CompileTime));
        Console.WriteLine($"curves, mistakes and times: {outputs.Html}");
        return Verdict(run.Guesses.Accuracy, recipe, comparison, Comparison.ToleranceOf(precision));
    }

    // Written so that a NaN fails.
    private static int Verdict(double accuracy, Recipe recipe, Comparison comparison, double tolerance)
    {
        var (isAccurate, agrees) = (accuracy >= recipe.Target, comparison.LossDifference <= tolerance);
        if (!isAccurate) Console.Error.WriteLine($"the accuracy is below {recipe.Target:P1}");
        if (!agrees) Console.Error.WriteLine($"the losses differ by more than {tolerance:E0}");
        return isAccurate && agrees ? 0 : 1;
    }

    private static TrainingRun Train(Split data, Recipe recipe, TrainingStep step, Predictor predict)
    {
        var batches = new Batches(data.TrainX, data.TrainY, recipe.Batch, seed: 7);
        var (epochs, time, guesses) = (new List<Epoch>(), TimeSpan.Zero, (Guesses?)null);
        LiveChart.Show(recipe.Epochs, report =>
        {
            for (var epoch = 1; epoch <= recipe.Epochs; epoch++)
            {
                var (start, total) = (Stopwatch.GetTimestamp(), 0.0);
                foreach (var (images, labels) in batches.Epoch(epoch))
                {
                    step.Run(images, labels);
                    total += step.Loss;
                }
                time += Stopwatch.GetElapsedTime(start);
                guesses = Guesses.Of(data, recipe.Batch, predict);
                epochs.Add(new(epoch, total / batches.Count, guesses.Accuracy));
                report(epochs);
            }
        });
        return new(epochs, guesses!, time, recipe.Epochs * batches.Count);
    }

    private static void WriteJson(string path, TrainingRun run, int epochs, TimeSpan compile, Comparison comparison) =>
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            accuracy = run.Guesses.Accuracy,
            epochs,
            compile_ms = compile.TotalMilliseconds,
            compiled_us_per_step = comparison.CompiledMicroseconds,
            tape_us_per_step = comparison.TapeMicroseconds,
            max_loss_difference = comparison.LossDifference,
        }));
}
