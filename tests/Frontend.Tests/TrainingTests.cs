using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

[Trait("Category", "Target")]
public sealed class TrainingTests
{
    private static TrainingPlan Model(Optimizer optimizer, out Value logits)
    {
        var g = new GraphBuilder("model", seed: 3);
        var x = g.Input("x", F32[8, 5]);
        var t = g.Input("t", I32[8]);
        logits = x.Dense(7, "hidden").Relu().Dense(3, "logits");
        return g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), optimizer);
    }

    private static (float[] X, int[] T) Batch(int seed)
    {
        var random = new Random(seed);
        return ([.. Enumerable.Range(0, 40).Select(_ => (float)(random.NextDouble() * 2 - 1))],
            [.. Enumerable.Range(0, 8).Select(_ => random.Next(3))]);
    }

    public static TheoryData<string, int> Optimizers => new() { { "sgd", 1 }, { "momentum", 1 }, { "adam", 1 }, { "adam", 2 } };

    /// <summary>Twenty compiled steps against twenty runs of the step function in the reference interpreter.</summary>
    [Theory]
    [MemberData(nameof(Optimizers))]
    public void CompiledStepsEqualInterpretedSteps(string name, int threads)
    {
        Optimizer optimizer = name switch { "sgd" => new Sgd(0.1), "momentum" => new Sgd(0.1, 0.9), _ => new Adam(1e-2) };
        var plan = Model(optimizer, out _);
        using var step = plan.Compile(new CompileOptions { Threads = threads });
        var state = plan.Function.Parameters.ToDictionary(p => p.Name!, p => new Literal(p.Type, 0.0));
        foreach (var v in plan.Graph.ModelParameters)
            state[v.Value.Name!] = new Literal(v.Value.Type, [.. v.InitialElements(plan.Graph.Seed).Select(e => (double)e)]);
        for (var i = 0; i < 20; i++)
        {
            var (x, t) = Batch(i);
            step.Run<float, int>(x, t);
            state["x"] = new Literal(F32[8, 5], [.. x.Select(e => (double)e)]);
            state["t"] = new Literal(I32[8], [.. t.Select(e => (double)e)]);
            var results = ReferenceInterpreter.Run(plan.Function, [.. plan.Function.Parameters.Select(p => state[p.Name!])]);
            for (var r = 0; r < results.Length - 1; r++) state[plan.Function.Parameters[plan.Donated[r]].Name!] = results[r];
            Assert.Equal((double)results[^1][0], step.Loss, 1e-4);
        }
    }

    [Fact]
    public void AStepAllocatesNothing()
    {
        using var step = Model(new Adam(), out _).Compile();
        var (x, t) = Batch(1);
        step.Run<float, int>(x, t);
        var (managed, native) = (GC.GetAllocatedBytesForCurrentThread(), NativeMemoryBlock.AllocationsForCurrentThread);
        for (var i = 0; i < 1000; i++) step.Run<float, int>(x, t);
        Assert.Equal(managed, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(native, NativeMemoryBlock.AllocationsForCurrentThread);
    }

    [Fact]
    public void APredictorReadsTheTrainedVariablesAndNeedsNoLabels()
    {
        using var step = Model(new Sgd(0.5), out var logits).Compile();
        using var predict = step.Predictor(logits);
        var (x, t) = Batch(1);
        for (var i = 0; i < 300; i++) step.Run<float, int>(x, t);
        var scores = predict.Run<float, float>(x).ToArray();
        for (var i = 0; i < 8; i++)
        {
            var row = scores.AsSpan(i * 3, 3);
            Assert.Equal(row.ToArray().Max(), row[t[i]]);
        }
    }

    [Fact]
    public void ErrorsAreRaisedAtTheCall()
    {
        var g = new GraphBuilder("bad");
        var (x, y) = (g.Input("x", F32[4, 3]), g.Input("y", F32[5, 3]));
        var error = Assert.Throws<GraphException>(() => x.MatMul(y));
        Assert.Equal("SGC1007", error.Code);
        Assert.Contains("x[1] = 3, y[0] = 5", error.Message, StringComparison.Ordinal);
        Assert.Contains("TrainingTests.cs", error.Message, StringComparison.Ordinal);
        Assert.Equal("SGC1002", Assert.Throws<GraphException>(() => x + y).Code);
        Assert.Equal("SGC1001", Assert.Throws<GraphException>(() => x.ConvertTo(I32).Exp()).Code);
        Assert.Equal("SGC1004", Assert.Throws<GraphException>(() => x.Sum([2])).Code);
        Assert.Equal("SGC1006", Assert.Throws<GraphException>(() => g.Input("x", F32[1])).Code);
        Assert.Equal("SGC1003", Assert.Throws<GraphException>(() => x.Sum([0]).Dense(2)).Code);
        Assert.Equal("SGC1010", Assert.Throws<GraphException>(() => g.Minimize(x, new Sgd())).Code);
        Assert.Equal("SGC1010", Assert.Throws<GraphException>(() => g.Minimize(x.Sum(), new Sgd())).Code);
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => new Sgd(-1)).Code);
    }

    [Fact]
    public void WrongSpansAndUseAfterDisposeAreCodedErrors()
    {
        var step = Model(new Sgd(), out _).Compile();
        var (x, t) = Batch(1);
        Assert.Equal("SGC5001", Assert.Throws<RuntimeException>(() => step.Run<float, int>(x.AsSpan(1), t)).Code);
        Assert.Equal("SGC5003", Assert.Throws<RuntimeException>(() => step.Run<int, int>(new int[40], t)).Code);
        step.Dispose();
        Assert.Equal("SGC5002", Assert.Throws<RuntimeException>(() => step.Run<float, int>(x, t)).Code);
    }
}
