using GraphCompiler.Bench.Suite;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Peers;

/// <summary>A residual network on libtorch.</summary>
internal sealed class TorchResidualNetwork : TorchImageClassifier
{
    private readonly Normalized _stem;
    private readonly (Normalized First, Normalized Second, Normalized? Shortcut)[] _blocks;
    private readonly Parameter _kernel, _bias;

    /// <summary>A convolution without bias, and the batch normalization behind it.</summary>
    private sealed record Normalized(Parameter Kernel, Parameter Scale, Parameter Offset, Tensor Mean, Tensor Variance, long Stride)
    {
        private readonly long _padding = Kernel.shape[2] / 2;

        public Tensor Apply(Tensor x)
        {
            var y = F.conv2d(x, Kernel, strides: [Stride, Stride], padding: [_padding, _padding]);
            return F.batch_norm(y, Mean, Variance, Scale, Offset, training: true);
        }
    }

    public TorchResidualNetwork(ResidualNetwork spec, Func<string, float[]> variable) : base(spec, variable)
    {
        _stem = Declare("stem", 3, spec.Image[2], spec.Filters[0], 1);
        _blocks = [.. spec.Blocks.Select(b => (
            Declare($"{b.Name}/first", 3, b.Inputs, b.Filters, b.Stride),
            Declare($"{b.Name}/second", 3, b.Filters, b.Filters, 1),
            b.IsProjected ? Declare($"{b.Name}/shortcut/projection", 1, b.Inputs, b.Filters, b.Stride) : null))];
        _kernel = DenseKernel("logits", spec.Filters[^1], spec.Classes);
        _bias = Vector("logits/bias", spec.Classes);
    }

    public override void Dispose()
    {
        foreach (var layer in _blocks.SelectMany(b => (Normalized?[])[b.First, b.Second, b.Shortcut]).Append(_stem).OfType<Normalized>())
        {
            layer.Mean.Dispose();
            layer.Variance.Dispose();
        }
        base.Dispose();
    }

    protected override Tensor Logits(Tensor h)
    {
        h = _stem.Apply(h).relu_();
        foreach (var (first, second, shortcut) in _blocks)
        {
            var y = second.Apply(first.Apply(h).relu_());
            h = y.add_(shortcut is null ? h : shortcut.Apply(h)).relu_();
        }
        return F.linear(h.mean([2, 3]), _kernel, _bias);
    }

    private Normalized Declare(string name, int size, int inputs, int filters, int stride) =>
        new(Kernel($"{name}/conv", size, inputs, filters), Vector($"{name}/norm/scale", filters), Vector($"{name}/norm/bias", filters),
            zeros(filters), ones(filters), stride);
}
