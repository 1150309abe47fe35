namespace Programs;

/// <summary>Regression on features of very different scales: they are standardised by what the step has seen so far, which is
/// state.</summary>
internal static class ScaledRegression
{
    /// <summary>The root of the mean squared error, in the target's unit, of y = 3000 + 20·rooms - 0.4·metres.</summary>
    public static double Run()
    {
        var g = new GraphBuilder("regression");
        var (x, y) = (g.Input("x", F32[64, 2]), g.Input("y", F32[64, 1]));
        var mean = g.Variable("mean", F32[2], Initializer.Zeros, trainable: false);
        var square = g.Variable("square", F32[2], Initializer.Ones, trainable: false);
        g.Assign(mean, 0.9 * mean + 0.1 * x.Mean(0));
        g.Assign(square, 0.9 * square + 0.1 * x.Square().Mean(0));
        var scaled = (x - mean) / (square - mean.Square()).Maximum(1e-6).Sqrt();
        var error = (1000 * scaled.Dense(1, kernel: Initializer.Zeros) - y).Square().Mean();
        using var step = g.Minimize(error, new Adam(0.05)).Compile();

        var (random, features, targets) = (new Random(1), new float[128], new float[64]);
        for (var i = 0; i < 1500; i++)
        {
            for (var k = 0; k < 64; k++)
            {
                (features[2 * k], features[2 * k + 1]) = (random.Next(1, 9), random.Next(0, 5000));
                targets[k] = 3000 + 20 * features[2 * k] - 0.4f * features[2 * k + 1];
            }
            step.Run<float, float>(features, targets);
        }
        return Math.Sqrt(step.Loss);
    }
}
