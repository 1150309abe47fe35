using GraphCompiler.Bench.Suite;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Peers;

/// <summary>A multi-layer perceptron on libtorch: nn.Linear layers and functional activations.</summary>
internal sealed class TorchMlp : ITorchModel
{
    private readonly Mlp _spec;
    private readonly Linear[] _layers;

    public TorchMlp(Mlp spec, Func<string, float[]> variable)
    {
        _spec = spec;
        _layers = [.. Enumerable.Range(1, spec.Sizes.Length - 1)
            .Select(i => Layer($"layer{i}", spec.Sizes[i - 1], spec.Sizes[i], variable))];
    }

    public IEnumerable<Parameter> Parameters => _layers.SelectMany(l => l.parameters());

    public Tensor Loss(Tensor features, Tensor targets)
    {
        var h = features;
        for (var i = 0; i < _layers.Length; i++)
        {
            h = _layers[i].call(h);
            if ((i + 1 < _layers.Length ? _spec.Hidden : _spec.Output) is { } activation) h = Apply(activation, h);
        }
        return _spec.Criterion switch
        {
            Criterion.MeanSquaredError => F.mse_loss(h, targets),
            Criterion.BinaryCrossEntropy => F.binary_cross_entropy_with_logits(h, targets),
            _ => F.cross_entropy(h, targets),
        };
    }

    public void Dispose() => Array.ForEach(_layers, l => l.Dispose());

    /// <summary>A fully connected layer with the weights that <paramref name="variable"/> gives.</summary>
    internal static Linear Layer(string name, int inputs, int outputs, Func<string, float[]> variable)
    {
        var layer = nn.Linear(inputs, outputs);
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        // torch keeps a kernel as [outputs, inputs].
        layer.weight.copy_(torch.tensor(variable($"{name}/kernel"), [inputs, outputs]).t());
        layer.bias!.copy_(torch.tensor(variable($"{name}/bias")));
        return layer;
    }

    private static Tensor Apply(Activation activation, Tensor x) => activation switch
    {
        Activation.Relu => F.relu(x),
        Activation.Tanh => torch.tanh(x),
        Activation.Gelu => F.gelu(x),
        _ => torch.sigmoid(x),
    };
}
