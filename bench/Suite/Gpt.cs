using GraphCompiler.Bench.Peers;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Bench.Suite;

/// <summary>A language model as GPT-2: token and position embeddings, blocks with their norms first, and an output layer that shares the
/// table of the tokens.</summary>
/// <param name="Name">The row.</param>
/// <param name="BatchSize">Sequences.</param>
/// <param name="Length">Tokens of a sequence.</param>
/// <param name="Blocks">Of attention and a feed-forward layer.</param>
/// <param name="Width">Channels.</param>
/// <param name="Heads">Of the attention.</param>
/// <param name="Vocabulary">Different tokens.</param>
/// <param name="Optimizer">The update.</param>
internal sealed record Gpt(string Name, int BatchSize, int Length, int Blocks, int Width, int Heads, int Vocabulary, Optimizer Optimizer)
    : SuiteModel(Name)
{
    public const double Epsilon = 1e-5;
    private const float Deviation = 0.02f;

    public override bool RunsOnTape => false;

    public override Declaration Declare()
    {
        var graph = new GraphBuilder(Name, Seed);
        var tokens = graph.Input("features", DType.I32[BatchSize, Length]);
        var targets = graph.Input("targets", DType.I32[BatchSize * Length]);
        var normal = Initializer.Normal(deviation: Deviation);
        var output = Initializer.Normal(deviation: Deviation / MathF.Sqrt(2 * Blocks));
        var table = new Embedding(Vocabulary, Width, "tokens", normal);
        var h = table.Apply(tokens).PositionEmbedding(Length, "positions", normal)
            .Repeat(Blocks, (x, _) => x.TransformerBlock(Heads, "part", kernel: normal, outputKernel: output))
            .LayerNorm("norm", epsilon: Epsilon);
        var logits = h.Reshape([BatchSize * Length, Width]).MatMul(table.Table.Transpose());
        return new(graph, logits.SoftmaxCrossEntropy(targets).Mean(), Optimizer);
    }

    public override ITorchModel DeclareTorch(Func<string, float[]> variable) => new TorchGpt(this, variable);

    public override Batch CreateBatch(int index)
    {
        var random = new Random((int)Seed * 1000 + index);
        int[] Tokens() => [.. Enumerable.Range(0, BatchSize * Length).Select(_ => random.Next(Vocabulary))];
        return new(Tokens(), Tokens());
    }
}
