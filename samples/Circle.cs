#:project ../src/Frontend/Frontend.csproj
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

// Is a point inside of the circle? The network learns it from 256 random points a step.
var g = new GraphBuilder("circle", seed: 1);
var x = g.Input("points", F32[256, 2]);
var t = g.Input("inside", I32[256]);
var logits = x.Dense(32, name: "hidden").Relu().Dense(2, name: "logits");
var loss = logits.SoftmaxCrossEntropy(t).Mean();

using var step = g.Minimize(loss, new Adam(1e-2)).Compile(); // Forward, backward and update are one native function.
using var predict = step.Predictor(logits.ArgMax(1));        // Shares the variables of the step.

var random = new Random(1);
for (var i = 1; i <= 1000; i++)
{
    step.Run(Draw(out var inside), inside);
    if (i % 200 == 0) Console.WriteLine($"step {i}  loss {step.Loss:f4}");
}
var guesses = predict.Run<float, int>(Draw(out var truth));
var right = truth.Zip(guesses.ToArray()).Count(p => p.First == p.Second);
Console.WriteLine($"{right} of {truth.Length} points right");
return right > 0.9 * truth.Length ? 0 : 1;

float[] Draw(out int[] inside)
{
    var points = Enumerable.Range(0, 512).Select(_ => 2 * random.NextSingle() - 1).ToArray();
    inside = [.. points.Chunk(2).Select(p => p[0] * p[0] + p[1] * p[1] < 0.5 ? 1 : 0)];
    return points;
}
