using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>One position after another, with keys and values of those before in variables: what whole sequences give.</summary>
[Trait("Category", "Target")]
public sealed class KeyValueCacheTests
{
    private readonly GraphBuilder _g = new("decoder", seed: 5);

    // Scores that differ enough for the softmax to matter; of an f32 scores of tens would take the last two digits, of both sides alike.
    private static Initializer Draws(DType dtype) => dtype == F64 ? Initializer.Uniform(-1, 1) : Initializer.Uniform(-0.15f, 0.15f);

    private sealed record Case(int Batch, int Length, int Heads, int KeyHeads, int Size, DType DType, double? Rotary = null, int Kept = 0);

    private static Dictionary<string, Case> Cases => new()
    {
        ["f64"] = new(2, 7, 3, 3, 5, F64), ["grouped"] = new(1, 5, 4, 2, 2, F64), ["one key head"] = new(3, 4, 3, 1, 3, F64),
        ["rotary"] = new(2, 6, 2, 1, 4, F64, Rotary: 100), ["one position"] = new(2, 1, 2, 2, 3, F64),
        ["more are kept"] = new(1, 5, 2, 2, 4, F64, Rotary: 10_000, Kept: 11), ["f32"] = new(2, 67, 2, 2, 16, F32),
        ["f32, wide"] = new(1, 19, 4, 2, 32, F32, Rotary: 10_000), ["no sequences"] = new(0, 3, 2, 2, 3, F64),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    /// <summary>Two sequences, the second without clearing what was kept of the first.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Each_position_is_that_of_the_whole_sequence(string name)
    {
        var c = Cases[name];
        var width = c.Heads * c.Size;
        TransformerBlock[] blocks = [new(c.Heads, keyValueHeads: c.KeyHeads, rotary: c.Rotary, kernel: Draws(c.DType)),
            new(c.Heads, keyValueHeads: c.KeyHeads, rotary: c.Rotary, gated: true, rootMeanSquare: true, kernel: Draws(c.DType))];
        var whole = blocks.Aggregate(_g.Input("x", c.DType[c.Batch, c.Length, width]), (h, block) => block.Apply(h));
        var (one, position) = (_g.Input("one", c.DType[c.Batch, 1, width]), _g.Input("position", I32.Scalar));
        var cache = new KeyValueCache(position, c.Kept == 0 ? c.Length : c.Kept);
        var next = blocks.Aggregate(one, (h, block) => block.Decode(h, cache));
        Assert.Equal(one.Type, next.Type);
        Assert.Equal(4, cache.Assignments.Count);
        using var function = _g.Function(whole).Compile(new() { Threads = 2 });
        using var decoder = _g.Function(next).Assigning([.. cache.Assignments]).Compile(new() { Threads = 2 }, function.Variables);
        var random = new Random(1);
        for (var sequence = 0; sequence < 2; sequence++)
        {
            double[] x = [.. Enumerable.Range(0, c.Batch * c.Length * width).Select(_ => random.NextDouble() * 2 - 1)];
            function.Run([Bytes(x, c.DType)]);
            var expected = Output(function, c.DType);
            for (var t = 0; t < c.Length; t++)
            {
                var at = Enumerable.Range(0, c.Batch * width).Select(i => (i / width * c.Length + t) * width + i % width).ToArray();
                decoder.Run([Bytes([.. at.Select(i => x[i])], c.DType), Bytes([t], I32)]);
                var found = Output(decoder, c.DType);
                Assert.Equal(at.Length, found.Length);
                for (var i = 0; i < at.Length; i++)
                    Assert.Equal(expected[at[i]], found[i], (c.DType == F64 ? 1e-12 : 2e-5) * Math.Max(1, Math.Abs(expected[at[i]])));
            }
        }
    }

    private static ReadOnlyMemory<byte> Bytes(double[] elements, DType type) =>
        new Literal(type[elements.Length], elements).ToBytes();

    private static double[] Output(CompiledFunction function, DType type) => type == F64 ? function.Output<double>("output").ToArray()
        : [.. function.Output<float>("output").ToArray().Select(e => (double)e)];

    /// <summary>A language model's scores, by a function that shares the variables of the step that trains them.</summary>
    [Fact]
    public void Scores_of_a_trained_model_are_those_of_the_whole_context()
    {
        const int Batch = 4, Length = 9, Tokens = 7, Width = 16;
        var tokens = _g.Input("tokens", I32[Batch, Length]);
        var targets = _g.Input("targets", I32[Batch * Length]);
        var (table, positions) = (new Embedding(Tokens, Width, "tokens"), new PositionEmbedding(Length));
        var (block, norm) = (new TransformerBlock(2), new LayerNorm());
        Value ScoresOf(Value h) => norm.Apply(h).Reshape([-1, Width]).MatMul(table.Table.Transpose());
        var scores = ScoresOf(block.Apply(positions.Apply(table.Apply(tokens))));
        var training = _g.Minimize(scores.SoftmaxCrossEntropy(targets).Mean(), new AdamW(1e-2));
        var (token, position) = (_g.Input("token", I32[Batch, 1]), _g.Input("position", I64.Scalar));
        var cache = new KeyValueCache(position, Length, "generation");
        var next = ScoresOf(block.Decode(table.Apply(token) + positions.Table.Take(position.Reshape([1])), cache));
        Assert.Equal(["generation/transformer_block/attention/keys", "generation/transformer_block/attention/values"],
            cache.Assignments.Select(a => a.Variable.Value.Name!));

        using var step = training.Compile();
        using var predictor = step.Predictor(scores);
        using var decoder = _g.Function(next).Assigning([.. cache.Assignments]).Compile(store: step.Variables);
        var random = new Random(3);
        for (var i = 0; i < 20; i++)
        {
            int[] drawn = [.. Enumerable.Range(0, Batch * Length).Select(_ => random.Next(Tokens))];
            step.Run<int, int>(drawn, [.. drawn.Select((d, k) => k % Length == 0 ? d : drawn[k - 1])]);
            if (i % 5 != 4) continue;
            var expected = predictor.Run<int, float>(drawn).ToArray();
            for (var t = 0; t < Length; t++)
            {
                decoder.Run<int, long>([.. Enumerable.Range(0, Batch).Select(b => drawn[b * Length + t])], [t]);
                var found = decoder.Output<float>("output");
                for (var k = 0; k < Batch * Tokens; k++)
                    Assert.Equal(expected[(k / Tokens * Length + t) * Tokens + k % Tokens], found[k], 1e-4);
            }
        }
    }

    [Fact]
    public void Training_steps_leave_it_unless_they_are_told()
    {
        var x = _g.Input("x", F32[2, 1, 4]);
        var block = new TransformerBlock(2);
        var loss = block.Apply(x).Square().Mean();
        var cache = new KeyValueCache(_g.Input("position", I32.Scalar), 3);
        var decoded = block.Decode(x, cache).Square().Mean();
        string[] Inputs(TrainingPlan plan)
        {
            using var step = plan.Compile();
            return [.. step.Inputs];
        }
        Assert.Equal(["x"], Inputs(_g.Minimize(loss, new Sgd(0.1))));
        Assert.Equal(["x", "position"], Inputs(_g.Minimize(decoded, new Sgd(0.1), assignments: [.. cache.Assignments])));
    }

    [Fact]
    public void What_does_not_fit_is_refused_at_its_line()
    {
        var (x, two, position) = (_g.Input("x", F32[2, 1, 6]), _g.Input("two", F32[2, 2, 6]), _g.Input("position", I32.Scalar));
        var (real, many, other) = (_g.Input("real", F32.Scalar), _g.Input("many", I32[1]), new GraphBuilder("other"));
        var loose = new FunctionBuilder("loose").Parameter("p", I32.Scalar);
        _g.Refuses("SGC1001", () => _ = new KeyValueCache(real, 3), "%real : f32[]");
        _g.Refuses("SGC1003", () => _ = new KeyValueCache(many, 3), "%many : i32[1]");
        _g.Refuses("SGC1011", () => _ = new KeyValueCache(position, 0), "got 0");
        _g.Refuses("SGC1006", () => _ = new KeyValueCache(position, 3, "a b"), "a b");
        _g.Refuses("SGC1008", () => _ = new KeyValueCache(loose, 3), "GraphBuilder");
        var (cache, layer) = (new KeyValueCache(position, 3), new MultiHeadAttention(2, "here", causal: true));
        _g.Refuses("SGC1011", () => new MultiHeadAttention(2).Decode(x, cache), "must be causal");
        _g.Refuses("SGC1002", () => layer.Decode(two, cache), "one position at a time");
        _g.Refuses("SGC1002", () => new TransformerBlock(2).Decode(two, cache), "one position at a time");
        _g.Refuses("SGC1011", () => new TransformerBlock(2, causal: false).Decode(x, cache), "must be causal");
        _g.Refuses("SGC1008", () => layer.Decode(x, new KeyValueCache(other.Input("position", I32.Scalar), 3)), "belongs to");
        var crossing = new MultiHeadAttention(2, causal: true);
        crossing.Apply(x, context: two);
        _g.Refuses("SGC1011", () => crossing.Decode(x, cache), "built for a context");
        layer.Decode(x, cache);
        _g.Refuses("SGC1006", () => layer.Decode(x, cache), "cache/here/keys");
        Assert.Equal(2, cache.Assignments.Count);
    }
}
