namespace Programs;

/// <summary>A run that stops and goes on elsewhere: variables and the optimizer's state are one file.</summary>
internal static class SaveAndLoad
{
    /// <summary>The loss of ten steps in one go, and of five, a file, and five more.</summary>
    public static (float InOneGo, float Resumed) Run(string path)
    {
        static TrainingStep Compile()
        {
            var g = new GraphBuilder("resumed", seed: 3);
            var (x, y) = (g.Input("x", F32[4, 3]), g.Input("y", F32[4, 1]));
            return g.Minimize(x.Dense(8).Tanh().Dense(1).MeanSquaredError(y), new Adam(0.01)).Compile();
        }
        float[] x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 0, 1], y = [1, 0, 1, 0];
        using var whole = Compile();
        for (var i = 0; i < 10; i++) whole.Run<float, float>(x, y);

        using var first = Compile();
        for (var i = 0; i < 5; i++) first.Run<float, float>(x, y);
        first.Variables.Save(path);
        using var second = Compile();
        second.Variables.Load(path);
        for (var i = 0; i < 5; i++) second.Run<float, float>(x, y);
        return (whole.Loss, second.Loss);
    }
}
