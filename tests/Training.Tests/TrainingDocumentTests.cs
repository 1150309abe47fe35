using System.Text.RegularExpressions;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using GraphCompiler.Training.Checkpoints;
using GraphCompiler.Training.Plots;
using GraphCompiler.Training.TensorBoard;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Training.Tests;

/// <summary>docs/training.md: its code is that of samples/Fit, or runs here.</summary>
[Trait("Category", "AnyLevel")]
public sealed partial class TrainingDocumentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("page").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_loop_by_hand_goes_on_from_a_folder()
    {
        var (path, x, y) = (Path.Combine(_folder, "hand"), new float[24], new float[8]);
        for (var i = 0; i < x.Length; i++) x[i] = MathF.Sin(i);
        void Train(Frontend.TrainingStep step, long steps)
        {
            using var folder = new CheckpointFolder(path);
            var done = folder.Restore(step.Variables)?.Step ?? 0;
            for (; done < steps; done++)
            {
                step.Run<float, float>(x, y);
                if ((done + 1) % 100 == 0) folder.Save(step.Variables, done + 1);
            }
            folder.Flush();
        }
        using var whole = new Small();
        for (var i = 0; i < 300; i++) whole.Step.Run<float, float>(x, y);
        using var parts = new Small();
        Train(parts.Step, 250);
        parts.Reset();
        Train(parts.Step, 300);
        Assert.Equal(whole.Step.Variable<float>("hidden/kernel"), parts.Step.Variable<float>("hidden/kernel"));
    }

    [Fact]
    public void Batches_of_any_size()
    {
        static TrainingPlan Declare(int rows)
        {
            var (g, x, y) = Inputs(rows);
            return g.Minimize(x.Dense(1, "w").MeanSquaredError(y), new Adam(1e-2));
        }
        static FunctionPlan Judge(int rows)
        {
            var (g, x, y) = Inputs(rows);
            return g.Function(("error", x.Dense(1, "w").MeanSquaredError(y)));
        }
        var (train, rest) = Small.Data(100).Split(0.8);
        using var steps = Specializations.ByRows(Declare);
        using var judges = Specializations.ByRows(Judge, store: steps.Variables);
        using var batches = train.Batches(32, seed: 7, keepRemainder: true);
        using var heldOut = rest.Batches(32, keepRemainder: true);
        var history = steps.Fit(batches, new FitOptions { Epochs = 3, Validation = new(judges, heldOut) });
        Assert.Equal(9, history.Steps);
        Assert.Equal([16, 32], steps.Compiled.Order());
        Assert.Equal([20], judges.Compiled);
    }

    [Fact]
    public void Metrics_of_an_evaluation()
    {
        static FunctionPlan Judge(int rows)
        {
            var (g, x, y) = Inputs(rows);
            var (score, label) = (x.Dense(1, "w"), (y > 0).ConvertTo(I32));
            return g.Evaluation(
                ("auc", Metric.Auc(score, label)),
                ("f1", Metric.F1(score, label)),
                ("loss", Metric.Mean(score.BinaryCrossEntropyWithLogits(label.ConvertTo(F32)))),
                ("confusion", Metric.ConfusionMatrix(score, label)));
        }
        using var judges = Specializations.ByRows(Judge);
        using var heldOut = Small.Data(50).Batches(32, keepRemainder: true);
        var measured = new Validation(judges, heldOut).Measure();
        Console.WriteLine($"{measured["auc"]:P1}, of {measured.Matrices["confusion"].Total} examples");
        Assert.InRange(measured["auc"], 0, 1);
        Assert.Equal(50, measured.Matrices["confusion"].Total);
        Assert.True(measured["loss"] > 0);
    }

    [Fact]
    public void Numbers_events_and_pictures()
    {
        var (g, x, y) = Inputs(8);
        var score = x.Dense(1, "w");
        var plan = g.Minimize(score.MeanSquaredError(y), new Adam(1e-2));
        var (folder, logger) = (_folder, NullLogger.Instance);
        using var step = plan.Compile(new CompileOptions { CheckNumerics = true });
        using var watched = plan.WithInsight().Compile(store: step.Variables);
        var options = new FitOptions { Epochs = 2, Insight = new(watched, every: 100), Logger = logger };
        using var board = new TensorBoardCallback($"{folder}/events");
        var label = (y > 0).ConvertTo(I32);
        using var judge = g.Evaluation(("accuracy", Metric.Accuracy(score, label)), ("confusion", Metric.ConfusionMatrix(score, label)))
            .Compile(store: step.Variables);
        using var batches = Small.Data(400).Batches(8);
        var history = step.Fit(batches, options with { Validation = new(judge, batches), Callbacks = [board] });
        foreach (var p in watched.Insight.Parameters)
            Console.WriteLine($"{p.Name}: gradient {p.GradientNorm:G3}, largest {p.LargestGradient:G3}, zeros {p.ZeroFraction:P0}, "
                + $"update/weight {p.UpdateRatio:G3}");
        foreach (var finding in watched.Insight.Findings) Console.WriteLine(finding);
        Assert.All(watched.Insight.Parameters, p => Assert.True(p.GradientNorm > 0));
        TrainingPlot.Curves(history, "loss", "accuracy").Save($"{folder}/curves.svg");
        TrainingPlot.Confusion(history.Rows[^1].Matrices["confusion"], ["no", "yes"]).Save($"{folder}/confusion.png");
        Assert.Single(Directory.GetFiles(Path.Combine(folder, "events")));
        Assert.All([$"{folder}/curves.svg", $"{folder}/confusion.png"], f => Assert.True(new FileInfo(f).Length > 2000));
    }

    private static (GraphBuilder Graph, IR.Value X, IR.Value Y) Inputs(int rows)
    {
        var g = new GraphBuilder("page", seed: 1);
        return (g, g.Input("x", F32[rows, Small.Features]), g.Input("y", F32[rows, 1]));
    }

    [Fact]
    public void Every_line_of_code_is_in_the_sample_or_here()
    {
        string[] sources = [SourceTree.PathOf("samples", "Fit", "Program.cs"),
            SourceTree.PathOf("tests", "Training.Tests", "TrainingDocumentTests.cs"),
            SourceTree.PathOf("tests", "Training.Tests", "TensorSpanTests.cs")];
        var lines = sources.SelectMany(File.ReadLines).Select(l => l.Trim()).ToHashSet();
        var code = CodeBlock().Matches(File.ReadAllText(SourceTree.PathOf("docs", "training.md")))
            .SelectMany(m => m.Groups[1].Value.Trim().Split('\n')).ToArray();
        Assert.True(code.Length > 15);
        Assert.All(code, line => Assert.Contains(line.Trim(), lines));
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
