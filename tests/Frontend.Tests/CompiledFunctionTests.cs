using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Functions of any values of a model: inputs, outputs, names, and what is refused.</summary>
public sealed class CompiledFunctionTests
{
    private static void Expect(string code, Action action, params string[] parts)
    {
        var error = Record.Exception(action);
        Assert.Equal(code, error switch
        {
            GraphException e => e.Code,
            RuntimeException e => e.Code,
            _ => error?.ToString(),
        });
        Assert.All(parts, p => Assert.Contains(p, error!.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void OutputsHaveTheirNamesAndInputsAreThoseThatTheyDependOn()
    {
        var g = new GraphBuilder("two");
        var (x, unused, z) = (g.Input("x", F32[3]), g.Input("unused", F32[7]), g.Input("z", I32[2, 2]));
        using var f = g.Compile(x * 2, z + 1, x.Sum());
        Assert.Equal(["x", "z"], f.Inputs);
        Assert.Equal(["output", "output1", "output2"], f.Outputs);
        f.Run<float, int>([1, 2, 3], [4, 5, 6, 7]);
        Assert.Equal([2f, 4, 6], f.Output<float>("output"));
        Assert.Equal([5, 6, 7, 8], f.Output<int>("output1"));
        Assert.Equal([6f], f.Output<float>("output2"));
        using var named = g.Compile(("sum", (x + unused.Sum()).Sum()), ("max", z.Sum()));
        Assert.Equal(["sum", "max"], named.Outputs);
        Assert.Equal(["x", "unused", "z"], named.Inputs);
        named.Run<float, float, int>([1, 2, 3], new float[7], [1, 2, 3, 4]);
        Assert.Equal([6f], named.Output<float>("sum"));
        Assert.Equal([10], named.Output<int>("max"));
        Expect("SGC5004", () => _ = named.Output<float>("output").Length, "'output'", "sum, max");
        Expect("SGC5003", () => _ = named.Output<int>("sum").Length, "f32[]");
    }

    [Fact]
    public void AFunctionMayHaveNoInputs()
    {
        var g = new GraphBuilder("none");
        var w = g.Variable("w", F32[4], Initializer.Constant(3));
        using var f = g.Compile(("double", w * 2), ("one", w.Sum() * 0 + 1));
        f.Run();
        Assert.Equal([6f, 6, 6, 6], f.Output<float>("double"));
        Assert.Equal([1f], f.Output<float>("one"));
        f.Variable<float>("w")[1] = 5;
        f.Run([]);
        Assert.Equal([6f, 10, 6, 6], f.Output<float>("double"));
        Expect("SGC5007", () => f.Run<float>([1]), "0 inputs", "1 are given");
    }

    [Fact]
    public void AnOutputMayBeAnInputOrAVariableItselfAndOneValueSeveralOutputs()
    {
        var g = new GraphBuilder("same");
        var (x, n) = (g.Input("x", F32[2, 2]), g.Input("n", U8[3]));
        var w = g.Variable("w", F64[3], Initializer.Constant(2));
        using var f = g.Compile(x, w, x, n, w);
        f.Run<float, byte>([1, 2, 3, 4], [7, 8, 9]);
        Assert.Equal([1f, 2, 3, 4], f.Output<float>("output"));
        Assert.Equal([2.0, 2, 2], f.Output<double>("output1"));
        Assert.Equal([1f, 2, 3, 4], f.Output<float>("output2"));
        Assert.Equal([(byte)7, (byte)8, (byte)9], f.Output<byte>("output3"));
        // A copy: writing the variable does not change what a run gave.
        f.Variable<double>("w").Fill(1);
        Assert.Equal([2.0, 2, 2], f.Output<double>("output4"));
    }

    [Fact]
    public void SixteenInputsOfAnyTypesAreTypedAndMoreAreGivenAsBytes()
    {
        var g = new GraphBuilder("many");
        Value[] inputs = [.. Enumerable.Range(0, 16).Select(i => g.Input($"x{i}", i % 3 == 0 ? F64[2] : i % 3 == 1 ? I64[2] : F32[2]))];
        using var f = g.Compile([.. inputs.Select((x, i) => x + x)]);
        double[] d(int i) => [i, 100 + i];
        long[] l(int i) => [i, 100 + i];
        float[] s(int i) => [i, 100 + i];
        void Run() => f.Run<double, long, float, double, long, float, double, long, float, double, long, float, double, long, float,
            double>(d(0), l(1), s(2), d(3), l(4), s(5), d(6), l(7), s(8), d(9), l(10), s(11), d(12), l(13), s(14), d(15));
        Run();
        for (var i = 0; i < 16; i++)
        {
            var name = i == 0 ? "output" : $"output{i}";
            double[] found = inputs[i].DType == F64 ? f.Output<double>(name).ToArray()
                : inputs[i].DType == I64 ? [.. f.Output<long>(name).ToArray()] : [.. f.Output<float>(name).ToArray()];
            Assert.Equal([2.0 * i, 200 + 2 * i], found);
        }
        // The fifteenth is wrong, and of the others one is missing.
        Expect("SGC5003", () => f.Run<double, long, float, double, long, float, double, long, float, double, long, float, double, long, int,
            double>(d(0), l(1), s(2), d(3), l(4), s(5), d(6), l(7), s(8), d(9), l(10), s(11), d(12), l(13), [1, 2], d(15)), "'x14'");
        Expect("SGC5007", () => f.Run<double, long, float, double, long, float, double, long, float, double, long, float, double, long,
            float>(d(0), l(1), s(2), d(3), l(4), s(5), d(6), l(7), s(8), d(9), l(10), s(11), d(12), l(13), s(14)),
            "16 inputs", "15 are given");
        var last = g.Input("x16", U8[1]);
        using var more = g.Compile([.. inputs, last]);
        more.Run([.. inputs.Select(x => new ReadOnlyMemory<byte>(new byte[x.Type.Bytes])), new byte[] { 9 }]);
        Assert.Equal([(byte)9], more.Output<byte>("output16"));
        Expect("SGC5007", () => more.Run<double>(d(0)), "17 inputs");
    }

    [Fact]
    public void ARunOfManyInputsAllocatesNothing()
    {
        var g = new GraphBuilder("sum");
        using var f = g.Compile(Enumerable.Range(0, 8).Select(i => g.Input($"x{i}", F32[5])).Aggregate((a, b) => a + b));
        float[] x = [1, 2, 3, 4, 5];
        void Run() => f.Run<float, float, float, float, float, float, float, float>(x, x, x, x, x, x, x, x);
        for (var i = 0; i < 50; i++) Run();
        var (managed, native) = (GC.GetAllocatedBytesForCurrentThread(), NativeMemoryBlock.AllocationsForCurrentThread);
        for (var i = 0; i < 100; i++) Run();
        Assert.Equal(managed, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(native, NativeMemoryBlock.AllocationsForCurrentThread);
        Assert.Equal([8f, 16, 24, 32, 40], f.Output<float>("output"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AFunctionEqualsItsInterpretation(int threads)
    {
        var g = new GraphBuilder("net", seed: 5);
        var x = g.Input("x", F32[33, 17]);
        var h = x.Dense(65, "hidden").Relu();
        var logits = h.Dense(10, "logits");
        var plan = g.Function(("logits", logits), ("norm", (h * h).Sum()), ("positive", logits.Greater(logits * 0)));
        using var f = plan.Compile(new CompileOptions { Threads = threads });
        var random = new Random(1);
        float[] input = [.. Enumerable.Range(0, 33 * 17).Select(_ => random.NextSingle() - 0.5f)];
        f.Run<float>(input);
        Literal Of(Value p) => p.Name == "x" ? new(p.Type, [.. input.Select(e => (double)e)])
            : new(p.Type, [.. g.ModelParameters.Single(m => m.Value.Name == p.Name).InitialElements(5).Select(e => (double)e)]);
        var expected = ReferenceInterpreter.Run(plan.Function, [.. plan.Function.Parameters.Select(Of)]);
        for (var i = 0; i < 330; i++) Assert.Equal((double)expected[0][i], f.Output<float>("logits")[i], 1e-5);
        Assert.Equal((double)expected[1][0], f.Output<float>("norm")[0], 1e-3 * (double)expected[1][0]);
        var positive = f.Output<bool>("positive");
        for (var i = 0; i < 330; i++) Assert.Equal(f.Output<float>("logits")[i] > 0, positive[i]);
    }

    [Fact]
    public void ACheckedFunctionNamesABadLabel()
    {
        var g = new GraphBuilder("evaluate");
        var (x, t) = (g.Input("x", F32[4, 3]), g.Input("t", I32[4]));
        var plan = g.Function(("loss", x.SoftmaxCrossEntropy(t).Mean()));
        using var f = plan.Compile(new CompileOptions { Checked = true });
        Assert.Equal(["loss"], f.Outputs);
        f.Run<float, int>(new float[12], [0, 1, 2, 0]);
        Assert.Equal(Math.Log(3), f.Output<float>("loss")[0], 1e-6);
        Expect("SGC5008", () => f.Run<float, int>(new float[12], [0, 1, 3, 0]), "CompiledFunctionTests.cs", "3", "example 2");
        using var unchecked_ = plan.Compile();
        unchecked_.Run<float, int>(new float[12], [0, 1, 3, 0]);
    }

    [Fact]
    public void AFunctionCarriesOutTheAssignmentsThatItIsGiven()
    {
        var g = new GraphBuilder("counting");
        var (x, count) = (g.Input("x", F32[2]), g.Variable("count", I32.Scalar, Initializer.Zeros, trainable: false));
        var (sum, old) = (g.Variable("sum", F32[2], Initializer.Zeros, false), g.Variable("old", F32[2], Initializer.Zeros, false));
        Assignment[] assignments = [g.Assign(count, count + 1), g.Assign(sum, sum + x), g.Assign(old, sum)];
        using var store = new VariableStore();
        using var reads = g.Compile(store, ("c", count), ("s", sum));
        using var counts = g.Function(("c", count), ("double", x * 2)).Assigning(assignments).Compile(store: store);
        using var resets = g.Function(("last", sum)).Assigning(assignments[0]).Compile(store: store);
        Assert.Equal([VariableRole.State, VariableRole.State, VariableRole.State], store.Variables.Select(v => v.Role));
        for (var i = 0; i < 3; i++)
        {
            counts.Run<float>([1, 10]);
            Assert.Equal([i], counts.Output<int>("c")); // Before the assignment.
            Assert.Equal([2f, 20], counts.Output<float>("double"));
            reads.Run();
            Assert.Equal([i + 1], reads.Output<int>("c"));
            Assert.Equal([i + 1f, 10 * (i + 1)], reads.Output<float>("s"));
            Assert.Equal([(float)i, 10 * i], store.Variable<float>("old"));
        }
        resets.Run();
        Assert.Equal([3f, 30], resets.Output<float>("last"));
        Assert.Equal([4], store.Variable<int>("count"));
        var other = new GraphBuilder("other");
        Expect("SGC1008", () => other.Function(other.Input("y", F32[1])).Assigning(assignments), "\"other\"");
        Assert.Throws<ArgumentNullException>("assignments", () => g.Function(x).Assigning([null!]));
    }

    [Fact]
    public void AFunctionIsForInferenceUnlessItIsAskedForTraining()
    {
        var g = new GraphBuilder("modes", seed: 4);
        var x = g.Input("x", F32[64]);
        var plan = g.Function(x.Dropout(0.5f));
        using var infer = plan.Compile();
        using var train = plan.InMode(Passes.Mode.Training).Compile();
        float[] ones = [.. Enumerable.Repeat(1f, 64)];
        infer.Run<float>(ones);
        Assert.Equal(ones, infer.Output<float>("output"));
        Assert.Empty(infer.Variables.Variables);
        train.Run<float>(ones);
        var first = train.Output<float>("output").ToArray();
        Assert.Contains(0f, first);
        Assert.All(first, y => Assert.True(y is 0 or 2));
        train.Run<float>(ones);
        Assert.NotEqual(first, train.Output<float>("output").ToArray());
        Assert.Equal(2, train.Variable<long>("random/step")[0]);
        Expect("SGC1011", () => plan.InMode((Passes.Mode)7));
    }

    [Fact]
    public void WrongOutputsAreCodedErrors()
    {
        var (g, other) = (new GraphBuilder("g"), new GraphBuilder("other"));
        var (x, w, y) = (g.Input("x", F32[2]), g.Variable("w", F32[2], Initializer.Zeros), other.Input("y", F32[2]));
        Expect("SGC1009", () => g.Compile(Array.Empty<Value>()), "without outputs");
        Expect("SGC1009", () => g.Compile(Array.Empty<(string, Value)>()));
        Expect("SGC1008", () => g.Compile(x, y), "\"output1\"", "\"other\"", "CompiledFunctionTests.cs");
        Expect("SGC1006", () => g.Compile(("w", x + w)), "\"w\"", "taken");
        Expect("SGC1006", () => g.Compile(("a", x), ("a", w)), "\"a\"", "taken");
        Expect("SGC1006", () => g.Compile(("a b", x)), "a b");
        Assert.Throws<ArgumentNullException>("outputs", () => g.Compile(x, null!));
        Assert.Throws<ArgumentNullException>("outputs", () => g.Compile((null!, x)));
        Assert.Throws<ArgumentNullException>("store", () => g.Compile((VariableStore)null!, x));
        Expect("SGC1011", () => g.Function(x).Compile(new CompileOptions { Threads = 0 }));
        g.Input("output1", F32[2]);
        Expect("SGC1006", () => g.Compile(x, w), "\"output1\"");
        using var f = g.Compile(x + w);
        Assert.Equal(["output"], f.Outputs);
    }

    [Fact]
    public void APredictorMayHaveThreeInputs()
    {
        var g = new GraphBuilder("three");
        Value[] x = [.. Enumerable.Range(0, 3).Select(i => g.Input($"x{i}", F32[2]))];
        var y = (x[0] + x[1] * x[2]) * g.Variable("w", F32[2], Initializer.Constant(2));
        using var step = g.Minimize(y.Sum(), new Sgd(0)).Compile();
        using var predict = step.Predictor(y);
        Assert.Equal(["x0", "x1", "x2"], predict.Inputs);
        var output = new float[2];
        Assert.Equal([14f, 22], predict.Run<float, float, float, float>([1, 1], [2, 2], [3, 5]));
        predict.Run<float, float, float, float>([1, 1], [2, 2], [3, 5], output.AsSpan());
        Assert.Equal([14f, 22], output);
    }
}
