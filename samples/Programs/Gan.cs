namespace Programs;

/// <summary>Two networks with an optimizer each, in turn: a generator of numbers, and a critic that tells them from real ones.</summary>
internal static class Gan
{
    /// <summary>Mean and deviation of what the generator makes after learning from numbers of mean 3 and deviation 0.5.</summary>
    public static (double Mean, double Deviation) Run(int steps)
    {
        var (g, n) = (new GraphBuilder("gan", seed: 9), 128);
        var (real, noise) = (3 + 0.5 * g.Normal(F32[n, 1]), g.Normal(F32[n, 1]));
        var (first, last) = (new Dense(16, name: "critic/first"), new Dense(1, name: "critic/last"));
        Value Judge(Value x) => last.Apply(first.Apply(x).Tanh());
        var fake = noise.Dense(8, "generator/first").Tanh().Dense(1, "generator/last");
        var (onReal, onFake) = (Judge(real), Judge(fake));
        var critics = onReal.BinaryCrossEntropyWithLogits(onReal * 0 + 1) + onFake.BinaryCrossEntropyWithLogits(onFake * 0);
        var generators = onFake.BinaryCrossEntropyWithLogits(onFake * 0 + 1);
        TrainingPlan Plan(Value loss, string who) =>
            g.Minimize(loss, new Adam(5e-3, beta1: 0.5), variables: v => v.StartsWith(who, StringComparison.Ordinal));
        using var critic = Plan(critics, "critic").Compile();
        using var generator = Plan(generators, "generator").Compile(store: critic.Variables);
        using var sample = g.Compile(critic.Variables, ("mean", fake.Mean()), ("deviation", fake.Std()));
        var (mean, deviation) = (0.0, 0.0);
        for (var i = 0; i < steps; i++)
        {
            critic.Run();
            generator.Run();
            if (i >= steps - 200) sample.Run(); // A GAN circles its equilibrium: the last 200 tell more than the last.
            (mean, deviation) = (mean + sample.Output<float>("mean")[0] / 200, deviation + sample.Output<float>("deviation")[0] / 200);
        }
        return (mean, deviation);
    }
}
