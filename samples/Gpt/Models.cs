using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Gpt;

/// <summary>Two models of characters. <c>graphc build</c> compiles each ahead of time.</summary>
public static class Models
{
    /// <summary>Characters that Shakespeare's plays have.</summary>
    public const int Characters = 65;
    /// <summary>Characters that a prediction sees at most.</summary>
    public const int Context = 64;
    /// <summary>Sequences of a step.</summary>
    public const int Batch = 12;
    /// <summary>Steps of the training, which the learning rate falls over.</summary>
    public const int Iterations = 2000;

    /// <summary>Letters, and the mark that ends a name.</summary>
    public const int Letters = 27;
    /// <summary>Letters that decide the next one.</summary>
    public const int NameContext = 3;
    /// <summary>Examples of a step.</summary>
    public const int NameBatch = 256;
    /// <summary>Steps of the training.</summary>
    public const int NameIterations = 20_000;

    /// <summary>Four blocks of 128 channels and four heads: 804,096 parameters. Its prediction is the scores for each next
    /// character.</summary>
    [Model("gpt")]
    public static ModelDeclaration Gpt()
    {
        var (training, scores, _, _) = DeclareGpt();
        return new ModelDeclaration(training, scores);
    }

    /// <summary>A network over the embeddings of three letters (Bengio et al. 2003).</summary>
    [Model("names")]
    public static ModelDeclaration Names()
    {
        var (training, scores, _) = DeclareNames();
        return new ModelDeclaration(training, scores);
    }

    /// <summary>The step, the scores of its tokens, the loss of each, and what writes: the scores after one token at a
    /// position.</summary>
    internal static (TrainingPlan Training, Value Scores, Value Losses, FunctionPlan Writer) DeclareGpt()
    {
        var g = new GraphBuilder("gpt", seed: 1337);
        var model = new LanguageModel(Characters, Context, width: 128, heads: 4, blocks: 4);
        var tokens = g.Input("tokens", I32[Batch, Context]);
        var targets = g.Input("targets", I32[Batch * Context]);
        var scores = model.Scores(tokens);
        var losses = scores.SoftmaxCrossEntropy(targets);
        var rate = Schedule.Cosine(1e-3, Iterations - 100, floor: 1e-4).WithWarmUp(100);
        var optimizer = new AdamW(rate, beta2: 0.99, weightDecay: 0.1) { Gradients = [new ClipByGlobalNorm(1)] };
        var training = g.Minimize(losses.Mean(), optimizer);
        // Declared after the step, which does not keep the cache.
        var token = g.Input("token", I32[1, 1]);
        var cache = new KeyValueCache(g.Input("position", I32.Scalar), Context);
        var next = model.NextScores(token, cache);
        return (training, scores, losses, g.Function(next).Assigning([.. cache.Assignments]));
    }

    /// <summary>The step, the scores of its examples, and the loss of each.</summary>
    internal static (TrainingPlan Training, Value Scores, Value Losses) DeclareNames()
    {
        var g = new GraphBuilder("names", seed: 1);
        var letters = g.Input("letters", I32[NameBatch, NameContext]);
        var next = g.Input("next", I32[NameBatch]);
        var scores = letters.Embedding(Letters, 10, "letters_of").Flatten()
            .Dense(200, "hidden", Initializer.XavierNormal, h => h.Tanh()).Dense(Letters, "scores", Initializer.XavierNormal);
        var losses = scores.SoftmaxCrossEntropy(next);
        var rate = Schedule.Cosine(3e-3, NameIterations - 100, floor: 1e-5).WithWarmUp(100);
        return (g.Minimize(losses.Mean(), new AdamW(rate)), scores, losses);
    }
}
