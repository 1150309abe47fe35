namespace Programs;

/// <summary>A classifier that is validated after each epoch: one declaration, two functions over the same variables.</summary>
internal static class ValidationPerEpoch
{
    /// <summary>The accuracy on held-out examples after each epoch.</summary>
    public static List<double> Run(Split data, int epochs)
    {
        var (g, batch) = (new GraphBuilder("digits", seed: 1), 32);
        var (x, t) = (g.Input("images", F32[batch, data.Features]), g.Input("labels", I32[batch]));
        var logits = x.Dense(64).Relu().Dense(10);
        var correct = logits.ArgMax(1).Equal(t).ConvertTo(F32).Sum();
        using var step = g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), new Adam(2e-3)).Compile();
        using var validate = g.Compile(step.Variables, ("correct", correct));

        var (train, test) = (new Batches(data.TrainX, data.TrainY, batch, seed: 7), new Batches(data.TestX, data.TestY, batch));
        var accuracies = new List<double>();
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            foreach (var (images, labels) in train.Epoch(epoch)) step.Run(images, labels);
            var hits = 0.0;
            foreach (var (images, labels) in test.Epoch(0))
            {
                validate.Run(images, labels);
                hits += validate.Output<float>("correct")[0];
            }
            accuracies.Add(hits / (test.Count * batch));
        }
        return accuracies;
    }
}
