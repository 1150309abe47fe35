using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Convolutional layers: names and shapes of variables, sharing, initial elements, what is refused, and a network that
/// learns.</summary>
[Trait("Category", "Target")]
public sealed partial class ConvolutionLayerTests
{
    private readonly GraphBuilder _g = new("convolutional");

    private static void Fails(string code, Action call, string says, [CallerLineNumber] int line = 0)
    {
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal((code, line), (error.Code, error.Diagnostics[0].Location.Line));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
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

    [Fact]
    public void What_does_not_fit_is_refused_at_the_call_and_leaves_nothing()
    {
        var (x, i) = (_g.Input("x", F32[2, 5, 6, 4]), _g.Input("i", I32[2, 5, 6, 4]));
        Fails("SGC1011", () => x.Conv2D(0, 3), "Conv2D \"conv2d\": filters must be at least 1, got 0");
        Fails("SGC1011", () => x.Conv2D(8, 0), "size = 0 must be at least 1");
        Fails("SGC1011", () => x.Conv2D(8, default), "size must be given");
        Fails("SGC1011", () => x.Conv2D(8, (3, 3, 3)), "size = (3, 3, 3), but there are 2 spatial axes");
        Fails("SGC1011", () => x.Conv2D(8, 3, groups: 3), "groups must be at least 1 and divide the 8 filters, got 3");
        Fails("SGC1011", () => x.Conv2D(9, 3, groups: 3), "3 groups do not divide the 4 channels of %x : f32[2,5,6,4]");
        Fails("SGC1011", () => x.Conv2D(8, 3, stride: -1), "stride = -1 must be at least 1");
        Fails("SGC1011", () => x.Conv2D(8, 3, padding: [(1, 1)]), "padding = [(1, 1)], but there are 2 spatial axes");
        Fails("SGC1011", () => x.Conv2D(8, 3, layout: (Layout)4), "4 is no layout");
        Fails("SGC1011", () => x.Conv2D(8, 3, bias: false, biasInitializer: Initializer.Ones), "none to initialize");
        Fails("SGC1011", () => x.Conv2D(8, 3, activation: _ => null!), "the activation gives null");
        Fails("SGC1002", () => x.Conv2D(8, 9, padding: 1), "spans 9 elements and does not fit axis 1 of f32[2,5,6,4], 7 elements");
        Fails("SGC1003", () => x.Conv1D(8, 3), "needs a batch, 1 spatial axes and channels, got %x : f32[2,5,6,4]");
        Fails("SGC1003", () => x.MaxPool3D(2), "MaxPool3D: needs a batch, 3 spatial axes");
        Fails("SGC1001", () => i.Conv2D(8, 3), "needs floating point, got %i : i32[2,5,6,4]");
        Fails("SGC1011", () => x.ConvTranspose2D(8, 3, outputPadding: 1), "outputPadding = 1 must be below the stride, 1");
        Assert.Empty(_g.ModelParameters);
        x.Conv2D(8, 3, name: "c");
        Fails("SGC1006", () => x.Conv2D(8, 3, name: "c"), "c/kernel");
    }

    [Fact]
    public void The_code_of_the_document_has_the_types_in_its_comments()
    {
        var g = new GraphBuilder("shapes");
        var image = g.Input("image", F32[64, 28, 28, 1]);
        var h = image.Conv2D(32, 3, padding: Padding.Same, activation: h => h.Relu());    // f32[64,28,28,32]
        Assert.Equal(F32[64, 28, 28, 32], h.Type);
        h = h.MaxPool2D(2);                                                               // f32[64,14,14,32]
        Assert.Equal(F32[64, 14, 14, 32], h.Type);
        h = h.Conv2D(64, (3, 5), stride: (2, 1), padding: [(1, 1), (2, 2)]);              // f32[64,7,14,64]
        Assert.Equal(F32[64, 7, 14, 64], h.Type);
        h = h.Conv2D(64, 3, groups: 64, bias: false).Conv2D(128, 1);                      // depthwise separable: f32[64,5,12,128]
        Assert.Equal(F32[64, 5, 12, 128], h.Type);
        var logits = h.GlobalAveragePool().Dense(10);                                     // f32[64,10]
        Assert.Equal(F32[64, 10], logits.Type);
        var larger = h.ConvTranspose2D(16, 3, stride: 2, padding: Padding.Same);          // f32[64,10,24,16]
        Assert.Equal(F32[64, 10, 24, 16], larger.Type);
        var shared = new Conv2D(1, 3, padding: 1, name: "smooth");
        var twice = shared.Apply(shared.Apply(image));                                    // smooth/kernel and smooth/bias are declared once
        Assert.Equal(image.Type, twice.Type);
        var edges = image.Convolve(g.Constant([-1f, 0, 1], new Shape(1, 3, 1, 1)));       // a kernel of one's own: f32[64,28,26,1]
        Assert.Equal(F32[64, 28, 26, 1], edges.Type);

        var source = SourceTree.PathOf("tests", "Frontend.Tests", "ConvolutionLayerTests.cs");
        var lines = File.ReadLines(source).Select(l => l.Trim()).ToHashSet();
        var page = File.ReadAllText(SourceTree.PathOf("docs", "layers.md"));
        var section = page[page.IndexOf("## Convolution", StringComparison.Ordinal)..];
        var code = CodeBlock().Match(section).Groups[1].Value.Trim().Split('\n');
        Assert.True(code.Length > 10);
        Assert.All(code, line => Assert.Contains(line.Trim(), lines));
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
