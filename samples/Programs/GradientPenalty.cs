namespace Programs;

/// <summary>A loss that holds a derivative of the network: its slope with respect to the input is pulled to 1.</summary>
internal static class GradientPenalty
{
    /// <summary>The mean squared difference of the slope's norm from 1, before training and after.</summary>
    public static (float Before, float After) Run()
    {
        var g = new GraphBuilder("penalty", seed: 3);
        var x = g.Input("x", F32[16, 2]);
        var score = x.Dense(32).Tanh().Dense(1);
        // Each score depends on its own example alone, so the gradient of their sum holds every example's.
        var slope = score.Sum().Gradient(x);
        var penalty = ((slope.Square().Sum(1) + 1e-12).Sqrt() - 1).Square().Mean();
        using var step = g.Minimize(penalty, new Adam(5e-3)).Compile();

        var points = new float[32];
        for (var i = 0; i < points.Length; i++) points[i] = MathF.Sin(3 * i);
        step.Run<float>(points);
        var before = step.Loss;
        for (var i = 0; i < 500; i++) step.Run<float>(points);
        return (before, step.Loss);
    }
}
