using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Adam = GraphCompiler.Frontend.Optimizers.Adam;
using Parameter = TorchSharp.Modules.Parameter;

namespace GraphCompiler.Bench.Tests;

/// <summary>A multi-layer perceptron that a seed decides: depth, widths, activations, loss and optimizer.
/// Declared for the compiler and for libtorch.</summary>
/// <remarks>Activations are smooth: at a ReLU's kink one rounding decides a whole path, and no tolerance would say anything.</remarks>
internal sealed class RandomNet
{
    private readonly int[] _sizes;
    private readonly string[] _activations;
    private readonly string _loss;
    private readonly IR.DType _dtype;
    private readonly int _seed;

    public RandomNet(int seed, IR.DType dtype)
    {
        (_seed, _dtype) = (seed, dtype);
        var random = new Random(seed);
        T Pick<T>(params T[] choices) => choices[random.Next(choices.Length)];
        Batch = Pick(1, 3, 8, 17, 32);
        _sizes = [.. Enumerable.Range(0, 2 + random.Next(4)).Select(_ => Pick(1, 2, 5, 8, 16, 19, 33))];
        _activations = [.. _sizes.Skip(2).Select(_ => Pick("tanh", "sigmoid", "gelu", "softplus", "swish"))];
        _loss = Pick("squared", "binary", "entropy");
        // A small ε would turn the rounding of a tiny f32 gradient into a whole step.
        var epsilon = dtype == IR.DType.F64 ? 1e-8 : 1e-3;
        Optimizer = random.Next(4) switch
        {
            0 => new Sgd(0.05),
            1 => new Sgd(0.02, 0.9),
            2 => new Sgd(0.02, 0.9, nesterov: true),
            _ => new Adam(0.01, epsilon: epsilon),
        };
    }

    public int Batch { get; }

    public Optimizer Optimizer { get; }

    public int Outputs => _sizes[^1];

    public bool HasLabels => _loss == "entropy";

    public override string ToString() =>
        $"seed {_seed}: {_dtype}, batch {Batch}, sizes {string.Join('-', _sizes)}, {string.Join(' ', _activations)}, {_loss}, {Optimizer}";

    public GraphBuilder Declare(out Value loss)
    {
        var graph = new GraphBuilder("random", (ulong)_seed);
        var h = graph.Input("x", _dtype[Batch, _sizes[0]]);
        var t = graph.Input("t", HasLabels ? IR.DType.I32[Batch] : _dtype[Batch, Outputs]);
        for (var i = 1; i < _sizes.Length; i++)
        {
            h = h.Dense(_sizes[i], $"layer{i}", Initializer.XavierNormal);
            if (i + 1 < _sizes.Length) h = Apply(_activations[i - 1], h);
        }
        loss = _loss switch
        {
            "squared" => h.MeanSquaredError(t),
            "binary" => h.BinaryCrossEntropyWithLogits(t),
            _ => h.MeanSoftmaxCrossEntropy(t),
        };
        return graph;
    }

    /// <summary>The features and targets of a step, row-major; labels are -100 (ignored) at times.</summary>
    public (double[] Features, double[] Targets) Draw(int step)
    {
        var random = new Random(_seed * 1000 + step);
        double[] features = [.. Enumerable.Range(0, Batch * _sizes[0]).Select(_ => (double)(float)(2 * random.NextDouble() - 1))];
        double[] targets = HasLabels
            ? [.. Enumerable.Range(0, Batch).Select(i => i > 0 && random.Next(8) == 0 ? -100.0 : random.Next(Outputs))]
            : [.. Enumerable.Range(0, Batch * Outputs)
                .Select(_ => (double)(float)(_loss == "binary" ? random.Next(2) : random.NextDouble()))];
        return (features, targets);
    }

    /// <summary>libtorch's parameters, kernel and bias of each layer, with the elements that the compiler starts from.</summary>
    public Parameter[] TorchParameters(GraphBuilder graph) => [.. graph.ModelParameters.Select(p =>
        new Parameter(torch.tensor(Array.ConvertAll(p.InitialElements(graph.Seed), e => (double)e),
            [.. p.Value.Shape.Select(s => (long)s)]).to_type(TorchType)))];

    public ScalarType TorchType => _dtype == IR.DType.F64 ? ScalarType.Float64 : ScalarType.Float32;

    public Tensor TorchLoss(Parameter[] parameters, double[] features, double[] targets)
    {
        var h = torch.tensor(features, [Batch, _sizes[0]]).to_type(TorchType);
        for (var i = 1; i < _sizes.Length; i++)
        {
            h = h.matmul(parameters[2 * i - 2]) + parameters[2 * i - 1];
            if (i + 1 < _sizes.Length) h = Apply(_activations[i - 1], h);
        }
        if (HasLabels) return F.cross_entropy(h, torch.tensor(Array.ConvertAll(targets, l => (long)l)));
        var t = torch.tensor(targets, [Batch, Outputs]).to_type(TorchType);
        return _loss == "squared" ? F.mse_loss(h, t) : F.binary_cross_entropy_with_logits(h, t);
    }

    /// <summary>libtorch's own rule, as TorchSharp has it.</summary>
    public torch.optim.Optimizer TorchOptimizer(Parameter[] parameters) => Optimizer switch
    {
        Adam adam => torch.optim.Adam(parameters, adam.LearningRate.At(0), adam.Beta1, adam.Beta2, adam.Epsilon),
        Sgd sgd => torch.optim.SGD(parameters, sgd.LearningRate.At(0), sgd.Momentum, nesterov: sgd.Nesterov),
        _ => throw new InvalidOperationException($"libtorch has no {Optimizer}"),
    };

    private static Value Apply(string activation, Value x) => activation switch
    {
        "tanh" => x.Tanh(), "sigmoid" => x.Sigmoid(), "gelu" => x.Gelu(), "softplus" => x.Softplus(), _ => x * x.Sigmoid(),
    };

    // libtorch's softplus turns linear at a threshold, 20 unless stated, where it is off by 2e-9.
    private static Tensor Apply(string activation, Tensor x) => activation switch
    {
        "tanh" => torch.tanh(x), "sigmoid" => torch.sigmoid(x), "gelu" => F.gelu(x), "softplus" => F.softplus(x, 1, 100),
        _ => x * torch.sigmoid(x),
    };
}
