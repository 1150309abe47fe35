using System.Text.Json;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime.Data;
using GraphCompiler.Tape;
using Spectre.Console;
using static GraphCompiler.IR.DType;

namespace Digits;

/// <summary>What to train, and the accuracy that it must reach.</summary>
internal sealed record Recipe(int Hidden, int Epochs, int Batch, double LearningRate, double Target);

/// <summary>Trains a two-layer classifier, reports its accuracy, and compares the compiled step with the eager tape.</summary>
internal static class Classifier
{
    public static int Run(Split data, Recipe recipe, Precision precision, string? json)
    {
        var g = new GraphBuilder("classifier", seed: 1);
        var x = g.Input("images", F32[recipe.Batch, data.Features]);
        var t = g.Input("labels", I32[recipe.Batch]);
        var logits = x.Dense(recipe.Hidden, name: "hidden").Relu().Dense(10, name: "logits");
        var loss = logits.SoftmaxCrossEntropy(t).Mean();
        var optimizer = new Adam(recipe.LearningRate);
        var plan = g.Minimize(loss, optimizer);
        using var step = plan.Compile(new CompileOptions { Precision = precision });
        AnsiConsole.WriteLine($"compiled in {step.CompileTime.TotalMilliseconds:F0} ms; {data.TrainY.Length} examples, "
            + $"{data.TestY.Length} held out");

        Train(data, recipe, step);
        using var predict = step.Predictor(logits);
        var accuracy = Accuracy(data, recipe, predict);
        AnsiConsole.WriteLine($"test accuracy {accuracy:P2}");
        var comparison = Comparison.Run(plan, precision, new Tape(g, loss, optimizer),
            new Batches(data.TrainX, data.TrainY, recipe.Batch, seed: 7));
        AnsiConsole.WriteLine($"compiled {comparison.CompiledMicroseconds:F2} µs a step, "
            + $"eager tape {comparison.TapeMicroseconds:F2} µs a step"
            + $" ({comparison.TapeMicroseconds / comparison.CompiledMicroseconds:F1} times as long)");
        AnsiConsole.WriteLine($"largest relative difference of the loss over {Comparison.CheckedSteps} steps: "
            + $"{comparison.LossDifference:E1}");
        if (json is not null) WriteJson(json, accuracy, recipe.Epochs, step.CompileTime, comparison);
        return Verdict(accuracy, recipe, comparison, Comparison.ToleranceOf(precision));
    }

    // Written so that a NaN fails.
    private static int Verdict(double accuracy, Recipe recipe, Comparison comparison, double tolerance)
    {
        var (isAccurate, agrees) = (accuracy >= recipe.Target, comparison.LossDifference <= tolerance);
        if (!isAccurate) Console.Error.WriteLine($"the accuracy is below {recipe.Target:P1}");
        if (!agrees) Console.Error.WriteLine($"the losses differ by more than {tolerance:E0}");
        return isAccurate && agrees ? 0 : 1;
    }

    private static void Train(Split data, Recipe recipe, TrainingStep step)
    {
        var batches = new Batches(data.TrainX, data.TrainY, recipe.Batch, seed: 7);
        void Epoch(int epoch, Action<string> report)
        {
            var total = 0.0;
            foreach (var (images, labels) in batches.Epoch(epoch))
            {
                step.Run(images, labels);
                total += step.Loss;
            }
            report($"epoch {epoch,3}  loss {total / batches.Count:F4}");
        }
        if (Console.IsOutputRedirected)
        {
            for (var epoch = 1; epoch <= recipe.Epochs; epoch++) Epoch(epoch, Console.WriteLine);
        }
        else
        {
            AnsiConsole.Progress().Start(context =>
            {
                var task = context.AddTask("training", maxValue: recipe.Epochs);
                for (var epoch = 1; epoch <= recipe.Epochs; epoch++)
                {
                    Epoch(epoch, line => task.Description = line);
                    task.Increment(1);
                }
            });
        }
    }

    // The compiled batch is fixed: what is left in the buffer after the last examples is computed and ignored.
    private static double Accuracy(Split data, Recipe recipe, Predictor predict)
    {
        var (count, correct) = (data.TestY.Length, 0);
        var images = new float[recipe.Batch * data.Features];
        for (var start = 0; start < count; start += recipe.Batch)
        {
            var size = Math.Min(recipe.Batch, count - start);
            data.TestX.AsSpan(start * data.Features, size * data.Features).CopyTo(images);
            var scores = predict.Run<float, float>(images);
            for (var i = 0; i < size; i++)
            {
                var row = scores.Slice(i * 10, 10);
                var best = 0;
                for (var c = 1; c < 10; c++) if (row[c] > row[best]) best = c;
                if (best == data.TestY[start + i]) correct++;
            }
        }
        return (double)correct / count;
    }

    private static void WriteJson(string path, double accuracy, int epochs, TimeSpan compile, Comparison comparison) =>
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            accuracy,
            epochs,
            compile_ms = compile.TotalMilliseconds,
            compiled_us_per_step = comparison.CompiledMicroseconds,
            tape_us_per_step = comparison.TapeMicroseconds,
            max_loss_difference = comparison.LossDifference,
        }));
}
