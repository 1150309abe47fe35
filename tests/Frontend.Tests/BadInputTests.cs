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
    public void Attention()
    {
        Value Input(string name, params int[] sizes) => _g.Input(name, F32[sizes]);
        var (q, three, wide) = (Input("q", 2, 3, 4, 8), Input("three", 2, 5, 3, 8), Input("wide", 2, 5, 4, 9));
        Fails("SGC1002", () => q.Attention(three, three), ["3 heads of keys do not divide 4", "\"q\"", "\"three\""]);
        Fails("SGC1002", () => q.Attention(wide, wide), ["have 8 elements", "keys 9"]);
        Fails("SGC1002", () => q.Attention(q, wide), ["f32[2,3,4,8]", "f32[2,5,4,9]"]);
        Fails("SGC1003", () => _x.Attention(_x, _x), ["[batch, positions, heads, width]", "f32[4,3]", "reshape"]);
        Fails("SGC1001", () => q.Attention(q, q.ConvertTo(F64)), ["f32[2,3,4,8]", "f64[2,3,4,8]"]);
        Fails("SGC1001", () => q.Attention(q, q, mask: _g.Input("whole", I32[1, 1, 3, 3])), ["bool", "i32[1,1,3,3]"]);
        Fails("SGC1002", () => q.Attention(q, q, mask: Input("mask", 1, 1, 3, 5)), ["f32[1,1,3,5]", "3 keys on axis 3"]);
        Fails("SGC1003", () => q.Attention(q, q, mask: Input("flat", 3, 3)), ["f32[3,3]"]);
        Fails("SGC1005", () => q.Attention(q, q, scale: double.NaN), ["scale = nan"]);
        Fails("SGC1011", () => q.Attention(q, q, dropout: 1.5), ["dropout rate is 1.5", "0 to 1"]);
        Fails("SGC1011", () => q.Attention(q, q, double.NaN), ["dropout rate is NaN"]);
        Fails("SGC1002", () => q.Attention(three, three, dropout: 0.5), ["3 heads of keys do not divide 4"]);
        Fails("SGC1002", () => q.Reshape([2, 3, 32, 1])[.., .., .., ..0].Attention(q, q), ["2,3,32,0"]);
        Fails("SGC1008", () => q.Attention(q, new GraphBuilder("other").Input("v", F32[2, 3, 4, 8])), ["other"]);
        Assert.Equal(F32[2, 0, 4, 8], q[.., ..0].Attention(q, q).Type);
        Assert.Equal(q.Type, q.Attention(q[.., ..0], q[.., ..0], causal: true).Type);
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

    [Fact]
    public void NamesOfMetricsAndOfResults()
    {
        var loss = _x.Dense(2).Sum();
        foreach (var name in new[] { "", " ", "top 5", "a\nb", "\"", "1st", "größe" })
            Fails("SGC1006", () => _g.Minimize(loss, new Sgd(), new Dictionary<string, Value> { [name] = loss }), [$"\"{name}\""]);
        Fails("SGC1006", () => _g.Input("loss", F32[1]), ["result of the step"]);
        Fails("SGC1006", () => _g.Variable("output", F32[1], Initializer.Zeros), ["result of the step"]);
        Fails("SGC1006", () => _x.Dense(2, name: "a b"), ["\"a b/kernel\""]);
    }

    [Fact]
    public void IntegersThatAVariableCannotStartWith()
    {
        Fails("SGC1001", () => _g.Variable("i", I32[2], Initializer.Constant(2.5f), trainable: false), ["2.5"]);
        Fails("SGC1001", () => _g.Variable("i", I32[2], Initializer.HeNormal, trainable: false));
        Fails("SGC1005", () => _g.Variable("i", U8[2], Initializer.Constant(300), trainable: false), ["300"]);
    }

    /// <summary>A null is an ArgumentNullException that names the parameter, wherever it is given.</summary>
    [Fact]
    public void Nulls()
    {
        var loss = _x.Dense(2).Sum();
        Value none = null!;
        void Refused(string parameter, Action call) => Assert.Equal(parameter, Assert.Throws<ArgumentNullException>(call).ParamName);
        Refused("name", () => _ = new GraphBuilder(null!));
        Refused("name", () => _g.Input(null!, F32[1]));
        Refused("type", () => _g.Input("n", null!));
        Refused("initializer", () => _g.Variable("n", F32[1], null!));
        Refused("x", () => none.Exp());
        Refused("x", () => none.Relu());
        Refused("x", () => none.Sum());
        Refused("x", () => _ = none + 1);
        Refused("y", () => _ = _x * none);
        Refused("y", () => _x.MatMul(none));
        Refused("sizes", () => _x.Reshape(null!));
        Refused("others", () => _x.Concat((Value[])null!));
        Refused("operands", () => _x.Concat([none]));
        Refused("dtype", () => _x.ConvertTo(null!));
        Refused("labels", () => _x.SoftmaxCrossEntropy(none));
        Refused("target", () => _x.MeanSquaredError(none));
        Refused("loss", () => _g.Minimize(none, new Sgd()));
        Refused("optimizer", () => _g.Minimize(loss, null!));
        Refused("metrics", () => _g.Minimize(loss, new Sgd(), new Dictionary<string, Value> { ["m"] = none }));
    }

    /// <summary>What a failed call had declared before it failed is taken back, names included.</summary>
    [Fact]
    public void AFailedCallLeavesTheModelAsItWas()
    {
        var mask = _g.Input("mask", Bool[4, 3]);
        var row = _g.Input("row", Bool[3]);
        var other = new GraphBuilder("other").Input("z", F32[4, 2]);
        var text = _g.Snapshot(_x).ToString();
        Value? kept = null;
        Fails("SGC1001", () => _ = mask + 1);
        Fails("SGC1001", () => mask.Maximum(row));
        Fails("SGC1001", () => mask.Gelu());
        Fails("SGC1011", () => _x.Dense(2, activation: _ => null!), ["null"]);
        Fails("SGC1008", () => _x.Dense(2, activation: _ => other), ["other"]);
        Fails("SGC1001", () => _x.Dense(2, activation: h => (kept = h).Or(h)));
        Assert.Equal(text, _g.Snapshot(_x).ToString());
        Assert.Empty(_g.ModelParameters);
        Fails("SGC1008", () => kept!.Exp(), ["failed"]);
        _ = _x.Dense(2);
    }

    [Fact]
    public void AStepThatNoMemoryHolds()
    {
        var w = _g.Variable("w", F32[3], Initializer.Zeros);
        // Two TiB, of parts that each would fit into an array.
        for (var i = 0; i < 256; i++) _g.Variable($"huge{i}", F64[1 << 30], Initializer.Zeros);
        var plan = _g.Minimize((_x * w).Sum(), new Sgd());
        Assert.Equal("SGC1012", Assert.Throws<GraphException>(() => plan.Compile()).Code);
        Assert.Equal("SGC1012", Assert.Throws<GraphException>(() => Initializer.Zeros.Create(new Shape(1 << 20, 1 << 20), 1, "w")).Code);
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
