namespace Programs;

/// <summary>Fine-tuning: first the new head alone, then everything at a lower rate, over the same variables.</summary>
internal static class Freezing
{
    /// <summary>Whether the body stayed as it was while the head learnt, and whether it moved afterwards.</summary>
    public static (bool BodyStayed, bool BodyMoved) Run()
    {
        var g = new GraphBuilder("finetune", seed: 6);
        var (x, y) = (g.Input("x", F32[8, 5]), g.Input("y", F32[8, 1]));
        var loss = x.Dense(12, "body").Tanh().Dense(1, "head").MeanSquaredError(y);
        using var head = g.Minimize(loss, new Adam(0.01), variables: name => name.StartsWith("head/", StringComparison.Ordinal)).Compile();
        using var all = g.Minimize(loss, new Sgd(1e-3)).Compile(store: head.Variables);

        var (inputs, targets) = (new float[40], new float[8]);
        for (var i = 0; i < inputs.Length; i++) inputs[i] = MathF.Sin(i);
        for (var i = 0; i < targets.Length; i++) targets[i] = inputs[5 * i] - inputs[5 * i + 1];
        var body = head.Variables.Variable<float>("body/kernel");
        var before = body.ToArray();
        for (var i = 0; i < 50; i++) head.Run<float, float>(inputs, targets);
        var stayed = body.SequenceEqual(before);
        for (var i = 0; i < 50; i++) all.Run<float, float>(inputs, targets);
        return (stayed, !body.SequenceEqual(before));
    }
}
