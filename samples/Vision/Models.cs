using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Vision;

/// <summary>Classifiers of 28×28 images in ten classes. <c>graphc build</c> compiles each ahead of time.</summary>
public static class Models
{
    /// <summary>The network of LeCun et al. 1998 as it is written today, with ReLU and max pooling: 61,706 parameters.</summary>
    [Model("lenet")]
    public static ModelDeclaration LeNet() => Classifier("lenet", batch: 64, Falling(3 * (60_000 / 64)), images => images
        .Conv2D(6, 5, padding: 2, activation: h => h.Relu()).MaxPool2D(2)
        .Conv2D(16, 5, activation: h => h.Relu()).MaxPool2D(2)
        .Flatten()
        .Dense(120, activation: h => h.Relu())
        .Dense(84, activation: h => h.Relu())
        .Dense(10, name: "logits"));

    /// <summary>Two convolutions, dropout and one dense layer: 34,826 parameters.</summary>
    [Model("convnet")]
    public static ModelDeclaration ConvNet() => Classifier("convnet", batch: 128, Falling(3 * (54_000 / 128)), images => images
        .Conv2D(32, 3, activation: h => h.Relu()).MaxPool2D(2)
        .Conv2D(64, 3, activation: h => h.Relu()).MaxPool2D(2)
        .Flatten()
        .Dropout(0.5)
        .Dense(10, name: "logits"));

    /// <summary>A residual network (He et al. 2016) of seven 3×3 convolutions with batch normalization: 77,754 parameters. Its rate rises
    /// and falls over five epochs of 60,000 images.</summary>
    [Model("fashion")]
    public static ModelDeclaration Fashion() =>
        Classifier("fashion", batch: 128, new Adam(Schedule.OneCycle(peak: 5e-3, steps: 5 * (60_000 / 128))), images =>
        {
            var h = images.Normalized(16, 3).Relu();
            h = h.Block(16, stride: 1);
            h = h.Block(32, stride: 2);
            h = h.Block(64, stride: 2);
            return h.GlobalAveragePool().Dense(10, name: "logits");
        });

    // The rate falls to 0 as training ends.
    private static Adam Falling(int steps) => new(Schedule.Cosine(2e-3, steps));

    private static Value Block(this Value x, int filters, int stride) => x.Residual(
        h => h.Normalized(filters, 3, stride).Relu().Normalized(filters, 3),
        stride == 1 ? null : h => h.Normalized(filters, 1, stride)).Relu();

    private static Value Normalized(this Value x, int filters, int size, int stride = 1) =>
        x.Conv2D(filters, size, stride, padding: size / 2, bias: false).BatchNorm();

    private static ModelDeclaration Classifier(string name, int batch, Optimizer optimizer, Func<Value, Value> model)
    {
        var g = new GraphBuilder(name, seed: 1);
        var images = g.Input("images", F32[batch, 28, 28, 1]);
        var labels = g.Input("labels", I32[batch]);
        var logits = model(images);
        return new ModelDeclaration(g.Minimize(logits.SoftmaxCrossEntropy(labels).Mean(), optimizer), logits);
    }
}
