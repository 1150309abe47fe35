using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Rotary and learned positions, and feed-forward layers: against loops, gradients, and what is refused.</summary>
[Trait("Category", "Target")]
public sealed class PositionTests
{
    private readonly GraphBuilder _g = new("positions", seed: 5);

    private static double[] Drawn(long count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (int)count).Select(_ => random.NextDouble() * 2 - 1)];
    }

    private void Equal(Value y, double[] expected, (string Name, double[] Elements)[] inputs, double tolerance = 1e-12)
    {
        using var function = _g.Function(y).Compile(new() { Threads = 2 });
        function.Run([.. inputs.Select(i => (ReadOnlyMemory<byte>)
            new Literal(_g.Inputs.Single(v => v.Name == i.Name).Type, i.Elements).ToBytes())]);
        var found = function.Output<double>("output").ToArray();
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i], tolerance);
    }

    // Complex numbers: the pair is one, and so is the turn.
    private static double[] Turned(Shape shape, double[] x, Func<int, int, double> position, double frequencyBase, int width)
    {
        var y = x.ToArray();
        var (length, heads, size) = (shape[1], shape[2], shape[3]);
        for (var row = 0; row < x.Length / size; row++)
            for (var i = 0; i < width / 2; i++)
            {
                var angle = position(row / heads / length, row / heads % length) * Math.Pow(frequencyBase, -2.0 * i / width);
                var (first, second) = (row * size + i, row * size + i + width / 2);
                var turned = new System.Numerics.Complex(x[first], x[second]) * System.Numerics.Complex.FromPolarCoordinates(1, angle);
                (y[first], y[second]) = (turned.Real, turned.Imaginary);
            }
        return y;
    }

    [Theory]
    [InlineData(2, 5, 3, 6, null, 10_000)]
    [InlineData(1, 7, 1, 2, null, 500_000)]
    [InlineData(2, 3, 2, 19, 8, 100)]
    [InlineData(1, 1, 4, 34, 34, 10_000)]
    public void Rotary_turns_pairs_of_both_halves(int batch, int length, int heads, int size, int? width, double frequencyBase)
    {
        var x = _g.Input("x", F64[batch, length, heads, size]);
        var own = _g.Input("at", I32[batch, length]);
        var input = Drawn(x.Shape.ElementCount, 1);
        double[] at = [.. Enumerable.Range(0, batch * length).Select(i => i * 31.0 % 1000)];
        Equal(x.Rotary(frequencyBase: frequencyBase, width: width),
            Turned(x.Shape, input, (_, t) => t, frequencyBase, width ?? size), [("x", input)]);
        Equal(x.Rotary(own, frequencyBase, width),
            Turned(x.Shape, input, (b, t) => at[b * length + t], frequencyBase, width ?? size), [("x", input), ("at", at)], 1e-11);
        (x.Rotary(width: width).Sin() * x).Sum().CheckGradient(x, 1e-6, new Dictionary<string, double[]> { ["x"] = input });
    }

    /// <summary>A query and a key meet by their distance alone.</summary>
    [Fact]
    public void Rotary_scores_depend_on_distances()
    {
        var (q, k) = (_g.Input("q", F64[1, 1, 1, 8]), _g.Input("k", F64[1, 1, 1, 8]));
        Value Score(long query, long key) => (q.Rotary(At(query)) * k.Rotary(At(key))).Sum();
        Value At(long position) => _g.Constant([position], new Shape(1));
        using var function = _g.Function(("near", Score(7, 3)), ("far", Score(1_000_007, 1_000_003)), ("other", Score(7, 4))).Compile();
        function.Run<double, double>(Drawn(8, 1), Drawn(8, 2));
        double Of(string name) => function.Output<double>(name)[0];
        Assert.Equal(Of("near"), Of("far"), 1e-9);
        Assert.NotEqual(Of("near"), Of("other"), 1e-3);
    }

    [Fact]
    public void Narrow_types_are_turned_in_f32()
    {
        var x = _g.Input("x", BF16[1, 300, 1, 4]);
        using var function = _g.Function(x.Rotary()).Compile();
        var input = new Literal(x.Type, Drawn(1200, 3));
        function.Run([input.ToBytes()]);
        var found = Literal.FromBytes(x.Type, System.Runtime.InteropServices.MemoryMarshal.AsBytes(function.Output<ushort>("output")));
        var expected = Turned(x.Shape, input.ToArray(), (_, t) => t, 10_000, 4);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], (double)found[i], Math.Abs(expected[i]) / 250 + 1e-6);
    }

    [Fact]
    public void Learned_positions_are_added()
    {
        var x = _g.Input("x", F64[2, 3, 4]);
        var layer = new PositionEmbedding(5, table: Initializer.Uniform(-1, 1));
        var y = layer.Apply(x);
        Assert.Equal("position_embedding/table", Assert.Single(layer.Variables).Name);
        Assert.Equal(F64[5, 4], layer.Table.Type);
        var (input, table) = (Drawn(24, 1), _g.ModelParameters[0].InitialElements(_g.Seed));
        Equal(y, [.. input.Select((v, i) => v + table[i % 12])], [("x", input)]);
        var longer = layer.Apply(_g.Input("longer", F64[1, 5, 4]));
        Assert.Equal(F64[1, 5, 4], longer.Type);
        (y.Sin() * y).Sum().CheckGradient(layer.Table, 1e-6, new Dictionary<string, double[]>
        {
            ["x"] = input, ["position_embedding/table"] = [.. table.Select(t => (double)t)],
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Feed_forward_is_two_products(bool isGated)
    {
        var x = _g.Input("x", F64[2, 3, 4]);
        var layer = new FeedForward(5, gated: isGated, kernel: Initializer.Uniform(-1, 1));
        var y = layer.Apply(x);
        Assert.Equal(["feed_forward/up/kernel", "feed_forward/up/bias", "feed_forward/down/kernel", "feed_forward/down/bias"],
            layer.Variables.Select(v => v.Name!));
        Assert.Equal((F64[4, isGated ? 10 : 5], F64[5, 4]), (layer.Up!.Kernel.Type, layer.Down!.Kernel.Type));
        var elements = _g.ModelParameters.ToDictionary(p => p.Value.Name!,
            p => p.InitialElements(_g.Seed).Select(e => (double)e).ToArray());
        var (up, down, input) = (elements["feed_forward/up/kernel"], elements["feed_forward/down/kernel"], Drawn(24, 1));
        var columns = isGated ? 10 : 5;
        double Unit(int row, int unit) => Enumerable.Range(0, 4).Sum(k => input[row * 4 + k] * up[k * columns + unit]);
        double Hidden(int row, int unit) => isGated
            ? Unit(row, unit) / (1 + Math.Exp(-Unit(row, unit))) * Unit(row, unit + 5)
            : Unit(row, unit) * (0.5 + Math.Sign(Unit(row, unit)) * HalfNormal(Math.Abs(Unit(row, unit))));
        double[] expected = [.. Enumerable.Range(0, 24).Select(i =>
            Enumerable.Range(0, 5).Sum(k => Hidden(i / 4, k) * down[k * 4 + i % 4]))];
        Equal(y, expected, [("x", input)], isGated ? 1e-12 : 1e-9);
        elements["x"] = input;
        foreach (var wrt in layer.Variables.Append(x)) (y.Sin() * y).Sum().CheckGradient(wrt, 1e-6, elements);
        Assert.Equal(0, layer.Apply(_g.Input("none", F64[0, 4])).Shape.ElementCount);
    }

    // The normal distribution's mass in 0..x, by Simpson's rule.
    private static double HalfNormal(double x)
    {
        const int Parts = 2000;
        double Density(double t) => Math.Exp(-t * t / 2) / Math.Sqrt(2 * Math.PI);
        return Enumerable.Range(0, Parts).Sum(i =>
            x / Parts / 6 * (Density(x * i / Parts) + 4 * Density(x * (i + 0.5) / Parts) + Density(x * (i + 1) / Parts)));
    }

    [Fact]
    public void Dropout_of_a_feed_forward_layer_is_of_training_alone()
    {
        var x = _g.Input("x", F32[8, 16]);
        var y = x.FeedForward(32, dropout: 0.5);
        using var training = _g.Function(y).InMode(Mode.Training).Compile();
        using var inference = _g.Function(y).InMode(Mode.Inference).Compile();
        float[] input = [.. Drawn(128, 1).Select(v => (float)v)];
        training.Run<float>(input);
        inference.Run<float>(input);
        var dropped = training.Output<float>("output").ToArray().Count(v => v == 0);
        Assert.InRange(dropped, 40, 90);
        Assert.DoesNotContain(0f, inference.Output<float>("output").ToArray());
    }

    [Fact]
    public void What_does_not_fit_is_refused_at_its_line()
    {
        var (x, odd, flat) = (_g.Input("x", F32[2, 3, 4, 6]), _g.Input("odd", F32[2, 3, 4, 5]), _g.Input("flat", F32[2, 6]));
        var (i, late, real) = (_g.Input("i", I32[2, 3, 4, 6]), _g.Input("late", I32[3, 2]), _g.Input("real", F32[3]));
        _g.Refuses("SGC1002", () => odd.Rotary(), "f32[2,3,4,5] has 5");
        _g.Refuses("SGC1011", () => x.Rotary(width: 3), "got 3");
        _g.Refuses("SGC1011", () => x.Rotary(width: 8), "2 to 6, got 8");
        _g.Refuses("SGC1011", () => x.Rotary(width: 0), "got 0");
        _g.Refuses("SGC1011", () => x.Rotary(frequencyBase: 1), "got 1");
        _g.Refuses("SGC1011", () => x.Rotary(frequencyBase: double.NaN), "NaN");
        _g.Refuses("SGC1003", () => flat.Rotary(), "[batch, length, heads, width]");
        _g.Refuses("SGC1001", () => i.Rotary(), "floating point");
        _g.Refuses("SGC1002", () => x.Rotary(late), "[3] or [2,3]");
        _g.Refuses("SGC1001", () => x.Rotary(real), "f32[3]");
        var foreign = new GraphBuilder("other").Input("at", I32[3]);
        _g.Refuses("SGC1008", () => x.Rotary(foreign), "\"other\"");
        Assert.Equal(F32[2, 3, 4, 5], odd.Rotary(width: 4).Type);

        _g.Refuses("SGC1011", () => _ = new PositionEmbedding(0), "got 0");
        var positions = new PositionEmbedding(4, "at");
        var (three, five, wide) = (_g.Input("three", F32[1, 3, 2]), _g.Input("five", F32[1, 5, 2]), _g.Input("wide", F32[1, 3, 7]));
        _g.Refuses("SGC1002", () => positions.Apply(five), "there are 4 positions");
        _g.Refuses("SGC1003", () => positions.Apply(real), "[batch, length, width]");
        _g.Refuses("SGC1001", () => positions.Apply(i), "floating point");
        positions.Apply(three);
        _g.Refuses("SGC1002", () => positions.Apply(wide), "width of 2");

        _g.Refuses("SGC1011", () => _ = new FeedForward(0), "got 0");
        _g.Refuses("SGC1011", () => _ = new FeedForward(3, dropout: 1.5), "1.5");
        _g.Refuses("SGC1003", () => real.FeedForward(3), "f32[3]");
        _g.Refuses("SGC1001", () => i.FeedForward(3), "floating point");
        _g.Refuses("SGC1011", () => flat.FeedForward(3, activation: _ => null!), "the activation gives null");
        Assert.DoesNotContain(_g.ModelParameters, p => p.Value.Name!.StartsWith("feed_forward", StringComparison.Ordinal));
    }
}
