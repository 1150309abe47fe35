using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Training;
using GraphCompiler.Training.Data;
using static GraphCompiler.IR.DType;

// A training that tests kill: FOLDER STEPS STEPS_BETWEEN_CHECKPOINTS. It has all that must be gone on with: random state (dropout), the
// optimizer's, a rate that is set, a shuffled order, random changes of batches, validation and the best row. Prints the number of each
// step, and in the end what tells whether two runs had the same bits.
const int Features = 256, Examples = 1000, BatchSize = 16, Hidden = 96;

var (folder, steps, every) = (args[0], long.Parse(args[1]), long.Parse(args[2]));
var g = new GraphBuilder("child", seed: 5);
var (x, y) = (g.Input("x", F32[BatchSize, Features]), g.Input("y", I32[BatchSize]));
var logits = x.Dense(Hidden, "hidden").Relu().Dropout(0.2).Dense(4, "logits");
var loss = logits.SoftmaxCrossEntropy(y).Mean();
using var step = g.Minimize(loss, new Adam(Schedule.Settable(2e-3))).Compile(new CompileOptions { Threads = 1 });
using var judge = g.Compile(step.Variables, ("loss", loss));

var (features, labels, random) = (new float[Examples * Features], new int[Examples], new CounterRandom(11));
for (var i = 0; i < features.Length; i++) features[i] = random.NextSingle() - 0.5f;
for (var i = 0; i < labels.Length; i++) labels[i] = (features[i * Features] > 0 ? 2 : 0) + (features[i * Features + 1] > 0 ? 1 : 0);
var (train, rest) = Table.Empty.With("x", features, Features).With("y", labels).Split(0.8, seed: 3);
using var batches = train.Batches(BatchSize, seed: 7).Map(Noise, seed: 9).Prefetch(2);
using var validation = rest.Batches(BatchSize);

var history = step.Fit(batches, new FitOptions
{
    Steps = steps,
    EvaluateEvery = 40,
    Validation = new(judge, validation),
    RestoreBest = true,
    ReduceOnPlateau = new(Patience: 3),
    Checkpoints = new(folder) { EverySteps = every, Keep = 2 },
    Callbacks = [FitCallback.OnStep(c => Console.WriteLine(c.Step))],
});

using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
foreach (var variable in step.Variables.Variables.OrderBy(v => v.Name, StringComparer.Ordinal))
    hash.AppendData(variable.Type switch
    {
        ElementType.F32 => MemoryMarshal.AsBytes(step.Variables.Variable<float>(variable.Name)),
        ElementType.F64 => MemoryMarshal.AsBytes(step.Variables.Variable<double>(variable.Name)),
        _ => MemoryMarshal.AsBytes(step.Variables.Variable<long>(variable.Name)),
    });
foreach (var row in history.Rows)
    hash.AppendData(Encoding.UTF8.GetBytes($"{row.Epoch} {row.Step} {row.Loss:R} {row.LearningRate:R} {row["loss"]:R}\n"));
Console.WriteLine($"done {history.Steps} {System.Convert.ToHexStringLower(hash.GetHashAndReset())}");

static void Noise(Batch batch, ref CounterRandom random)
{
    foreach (ref var e in batch.Get<float>("x")) e += 0.01f * random.NextSingle();
}
