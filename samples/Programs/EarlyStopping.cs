namespace Programs;

/// <summary>Training stops when validation gets worse, and goes back to the best variables.</summary>
internal static class EarlyStopping
{
    /// <summary>The best loss on held-out examples, that of the variables in the end, and the epoch that was the last.</summary>
    public static (float Best, float Kept, int Epochs) Run(Split data, int patience)
    {
        var (g, few) = (new GraphBuilder("early", seed: 1), 64); // Few examples, so that it soon learns them by heart.
        var (x, t) = (g.Input("images", F32[few, data.Features]), g.Input("labels", I32[few]));
        var loss = x.Dense(128).Relu().Dense(10).SoftmaxCrossEntropy(t).Mean();
        using var step = g.Minimize(loss, new Adam(0.01)).Compile();
        using var validate = g.Compile(step.Variables, ("loss", loss));
        float Validate()
        {
            validate.Run<float, int>(data.TestX.AsSpan(0, few * data.Features), data.TestY.AsSpan(0, few));
            return validate.Output<float>("loss")[0];
        }
        using var best = new MemoryStream();
        var (lowest, epoch, since) = (float.PositiveInfinity, 0, 0);
        for (; since < patience; epoch++, since++)
        {
            step.Run<float, int>(data.TrainX.AsSpan(0, few * data.Features), data.TrainY.AsSpan(0, few));
            if (Validate() is var now && now >= lowest) continue;
            (lowest, since, best.Position) = (now, -1, 0);
            step.Variables.Save(best);
        }
        best.Position = 0;
        step.Variables.Load(best);
        return (lowest, Validate(), epoch);
    }
}
