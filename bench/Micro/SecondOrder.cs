using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace GraphCompiler.Bench.Micro;

/// <summary>Second derivatives of a loss by its parameters: a Hessian-vector product beside the gradient, and a whole Hessian.</summary>
internal static class SecondOrder
{
    // mlp_mnist_b64: kernels and biases, then a batch. Targets stand for labels: the loss is linear in them.
    private static readonly Shape[] s_parameters = [new(784, 128), new(128), new(128, 10), new(10)];
    private static readonly Shape[] s_batch = [new(64, 784), new(64, 10)];

    public static IEnumerable<MicroCase> All { get; } = [Gradient(), Product(), Hessian()];

    private static MicroCase Gradient() => new("gradient of mlp_mnist_b64", [.. s_parameters, .. s_batch], s_parameters,
        (_, o) => CrossEntropy(o).Gradient(o[..4]), null, o => autograd.grad([CrossEntropy(o)], o[..4]).ToArray())
    { NeedsGradient = true, Differentiated = 4 };

    private static MicroCase Product() => new("Hessian-vector product of mlp_mnist_b64", [.. s_parameters, .. s_batch, .. s_parameters],
        s_parameters, (_, o) => CrossEntropy(o).HessianVectorProduct(o[..4], o[6..]), null, o =>
        {
            var gradients = autograd.grad([CrossEntropy(o)], o[..4], retain_graph: true, create_graph: true);
            return autograd.grad(gradients.ToArray(), o[..4], o[6..]).ToArray();
        })
    { NeedsGradient = true, Differentiated = 4 };

    // 24 - 24 - 16 with tanh: 1,000 parameters in one vector, so that the Hessian is one matrix. libtorch takes a row at a time, as
    // torch.autograd.functional.hessian does.
    private static MicroCase Hessian() => new("Hessian by 1000 parameters", [new(1000), new(32, 24), new(32, 16)], [new(1000, 1000)],
        (_, o) => [SmallLoss(o).Hessian(o[0])], null, o =>
        {
            var gradient = autograd.grad([SmallLoss(o)], [o[0]], retain_graph: true, create_graph: true)[0];
            return [stack(Enumerable.Range(0, 1000).Select(i => autograd.grad([gradient[i]], [o[0]], retain_graph: true)[0]))];
        })
    { NeedsGradient = true };

    // Operands are in [-1, 1]; a tenth of it keeps activations in their range.
    private static Value CrossEntropy(Value[] o)
    {
        var h = ((o[4] * 0.1).MatMul(o[0]) + o[1]).Relu();
        return -(o[5] * ((h * 0.1).MatMul(o[2]) + o[3]).LogSoftmax()).Sum() / 64;
    }

    private static Tensor CrossEntropy(Tensor[] o)
    {
        var h = nn.functional.relu((o[4] * 0.1).matmul(o[0]) + o[1]);
        return -(o[5] * nn.functional.log_softmax((h * 0.1).matmul(o[2]) + o[3], 1)).sum() / 64;
    }

    private static Value SmallLoss(Value[] o)
    {
        Value Part(int start, int count, params int[] sizes) => o[0].Slice([start], [start + count]).Reshape(sizes);
        var h = (o[1].MatMul(Part(0, 576, 24, 24)) + Part(576, 24, 24)).Tanh();
        var difference = h.MatMul(Part(600, 384, 24, 16)) + Part(984, 16, 16) - o[2];
        return (difference * difference).Mean();
    }

    private static Tensor SmallLoss(Tensor[] o)
    {
        Tensor Part(int start, int count, params long[] sizes) => o[0].narrow(0, start, count).view(sizes);
        var h = (o[1].matmul(Part(0, 576, 24, 24)) + Part(576, 24, 24)).tanh();
        return nn.functional.mse_loss(h.matmul(Part(600, 384, 24, 16)) + Part(984, 16, 16), o[2]);
    }
}
