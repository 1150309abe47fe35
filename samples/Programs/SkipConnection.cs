namespace Programs;

/// <summary>A block with a skip connection, and a model of two inputs.</summary>
internal static class SkipConnection
{
    /// <summary>The loss before and after training: the target is the product of a number of each input.</summary>
    public static (float First, float Last) Run()
    {
        var g = new GraphBuilder("skip", seed: 5);
        var (left, right) = (g.Input("left", F32[32, 4]), g.Input("right", F32[32, 3]));
        var y = g.Input("y", F32[32, 1]);
        var h = left.Dense(16).Concat(right.Dense(16), axis: 1).Relu();
        for (var block = 0; block < 2; block++) h += h.Dense(32).Relu().Dense(32);
        var loss = h.Dense(1).MeanSquaredError(y);
        using var step = g.Minimize(loss, new Adam(3e-3)).Compile();

        var (random, a, b, product) = (new Random(2), new float[128], new float[96], new float[32]);
        var first = 0f;
        for (var i = 0; i < 600; i++)
        {
            foreach (ref var e in a.AsSpan()) e = random.NextSingle();
            foreach (ref var e in b.AsSpan()) e = random.NextSingle();
            for (var k = 0; k < 32; k++) product[k] = a[4 * k] * b[3 * k];
            step.Run<float, float, float>(a, b, product);
            if (i == 0) first = step.Loss;
        }
        return (first, step.Loss);
    }
}
