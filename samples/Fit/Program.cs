using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Training;
using GraphCompiler.Training.Data;
using GraphCompiler.Training.TensorBoard;
using static GraphCompiler.IR.DType;

// Handwritten digits, trained as one does it. Ctrl+C stops it, and the next start goes on with the bits that it would have had.
var folder = args.Length > 0 ? args[0] : "artifacts/fit";
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) => (e.Cancel, _) = (true, stop.CancelAsync());

var digits = DigitsData.Load();
var table = Table.Empty.With("images", digits.TrainX, digits.Features).With("labels", digits.TrainY);
var (train, rest) = table.Split(0.85, seed: 1);
using var batches = train.Batches(32, seed: 7);
using var heldOut = rest.Batches(32);

var g = new GraphBuilder("digits", seed: 1);
var (x, t) = (g.Input("images", F32[32, digits.Features]), g.Input("labels", I32[32]));
var logits = x.Dense(64, "hidden").Relu().Dropout(0.2).Dense(10, "logits");
var loss = logits.SoftmaxCrossEntropy(t).Mean();
using var step = g.Minimize(loss, new Adam(Schedule.Settable(3e-3))).Compile();
using var judge = g.Evaluation(("loss", Metric.Mean(loss)), ("accuracy", Metric.Accuracy(logits, t))).Compile(store: step.Variables);

using var progress = new ConsoleProgress();
using var board = new TensorBoardCallback($"{folder}/events");
var history = step.Fit(batches, new FitOptions
{
    Epochs = 60,
    Validation = new(judge, heldOut),
    EarlyStopping = new(Patience: 8),
    ReduceOnPlateau = new(Patience: 3),
    RestoreBest = true,
    Checkpoints = new($"{folder}/checkpoints"),
    Progress = progress,
    Callbacks = [board],
}, stop.Token);
progress.Dispose();

history.SaveCsv($"{folder}/history.csv");
step.Variables.SaveWeights($"{folder}/digits.safetensors");
if (history.Best is { } best) Console.WriteLine($"best: step {best.Step}, validation accuracy {best["accuracy"]:P1}");
var (count, copying) = history.Checkpoints;
Console.WriteLine($"steps stood still {copying.TotalMilliseconds:F1} ms for the copies of {count} checkpoints, "
    + $"and waited {history.DataWaitTime.TotalMilliseconds:F1} ms for data");
