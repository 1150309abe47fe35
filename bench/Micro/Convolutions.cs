using GraphCompiler.Bench.Torch;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Micro;

/// <summary>Convolutions of ResNet-18, ResNet-50 and MobileNet: forward, dX and dW.</summary>
internal static class Convolutions
{
    /// <summary>A convolution of square images.</summary>
    /// <param name="Name">What it is in the network.</param>
    /// <param name="Side">Height and width of the image.</param>
    /// <param name="Channels">Of the image.</param>
    /// <param name="Filters">Channels of the result.</param>
    /// <param name="Size">Taps along each axis; padded by half of it.</param>
    /// <param name="Stride">Along each axis.</param>
    /// <param name="Groups">1, or as many as channels.</param>
    private sealed record Layer(string Name, int Side, int Channels, int Filters, int Size, int Stride = 1, int Groups = 1)
    {
        private const int Batch = 8;

        private int Padding => Size / 2;

        private int Positions => (Side + 2 * Padding - Size) / Stride + 1;

        private Shape Image => new(Batch, Side, Side, Channels);

        private Shape Kernel => new(Size, Size, Channels / Groups, Filters);

        private Shape Result => new(Batch, Positions, Positions, Filters);

        public IEnumerable<MicroCase> Cases =>
        [
            Case("forward", [Image, Kernel], Result, (_, o) => Convolve(o[0], o[1]), o => [Images(o[0]), Kernels(o[1])],
                o => Convolve(o[0], o[1]).permute(0, 2, 3, 1)),
            // What a derivative is taken by is not read: the convolution is linear in it.
            Case("dX", [Result, Kernel], Image, (b, o) => Gradient(b, x => Convolve(x, o[1]), Image, o[0]),
                o => Recorded(Images(zeros([.. Image.Select(n => (long)n)])), x => Convolve(x, Kernels(o[1])), o[0]),
                o => Gradient(o).permute(0, 2, 3, 1)),
            Case("dW", [Result, Image], Kernel, (b, o) => Gradient(b, kernel => Convolve(o[1], kernel), Kernel, o[0]),
                o => Recorded(Kernels(zeros([.. Kernel.Select(n => (long)n)])), kernel => Convolve(Images(o[1]), kernel), o[0]),
                o => Gradient(o).permute(2, 3, 1, 0)),
        ];

        private MicroCase Case(string part, Shape[] operands, Shape result, Func<FunctionBuilder, Value[], Value> compiled,
            Func<Tensor[], Tensor[]> prepare, Func<Tensor[], Tensor> torch) =>
            new($"{Name} {part}", operands, [result], (b, o) => [compiled(b, o)], null, o => [torch(o)])
            {
                Flops = 2.0 * Result.ElementCount * Size * Size * Channels / Groups,
                TorchOperands = prepare,
                NeedsGradient = part != "forward",
                Differentiated = 0,
            };

        private Value Convolve(Value x, Value kernel) => x.Convolve(kernel, Stride, Padding, groups: Groups);

        private Tensor Convolve(Tensor x, Tensor kernel) =>
            F.conv2d(x, kernel, strides: [Stride, Stride], padding: [Padding, Padding], groups: Groups);

        private static Value Gradient(FunctionBuilder builder, Func<Value, Value> convolve, Shape shape, Value cotangent)
        {
            var zero = builder.Constant(new Literal(DType.F32.Scalar, 0));
            var variable = builder.Emit(Broadcast.Instance, [zero], Broadcast.Attributes(shape, []));
            return Adjoint.AppendDense(builder, convolve(variable), [variable], cotangent)[0];
        }

        // The forward convolution runs before the clock starts.
        private static Tensor[] Recorded(Tensor variable, Func<Tensor, Tensor> convolve, Tensor cotangent)
        {
            variable.requires_grad_(true);
            return [variable, convolve(variable), Images(cotangent)];
        }

        private static Tensor Gradient(Tensor[] o) => autograd.grad([o[1]], [o[0]], [o[2]], retain_graph: true)[0];

        private static Tensor Images(Tensor x) => x.permute(0, 3, 1, 2).Arranged(IsChannelsLast).detach();

        private static Tensor Kernels(Tensor kernel) => kernel.permute(3, 2, 0, 1).Arranged(IsChannelsLast).detach();

        private static bool IsChannelsLast => ImageLayout.IsChannelsLast ?? true;
    }

    private static readonly Layer[] s_layers =
    [
        new("resnet stem 7x7/2 224x224x3 to 64", 224, 3, 64, 7, 2),
        new("resnet18 3x3 56x56x64", 56, 64, 64, 3),
        new("resnet18 3x3/2 56x56x64 to 128", 56, 64, 128, 3, 2),
        new("resnet18 3x3 28x28x128", 28, 128, 128, 3),
        new("resnet18 3x3 14x14x256", 14, 256, 256, 3),
        new("resnet18 3x3 7x7x512", 7, 512, 512, 3),
        new("resnet50 1x1 56x56x64 to 256", 56, 64, 256, 1),
        new("resnet50 1x1 28x28x512 to 128", 28, 512, 128, 1),
        new("resnet50 1x1/2 28x28x512 to 1024", 28, 512, 1024, 1, 2),
        new("depthwise 3x3 56x56x128", 56, 128, 128, 3, Groups: 128),
        new("depthwise 3x3/2 56x56x128", 56, 128, 128, 3, 2, Groups: 128),
    ];

    public static IEnumerable<MicroCase> All { get; } = s_layers.SelectMany(l => l.Cases).ToArray();
}
