using System.Diagnostics;
using System.Runtime.CompilerServices;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Data;
using Xunit;
using Xunit.Abstractions;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Training.Tests;

/// <summary>Steps that say where NaN comes from, and how large gradients and changes are.</summary>
[Trait("Category", "AnyLevel")]
public sealed class NumericsTests(ITestOutputHelper output)
{
    private static readonly CompileOptions s_checking = new() { Threads = 1, CheckNumerics = true };

    private static int Line([CallerLineNumber] int line = 0) => line;

    /// <summary>log of a product that one example makes negative: the logarithm is named, not what it makes NaN of later.</summary>
    [Fact]
    public void The_first_operation_is_named_with_its_layer_line_and_operands()
    {
        var g = new GraphBuilder("origin", seed: 1);
        var x = g.Input("x", F32[4, 2]);
        var scaled = x * g.Variable("first/scale", F32[2], Initializer.Constant(1));
        var (line, logs) = (Line(), scaled.Log());
        var loss = (logs * g.Variable("second/scale", F32[2], Initializer.Constant(2))).Square().Mean();
        using var step = g.Minimize(loss, new Adam(0.1)).Compile(s_checking);
        float[] good = [1, 2, 3, 4, 5, 6, 7, 8], bad = [1, 2, 3, -4, 5, 6, 7, 8];
        step.Run<float>(good);
        var (before, loss1) = (step.Variables.Snapshot(), step.Loss);
        Errors.Expect("SGC5012", () => step.Run<float>(bad), $"NumericsTests.cs({line}): log gives 1 NaN and 0 infinite of 8 elements "
            + "(the first, NaN, at [1,1])", "in the forward pass, in or after layer 'first'", "of multiply at", "all finite, from -3.6 to",
            "in run 2 of this step, which changed nothing");
        Assert.Equal(Bytes(before), Bytes(step.Variables.Snapshot())); // The count of steps too.
        step.Run<float>(good);
        Assert.True(float.IsFinite(step.Loss) && step.Loss < loss1);
        Assert.Equal(["loss"], step.Outputs);
    }

    private static byte[] Bytes(VariableSnapshot snapshot)
    {
        var path = Path.GetTempFileName();
        snapshot.Save(path);
        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

    /// <summary>The square root's value at 0 is finite, and its derivative is not.</summary>
    [Fact]
    public void The_backward_pass_and_the_update_are_told_apart()
    {
        var g = new GraphBuilder("backward");
        var x = g.Input("x", F32[3]);
        var (line, root) = (Line(), (x * g.Variable("a/w", F32[1], Initializer.Constant(1))).Sqrt());
        using var step = g.Minimize(root.Mean(), new Sgd(0.1)).Compile(s_checking);
        Errors.Expect("SGC5012", () => step.Run<float>([4, 0, 1]), $"NumericsTests.cs({line})",
            "in the backward pass, in or after layer 'a'");

        var u = new GraphBuilder("update");
        var w = u.Variable("w", F32[1], Initializer.Constant(1e30f));
        var product = (u.Input("x", F32[1]) * w).Sum();
        var (updated, plan) = (Line(), u.Minimize(product, new Sgd(1e35)));
        using var large = plan.Compile(s_checking);
        Errors.Expect("SGC5012", () => large.Run<float>([1e30f]), "1 infinite of 1 elements", "in the");
        Assert.Equal(1e30f, large.Variable<float>("w")[0]);
        Errors.Expect("SGC5012", () => large.Run<float>([1e5f]), $"NumericsTests.cs({updated}): multiply", "in the update");
    }

    [Fact]
    public void Inputs_and_variables_that_are_not_finite_are_named()
    {
        using var model = new Small();
        var plan = model.Plan;
        using var step = plan.Compile(s_checking, model.Step.Variables);
        float[] x = [.. Enumerable.Repeat(0.5f, 24)], y = new float[8];
        x[5] = float.PositiveInfinity;
        Errors.Expect("SGC5012", () => step.Run<float, float>(x, y), "input 'x' has 0 NaN and 1 infinite of 24 elements", "at [1,2]");
        step.Variable<float>("output/bias")[0] = float.NaN;
        x[5] = 0;
        Errors.Expect("SGC5012", () => step.Run<float, float>(x, y), "variable 'output/bias' has 1 NaN");
    }

    /// <summary>-∞ that a mask puts in on purpose, and that nothing becomes of, is not told of.</summary>
    [Fact]
    public void An_infinity_that_is_meant_is_none()
    {
        var g = new GraphBuilder("mask");
        var (x, mask) = (g.Input("x", F32[2, 3]), g.Input("mask", F32[2, 3]));
        var scores = x * g.Variable("w", F32[3], Initializer.Constant(1)) + mask;
        var loss = (scores.Softmax(1) * x).Sum();
        using var step = g.Minimize(loss, new Sgd(0.1)).Compile(s_checking);
        var none = float.NegativeInfinity;
        step.Run<float, float>([1, 2, 3, 4, 5, 6], [0, 0, none, 0, none, none]);
        Assert.True(float.IsFinite(step.Loss));
    }

    [Fact]
    public void Fit_ends_with_the_place_and_keeps_the_variables()
    {
        using var model = new Small();
        using var checking = model.Plan.Compile(s_checking, model.Step.Variables);
        using var batches = Small.Data(80).Batches(Small.BatchSize)
            .Map((Batch b, ref CounterRandom _) => b.Get<float>("y")[3] = b.Position.Example == 48 ? float.NaN : 0);
        var history = checking.Fit(batches, new FitOptions { Epochs = 2 });
        Assert.Equal((FitEnd.NotFinite, 6L), (history.End, history.Steps));
        Assert.Contains("step 7, of epoch 0", history.Reason, StringComparison.Ordinal);
        Assert.Contains("input 'y' has 1 NaN", history.Reason, StringComparison.Ordinal);
        Assert.True(float.IsFinite(checking.Variable<float>("hidden/kernel")[0]));
        batches.Seek(new(0, 48));
        Errors.Expect("SGC5012", () => checking.Fit(batches, new FitOptions { Epochs = 2, StopOnNaN = false }), "'y'");
    }

    /// <summary>Numbers by hand: loss = mean of w·x over two rows, w of [2,1] by gradient descent.</summary>
    [Fact]
    public void Insight_is_of_each_variable()
    {
        var g = new GraphBuilder("insight");
        var x = g.Input("x", F64[2, 3]);
        var (w, b) = (g.Variable("w", F64[3, 1], Initializer.FromArray([3.0, 4, 0])), g.Variable("b", F64[1], Initializer.Zeros));
        var plan = g.Minimize((x.MatMul(w) + b).Mean(), new Sgd(0.5));
        using var plain = plan.Compile(new() { Threads = 1 });
        using var watched = plan.WithInsight().Compile(new() { Threads = 1 }, plain.Variables);
        double[] rows = [1, 2, 0, 3, -10, 0];
        watched.Run<double>(rows);
        Assert.Equal(["loss"], watched.Outputs);
        var (kernel, bias) = (watched.Insight.Parameters[0], watched.Insight.Parameters[1]);
        Assert.Equal(("w", 3L, true), (kernel.Name, kernel.Elements, kernel.IsMatrix)); // Gradient [2, -4, 0].
        Assert.Equal(Math.Sqrt(20), kernel.GradientNorm, 1e-12);
        Assert.Equal(4, kernel.LargestGradient, 1e-12);
        Assert.Equal(1.0 / 3, kernel.ZeroFraction, 1e-12);
        Assert.Equal(5, kernel.WeightNorm, 1e-12);
        Assert.Equal(Math.Sqrt(5), kernel.UpdateNorm, 1e-12);
        Assert.Equal(Math.Sqrt(5) / 5, kernel.UpdateRatio, 1e-12);
        Assert.Equal((1.0, 0.5, double.PositiveInfinity), (bias.GradientNorm, bias.UpdateNorm, bias.UpdateRatio));
        Assert.Equal(["'w' explodes: the step changes it by 45 % of itself; lower the rate, or clip gradients"], watched.Insight.Findings);
        Assert.Equal([2.0, 6, 0], plain.Variable<double>("w").ToArray());
        Errors.Expect("SGC5004", () => _ = plain.Insight, "WithInsight");
    }

    [Fact]
    public void Findings_are_told_in_words()
    {
        static ParameterInsight Of(string name, double gradient, double zeros = 0, double weight = 1, double update = 1e-3) =>
            new(name, 100, IsMatrix: true, gradient, gradient, zeros, weight, update);
        static string[] Findings(params ParameterInsight[] of) => [.. new StepInsight(of).Findings];
        Assert.Empty(Findings(Of("a", 1), Of("b", 1e-3)));
        Assert.Equal(["the gradient of 'a' vanishes: it is 1E-06 on average, and 0.1 where it is largest"],
            Findings(Of("a", 1e-5), Of("b", 1)));
        Assert.Equal(["the gradient of 'a' is 0: the loss does not depend on it here"], Findings(Of("a", 0, zeros: 1), Of("b", 1)));
        Assert.Equal(["95 % of the gradient of 'a' is 0: units are dead, or the batch does not use these rows"],
            Findings(Of("a", 1, 0.95)));
        Assert.Equal(["the gradient of 'a' is not finite"], Findings(Of("a", double.NaN), Of("b", 1)));
    }

    [Fact]
    public void Fit_gives_insight_every_so_many_steps_and_changes_no_bits()
    {
        using var model = new Small();
        using var watched = model.Plan.WithInsight().Compile(new() { Threads = 1 }, model.Step.Variables);
        using var batches = Small.Data(60).Batches(Small.BatchSize, seed: 4);
        List<long> seen = [];
        History Fit(InsightPlan? insight)
        {
            model.Reset();
            batches.Seek(default);
            return model.Step.Fit(batches, new FitOptions { Steps = 20, Insight = insight, Callbacks = [new Watching(seen)] });
        }
        var expected = model.Bits(Fit(null));
        Assert.Equal(expected, model.Bits(Fit(new(watched, every: 6))));
        Assert.Equal([6L, 12, 18], seen);
        Errors.Expect("SGC5011", () => Fit(new(model.Step, 6)), "WithInsight");
        Errors.Expect("SGC5011", () => Fit(new(watched, 0)), "every 0");
        using var apart = model.Plan.WithInsight().Compile(new() { Threads = 1 });
        Errors.Expect("SGC5011", () => Fit(new(apart, 6)), "other variables");
    }

    private sealed class Watching(List<long> seen) : FitCallback
    {
        public override void Inspected(FitContext context, StepInsight insight)
        {
            Assert.Equal(["hidden/kernel", "hidden/bias", "output/kernel", "output/bias"], insight.Parameters.Select(p => p.Name));
            Assert.All(insight.Parameters, p => Assert.True(p.GradientNorm > 0 && p.UpdateNorm > 0));
            seen.Add(context.Step);
        }
    }

    /// <summary>What each costs is printed, and decides nothing.</summary>
    [Fact]
    public void Costs()
    {
        const int Rows = 64, Features = 784, Hidden = 128;
        var g = new GraphBuilder("costs", seed: 1);
        var (x, t) = (g.Input("x", F32[Rows, Features]), g.Input("t", I32[Rows]));
        var logits = x.Dense(Hidden, "hidden").Relu().Dense(Hidden, "second").Relu().Dense(10, "logits");
        var plan = g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), new Adam(1e-3));
        var (images, labels, random) = (new float[Rows * Features], new int[Rows], new CounterRandom(1));
        foreach (ref var e in images.AsSpan()) e = random.NextSingle();
        var options = new CompileOptions { Threads = 1 };
        TrainingStep[] steps = [plan.Compile(options), plan.Compile(s_checking), plan.WithInsight().Compile(options)];
        var best = new double[] { double.MaxValue, double.MaxValue, double.MaxValue };
        for (var round = 0; round < 60; round++)
            for (var i = 0; i < steps.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                for (var n = 0; n < 5; n++) steps[i].Run<float, int>(images, labels);
                best[i] = Math.Min(best[i], Stopwatch.GetElapsedTime(start).TotalMicroseconds / 5);
            }
        output.WriteLine($"a step of an MLP (784-128-128-10, batch 64, Adam, one thread) takes {best[0]:F0} us, with CheckNumerics "
            + $"{best[1]:F0} us, with insight {best[2]:F0} us");
        Assert.Equal(steps[0].Loss, steps[1].Loss);
        foreach (var step in steps) step.Dispose();
    }
}
