using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Steps and predictors that threads take turns on, that are disposed, or that are given nothing.</summary>
public sealed class StepThreadsTests
{
    private const int Size = 48;

    // w = 3 at first; the loss's gradient in w is x.
    private static TrainingStep Compile(out Value product, out Value sum, CompileOptions? options = null)
    {
        var g = new GraphBuilder("line");
        var (x, z) = (g.Input("x", F32[Size]), g.Input("z", F32[Size]));
        product = x * g.Variable("w", F32[Size], Initializer.Constant(3));
        sum = product + z;
        var plan = g.Minimize(sum.Sum(), new Sgd(0.5), new Dictionary<string, Value> { ["scores"] = sum });
        return plan.Compile(options ?? new CompileOptions { Threads = 1 });
    }

    private static float[] Filled(float value) => [.. Enumerable.Repeat(value, Size)];

    private static void Expect(string code, Action action) => Assert.Equal(code, Record.Exception(action) switch
    {
        GraphException e => e.Code,
        RuntimeException e => e.Code,
        var other => other?.ToString(),
    });

    [Fact]
    public void APredictionIsNotOverwrittenByAnotherThreads()
    {
        using var step = Compile(out var product, out var sum);
        using var predict = step.Predictor(product);
        using var predictBoth = step.Predictor(sum);
        var mine = predict.Run<float, float>(Filled(2));
        var both = predictBoth.Run<float, float, float>(Filled(2), Filled(1));
        OtherThread.Run(() =>
        {
            Assert.Equal(Filled(15), predict.Run<float, float>(Filled(5)));
            Assert.Equal(Filled(16), predictBoth.Run<float, float, float>(Filled(5), Filled(1)));
        });
        Assert.Equal(Filled(6), mine);
        Assert.Equal(Filled(7), both);
        // A thread's span shows its own next call.
        var next = predict.Run<float, float>(Filled(4));
        Assert.Equal(Filled(12), next);
        predict.Run<float, float>(Filled(1));
        Assert.Equal(Filled(3), next);
    }

    [Fact]
    public void AMetricIsNotOverwrittenByAnotherThreadsStep()
    {
        using var step = Compile(out _, out _);
        step.Run<float, float>(Filled(2), Filled(1));
        var mine = step.Metric<float>("scores");
        Assert.Equal(Filled(7), mine);
        OtherThread.Run(() =>
        {
            step.Run<float, float>(Filled(2), Filled(1));
            Assert.Equal(Filled(5), step.Metric<float>("scores"));
        });
        Assert.Equal(Filled(7), mine);
        Assert.Equal(5 * Size, step.Loss); // Of the last step, whichever thread ran it.
    }

    [Fact]
    public void AnOutputIsCopiedIntoTheCallersMemory()
    {
        using var step = Compile(out var product, out var sum);
        using var predict = step.Predictor(product);
        using var predictBoth = step.Predictor(sum);
        var output = new float[Size];
        predict.Run<float, float>(Filled(2), output);
        Assert.Equal(Filled(6), output);
        predictBoth.Run<float, float, float>(Filled(2), Filled(1), output);
        Assert.Equal(Filled(7), output);
        Expect("SGC5001", () => predict.Run<float, float>(Filled(2), new float[Size + 1]));
        Expect("SGC5001", () => predict.Run<float, float>(Filled(2), default(Span<float>)));
        Expect("SGC5003", () => predict.Run<float, double>(Filled(2), new double[Size]));
        Expect("SGC5007", () => predictBoth.Run<float, float>(Filled(2), output));
    }

    [Fact]
    public void PredictionsAndReadingsAllocateNothing()
    {
        using var step = Compile(out var product, out _);
        using var predict = step.Predictor(product);
        var (x, z, output) = (Filled(2), Filled(1), new float[Size]);
        float Use()
        {
            step.Run<float, float>(x, z);
            predict.Run<float, float>(x, output);
            return predict.Run<float, float>(x)[0] + step.Loss + step.Metric<float>("scores")[0] + step.Variable<float>("w")[0];
        }
        Use();
        var (managed, native) = (GC.GetAllocatedBytesForCurrentThread(), NativeMemoryBlock.AllocationsForCurrentThread);
        for (var i = 0; i < 100; i++) Use();
        Assert.Equal(managed, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(native, NativeMemoryBlock.AllocationsForCurrentThread);
        // Copying hands nothing out, so the next thread needs no outputs of its own.
        OtherThread.Run(() => predict.Run<float, float>(x, output));
        managed = GC.GetAllocatedBytesForCurrentThread();
        predict.Run<float, float>(x, output);
        Assert.Equal(managed, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void APredictorAndSpansOutliveTheStep()
    {
        var step = Compile(out var product, out _);
        using var predict = step.Predictor(product);
        var variable = step.Variable<float>("w");
        step.Dispose();
        Expect("SGC5002", () => step.Run<float, float>(Filled(2), Filled(1)));
        Expect("SGC5002", () => step.Variable<float>("w"));
        Expect("SGC5002", () => step.Metric<float>("scores"));
        Expect("SGC5002", () => _ = step.Loss);
        Expect("SGC5002", () => step.Predictor(product));
        Assert.Equal(Filled(3), variable);
        variable.Fill(4);
        var output = predict.Run<float, float>(Filled(2));
        Assert.Equal(Filled(8), output);
        predict.Dispose();
        Expect("SGC5002", () => predict.Run<float, float>(Filled(2)));
        Expect("SGC5002", () => predict.Run<float, float>(Filled(2), new float[Size]));
        Assert.Equal(Filled(8), output);
    }

    [Fact]
    public void ANullIsRefusedByTheParametersName()
    {
        using var step = Compile(out _, out _);
        Assert.Throws<ArgumentNullException>("output", () => step.Predictor(null!));
        Assert.Throws<ArgumentNullException>("name", () => step.Variable<float>(null!).Length);
        Assert.Throws<ArgumentNullException>("name", () => step.Metric<float>(null!).Length);
        Assert.Throws<ArgumentNullException>("run", () => step.Profile(1, null!));
        Assert.Throws<ArgumentNullException>("path", () => new StepProfile(TimeSpan.Zero, 1, new Roofline(1, 1), []).WriteTrace(null!));
        // A null array is an empty span.
        Expect("SGC5001", () => step.Run<float, float>(null, null));
        Expect("SGC5007", () => step.Run(null));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AProfileOfNothingIsACodedError(int threads)
    {
        var (x, z) = (Filled(1), Filled(1));
        using var plain = Compile(out _, out _, new CompileOptions { Threads = threads });
        Expect("SGC5009", () => plain.Profile(1, () => plain.Run<float, float>(x, z)));
        var step = Compile(out _, out _, new CompileOptions { Threads = threads, Profile = true });
        Expect("SGC1011", () => step.Profile(0, () => step.Run<float, float>(x, z)));
        Expect("SGC1011", () => step.Profile(1, () => { }));
        Assert.NotEmpty(step.Profile(1, () => step.Run<float, float>(x, z)).Kernels);
        Expect("SGC5002", () => step.Profile(1, step.Dispose));
        Expect("SGC5002", () => step.Profile(1, () => step.Run<float, float>(x, z)));
    }
}
