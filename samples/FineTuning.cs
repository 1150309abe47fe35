#:project ../src/Frontend/Frontend.csproj
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

// A body that learnt one task serves another: its weights are taken over by name, and the new head is trained alone, then all of it.
var path = Path.Combine(Path.GetTempPath(), $"rings-{Environment.ProcessId}.safetensors");
var random = new Random(2);
using (var first = Declare("rings", classes: 3, rate: 1e-2).Compile())
{
    Train(first, 1500, (x, y) => (int)Math.Min(2, 2.2 * Math.Sqrt(x * x + y * y)));
    Console.WriteLine($"three rings: loss {first.Loss:f3}");
    first.Variables.SaveWeights(path);
}

using var head = Declare("inside", classes: 2, rate: 1e-2, trained: n => n.StartsWith("inside/", StringComparison.Ordinal)).Compile();
var report = head.Variables.LoadWeights(path, partial: true);
Console.WriteLine(report); // The head is not in the file, and stays as it was made.
File.Delete(path);
var body = head.Variables.Variable<float>("body/kernel").ToArray();
Train(head, 500, Inside);
var stayed = head.Variables.Variable<float>("body/kernel").SequenceEqual(body);
Console.WriteLine($"inside or outside, the head alone: loss {head.Loss:f3}; the body {(stayed ? "stayed" : "moved")}");
var alone = head.Loss;

using var whole = Declare("inside", classes: 2, rate: 1e-3).Compile(store: head.Variables);
Train(whole, 1000, Inside);
Console.WriteLine($"all of it, at a lower rate: loss {whole.Loss:f3}");
return stayed && report.Loaded.Length == 4 && report.Missing.Length == 2 && whole.Loss < alone ? 0 : 1;

static int Inside(double x, double y) => x * x + y * y < 0.5 ? 1 : 0;

static TrainingPlan Declare(string task, int classes, double rate, Func<string, bool>? trained = null)
{
    var g = new GraphBuilder(task, seed: 1);
    var (x, label) = (g.Input("points", F32[64, 2]), g.Input("labels", I32[64]));
    var features = x.Dense(24, name: "body").Relu().Dense(24, name: "body2").Relu();
    var loss = features.Dense(classes, name: task).SoftmaxCrossEntropy(label).Mean();
    return g.Minimize(loss, new Adam(rate), variables: trained ?? (_ => true));
}

void Train(TrainingStep step, int steps, Func<double, double, int> labelOf)
{
    var (points, labels) = (new float[128], new int[64]);
    for (var i = 0; i < steps; i++)
    {
        foreach (ref var p in points.AsSpan()) p = 2 * random.NextSingle() - 1;
        for (var n = 0; n < labels.Length; n++) labels[n] = labelOf(points[2 * n], points[2 * n + 1]);
        step.Run(points, labels);
    }
}
