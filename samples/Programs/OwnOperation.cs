namespace Programs;

/// <summary>An operation of one's own: its value by operations that exist, the rule of its derivative, and a check of the rule.</summary>
internal static class OwnOperation
{
    /// <summary>How far the rule is from finite differences, and the loss before training and after.</summary>
    public static (double Error, float Before, float After) Run()
    {
        // x·σ(x), of which the backward pass keeps x alone.
        var swish = new CustomOp("swish", x => x * x.Sigmoid(), vjp: (x, _, ct) =>
        {
            var s = x.Sigmoid();
            return ct * s * (1 + x * (1 - s));
        });
        var error = swish.Check([F32[2, 3]]);

        var g = new GraphBuilder("own", seed: 5);
        var (x, t) = (g.Input("x", F32[16, 1]), g.Input("t", F32[16, 1]));
        using var step = g.Minimize(x.Dense(16).Apply(swish).Dense(1).MeanSquaredError(t), new Adam(0.02)).Compile();

        float[] at = [.. Enumerable.Range(0, 16).Select(i => i / 4f - 2)], wanted = [.. at.Select(MathF.Sin)];
        step.Run<float, float>(at, wanted);
        var before = step.Loss;
        for (var i = 0; i < 400; i++) step.Run<float, float>(at, wanted);
        return (error, before, step.Loss);
    }
}
