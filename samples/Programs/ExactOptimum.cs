namespace Programs;

/// <summary>Convex problems in f64 down to the last digits: ridge regression by one Newton step, softmax regression by descent.</summary>
internal static class ExactOptimum
{
    /// <summary>The largest entry of the gradient at the optimum, and ridge regression's coefficients.</summary>
    public static (double Ridge, double[] Weights, double Softmax) Run(double[] x, double[] y, int[] labels)
    {
        var (ridge, n) = (new GraphBuilder("ridge"), labels.Length);
        var w = ridge.Variable("w", F64[2], Initializer.Zeros);
        var loss = (ridge.Constant<double>(x, new Shape(n, 2)).MatMul(w.Reshape([2, 1])).Reshape([n]) - ridge.Constant(y)).Square().Sum()
            + 0.1 * w.Square().Sum();
        var (d, h) = (loss.Gradient(w), loss.Hessian(w));
        var determinant = h[0, 0] * h[1, 1] - h[0, 1] * h[1, 0];
        var newton = (h[1, 1] * d[0] - h[0, 1] * d[1]).Stack([h[0, 0] * d[1] - h[1, 0] * d[0]]) / determinant;
        using var exact = ridge.Compile(("optimum", w - newton), ("gradient", d));
        exact.Run();
        var weights = exact.Output<double>("optimum").ToArray();
        exact.Variables.Write<double>("w", weights);
        exact.Run();

        var g = new GraphBuilder("softmax");
        var logits = g.Constant<double>(x, new Shape(n, 2)).Dense(2, kernel: Initializer.Zeros, bias: false);
        var penalized = logits.SoftmaxCrossEntropy(g.Constant(labels)).Mean() + 0.05 * g.ModelParameters[0].Value.Square().Sum();
        using var step = g.Minimize(penalized, new Sgd(1)).Compile();
        using var gradient = g.Compile(step.Variables, ("gradient", penalized.Gradient(g.ModelParameters[0].Value).Abs().Max()));
        for (var i = 0; i < 2000; i++) step.Run();
        gradient.Run();
        return (exact.Output<double>("gradient").ToArray().Max(Math.Abs), weights, gradient.Output<double>("gradient")[0]);
    }
}
