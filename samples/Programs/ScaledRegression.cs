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
        var steps = g.Variable("steps", F32, Initializer.Zeros, trainable: false);
        g.Assign(steps, steps + 1);
        Value Average(string name, Value batch)
        {
            var average = g.Variable(name, F32[2], Initializer.Zeros, trainable: false);
            return g.Assign(average, average + (batch - average) / (steps + 1)).Next;
        }
        var (mean, square) = (Average("mean", x.Mean(0)), Average("square", x.Square().Mean(0)));
        var scaled = (x - mean) / (square - mean.Square()).Sqrt();
        var error = (1000 * scaled.Dense(1, kernel: Initializer.Zeros) - y).Square().Mean();
        using var step = g.Minimize(error, new Adam(0.05)).Compile();

        var (random, features, targets) = (new Random(1), new float[128], new float[64]);
        for (var i = 0; i < 64 * 1500; i++)
        {
            var (rooms, metres, k) = (random.Next(1, 9), random.Next(0, 5000), i % 64);
            (features[2 * k], features[2 * k + 1], targets[k]) = (rooms, metres, 3000 + 20 * rooms - 0.4f * metres);
            if (k == 63) step.Run<float, float>(features, targets);
        }
        return Math.Sqrt(step.Loss);
    }
}
