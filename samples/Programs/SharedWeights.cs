namespace Programs;

/// <summary>One layer that is applied twice: a Siamese network, whose two branches have the same weights.</summary>
internal static class SharedWeights
{
    /// <summary>How many variables there are, and the distance of two equal and of two different inputs after training.</summary>
    public static (int Variables, float Equal, float Different) Run()
    {
        var g = new GraphBuilder("siamese", seed: 2);
        var (a, b) = (g.Input("a", F32[2, 6]), g.Input("b", F32[2, 6]));
        var same = g.Input("same", F32[2]);
        var (hidden, embedding) = (new Dense(16, name: "hidden"), new Dense(4, name: "embedding"));
        Value Embed(Value x) => embedding.Apply(hidden.Apply(x).Tanh());
        var distance = (Embed(a) - Embed(b)).Square().Sum(1);
        // Contrastive: equal ones come together, different ones move apart up to a distance of 4.
        var loss = (same * distance + (1 - same) * (4 - distance).Relu()).Mean();
        using var step = g.Minimize(loss, new Adam(0.01)).Compile();
        using var predict = g.Compile(step.Variables, ("distance", distance));

        float[] x = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0], z = [1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1];
        for (var i = 0; i < 300; i++) step.Run<float, float, float>(x, z, [1f, 0]);
        predict.Run<float, float>(x, z);
        var distances = predict.Output<float>("distance");
        return (g.ModelParameters.Count, distances[0], distances[1]);
    }
}
