namespace Programs;

/// <summary>Dropout: one declaration, which drops in training and does not in prediction.</summary>
internal static class DropoutProgram
{
    /// <summary>The accuracy on held-out examples, and whether two predictions of the same input are equal.</summary>
    public static (double Accuracy, bool IsDeterministic) Run(Split data)
    {
        var (g, batch) = (new GraphBuilder("dropout", seed: 8), 32);
        var (x, t) = (g.Input("images", F32[batch, data.Features]), g.Input("labels", I32[batch]));
        var logits = x.Dense(128).Relu().Dropout(0.3).Dense(10);
        using var step = g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), new Adam(2e-3)).Compile();
        using var predict = step.Predictor(logits.ArgMax(1));
        for (var epoch = 0; epoch < 15; epoch++)
            foreach (var (images, labels) in new Batches(data.TrainX, data.TrainY, batch, seed: 3).Epoch(epoch)) step.Run(images, labels);

        var (correct, deterministic, test) = (0, true, new Batches(data.TestX, data.TestY, batch));
        foreach (var (images, labels) in test.Epoch(0))
        {
            var classes = predict.Run<float, int>(images).ToArray();
            deterministic &= predict.Run<float, int>(images).SequenceEqual(classes);
            for (var i = 0; i < batch; i++) correct += classes[i] == labels[i] ? 1 : 0;
        }
        return ((double)correct / (test.Count * batch), deterministic);
    }
}
