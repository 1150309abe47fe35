using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Functions that read the averages of variables which optimizers keep.</summary>
public sealed class AveragedFunctionTests
{
    private static Sgd Averaging(double decay = 0.5, string? name = null) =>
        new(1) { Name = name, Parameters = [new ExponentialMovingAverage(decay)] };

    // y = w x, of which the loss is the sum: each step takes x from w.
    private static (GraphBuilder Graph, Value W, Value Y) Declare()
    {
        var g = new GraphBuilder("line");
        var w = g.Variable("w", F64[2], Initializer.Constant(8));
        return (g, w, w * g.Input("x", F64[2]));
    }

    private static double[] Run(CompiledFunction function, params double[] x)
    {
        function.Run<double>(x);
        return function.Output<double>("output").ToArray();
    }

    [Fact]
    public void It_reads_the_averages_of_the_store_and_follows_them()
    {
        var (g, _, y) = Declare();
        using var step = g.Minimize(y.Sum(), Averaging()).Compile();
        using var latest = g.Function(y).Compile(store: step.Variables);
        using var averaged = g.Function(y).Averaged().Compile(store: step.Variables);
        Assert.Equal(["sgd/average/w"], g.Function(y).Averaged().States.Select(s => s.Name));
        step.Run<double>([2, 4]); // w is 6, 4; its average the mean of that and 8.
        Assert.Equal([6.0, 4], Run(latest, 1, 1));
        Assert.Equal([7.0, 6], Run(averaged, 1, 1));
        step.Run<double>([2, 4]); // w is 4, 0.
        Assert.Equal([5.5, 3], Run(averaged, 1, 1));
        Assert.Equal([4.0, 0], step.Variable<double>("w").ToArray());
    }

    [Fact]
    public void In_a_store_without_them_they_are_copies_of_the_first_elements()
    {
        var (g, _, y) = Declare();
        g.Minimize(y.Sum(), Averaging());
        using var alone = g.Function(y).Averaged().Compile();
        Assert.Equal([8.0, 16], Run(alone, 1, 2));
        Assert.Equal(["sgd/average/w"], alone.Variables.Variables.Select(v => v.Name));
    }

    [Fact]
    public void It_stays_averaged_in_another_mode_and_with_assignments_in_any_order()
    {
        var (g, _, y) = Declare();
        var noisy = y.Dropout(0.5);
        var runs = g.Variable("runs", I64.Scalar, Initializer.Zeros, trainable: false);
        var count = g.Assign(runs, runs + 1);
        g.Minimize(noisy.Sum(), Averaging(), assignments: []);
        FunctionPlan[] plans =
        [
            g.Function(noisy).Averaged().InMode(Mode.Training).Assigning(count),
            g.Function(noisy).InMode(Mode.Training).Assigning(count).Averaged(),
        ];
        foreach (var plan in plans)
        {
            using var function = plan.Compile();
            function.Variables.Write<double>("sgd/average/w", 1, 3);
            for (var i = 1; i <= 16; i++)
            {
                var results = Run(function, 1, 1);
                Assert.All([0, 1], e => Assert.Contains(results[e], new double[] { 0, e == 0 ? 2 : 6 })); // Kept ones are scaled by 2.
                Assert.Equal(i, function.Variable<long>("runs")[0]);
            }
            Assert.DoesNotContain(plan.States, s => s.Name == "w");
        }
    }

    [Fact]
    public void A_checked_function_reads_them_too()
    {
        var g = new GraphBuilder("checked");
        var w = g.Variable("w", F32[1, 2], Initializer.Constant(1));
        var loss = (w * g.Input("x", F32[1, 2])).SoftmaxCrossEntropy(g.Input("t", I32[1])).Mean();
        g.Minimize(loss, Averaging());
        var plan = g.Function(w * 2f, loss).Averaged();
        using var function = plan.Compile(new CompileOptions { Checked = true });
        function.Variables.Write<float>("sgd/average/w", 3, 4);
        function.Run<float, int>([1, 1], [0]);
        Assert.Equal([6f, 8], function.Output<float>("output").ToArray());
        Assert.Equal("SGC5008", Assert.Throws<RuntimeException>(() => function.Run<float, int>([1, 1], [2])).Code);
    }

    [Fact]
    public void Of_two_averages_of_one_variable_the_step_chooses()
    {
        var (g, _, y) = Declare();
        var (fast, slow) = (g.Minimize(y.Sum(), Averaging(0.5)), g.Minimize(y.Sum(), Averaging(0.75)));
        var error = Assert.Throws<GraphException>(() => g.Function(y).Averaged());
        Assert.Equal("SGC1011", error.Code);
        Assert.Contains("\"sgd/average/w\" and \"sgd_1/average/w\"", error.Message, StringComparison.Ordinal);
        Assert.Equal("AveragedFunctionTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
        Assert.Equal(["sgd/average/w"], g.Function(y).Averaged(fast).States.Select(s => s.Name));
        Assert.Equal(["sgd_1/average/w"], g.Function(y).Averaged(slow).States.Select(s => s.Name));
    }

    [Fact]
    public void Steps_that_average_different_variables_or_share_their_state_do_not_collide()
    {
        var (g, w, y) = Declare();
        var other = g.Variable("v", F64[2], Initializer.Constant(1));
        var both = y + other;
        g.Minimize(both.Sum(), Averaging(name: "one"), variables: [w]);
        g.Minimize(both.Sum(), Averaging(name: "one"), variables: [w]);
        g.Minimize(both.Sum(), Averaging(name: "two"), variables: [other]);
        g.Minimize(both.Sum(), new Sgd());
        Assert.Equal(["one/average/w", "two/average/v"], g.Function(both).Averaged().States.Select(s => s.Name));
    }

    [Fact]
    public void What_cannot_be_averaged_is_refused_at_its_line()
    {
        var (g, w, y) = Declare();
        var plan = g.Minimize(y.Sum(), new Sgd());
        foreach (var averaged in (Func<FunctionPlan>[])[() => g.Function(y).Averaged(), () => g.Function(y).Averaged(plan)])
        {
            var none = Assert.Throws<GraphException>(averaged);
            Assert.Equal("SGC1011", none.Code);
            Assert.Contains("ExponentialMovingAverage", none.Message, StringComparison.Ordinal);
            Assert.Equal("AveragedFunctionTests.cs", Path.GetFileName(none.Diagnostics[0].Location.File));
        }
        var (otherGraph, _, otherY) = Declare();
        var other = otherGraph.Minimize(otherY.Sum(), Averaging());
        Assert.Equal("SGC1008", Assert.Throws<GraphException>(() => g.Function(y).Averaged(other)).Code);

        g.Minimize(y.Sum(), Averaging());
        var decay = g.Assign(w, w * 0.5);
        var both = Assert.Throws<GraphException>(() => g.Function(y).Averaged().Assigning(decay));
        Assert.Equal("SGC1013", both.Code);
        Assert.Equal("SGC1013", Assert.Throws<GraphException>(() => g.Function(y).Assigning(decay).Averaged()).Code);
        Assert.Equal(decay.Location, both.Diagnostics[0].Location);
    }
}
