using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>A wrong call fails there: code, what was wrong, and the file and line of the call.</summary>
public sealed class BadInputTests
{
    private readonly GraphBuilder _g = new("bad");
    private readonly Value _x;
    private readonly Value _y;

    public BadInputTests() => (_x, _y) = (_g.Input("x", F32[4, 3]), _g.Input("y", F32[5, 3]));

    // The call and this method's argument stand on one line, so both have its number.
    private static void Fails(string code, Action call, string[]? says = null, [CallerLineNumber] int line = 0)
    {
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal(code, error.Code);
        Assert.Equal(line, error.Diagnostics[0].Location.Line);
        Assert.Equal("BadInputTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
        foreach (var text in says ?? []) Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OpsAndOperators()
    {
        Fails("SGC1007", () => _x.MatMul(_y), ["f32[4,3]", "f32[5,3]", "\"x\"", "\"y\""]);
        Fails("SGC1002", () => _ = _x + _y, ["f32[4,3]", "f32[5,3]"]);
        Fails("SGC1002", () => _x.Reshape([5, 2]), ["f32[4,3]", "[5,2]"]);
        Fails("SGC1001", () => _x.ConvertTo(I32).Exp(), ["i32[4,3]"]);
        Fails("SGC1004", () => _x.Sum([2]), ["axis 2"]);
        Fails("SGC1003", () => _x.MatMul(_y.Sum([0])), ["f32[4,3]", "f32[3]"]);
        Fails("SGC1008", () => _x.MatMul(new GraphBuilder("other").Input("z", F32[3, 2])), ["other"]);
    }

    [Fact]
    public void NamesAndVariables()
    {
        Fails("SGC1006", () => _g.Input("x", F32[1]), ["\"x\""]);
        Fails("SGC1006", () => _g.Input("1x", F32[1]), ["\"1x\""]);
        Fails("SGC1001", () => _g.Variable("v", I32[2], Initializer.Zeros), ["i32[2]"]);
        Fails("SGC1011", () => Initializer.Uniform(1, 0));
    }

    [Fact]
    public void LayersAndLosses()
    {
        var labels = _g.Input("labels", I32[4]);
        Fails("SGC1003", () => _x.Sum([0]).Dense(2), ["f32[3]"]);
        Fails("SGC1011", () => _x.Dense(0), ["0"]);
        Fails("SGC1003", () => _x.Sum().Flatten(), ["f32[]"]);
        Fails("SGC1001", () => _x.SoftmaxCrossEntropy(_x), ["f32[4,3]"]);
        Fails("SGC1002", () => _y.SoftmaxCrossEntropy(labels), ["i32[4]", "f32[5,3]"]);
        Fails("SGC1003", () => _x.Sum([1]).SoftmaxCrossEntropy(labels), ["f32[4]"]);
        Fails("SGC1002", () => _x.MeanSquaredError(_y), ["f32[4,3]", "f32[5,3]"]);
        Fails("SGC1002", () => _x.BinaryCrossEntropyWithLogits(_y), ["f32[4,3]", "f32[5,3]"]);
    }

    [Fact]
    public void ATakenNameLeavesTheModelAsItWas()
    {
        _g.Input("d/bias", F32[2]);
        var before = _g.Parameters.Count;
        Fails("SGC1006", () => _x.Dense(2, "d"), ["d/bias"]);
        Assert.Equal(before, _g.Parameters.Count);
    }

    [Fact]
    public void OptimizersAndMinimize()
    {
        var loss = _x.Dense(2).Sum();
        var other = new GraphBuilder("other").Input("z", F32.Scalar);
        Fails("SGC1011", () => _ = new Sgd(-1), ["-1"]);
        Fails("SGC1011", () => _ = new Sgd(double.NaN), ["NaN"]);
        Fails("SGC1011", () => _ = new Sgd(0.1, momentum: 1));
        Fails("SGC1011", () => _ = new Sgd(0.1, nesterov: true));
        Fails("SGC1011", () => _ = new Adam(beta2: 1));
        Fails("SGC1010", () => _g.Minimize(_x, new Sgd()), ["f32[4,3]"]);
        Fails("SGC1010", () => _g.Minimize(_x.Sum(), new Sgd()));
        Fails("SGC1008", () => _g.Minimize(other, new Sgd()));
        Fails("SGC1006", () => _g.Minimize(loss, new Sgd(), new Dictionary<string, Value> { ["loss"] = loss }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(CompileOptions.MaxThreads + 1)]
    [InlineData(int.MaxValue)]
    public void NumbersOfThreads(int threads)
    {
        var w = _g.Variable("w", F32[3], Initializer.Zeros);
        var plan = _g.Minimize((_x * w).Sum(), new Sgd());
        var error = Assert.Throws<GraphException>(() => plan.Compile(new CompileOptions { Threads = threads }));
        Assert.Equal("SGC1011", error.Code);
        Assert.Contains($"{threads} threads", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TracesThatCannotBeWritten()
    {
        var profile = new StepProfile(TimeSpan.FromSeconds(1), 1, new Roofline(1, 1), []);
        foreach (var path in new[] { "", "/proc/none", Path.GetTempPath(), "a\0b" })
            Assert.Equal("SGC3002", Assert.Throws<GraphException>(() => profile.WriteTrace(path)).Code);
    }
}
