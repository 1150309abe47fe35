namespace Programs;

/// <summary>AdamW: weight decay beside the gradient, on kernels and not on biases.</summary>
internal static class DecoupledWeightDecay
{
    /// <summary>What is left of a kernel and of a bias of 1 after one step whose gradients are zero.</summary>
    public static (float Kernel, float Bias) Run()
    {
        var g = new GraphBuilder("decay");
        var x = g.Input("x", F32[1, 1]);
        var dense = new Dense(1, name: "dense", kernel: Initializer.Ones);
        var loss = dense.Apply(x).Sum() * 0;
        var optimizer = new ParameterGroups(new AdamW(0.1, weightDecay: 0.5))
            .With(name => name.EndsWith("/bias", StringComparison.Ordinal), new Adam(0.1));
        using var step = g.Minimize(loss, optimizer).Compile();
        step.Variable<float>("dense/bias")[0] = 1;
        step.Run<float>([2f]);
        return (step.Variable<float>("dense/kernel")[0], step.Variable<float>("dense/bias")[0]);
    }
}
