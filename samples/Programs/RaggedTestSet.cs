namespace Programs;

/// <summary>A test set that does not divide into batches: the remainder gets a function of its own size, over the same
/// variables.</summary>
internal static class RaggedTestSet
{
    /// <summary>How many of all held-out examples are classified right, and how many there are.</summary>
    public static (int Correct, int Count) Run(Split data)
    {
        static (GraphBuilder Graph, Value Logits) Model(int batch, int features)
        {
            var g = new GraphBuilder("ragged", seed: 4);
            return (g, g.Input("images", F32[batch, features]).Dense(32, "hidden").Relu().Dense(10, "logits"));
        }
        var (batch, n) = (64, data.Features);
        var (g, logits) = Model(batch, n);
        var t = g.Input("labels", I32[batch]);
        using var step = g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), new Adam(5e-3)).Compile();
        for (var epoch = 0; epoch < 10; epoch++)
            foreach (var (images, labels) in new Batches(data.TrainX, data.TrainY, batch, seed: 1).Epoch(epoch)) step.Run(images, labels);

        var correct = 0;
        for (var at = 0; at < data.TestY.Length; at += batch)
        {
            var size = Math.Min(batch, data.TestY.Length - at);
            var (graph, scores) = Model(size, n);
            using var predict = graph.Compile(step.Variables, ("class", scores.ArgMax(1)));
            predict.Run<float>(data.TestX.AsSpan(at * n, size * n));
            for (var i = 0; i < size; i++) correct += predict.Output<int>("class")[i] == data.TestY[at + i] ? 1 : 0;
        }
        return (correct, data.TestY.Length);
    }
}
