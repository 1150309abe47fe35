using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Normalizations and embeddings: against loops, by hand, compiled, gradients, and what is refused.</summary>
[Trait("Category", "Target")]
public sealed class NormalizationTests
{
    private readonly GraphBuilder _g = new("norms", seed: 5);

    private static double[] Drawn(long count, int seed, double offset = 0)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (int)count).Select(_ => offset + random.NextDouble() * 4 - 1)];
    }

    /// <summary>Elements of one key are normalized together; scale and bias are those at an offset.</summary>
    private static double[] Naive(Shape shape, double[] x, Func<int[], string> key, Func<int[], int> parameter, double[]? scale,
        double[]? bias, double epsilon, bool isCentered = true)
    {
        int[] At(int i)
        {
            var index = new int[shape.Rank];
            shape.Unravel(i, index);
            return index;
        }
        var statistics = Enumerable.Range(0, x.Length).GroupBy(i => key(At(i))).ToDictionary(g => g.Key, g =>
        {
            var mean = isCentered ? g.Average(i => x[i]) : 0;
            return (Mean: mean, Deviation: Math.Sqrt(g.Average(i => (x[i] - mean) * (x[i] - mean)) + epsilon));
        });
        return [.. x.Select((v, i) => (v - statistics[key(At(i))].Mean) / statistics[key(At(i))].Deviation
            * (scale?[parameter(At(i))] ?? 1) + (bias?[parameter(At(i))] ?? 0))];
    }

    private sealed record Example(int[] Shape, Func<Value, Value> Apply, Func<int[], string> Key, Func<int[], int> Parameter,
        double Epsilon = 1e-5, bool IsCentered = true, bool Scale = true, bool Bias = true);

    // Affine parameters that differ from element to element.
    private static Initializer Draws => Initializer.Uniform(0.5f, 2);

    private static Dictionary<string, Example> Examples => new()
    {
        ["batch"] = new([4, 3], x => x.BatchNorm(scaleInitializer: Draws, biasInitializer: Draws), i => $"{i[1]}", i => i[1]),
        ["batch:image"] = new([2, 3, 5, 4], x => x.BatchNorm(scaleInitializer: Draws, biasInitializer: Draws), i => $"{i[3]}", i => i[3]),
        ["batch:channels_first"] = new([2, 3, 5, 4], x => x.BatchNorm(axis: 1, scaleInitializer: Draws, biasInitializer: Draws),
            i => $"{i[1]}", i => i[1]),
        ["batch:one"] = new([1, 3], x => x.BatchNorm(biasInitializer: Draws, epsilon: 1e-3), i => $"{i[1]}", i => i[1], 1e-3),
        ["batch:plain"] = new([5, 17], x => x.BatchNorm(scale: false, bias: false), i => $"{i[1]}", i => i[1], Scale: false, Bias: false),
        ["layer"] = new([3, 7], x => x.LayerNorm(scaleInitializer: Draws, biasInitializer: Draws), i => $"{i[0]}", i => i[1]),
        ["layer:three"] = new([2, 3, 5, 4], x => x.LayerNorm(axes: 3, epsilon: 0, scaleInitializer: Draws, biasInitializer: Draws),
            i => $"{i[0]}", i => (i[1] * 5 + i[2]) * 4 + i[3], 0),
        ["layer:all"] = new([6], x => x.LayerNorm(bias: false, scaleInitializer: Draws), _ => "", i => i[0], Bias: false),
        ["layer:wide"] = new([2, 131], x => x.LayerNorm(scale: false, biasInitializer: Draws), i => $"{i[0]}", i => i[1], Scale: false),
        ["group"] = new([2, 3, 3, 6], x => x.GroupNorm(2, scaleInitializer: Draws, biasInitializer: Draws),
            i => $"{i[0]} {i[3] / 3}", i => i[3]),
        ["group:channels_first"] = new([2, 6, 3, 5], x => x.GroupNorm(3, axis: 1, scaleInitializer: Draws, biasInitializer: Draws),
            i => $"{i[0]} {i[1] / 2}", i => i[1]),
        ["group:one"] = new([3, 4], x => x.GroupNorm(1, scale: false, bias: false), i => $"{i[0]}", i => i[1], Scale: false, Bias: false),
        ["group:each"] = new([2, 5, 4], x => x.GroupNorm(4, axis: -1), i => $"{i[0]} {i[2]}", i => i[2]),
        ["instance"] = new([2, 3, 5, 4], x => x.InstanceNorm(scaleInitializer: Draws, biasInitializer: Draws),
            i => $"{i[0]} {i[3]}", i => i[3]),
        ["instance:channels_first"] = new([2, 4, 9], x => x.InstanceNorm(axis: -2, scaleInitializer: Draws, biasInitializer: Draws),
            i => $"{i[0]} {i[1]}", i => i[1]),
        ["rms"] = new([3, 7], x => x.RmsNorm(scaleInitializer: Draws), i => $"{i[0]}", i => i[1], Math.ScaleB(1, -52), IsCentered: false,
            Bias: false),
        ["rms:two"] = new([2, 3, 5], x => x.RmsNorm(axes: 2, epsilon: 0.5, scaleInitializer: Draws), i => $"{i[0]}", i => i[1] * 5 + i[2],
            0.5, IsCentered: false, Bias: false),
    };

    public static TheoryData<string> Names => [.. Examples.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Results_equal_loops_and_gradients_central_differences(string name)
    {
        var example = Examples[name];
        var x = _g.Input("x", F64[example.Shape]);
        var y = example.Apply(x);
        double[]? Elements(string end) => _g.ModelParameters.FirstOrDefault(p => p.Value.Name!.EndsWith(end, StringComparison.Ordinal))
            ?.InitialElements(_g.Seed).Select(e => (double)e).ToArray();
        Assert.Equal((example.Scale, example.Bias), (Elements("/scale") is not null, Elements("/bias") is not null));
        var input = Drawn(x.Shape.ElementCount, 1);
        var expected = Naive(x.Shape, input, example.Key, example.Parameter, Elements("/scale"), Elements("/bias"), example.Epsilon,
            example.IsCentered);
        foreach (var threads in (int[])[1, 2])
        {
            using var function = _g.Function(y).InMode(Mode.Training).Compile(new() { Threads = threads });
            function.Run<double>(input);
            var found = function.Output<double>("output").ToArray();
            for (var i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i], 1e-12 * Math.Max(1, Math.Abs(expected[i])));
        }
        // Σ w·y, since a plain sum of what is normalized hardly moves.
        var weights = _g.Constant(new Literal(x.Type, Drawn(x.Shape.ElementCount, 2)));
        var loss = (weights * y.Sin()).Sum();
        var at = _g.ModelParameters.Where(p => p.IsTrainable).Append(null).ToDictionary(p => p?.Value.Name ?? "x",
            p => p is null ? input : [.. p.InitialElements(_g.Seed).Select(e => (double)e)]);
        foreach (var wrt in _g.ModelParameters.Where(p => p.IsTrainable).Select(p => p.Value).Append(x))
            loss.CheckGradient(wrt, 1e-6, at);
    }

    /// <summary>Where the mean is 10⁴ times the deviation, what is computed from a mean of squares would have no digits left in
    /// f32.</summary>
    [Fact]
    public void A_large_mean_costs_no_digits()
    {
        var x = _g.Input("x", F32[8, 64]);
        using var function = _g.Function(("layer", x.LayerNorm()), ("batch", x.BatchNorm()), ("group", x.GroupNorm(4)))
            .InMode(Mode.Training).Compile();
        float[] input = [.. Drawn(8 * 64, 3, offset: 1e4).Select(v => (float)v)];
        function.Run<float>(input);
        double[] exact = [.. input.Select(v => (double)v)];
        foreach (var (name, key) in ((string, Func<int[], string>)[])[("layer", i => $"{i[0]}"), ("batch", i => $"{i[1]}"),
            ("group", i => $"{i[0]} {i[1] / 16}")])
        {
            var expected = Naive(x.Shape, exact, key, i => 0, null, null, 1e-5);
            Assert.All(function.Output<float>(name).ToArray().Zip(expected), p => Assert.Equal(p.Second, p.First, 5e-3));
        }
    }

    [Fact]
    public void Narrow_types_are_computed_in_f32_and_rounded_once()
    {
        var g = new GraphBuilder("narrow");
        var x = g.Input("x", BF16[4, 100]);
        var (layer, batch) = (new LayerNorm(), new BatchNorm());
        var narrow = g.Snapshot(layer.Apply(x), batch.Apply(x), x.RmsNorm(scale: false), x.GroupNorm(5, scale: false, bias: false));
        Assert.Equal((BF16, F32), (layer.Scale!.DType, batch.RunningVariance.DType));
        Assert.All(narrow.Results, r => Assert.Equal(BF16, r.DType));
        var exact = new GraphBuilder("exact");
        var wide = exact.Input("x", F64[4, 100]);
        var function = exact.Snapshot(wide.LayerNorm(), wide.BatchNorm(), wide.RmsNorm(epsilon: Math.ScaleB(1, -23), scale: false),
            wide.GroupNorm(5, scale: false, bias: false));
        var input = new Literal(x.Type, Drawn(400, 4));
        Literal[] Arguments(Function f) => [.. f.Parameters.Select(p => p.Name == "x" ? new Literal(p.Type, [.. input.Values])
            : new Literal(p.Type, p.Name!.EndsWith("/scale", StringComparison.Ordinal) ? 1L : 0L))];
        foreach (var (found, expected) in ReferenceInterpreter.Run(narrow, Arguments(narrow))
            .Zip(ReferenceInterpreter.Run(function, Arguments(function))))
            Assert.All(found.ToArray().Zip(expected.ToArray()), p => Assert.Equal(p.Second, p.First, Math.Abs(p.Second) / 250 + 1e-6));
    }

    [Fact]
    public void Worked_out_by_hand()
    {
        double[] Of(Func<Value, Value> declare, TensorType type, params double[] values)
        {
            var f = new FunctionBuilder("f");
            return ReferenceInterpreter.Run(f.Build(declare(f.Constant(new Literal(type, values)))))[0].ToArray();
        }
        Assert.Equal([-1, 1, -1, 1], Of(x => x.Standardize(1, 0), F64[2, 2], 1, 3, 10, 20));
        Assert.Equal([-1, -1, 1, 1], Of(x => x.Standardize(0, 0), F64[2, 2], 1, 3, 10, 20));
        Assert.Equal([-0.5, 0.5], Of(x => x.Standardize(epsilon: 3), F64[2], 1, 3));
        Assert.Equal([0.6, 0.8], Of(x => x.RmsNormalize(epsilon: 12.5), F64[2], 3, 4).Select(v => Math.Round(v, 15)));
        Assert.Equal([Math.Sqrt(2) * 0.6, Math.Sqrt(2) * 0.8], Of(x => x.RmsNormalize(-1, 0), F64[1, 2], 3, 4),
            (a, b) => Math.Abs(a - b) < 1e-15);
        Assert.Empty(Of(x => x.Standardize(1), F64[0, 2]));
        Assert.Empty(Of(x => x.Standardize(1), F64[2, 0]));
        Assert.Equal([0.0, 0], Of(x => x.Standardize(1), F64[2, 1], 7, 1e300));
    }

    [Fact]
    public void Embeddings_are_rows_of_a_table()
    {
        var indices = _g.Input("i", I64[2, 3]);
        var embedding = new Embedding(5, 4, "words");
        var y = embedding.Apply(indices);
        Assert.Equal((F32[2, 3, 4], F32[5, 4]), (y.Type, embedding.Table.Type));
        Assert.Equal(F64[7, 2], _g.Input("j", I32[7]).Embedding(3, 2, type: F64, trainable: false).Type);
        Assert.Equal(["words/table", "embedding/table"], _g.ModelParameters.Select(p => p.Value.Name!));
        var plan = _g.Minimize(y.Sum(), new Sgd(1));
        using (var step = plan.Compile())
        {
            var before = step.Variable<float>("words/table").ToArray();
            step.Run<long>([0, 3, 3, 4, -7, 9]);
            var after = step.Variable<float>("words/table").ToArray();
            // Rows are clamped: row 0 is read twice, 3 and 4 twice, and each reading has the gradient 1.
            int[] counts = [2, 0, 0, 2, 2];
            for (var i = 0; i < before.Length; i++) Assert.Equal(before[i] - counts[i / 4], after[i], 1e-6);
        }
        using var checking = plan.Compile(new() { Checked = true });
        checking.Run<long>([0, 3, 3, 4, 1, 2]);
        var error = Assert.ThrowsAny<Diagnostics.GraphCompilerException>(() => checking.Run<long>([0, 3, 3, 4, 1, 5]));
        Assert.Contains("index 5 is outside of 0..4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_arguments_are_refused_at_their_line()
    {
        _g.Refuses("SGC1011", () => _ = new BatchNorm(momentum: 1.5), "1.5");
        _g.Refuses("SGC1011", () => _ = new BatchNorm(momentum: double.NaN), "NaN");
        _g.Refuses("SGC1011", () => _ = new BatchNorm(epsilon: -1), "-1");
        _g.Refuses("SGC1011", () => _ = new BatchNorm(scale: false, scaleInitializer: Draws), "scale is false");
        _g.Refuses("SGC1011", () => _ = new LayerNorm(bias: false, biasInitializer: Draws), "bias is false");
        _g.Refuses("SGC1011", () => _ = new LayerNorm(axes: 0), "got 0");
        _g.Refuses("SGC1011", () => _ = new RmsNorm(axes: -1), "got -1");
        _g.Refuses("SGC1011", () => _ = new RmsNorm(epsilon: double.PositiveInfinity), "Infinity");
        _g.Refuses("SGC1011", () => _ = new GroupNorm(0), "got 0");
        _g.Refuses("SGC1011", () => _ = new InstanceNorm(epsilon: double.NaN), "NaN");
        _g.Refuses("SGC1011", () => _ = new Embedding(0, 3), "got 0 and 3");
        _g.Refuses("SGC1001", () => _ = new Embedding(3, 3, type: I32), "i32");
        _g.Refuses("SGC1008", () => _ = new BatchNorm().RunningMean, "call Apply before", line: 0);
    }

    [Fact]
    public void Bad_operands_are_refused_at_their_line()
    {
        var (x, image, i) = (_g.Input("x", F32[4, 6]), _g.Input("image", F32[2, 3, 3, 6]), _g.Input("i", I32[4, 6]));
        _g.Refuses("SGC1001", () => i.BatchNorm(), "i32[4,6]");
        var (row, sum, bytes, narrow, wide) = (x[0], x.Sum(), i.ConvertTo(U8), x[.., ..5], x.ConvertTo(F64));
        _g.Refuses("SGC1003", () => row.BatchNorm(), "[batch, …, channels]");
        _g.Refuses("SGC1004", () => x.BatchNorm(axis: 2), "no axis 2");
        _g.Refuses("SGC1004", () => x.BatchNorm(axis: -3), "no axis -3");
        _g.Refuses("SGC1003", () => x.LayerNorm(axes: 3), "last 3 axes");
        _g.Refuses("SGC1003", () => sum.RmsNorm(), "last 1 axes");
        _g.Refuses("SGC1011", () => image.GroupNorm(4), "4 groups do not divide the 6 channels");
        _g.Refuses("SGC1004", () => image.GroupNorm(1, axis: 0), "that of examples");
        _g.Refuses("SGC1004", () => image.InstanceNorm(axis: -4), "that of examples");
        _g.Refuses("SGC1003", () => x.InstanceNorm(), "positions");
        _g.Refuses("SGC1001", () => x.Embedding(3, 2), "i32 or i64");
        _g.Refuses("SGC1001", () => bytes.Embedding(3, 2), "u8[4,6]");
        _g.Refuses("SGC1004", () => x.Standardize([0, 0]), "twice");
        _g.Refuses("SGC1004", () => x.RmsNormalize([0, -2]), "twice");
        _g.Refuses("SGC1004", () => x.Standardize(2), "outside");
        _g.Refuses("SGC1001", () => i.Standardize(), "floating point");
        _g.Refuses("SGC1011", () => x.Standardize(0, -1), "got -1");
        var foreign = new FunctionBuilder("f").Parameter("x", F32[4, 6]);
        _g.Refuses("SGC1008", () => foreign.LayerNorm(), "GraphBuilder");
        var norm = new BatchNorm("norm");
        norm.Apply(image);
        norm.Apply(x);
        _g.Refuses("SGC1002", () => norm.Apply(narrow), "built for [6]");
        _g.Refuses("SGC1001", () => norm.Apply(wide), "built for f32");
        _g.Refuses("SGC1006", () => x.LayerNorm("norm"), "norm/scale");
        Assert.Equal(["norm/scale", "norm/bias", "norm/running_mean", "norm/running_variance"],
            _g.ModelParameters.Select(p => p.Value.Name!));
        Assert.Equal([true, true, false, false], _g.ModelParameters.Select(p => p.IsTrainable));
    }
}
