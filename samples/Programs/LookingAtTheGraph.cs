namespace Programs;

/// <summary>What was declared: the variables as a table, and the operations as text.</summary>
internal static class LookingAtTheGraph
{
    /// <summary>The summary, the model's operations, and those of the whole training step.</summary>
    public static (string Summary, string Model, string Step) Run()
    {
        var g = new GraphBuilder("small");
        var (x, y) = (g.Input("x", F32[4, 3]), g.Input("y", F32[4, 2]));
        var loss = x.Dense(5, "hidden").Relu().Dense(2, "output", trainable: false).MeanSquaredError(y);
        var plan = g.Minimize(loss, new Sgd(0.1));
        return (g.Summary(), g.ToString(), plan.Function.ToString());
    }
}
