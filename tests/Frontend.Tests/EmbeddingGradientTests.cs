using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>The gradient of a table of which few rows are read: as that of a product with a matrix of ones and zeros, for every optimizer,
/// with the same bits for any number of threads.</summary>
[Trait("Category", "Target")]
public sealed class EmbeddingGradientTests
{
    // Above the size from which a table's gradient is kept to the rows that were read.
    private const int Rows = 700, Width = 96, Count = 70;

    private static readonly long[] s_indices = [.. Enumerable.Range(0, Count).Select(i => i switch
    {
        0 => -5L, // Clamped, as is the last: they name the first and the last row.
        Count - 1 => Rows + 3,
        < 40 => 17 * i % 11 * 50,
        _ => 499,
    })];

    private static Dictionary<string, Func<Optimizer>> Optimizers => new()
    {
        ["sgd"] = () => new Sgd(0.5), ["momentum"] = () => new Sgd(0.5, momentum: 0.9), ["decay"] = () => new Sgd(0.5, weightDecay: 0.1),
        ["decoupled"] = () => new Sgd(0.5, weightDecay: 0.1, decoupled: true), ["adam_w"] = () => new AdamW(0.01),
        ["clipped"] = () => new AdamW(0.01) { Gradients = [new ClipByGlobalNorm(0.1)] }, ["adagrad"] = () => new AdaGrad(0.1),
        ["clipped_sgd"] = () => new Sgd(0.5) { Gradients = [new ClipByGlobalNorm(0.1)] },
    };

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var model in Models.Keys)
                foreach (var optimizer in Optimizers.Keys) cases.Add(model, optimizer);
            return cases;
        }
    }

    // From the table and a function that looks rows up.
    private static Dictionary<string, Func<Value, Func<Value, Value>, Value>> Models => new()
    {
        ["once"] = (table, look) => (look(table) * 1.5).Tanh().Mean(),
        ["twice"] = (table, look) => (look(table).Tanh().Mean() + (look(table * 2) * look(table)).Mean()) * 3,
        ["tied"] = (table, look) => look(table).MatMul(table.Transpose()).Tanh().Mean() * 10,
    };

    [Theory, MemberData(nameof(Cases))]
    public void Steps_are_those_of_a_product_with_ones_and_zeros(string model, string optimizer)
    {
        var taken = Trained(model, optimizer, 1, (g, table) => table.Take(g.Inputs.First()));
        foreach (var threads in (int[])[2, 3])
            Assert.Equal(taken, Trained(model, optimizer, threads, (g, table) => table.Take(g.Inputs.First())));
        var product = Trained(model, optimizer, 1, (g, table) =>
        {
            var at = g.Inputs.First().Clip(0, Rows - 1).Reshape([Count, 1]);
            var rows = g.Emit(Iota.Instance, [], Iota.Attributes(I64[Count, Rows], 1));
            return at.Equal(rows).ConvertTo(table.DType).MatMul(table);
        });
        for (var i = 0; i < product.Length; i++)
            if (!(Math.Abs(product[i] - taken[i]) <= 1e-9 * Math.Max(1, Math.Abs(product[i]))))
                Assert.Fail($"row {i / Width}, column {i % Width}: {taken[i]}, expected {product[i]}");
    }

    private static double[] Trained(string model, string optimizer, int threads, Func<GraphBuilder, Value, Value> look)
    {
        var g = new GraphBuilder("looked_up", seed: 3);
        g.Input("indices", I64[Count]);
        var table = g.Variable("table", F64[Rows, Width], Initializer.Normal());
        using var step = g.Minimize(Models[model](table, t => look(g, t)), Optimizers[optimizer]())
            .Compile(new() { Threads = threads, Checked = false });
        for (var i = 0; i < 3; i++) step.Run<long>(s_indices);
        return step.Variable<double>("table").ToArray();
    }

    /// <summary>Rows that no index names keep every bit, also where a rate of ∞ would make NaN of what is 0 there.</summary>
    [Fact]
    public void Rows_that_were_not_read_are_not_touched()
    {
        var g = new GraphBuilder("untouched");
        var indices = g.Input("indices", I32[2]);
        var table = g.Variable("table", F32[1000, 128], Initializer.Normal());
        var loss = table.Take(indices).Sum();
        using var step = g.Minimize(loss, new Sgd(Schedule.Settable(1))).Compile();
        var before = step.Variable<float>("table").ToArray();
        step.LearningRate = double.MaxValue;
        step.Run<int>([7, 7]);
        var after = step.Variable<float>("table").ToArray();
        for (var i = 0; i < before.Length; i++) Assert.Equal(i / 128 == 7 ? float.NegativeInfinity : before[i], after[i]);
    }

    /// <summary>A step in place needs no memory of the table's size.</summary>
    [Fact]
    public void A_step_holds_nothing_of_the_size_of_the_table()
    {
        var g = new GraphBuilder("memory");
        var table = g.Variable("table", F32[20_000, 256], Initializer.Zeros);
        var loss = table.Take(g.Input("indices", I32[64])).Tanh().Sum();
        foreach (var optimizer in (Optimizer[])[new Sgd(0.1), new AdamW(0.1)])
        {
            using var step = g.Minimize(loss, optimizer).Compile(new() { Threads = 2 });
            Assert.InRange(step.ArenaBytes, 0, 20_000 * 256 * 4 / 4);
        }
    }
}
