using GraphCompiler.Bench.Peers;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Bench.Suite;

/// <summary>A convolution with bias and ReLU, and the max pooling behind it.</summary>
/// <param name="Filters">Channels of the result.</param>
/// <param name="Size">Taps along each axis.</param>
/// <param name="Padding">Zeros on each side.</param>
/// <param name="Pool">Taps and stride of the pooling; 1 for none.</param>
internal sealed record ConvolutionStage(int Filters, int Size, int Padding = 0, int Pool = 1);

/// <summary>A classifier of images: convolutions, then dense layers, with ReLU between them.</summary>
/// <param name="Name">The row.</param>
/// <param name="BatchSize">Images of a batch.</param>
/// <param name="Image">Height, width and channels.</param>
/// <param name="Stages">The convolutions.</param>
/// <param name="Units">Hidden dense layers, and classes.</param>
/// <param name="Optimizer">The update.</param>
internal sealed record ConvolutionalNetwork(string Name, int BatchSize, Shape Image, ConvolutionStage[] Stages, int[] Units,
    Optimizer Optimizer) : ImageClassifier(Name, BatchSize, Image, Units[^1], Optimizer)
{
    /// <summary>Height, width and channels of what the first dense layer takes.</summary>
    public Shape Flattened => Stages.Aggregate(Image, (x, s) =>
        new((x[0] + 2 * s.Padding - s.Size + 1) / s.Pool, (x[1] + 2 * s.Padding - s.Size + 1) / s.Pool, s.Filters));

    protected override Value Logits(Value h)
    {
        for (var i = 0; i < Stages.Length; i++)
        {
            var (filters, size, padding, pool) = Stages[i];
            h = h.Conv2D(filters, size, padding: padding, name: $"conv{i + 1}", activation: y => y.Relu());
            if (pool > 1) h = h.MaxPool2D(pool);
        }
        h = h.Flatten();
        for (var i = 0; i < Units.Length; i++)
        {
            h = h.Dense(Units[i], $"dense{i + 1}", activation: i + 1 < Units.Length ? y => y.Relu() : null);
        }
        return h;
    }

    public override ITorchModel DeclareTorch(Func<string, float[]> variable) => new TorchConvolutionalNetwork(this, variable);
}
