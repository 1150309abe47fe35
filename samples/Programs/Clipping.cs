namespace Programs;

/// <summary>Gradients that are clipped three ways: each number, each variable's norm, and the norm of all together.</summary>
internal static class Clipping
{
    /// <summary>By how much two variables with the gradients (3, 4) and (0, 12) move at the rate 1.</summary>
    public static Dictionary<string, float[]> Run()
    {
        var moves = new Dictionary<string, float[]>();
        foreach (var (name, clip) in new (string, GradientTransform)[]
        {
            ("value", new ClipByValue(2)), ("norm", new ClipByNorm(1)), ("global", new ClipByGlobalNorm(1.3)),
        })
        {
            var g = new GraphBuilder("clipping");
            var (a, b) = (g.Variable("a", F32[2], Initializer.Zeros), g.Variable("b", F32[2], Initializer.Zeros));
            var loss = (a * g.Constant([3f, 4])).Sum() + (b * g.Constant([0f, 12])).Sum();
            using var step = g.Minimize(loss, new Sgd(1) { Gradients = [clip] }).Compile();
            step.Run();
            moves[name] = [.. step.Variable<float>("a"), .. step.Variable<float>("b")];
        }
        return moves;
    }
}
