using GraphCompiler.Bench.Suite;
using GraphCompiler.Bench.Torch;
using GraphCompiler.IR;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Peers;

/// <summary>A classifier of images on libtorch, by functional calls. Images and kernels lie in memory with their channels last or first,
/// whichever is faster for the row.</summary>
internal abstract class TorchImageClassifier(ImageClassifier spec, Func<string, float[]> variable) : ITorchModel
{
    private readonly List<Parameter> _parameters = [];

    public IEnumerable<Parameter> Parameters => _parameters;

    protected bool IsChannelsLast { get; } = ImageLayout.IsChannelsLast ?? spec.TorchChannelsLast;

    /// <summary>Images [n, h, w, c] as [n, c, h, w].</summary>
    public Tensor Arrange(Tensor features) => features.permute(0, 3, 1, 2).Arranged(IsChannelsLast);

    public Tensor Loss(Tensor features, Tensor targets) => F.cross_entropy(Logits(features), targets);

    public virtual void Dispose() => _parameters.ForEach(p => p.Dispose());

    protected abstract Tensor Logits(Tensor h);

    /// <summary>A convolution's kernel [f, c, size, size].</summary>
    protected Parameter Kernel(string name, int size, int channels, int filters)
    {
        using var scope = torch.NewDisposeScope();
        return Keep(Read($"{name}/kernel", size, size, channels, filters).permute(3, 2, 0, 1).Arranged(IsChannelsLast));
    }

    protected Parameter Vector(string name, int elements)
    {
        using var scope = torch.NewDisposeScope();
        return Keep(Read(name, elements));
    }

    /// <summary>The kernel [outputs, inputs] of a dense layer; that of one behind <see cref="Flatten"/> takes [h, w, c].</summary>
    protected Parameter DenseKernel(string name, int inputs, int outputs, Shape? flattened = null)
    {
        using var scope = torch.NewDisposeScope();
        var kernel = Read($"{name}/kernel", inputs, outputs);
        if (flattened is { } image && !IsChannelsLast)
            kernel = kernel.reshape(image[0], image[1], image[2], outputs).permute(2, 0, 1, 3).reshape(inputs, outputs);
        return Keep(kernel.t().contiguous());
    }

    /// <summary>x[n, c, h, w] as rows, in the order that its elements lie in memory: nothing is copied.</summary>
    protected Tensor Flatten(Tensor x) => (IsChannelsLast ? x.permute(0, 2, 3, 1) : x).flatten(1);

    private Tensor Read(string name, params long[] sizes) => torch.tensor(variable(name), sizes);

    private Parameter Keep(Tensor value)
    {
        var parameter = nn.Parameter(value.MoveToOuterDisposeScope());
        parameter.DetachFromDisposeScope();
        _parameters.Add(parameter);
        return parameter;
    }
}
