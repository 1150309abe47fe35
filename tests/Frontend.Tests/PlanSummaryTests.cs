using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>What a summary counts, against counts by hand.</summary>
[Trait("Category", "AnyLevel")]
public sealed class PlanSummaryTests
{
    private static readonly CompileOptions s_alone = new() { Threads = 1 };

    private static TrainingPlan Classifier()
    {
        var g = new GraphBuilder("mlp", seed: 1);
        var h = g.Input("x", F32[8, 160]).Dense(96, name: "hidden").Relu(file: "Mlp.cs", line: 4);
        using (g.Scope("frozen")) h = h.BatchNorm("norm");
        var loss = h.Dense(50, name: "logits").SoftmaxCrossEntropy(g.Input("t", I32[8]), file: "Mlp.cs", line: 5)
            .Mean(file: "Mlp.cs", line: 5);
        return g.Minimize(loss, new Adam());
    }

    [Fact]
    public void Layers_have_their_types_parameters_and_operations()
    {
        var summary = Classifier().Summary(s_alone);
        var (hidden, logits) = (summary.Layers.Single(l => l.Name == "hidden"), summary.Layers.Single(l => l.Name == "logits"));
        Assert.Equal((F32[8, 96], F32[8, 50]), (hidden.Output, logits.Output));
        Assert.Equal((160 * 96 + 96, 96 * 50 + 50), (hidden.Parameters, logits.Parameters));
        // A product of M by K by N takes 2·M·K·N, and the bias 1 for each element: the products are nearly all.
        Near(2 * 8 * 160 * 96, hidden.ForwardFlops);
        Near(2 * 8 * 160 * 96, hidden.BackwardFlops); // x is an input, so only the kernel has a gradient.
        Near(2 * 8 * 96 * 50, logits.ForwardFlops);
        Near(2 * 2 * 8 * 96 * 50, logits.BackwardFlops);
        // Adam takes some ten operations for each element.
        Assert.InRange(hidden.UpdateFlops / hidden.Parameters, 6, 20);
        Assert.Equal(["hidden", "Mlp.cs(4)", "frozen/norm", "logits", "Mlp.cs(5)"], summary.Layers.Take(5).Select(l => l.Name));
        Assert.Equal(F32.Scalar, summary.Layers[4].Output);
    }

    private static void Near(double expected, double counted) => Assert.InRange(counted, 0.97 * expected, 1.1 * expected);

    [Fact]
    public void Bytes_are_those_of_what_is_kept()
    {
        var plan = Classifier();
        var summary = plan.Summary(s_alone);
        const int Trained = 160 * 96 + 96 + 96 * 2 + 96 * 50 + 50;
        Assert.Equal((Trained, 4 * Trained, 4 * Trained), (summary.Parameters, summary.ParameterBytes, summary.GradientBytes));
        Assert.Equal(2 * 4 * 96, summary.OtherVariableBytes); // The norm's running mean and variance.
        Assert.Equal(2 * 4 * Trained + 8, summary.OptimizerBytes); // Two moments, and the count of steps.
        using var step = plan.Compile(s_alone with { Checked = false });
        Assert.Equal(step.ArenaBytes, summary.ArenaBytes);
    }

    [Fact]
    public void A_summary_is_a_table_as_text_and_as_Markdown()
    {
        var summary = Classifier().Summary(s_alone);
        var lines = summary.ToString().Split('\n');
        Assert.Equal("model \"mlp\"", lines[0]);
        Assert.Matches(@"^layer +output +parameters +forward +backward +update$", lines[1]);
        Assert.Matches(@"^hidden +f32\[8,96\] +15,456 +2\d\d k +2\d\d k +\d+ k$", lines[2]);
        Assert.Contains(lines, l => l == "parameters           20,498, 81,992 bytes");
        Assert.All(lines, l => Assert.Equal(l.TrimEnd(), l));
        var markdown = summary.ToMarkdown().Split('\n');
        Assert.Equal("| layer | output | parameters | forward | backward | update |", markdown[2]);
        Assert.Matches(@"^\| hidden \| f32\[8,96\] \| 15,456 \|", markdown[4]);
    }

    [Fact]
    public void A_function_has_no_gradients_and_no_optimizer()
    {
        var g = new GraphBuilder("half");
        var summary = g.Function(g.Input("x", F32[4, 3]).Dense(2, name: "d")).Summary(s_alone);
        Assert.Equal((0, 0, 4 * 8), (summary.GradientBytes, summary.OptimizerBytes, summary.ParameterBytes));
        Assert.All(summary.Layers, l => Assert.Equal(0, l.BackwardFlops + l.UpdateFlops));
        Assert.Equal(summary.Flops, summary.Layers.Single().ForwardFlops);
        Assert.InRange(summary.Flops, 2 * 4 * 3 * 2, 2 * 4 * 3 * 2 + 8);
        var error = Assert.Throws<GraphException>(() => g.Function(g.Inputs.First() * 2).Summary(new CompileOptions { Threads = 0 }));
        Assert.Contains("SGC1011", error.Message, StringComparison.Ordinal);
    }
}
