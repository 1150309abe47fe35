namespace Programs;

/// <summary>A learning rate that warms up and decays is a part of the compiled step; one that is set between steps is state of
/// it.</summary>
internal static class RateDecay
{
    /// <summary>The last loss with a rate that decays by cosine, and with one that is halved whenever the loss rises.</summary>
    public static (float Cosine, float Halved) Run()
    {
        Value Loss(GraphBuilder g)
        {
            var w = g.Variable("w", F32[8], Initializer.Normal(0, 1));
            return ((w - 1).Square() * g.Constant([1f, 2, 4, 8, 16, 32, 64, 128])).Sum();
        }
        var (first, second) = (new GraphBuilder("cosine"), new GraphBuilder("halved"));
        var cosine = Schedule.Cosine(initial: 0.007, steps: 400).WithWarmUp(steps: 20);
        using var decaying = first.Minimize(Loss(first), new Sgd(cosine, momentum: 0.5)).Compile();
        for (var i = 0; i < 420; i++) decaying.Run();

        using var step = second.Minimize(Loss(second), new Sgd(Schedule.Settable(0.02))).Compile();
        for (var (i, last) = (0, float.PositiveInfinity); i < 420; i++, last = step.Loss)
        {
            step.Run();
            if (step.Loss > last) step.LearningRate /= 2;
        }
        return (decaying.Loss, step.Loss);
    }
}
