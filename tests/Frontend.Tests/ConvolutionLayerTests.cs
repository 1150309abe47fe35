using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Convolutional layers: names and shapes of variables, sharing, initial elements, what is refused, and a network that
/// learns.</summary>
public sealed class ConvolutionLayerTests
{
    private readonly GraphBuilder _g = new("convolutional");

    private static GraphException Fails(string code, Action call, params string[] says)
    {
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal(code, error.Code);
        Assert.EndsWith("ConvolutionLayerTests.cs", error.Diagnostics[0].Location.File, StringComparison.Ordinal);
        Assert.All(says, s => Assert.Contains(s, error.Message, StringComparison.Ordinal));
        return error;
    }

    [Fact]
    public void Kernels_have_taps_channels_and_filters()
    {
        var x = _g.Input("x", F32[2, 8, 9, 4]);
        var y = x.Conv2D(6, (3, 2), padding: Padding.Same, activation: h => h.Relu()).Conv2D(4, 3, stride: 2, groups: 2, bias: false)
            .MaxPool2D(2);
        Assert.Equal(F32[2, 1, 2, 4], y.Type);
        Assert.Equal(F32[2, 4], y.GlobalAveragePool().Type);
        Assert.Equal(["conv2d/kernel : f32[3,2,4,6]", "conv2d/bias : f32[6]", "conv2d_1/kernel : f32[3,3,3,4]"],
            _g.ModelParameters.Select(p => $"{p.Value.Name} : {p.Value.Type}"));
        Assert.Equal(F32[2, 16, 18, 5], x.ConvTranspose2D(5, 3, stride: 2, padding: Padding.Same).Type);
        Assert.Equal(F32[2, 3, 5], _g.Input("s", F32[2, 5, 4]).Conv1D(5, 3, name: "c").Type);
        Assert.Equal(F32[2, 7, 7, 7, 1], _g.Input("v", F32[2, 3, 3, 3, 2]).ConvTranspose3D(1, 3, stride: 2).Type);
    }

    [Fact]
    public void A_layer_applied_twice_shares_its_kernel()
    {
        var conv = new Conv2D(3, 3, padding: 1, layout: Layout.ChannelsFirst);
        var y = conv.Apply(conv.Apply(_g.Input("x", F32[2, 3, 5, 5])));
        Assert.Equal(F32[2, 3, 5, 5], y.Type);
        Assert.Equal([conv.Kernel, conv.Bias!], conv.Variables);
        Fails("SGC1002", () => conv.Apply(_g.Input("z", F32[2, 4, 5, 5])), "built for 3 channels");
    }

    [Fact]
    public void He_normal_counts_the_taps()
    {
        var elements = Initializer.HeNormal.Create(new Shape(5, 5, 16, 64), 1, "conv2d/kernel");
        var variance = elements.Average(e => (double)e * e);
        Assert.Equal(2.0 / (5 * 5 * 16), variance, 2.0 / (5 * 5 * 16) * 0.05);
    }

    [Fact]
    public void A_small_network_learns()
    {
        var (x, label) = (_g.Input("x", F32[16, 8, 8, 1]), _g.Input("label", I32[16]));
        var h = x.Conv2D(4, 3, padding: Padding.Same, activation: h => h.Relu()).MaxPool2D(2).Conv2D(8, 3, activation: h => h.Relu());
        var loss = h.GlobalAveragePool().Dense(2).SoftmaxCrossEntropy(label).Mean();
        using var step = _g.Minimize(loss, new Adam(0.02)).Compile();
        // Vertical and horizontal stripes.
        var (images, labels) = (new float[16 * 64], new int[16]);
        for (var i = 0; i < images.Length; i++)
        {
            var (n, row, column) = (i / 64, i / 8 % 8, i % 8);
            labels[n] = n % 2;
            images[i] = ((n % 2 == 0 ? row : column) + n / 2) % 2;
        }
        var losses = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            step.Run<float, int>(images, labels);
            losses.Add(step.Loss);
        }
        Assert.True(losses[^1] < 0.1 * losses[0], string.Join(" ", losses));
    }
}
