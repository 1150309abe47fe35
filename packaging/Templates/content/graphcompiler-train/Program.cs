// Trains a classifier of two interleaved spirals. Compiling needs libLLVM 19; on Debian and Ubuntu: apt-get install libllvm19
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Training;
using GraphCompiler.Training.Data;
using static GraphCompiler.IR.DType;

const int Batch = 32, Examples = 2048;

// Your data: a row of features and a label for each example. Csv.Open and NpyFile.Read read files.
var (points, labels) = Spirals(Examples);
var (train, rest) = Table.Empty.With("points", points, 2).With("labels", labels).Split(0.8, seed: 1);
using var batches = train.Batches(Batch, seed: 7);
using var heldOut = rest.Batches(Batch);

// The model. A mistake is an error at the call that made it.
var g = new GraphBuilder("spirals", seed: 1);
var x = g.Input("points", F32[Batch, 2]);
var t = g.Input("labels", I32[Batch]);
var logits = x.Dense(64, name: "hidden1").Tanh().Dense(64, name: "hidden2").Tanh().Dense(2, name: "logits");
var loss = logits.SoftmaxCrossEntropy(t).Mean();

// Forward, backward and update become one native function; the judge shares its variables.
using var step = g.Minimize(loss, new Adam(3e-3)).Compile();
using var judge = g.Compile(step.Variables, ("loss", loss), ("accuracy", logits.ArgMax(1).Equal(t).ConvertTo(F32).Mean()));

using var progress = new ConsoleProgress();
var history = step.Fit(batches, new FitOptions { Epochs = 40, Validation = new(judge, heldOut), RestoreBest = true, Progress = progress });
progress.Dispose();

step.Variables.SaveWeights("spirals.safetensors");
step.ToHtml("spirals.html"); // The graph, its passes, kernels and memory, as a page.
Console.WriteLine($"held-out accuracy {history.Best!["accuracy"]:P1}; weights in spirals.safetensors, the model's page in spirals.html");

static (float[] Points, int[] Labels) Spirals(int count)
{
    var random = new Random(1);
    var (points, labels) = (new float[count * 2], new int[count]);
    for (var i = 0; i < count; i++)
    {
        labels[i] = i % 2;
        var (turn, radius) = (random.NextSingle() * 3 * MathF.PI, 0f);
        radius = 0.1f + turn / (3 * MathF.PI);
        var angle = turn + labels[i] * MathF.PI;
        points[2 * i] = radius * MathF.Cos(angle) + 0.02f * random.NextSingle();
        points[2 * i + 1] = radius * MathF.Sin(angle) + 0.02f * random.NextSingle();
    }
    return (points, labels);
}
