using GraphCompiler.Bench.Suite;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Peers;

/// <summary>Convolutions and dense layers on libtorch.</summary>
internal sealed class TorchConvolutionalNetwork : TorchImageClassifier
{
    private readonly ConvolutionStage[] _stages;
    private readonly (Parameter Kernel, Parameter Bias)[] _convolutions, _dense;

    public TorchConvolutionalNetwork(ConvolutionalNetwork spec, Func<string, float[]> variable) : base(spec, variable)
    {
        _stages = spec.Stages;
        _convolutions = [.. _stages.Select((s, i) => (
            Kernel($"conv{i + 1}", s.Size, i > 0 ? _stages[i - 1].Filters : spec.Image[2], s.Filters),
            Vector($"conv{i + 1}/bias", s.Filters)))];
        var flattened = spec.Flattened;
        int[] sizes = [(int)flattened.ElementCount, .. spec.Units];
        _dense = [.. spec.Units.Select((units, i) => (
            DenseKernel($"dense{i + 1}", sizes[i], units, i == 0 ? flattened : null), Vector($"dense{i + 1}/bias", units)))];
    }

    protected override Tensor Logits(Tensor h)
    {
        foreach (var (stage, (kernel, bias)) in _stages.Zip(_convolutions))
        {
            h = F.conv2d(h, kernel, bias, padding: [stage.Padding, stage.Padding]).relu_();
            if (stage.Pool > 1) h = F.max_pool2d(h, stage.Pool);
        }
        h = Flatten(h);
        for (var i = 0; i < _dense.Length; i++)
        {
            h = F.linear(h, _dense[i].Kernel, _dense[i].Bias);
            if (i + 1 < _dense.Length) h = h.relu_();
        }
        return h;
    }
}
