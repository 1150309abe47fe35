using GraphCompiler.Bench.Peers;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Bench.Suite;

internal enum Activation { Relu, Tanh, Gelu, Sigmoid }

internal enum Criterion { MeanSquaredError, BinaryCrossEntropy, CrossEntropy }

/// <summary>A multi-layer perceptron.</summary>
/// <param name="Name">The row.</param>
/// <param name="BatchSize">Rows of a batch.</param>
/// <param name="Sizes">Features, hidden layers, outputs.</param>
/// <param name="Hidden">Between two layers.</param>
/// <param name="Criterion">The loss; a mean over the batch.</param>
/// <param name="Optimizer">The update.</param>
/// <param name="Output">After the last layer, or none.</param>
internal sealed record Mlp(string Name, int BatchSize, int[] Sizes, Activation Hidden, Criterion Criterion, Optimizer Optimizer,
    Activation? Output = null) : SuiteModel(Name)
{
    public int Outputs => Sizes[^1];

    public override Declaration Declare()
    {
        var graph = new GraphBuilder(Name, Seed);
        var h = graph.Input("features", DType.F32[BatchSize, Sizes[0]]);
        var target = graph.Input("targets", Criterion == Criterion.CrossEntropy ? DType.I32[BatchSize] : DType.F32[BatchSize, Outputs]);
        for (var i = 1; i < Sizes.Length; i++)
        {
            h = h.Dense(Sizes[i], $"layer{i}");
            if ((i + 1 < Sizes.Length ? Hidden : Output) is { } activation) h = Apply(activation, h);
        }
        var loss = Criterion switch
        {
            Criterion.MeanSquaredError => h.MeanSquaredError(target),
            Criterion.BinaryCrossEntropy => h.BinaryCrossEntropyWithLogits(target),
            _ => h.SoftmaxCrossEntropy(target).Mean(),
        };
        return new(graph, loss.Rank == 0 ? loss : loss.Mean(), Optimizer);
    }

    public override ITorchModel DeclareTorch(Func<string, float[]> variable) => new TorchMlp(this, variable);

    public override Batch CreateBatch(int index)
    {
        var random = new Random((int)Seed * 1000 + index);
        var features = new float[BatchSize * Sizes[0]];
        for (var i = 0; i < features.Length; i++) features[i] = (float)(2 * random.NextDouble() - 1);
        if (Criterion == Criterion.CrossEntropy)
            return new(features, Enumerable.Range(0, BatchSize).Select(_ => random.Next(Outputs)).ToArray());
        var isBinary = Criterion == Criterion.BinaryCrossEntropy;
        var targets = Enumerable.Range(0, BatchSize * Outputs).Select(_ => isBinary ? random.Next(2) : (float)random.NextDouble());
        return new(features, targets.ToArray());
    }

    private static Value Apply(Activation activation, Value x) => activation switch
    {
        Activation.Relu => x.Relu(),
        Activation.Tanh => x.Tanh(),
        Activation.Gelu => x.Gelu(),
        _ => x.Sigmoid(),
    };
}
