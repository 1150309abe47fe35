using GraphCompiler.Bench.Peers;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Bench.Suite;

/// <summary>Two 3×3 convolutions, each with batch normalization, and a shortcut around them (He et al. 2016): a 1×1 convolution where the
/// shape changes.</summary>
/// <param name="Name">Prefix of its variables.</param>
/// <param name="Inputs">Channels that come in.</param>
/// <param name="Filters">Channels of the result.</param>
/// <param name="Stride">Of the first convolution.</param>
internal sealed record ResidualBlock(string Name, int Inputs, int Filters, int Stride)
{
    public bool IsProjected => Stride != 1 || Inputs != Filters;
}

/// <summary>A residual network: a 3×3 convolution with as many filters as the first block, a block for each number of filters, of stride 2
/// but the first, the mean over positions, and a dense layer.</summary>
/// <param name="Name">The row.</param>
/// <param name="BatchSize">Images of a batch.</param>
/// <param name="Image">Height, width and channels.</param>
/// <param name="Filters">Of each block.</param>
/// <param name="Classes">Scores.</param>
/// <param name="Optimizer">The update.</param>
internal sealed record ResidualNetwork(string Name, int BatchSize, Shape Image, int[] Filters, int Classes, Optimizer Optimizer)
    : ImageClassifier(Name, BatchSize, Image, Classes, Optimizer)
{
    public IEnumerable<ResidualBlock> Blocks =>
        Filters.Select((f, i) => new ResidualBlock($"block{i + 1}", Filters[Math.Max(i - 1, 0)], f, i == 0 ? 1 : 2));

    protected override Value Logits(Value h)
    {
        h = Normalized(h, "stem", Filters[0], 3, 1).Relu();
        foreach (var block in Blocks)
        {
            Value Body(Value x) => Normalized(Normalized(x, "first", block.Filters, 3, block.Stride).Relu(), "second", block.Filters, 3, 1);
            Value Projected(Value x) => Normalized(x, "projection", block.Filters, 1, block.Stride);
            h = h.Residual(Body, block.IsProjected ? Projected : null, block.Name).Relu();
        }
        return h.GlobalAveragePool().Dense(Classes, "logits");
    }

    public override ITorchModel DeclareTorch(Func<string, float[]> variable) => new TorchResidualNetwork(this, variable);

    private static Value Normalized(Value x, string name, int filters, int size, int stride) =>
        x.Conv2D(filters, size, stride, padding: size / 2, bias: false, name: $"{name}/conv").BatchNorm($"{name}/norm");
}
