namespace Programs;

/// <summary>A test set that does not divide into batches: one declaration for any number of rows, a function for each
/// that occurs, over the same variables.</summary>
internal static class RaggedTestSet
{
    /// <summary>How many of all held-out examples are classified right, and how many there are.</summary>
    public static (int Correct, int Count) Run(Split data)
    {
        var (batch, n) = (64, data.Features);
        Value Logits(GraphBuilder g, int rows) => g.Input("images", F32[rows, n]).Dense(32, "hidden").Relu().Dense(10, "logits");
        TrainingPlan Step(GraphBuilder g, int rows) =>
            g.Minimize(Logits(g, rows).SoftmaxCrossEntropy(g.Input("labels", I32[rows])).Mean(), new Adam(5e-3));
        FunctionPlan Class(GraphBuilder g, int rows) => g.Function(("class", Logits(g, rows).ArgMax(1)));
        using var steps = Specializations.ByRows(rows => Step(new("ragged", seed: 4), rows));
        using var classes = Specializations.ByRows(rows => Class(new("ragged"), rows), store: steps.Variables);
        for (var epoch = 0; epoch < 10; epoch++)
            foreach (var (images, labels) in new Batches(data.TrainX, data.TrainY, batch, seed: 1).Epoch(epoch))
                steps[labels.Length].Run(images, labels);

        var (correct, at) = (0, 0);
        foreach (var labels in data.TestY.Chunk(batch))
        {
            var classify = classes[labels.Length];
            classify.Run<float>(data.TestX.AsSpan(at * n, labels.Length * n));
            var found = classify.Output<int>("class");
            for (var i = 0; i < labels.Length; i++) correct += found[i] == labels[i] ? 1 : 0;
            at += labels.Length;
        }
        return (correct, data.TestY.Length);
    }
}
