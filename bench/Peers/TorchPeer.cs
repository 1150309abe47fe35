using GraphCompiler.Bench.Suite;
using TorchSharp;
using static TorchSharp.torch;

namespace GraphCompiler.Bench.Peers;

/// <summary>A model on libtorch.</summary>
internal interface ITorchModel : IDisposable
{
    IEnumerable<TorchSharp.Modules.Parameter> Parameters { get; }

    /// <summary>The features of a batch as the model takes them; before the clock starts.</summary>
    Tensor Arrange(Tensor features) => features;

    /// <summary>The loss, a scalar; called within a dispose scope.</summary>
    Tensor Loss(Tensor features, Tensor targets);
}

/// <summary>libtorch through TorchSharp, as its users would tune it: batches are tensors before the clock starts, gradients are
/// set to null rather than zeroed, the optimizer works in place, and a dispose scope frees what a step made.</summary>
internal sealed class TorchPeer : IPeer
{
    private readonly (Tensor Features, Tensor Targets)[] _batches;
    private readonly ITorchModel _model;
    private readonly TorchOptimizer _optimizer;
    private readonly Tensor _loss = torch.zeros(1);

    public TorchPeer(SuiteModel model, Batch[] batches, int threads)
    {
        torch.set_num_threads(threads);
        var declared = model.Declare();
        _model = model.DeclareTorch(name =>
            declared.Graph.ModelParameters.Single(p => p.Value.Name == name).InitialElements(declared.Graph.Seed));
        _batches = [.. batches.Select(b => Tensors(b, declared))];
        _optimizer = new TorchOptimizer(declared.Optimizer, [.. _model.Parameters]);
    }

    public string Name => Peer.Torch;

    // Read when asked only: a loop that logs every step would pay for it on every side.
    public float Loss => _loss.item<float>();

    public void Step(int batch)
    {
        using var scope = torch.NewDisposeScope();
        var loss = _model.Loss(_batches[batch].Features, _batches[batch].Targets);
        loss.backward();
        using (torch.no_grad())
        {
            _loss.copy_(loss);
            _optimizer.Step();
        }
    }

    public void Dispose()
    {
        foreach (var (features, targets) in _batches)
        {
            features.Dispose();
            targets.Dispose();
        }
        _optimizer.Dispose();
        _model.Dispose();
        _loss.Dispose();
    }

    private (Tensor, Tensor) Tensors(Batch batch, Suite.Declaration declared)
    {
        long[][] shapes = [.. declared.Graph.Inputs.Select(i => i.Shape.Sizes.ToArray().Select(n => (long)n).ToArray())];
        static Tensor Of(Array elements, long[] shape) => elements is int[] integers
            ? torch.tensor(Array.ConvertAll(integers, i => (long)i), shape) : torch.tensor((float[])elements, shape);
        return (_model.Arrange(Of(batch.Features, shapes[0])), Of(batch.Targets, shapes[1]));
    }
}
