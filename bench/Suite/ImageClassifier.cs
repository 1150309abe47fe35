using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Bench.Suite;

/// <summary>A classifier of images [height, width, channels] by the mean cross entropy.</summary>
internal abstract record ImageClassifier(string Name, int BatchSize, Shape Image, int Classes, Optimizer Optimizer) : SuiteModel(Name)
{
    /// <summary>Whether libtorch is faster with channels last in memory.</summary>
    public bool TorchChannelsLast { get; init; } = true;

    public override bool RunsOnTape => false;

    public override Declaration Declare()
    {
        var graph = new GraphBuilder(Name, Seed);
        var images = graph.Input("features", DType.F32[[BatchSize, .. Image]]);
        var labels = graph.Input("targets", DType.I32[BatchSize]);
        return new(graph, Logits(images).SoftmaxCrossEntropy(labels).Mean(), Optimizer);
    }

    /// <summary>The scores [batch, classes] of images [batch, height, width, channels].</summary>
    protected abstract Value Logits(Value h);

    public override Batch CreateBatch(int index)
    {
        var random = new Random((int)Seed * 1000 + index);
        var pixels = new float[BatchSize * (int)Image.ElementCount];
        for (var i = 0; i < pixels.Length; i++) pixels[i] = (float)(2 * random.NextDouble() - 1);
        return new(pixels, Enumerable.Range(0, BatchSize).Select(_ => random.Next(Classes)).ToArray());
    }
}
