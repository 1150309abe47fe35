// Trains the digits from the facade: DeployApp digits.csv. Needs no compiler: neither LLVM nor the builder is in its folder.
using CompiledModels;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Data;

const int Batch = 16, Pixels = 64, Epochs = 60;
if (args is ["--first-step"])
{
    // How soon a program trains: one step on zeros.
    using var fresh = new Digits();
    return float.IsFinite(fresh.TrainStep(new float[Batch * Pixels], new int[Batch])) ? 0 : 1;
}
if (args.Length != 1)
{
    Console.Error.WriteLine("usage: DeployApp digits.csv (lines of 64 pixels from 0 to 16 and a label) | --first-step");
    return 2;
}
var rows = File.ReadLines(args[0]).Select(line => line.Split(',').Select(int.Parse).ToArray()).ToList();
var order = Enumerable.Range(0, rows.Count).ToArray();
new CounterRandom(seed: 2024).Shuffle(order);
var held = rows.Count / 5;
var (testX, testY) = Take(order[..held]);
var (trainX, trainY) = Take(order[held..]);

using var model = new Digits();
var batches = new Batches(trainX, trainY, Batch, seed: 7);
for (var epoch = 1; epoch <= Epochs; epoch++)
    foreach (var (images, labels) in batches.Epoch(epoch)) model.TrainStep(images, labels);

var correct = 0;
var block = new float[Batch * Pixels];
for (var start = 0; start < testY.Length; start += Batch)
{
    // The compiled batch is fixed: what is left after the last examples is computed and ignored.
    var size = Math.Min(Batch, testY.Length - start);
    testX.AsSpan(start * Pixels, size * Pixels).CopyTo(block);
    var scores = model.Predict(block);
    for (var i = 0; i < size; i++)
    {
        var best = 0;
        for (var c = 1; c < 10; c++) if (scores[i * 10 + c] > scores[i * 10 + best]) best = c;
        if (best == testY[start + i]) correct++;
    }
}
Console.WriteLine($"test accuracy {(double)correct / testY.Length:P2}");
return correct >= 0.97 * testY.Length ? 0 : 1;

(float[] X, int[] Y) Take(int[] chosen) =>
    ([.. chosen.SelectMany(i => rows[i].Take(Pixels).Select(p => p / 16f))], [.. chosen.Select(i => rows[i][Pixels])]);
