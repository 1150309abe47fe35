using GraphCompiler.Frontend.Optimizers;

namespace GraphCompiler.Bench.Suite;

/// <summary>The rows of the comparison. Their names are fixed, so that figures can be compared over time.</summary>
internal static class Models
{
    public static IReadOnlyList<SuiteModel> All { get; } =
    [
        new Mlp("neuron_b1_sgd", 1, [2, 1], Activation.Sigmoid, Criterion.MeanSquaredError, new Sgd(0.1), Activation.Sigmoid),
        new Mlp("logreg_b64_30", 64, [30, 1], Activation.Sigmoid, Criterion.BinaryCrossEntropy, new Adam(1e-3)),
        new Mlp("mlp_iris_b32_adam", 32, [4, 16, 16, 3], Activation.Tanh, Criterion.CrossEntropy, new Adam(1e-3)),
        new Mlp("mlp_digits_b32_adam", 32, [64, 32, 10], Activation.Relu, Criterion.CrossEntropy, new Adam(1e-3)),
        new Mlp("mlp_mnist_b64_adam", 64, [784, 128, 10], Activation.Relu, Criterion.CrossEntropy, new Adam(1e-3)),
        new Mlp("mlp_mnist_b128_512_adam", 128, [784, 512, 512, 10], Activation.Relu, Criterion.CrossEntropy, new Adam(1e-3)),
        new Mlp("mlp_wide_b256_adam", 256, [1024, 2048, 2048, 1024], Activation.Gelu, Criterion.MeanSquaredError, new Adam(1e-4)),
        new Mlp("mlp_deep_b32_x20", 32, [64, .. Enumerable.Repeat(64, 20), 10], Activation.Relu, Criterion.CrossEntropy,
            new Sgd(1e-3, momentum: 0.9)),
        new ConvolutionalNetwork("lenet_mnist_b64_adam", 64, new(28, 28, 1), [new(6, 5, Padding: 2, Pool: 2), new(16, 5, Pool: 2)],
            [120, 84, 10], new Adam(1e-3)),
        new ConvolutionalNetwork("cnn_mnist_b64_32c64c", 64, new(28, 28, 1), [new(32, 3), new(64, 3, Pool: 2)], [128, 10],
            new Adam(1e-4)),
        new ResidualNetwork("resnet8_cifar_b32_mom", 32, new(32, 32, 3), [16, 32, 64], 10, new Sgd(1e-2, momentum: 0.9)),
        new Gpt("gpt_nano_b12_t64_l4_c128", 12, 64, 4, 128, 4, 65, new AdamW(1e-3, beta2: 0.99)),
        new Gpt("gpt_mini_b8_t256_l6_c384", 8, 256, 6, 384, 6, 65, new AdamW(1e-3, beta2: 0.99)),
        new Gpt("gpt2_124m_b4_t64", 4, 64, 12, 768, 12, 50_257, new AdamW(6e-4, beta2: 0.95)),
        new PhysicsInformed("pinn_b256_w64x4", 256, 64, 4, new Adam(1e-3)),
    ];

    /// <summary>Those whose name holds a text; where none does, stderr says so.</summary>
    public static SuiteModel[] Matching(string filter)
    {
        var models = All.Where(m => m.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)).ToArray();
        if (models.Length == 0)
            Console.Error.WriteLine($"No model's name holds '{filter}'. There are: {string.Join(", ", All.Select(m => m.Name))}.");
        return models;
    }
}
