using GraphCompiler.Bench.Suite;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace GraphCompiler.Bench.Peers;

/// <summary>Poisson's equation on libtorch: double backward gives the second derivatives by the inputs, and a third walk the
/// gradients.</summary>
internal sealed class TorchPhysicsInformed(PhysicsInformed spec, Func<string, float[]> variable) : ITorchModel
{
    private readonly Linear[] _layers = [.. Enumerable.Range(1, spec.Sizes.Length - 1)
        .Select(i => TorchMlp.Layer($"layer{i}", spec.Sizes[i - 1], spec.Sizes[i], variable))];

    public IEnumerable<Parameter> Parameters => _layers.SelectMany(l => l.parameters());

    public Tensor Loss(Tensor features, Tensor targets)
    {
        var points = features.detach().requires_grad_(true);
        var u = points;
        for (var i = 0; i < _layers.Length; i++)
        {
            u = _layers[i].call(u);
            if (i + 1 < _layers.Length) u = torch.tanh(u);
        }
        var slopes = autograd.grad([u.sum()], [points], retain_graph: true, create_graph: true)[0];
        Tensor? laplacian = null;
        for (var axis = 0; axis < PhysicsInformed.Axes; axis++)
        {
            var second = autograd.grad([slopes.select(1, axis).sum()], [points], retain_graph: true, create_graph: true)[0];
            laplacian = laplacian is null ? second.narrow(1, axis, 1) : laplacian + second.narrow(1, axis, 1);
        }
        return nn.functional.mse_loss(laplacian!, targets);
    }

    public void Dispose() => Array.ForEach(_layers, l => l.Dispose());
}
