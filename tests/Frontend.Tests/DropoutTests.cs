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

/// <summary>Dropout in training and inference, the count of runs as state, and what else differs by mode.</summary>
[Trait("Category", "Target")]
public sealed class DropoutTests
{
    private const int Batch = 16;

    private static TrainingPlan Model(double rate, out Value output, ulong seed = 3)
    {
        var g = new GraphBuilder("model", seed);
        var (x, t) = (g.Input("x", F32[Batch, 5]), g.Input("t", F32[Batch, 1]));
        output = x.Dense(40, "hidden").Tanh().Dropout(rate).Dense(1, "output");
        return g.Minimize(output.MeanSquaredError(t), new Sgd(0.05));
    }

    private static (float[] X, float[] T) Data(int seed)
    {
        var random = new Random(seed);
        float[] x = [.. Enumerable.Range(0, Batch * 5).Select(_ => (float)(random.NextDouble() * 2 - 1))];
        return (x, [.. x.Chunk(5).Select(r => r[0] * 0.7f - r[1] + 0.3f * r[2])]);
    }

    private static float Run(TrainingStep step, int batch)
    {
        var (x, t) = Data(batch);
        step.Run<float, float>(x, t);
        return step.Loss;
    }

    [Fact]
    public void AModelWithDropoutTrainsAndItsPredictorDropsNothing()
    {
        var (plan, plain) = (Model(0.3, out var output), Model(0, out var plainOutput));
        using var step = plan.Compile();
        using var without = plain.Compile();
        float[] losses = [.. Enumerable.Range(0, 300).Select(i => Run(step, i))];
        Assert.InRange(losses[^50..].Average(), 0, losses[..20].Average() / 3);
        foreach (var state in plain.States) step.Variable<float>(state.Name).CopyTo(without.Variable<float>(state.Name));
        using var predictor = step.Predictor(output);
        using var plainPredictor = without.Predictor(plainOutput);
        Assert.Equal(["x"], predictor.Inputs);
        var (x, _) = Data(1000);
        var predicted = predictor.Run<float, float>(x).ToArray();
        Assert.Equal(predicted, predictor.Run<float, float>(x).ToArray());
        Assert.Equal(plainPredictor.Run<float, float>(x).ToArray(), predicted);
        Assert.Equal(300, step.Variable<long>("random/step")[0]);
        Assert.DoesNotContain(plain.States, s => s.Name == "random/step");
    }

    /// <summary>The gradient passes the mask that the loss was computed with: whichever kernels draw it.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void CompiledStepsEqualInterpretedSteps(int threads)
    {
        var plan = Model(0.5, out _);
        using var step = plan.Compile(new() { Threads = threads });
        var interpreted = new Interpreted(plan);
        for (var i = 0; i < 10; i++)
        {
            var (x, t) = Data(i);
            var loss = interpreted.Step([.. x.Select(v => (double)v)], [.. t.Select(v => (double)v)])[0];
            Assert.Equal(loss, Run(step, i), 1e-5 * Math.Max(1, loss));
        }
    }

    [Fact]
    public void ResumedStateContinuesTheStream()
    {
        var plan = Model(0.5, out _);
        using var first = plan.Compile();
        for (var i = 0; i < 5; i++) Run(first, i);
        using var second = plan.Compile();
        foreach (var state in plan.States)
        {
            if (state.Type.DType == I64) first.Variable<long>(state.Name).CopyTo(second.Variable<long>(state.Name));
            else first.Variable<float>(state.Name).CopyTo(second.Variable<float>(state.Name));
        }
        Assert.Equal([.. Enumerable.Range(5, 5).Select(i => Run(first, i))], Enumerable.Range(5, 5).Select(i => Run(second, i)));
        // Without the count the masks are those of the first steps.
        second.Variable<long>("random/step")[0] = 0;
        Assert.NotEqual(Run(first, 10), Run(second, 10));
    }

    [Fact]
    public void ElementsAreDroppedAsOftenAsTheRateSaysAndTheOthersScaled()
    {
        foreach (var rate in (double[])[0.1, 0.5, 0.8])
        {
            // A by_mode is its training operand where it is interpreted or compiled as it stands.
            var g = new GraphBuilder("g");
            var x = g.Constant(new Literal(F32[200, 100], 3));
            var dropped = g.Build(x.Dropout(rate));
            var y = ReferenceInterpreter.Run(dropped, [new Literal(I64.Scalar, 4L)])[0].ToArray();
            Assert.Equal(rate, y.Count(v => v == 0) / 20000.0, 4 * Math.Sqrt(rate * (1 - rate) / 20000));
            Assert.All(y, v => Assert.True(v == 0 || v == (float)(3 * (double)(float)(1 / (1 - rate))), $"{v}"));
        }
    }

    [Fact]
    public void TwoEqualDropoutsDiffer()
    {
        var g = new GraphBuilder("g");
        var x = g.Input("x", F32[1000]);
        var function = new ResolveMode(Mode.Training).Run(g.Build(x.Dropout(0.5), x.Dropout(0.5), x.Dropout(0.5) - x.Dropout(0.5)), new());
        function = new CommonSubexpressions().Run(function, new());
        var arguments = function.Parameters.Select(p => new Literal(p.Type, p.DType.IsFloating ? (Scalar)1.0 : 0L)).ToArray();
        var results = ReferenceInterpreter.Run(function, arguments).Select(r => r.ToArray()).ToArray();
        Assert.InRange(results[0].Zip(results[1]).Count(p => p.First != p.Second), 430, 570);
        Assert.InRange(results[2].Count(v => v != 0), 430, 570);
    }

    [Fact]
    public void TheGradientPassesThroughTheSameMask()
    {
        var g = new GraphBuilder("g");
        var w = g.Input("w", F64[4, 6]);
        var loss = ((w * w).Dropout(0.4) * w.Exp().Dropout(0.25)).Sum();
        var (function, gradient) = (g.Snapshot(loss), new Adjoint(["w"]).Run(g.Snapshot(loss), new()));
        var random = new Random(2);
        double[] at = [.. Enumerable.Range(0, 24).Select(_ => random.NextDouble())];
        Literal[] With(double[] values) => [.. function.Parameters.Select(p => p.Name == "w"
            ? new Literal(p.Type, values) : new Literal(p.Type, 77L))];
        double At(double[] values) => (double)ReferenceInterpreter.Run(function, With(values))[0][0];
        var actual = ReferenceInterpreter.Run(gradient, With(at))[0].ToArray();
        Assert.InRange(actual.Count(v => v == 0), 4, 20);
        for (var i = 0; i < at.Length; i++)
        {
            double[] Moved(double by) => [.. at.Select((v, k) => k == i ? v + by : v)];
            Assert.Equal((At(Moved(1e-5)) - At(Moved(-1e-5))) / 2e-5, actual[i], 1e-7);
        }
    }

    [Fact]
    public void RatesOfZeroAndOne()
    {
        var g = new GraphBuilder("g");
        var x = g.Input("x", F32[3]);
        Assert.Same(x, x.Dropout(0));
        var all = x.Dropout(1);
        Assert.Empty(g.ModelParameters);
        var function = g.Build(all);
        Literal[] arguments = [new Literal(F32[3], 1, 2, 3)];
        foreach (var (mode, expected) in ((Mode, double[])[])[(Mode.Training, [0, 0, 0]), (Mode.Inference, [1, 2, 3])])
            Assert.Equal(expected, ReferenceInterpreter.Run(new ResolveMode(mode).Run(function, new()), arguments)[0].ToArray());
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => new ResolveMode((Mode)2)).Code);
    }

    [Fact]
    public void WhatOnlyInferenceReadsIsNeitherTakenNorTrained()
    {
        var g = new GraphBuilder("g");
        var (x, y) = (g.Input("x", F32[2]), g.Input("y", F32[2]));
        var (w, u) = (g.Variable("w", F32[2], Initializer.Constant(1)), g.Variable("u", F32[2], Initializer.Constant(1)));
        var z = (x * w).ByMode(y * u);
        var plan = g.Minimize((z * z).Sum(), new Sgd(0.1));
        using var step = plan.Compile();
        step.Run<float>([1, 2]);
        Assert.Equal(5, step.Loss);
        Assert.All(step.Variable<float>("w").ToArray().Zip([0.8f, 0.2f]), p => Assert.Equal(p.Second, p.First, 1e-6f));
        Assert.Equal([1f, 1f], step.Variable<float>("u").ToArray());
        using var predictor = step.Predictor(z);
        Assert.Equal(["y"], predictor.Inputs);
        Assert.Equal([3f, 4f], predictor.Run<float, float>([3, 4]).ToArray());
    }

    /// <summary>Functions over one store share the count, and draw on where another has left off.</summary>
    [Fact]
    public void FunctionsAreOfTheModeAskedForAndAdvanceTheCount()
    {
        var g = new GraphBuilder("g");
        var x = g.Input("x", F32[1000]);
        var (dropped, sample) = (x.Dropout(0.5), g.Normal(F32[4]));
        float[] ones = [.. Enumerable.Repeat(1f, 1000)];
        using var store = new VariableStore();
        using var inference = g.Compile(store, dropped);
        Assert.Empty(store.Variables);
        inference.Run<float>(ones);
        Assert.Equal(ones, inference.Output<float>("output").ToArray());
        using var training = g.Function(dropped).InMode(Mode.Training).Compile(store: store);
        using var sampler = g.Compile(store, sample);
        float[] Dropped()
        {
            training.Run<float>(ones);
            return training.Output<float>("output").ToArray();
        }
        float[] Sampled()
        {
            sampler.Run();
            return sampler.Output<float>("output").ToArray();
        }
        var first = Dropped();
        Assert.InRange(first.Count(v => v == 0), 430, 570);
        Assert.NotEqual(first, Dropped());
        Assert.Equal(2, store.Variable<long>("random/step")[0]);
        var third = Sampled();
        Assert.Empty(third.Intersect(Sampled()));
        store.Write("random/step", 2L);
        Assert.Equal(third, Sampled());
        store.Write("random/step", 0L);
        Assert.Equal(first, Dropped());
    }

    [Fact]
    public void RefusedCallsSayWhyAndDeclareNothing()
    {
        var g = new GraphBuilder("g");
        var x = g.Input("x", F32[2]);
        foreach (var (code, call) in ((string, Func<Value>)[])[
            ("SGC1011", () => x.Dropout(-0.1)), ("SGC1011", () => x.Dropout(1.1)), ("SGC1011", () => x.Dropout(double.NaN)),
            ("SGC1001", () => x.ConvertTo(I32).Dropout(0.5)), ("SGC1002", () => x.ByMode(x.Sum())),
            ("SGC1001", () => x.ByMode(x.ConvertTo(F64))),
            ("SGC1008", () => new FunctionBuilder("f").Parameter("p", F32[2]).Dropout(0.5))])
        {
            var error = Assert.Throws<GraphException>(call);
            Assert.Equal(code, error.Code);
            Assert.Equal("DropoutTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
        }
        Assert.Empty(g.ModelParameters);
        Assert.Empty(g.Assignments);
    }

    /// <summary>The name is that of a variable like any other.</summary>
    [Fact]
    public void ATakenNameOfTheCountIsRefused()
    {
        var g = new GraphBuilder("g");
        var step = g.Input("random/step", I64.Scalar);
        Assert.Equal("SGC1006", Assert.Throws<GraphException>(() => g.Uniform(F32[2])).Code);
        Assert.Equal(F32[2], step.RandomBits(new Shape(2), 0, 0).ConvertTo(F32).Type);
    }
}
