using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.Frontend.Tests.ClosedForm;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Losses and activations against closed forms where they saturate, at their kinks, at infinities and NaN;
/// and over nothing.</summary>
public sealed class LossTests
{
    private const double Infinity = double.PositiveInfinity;
    private const double NaN = double.NaN;

    private static readonly double[] s_points =
        [0, -0.0, 1e-30, 1, -1, 10, -10, 20, -20, 37.43, -37.43, 40, -40, 300, -300, Infinity, -Infinity, NaN];

    public static TheoryData<string> Activations => new("relu", "sigmoid", "tanh", "softplus", "expm1");

    private static (Func<Value, Value> Apply, Func<double, double> Value, Func<double, double> Derivative)
        Activation(string name) => name switch
    {
        "relu" => (x => x.Relu(), x => x <= 0 ? 0 : x, x => x <= 0 ? 0 : 1),
        "sigmoid" => (x => x.Sigmoid(), Sigma, x => Sigma(x) * Sigma(-x)),
        "tanh" => (x => x.Tanh(), Math.Tanh, x => 4 * Sigma(2 * x) * Sigma(-2 * x)),
        "softplus" => (x => x.Softplus(), Softplus, Sigma),
        _ => (x => x.Expm1(), Expm1, Math.Exp),
    };

    /// <summary>1e-13 relative, also where the result has saturated: σ'(40) is 4.248e-18, tanh'(10) 8.2446e-9.</summary>
    [Theory, MemberData(nameof(Activations))]
    public void Activations_and_their_derivatives_keep_relative_accuracy_everywhere(string name)
    {
        var (apply, value, derivative) = Activation(name);
        var (y, dy) = Interpret(apply, s_points);
        for (var i = 0; i < s_points.Length; i++)
        {
            Close(value(s_points[i]), y[i], 1e-13, $"{name}({s_points[i]})");
            Close(derivative(s_points[i]), dy[i], 1e-13, $"{name}'({s_points[i]})");
        }
    }

    /// <summary>The same in compiled f32, within 1e-6 relative, down to the smallest normal number.</summary>
    [Theory, MemberData(nameof(Activations))]
    [Trait("Category", "Target")]
    public void Compiled_activations_and_their_derivatives_keep_relative_accuracy(string name)
    {
        var (apply, value, derivative) = Activation(name);
        var g = new GraphBuilder("activation");
        var w = g.Variable("w", F32[s_points.Length], Initializer.Zeros);
        using var step = g.Minimize(apply(w).Sum(), new Sgd(1), new Dictionary<string, Value> { ["y"] = apply(w) }).Compile();
        s_points.Select(p => (float)p).ToArray().CopyTo(step.Variable<float>("w"));
        step.Run();
        var y = step.Metric<float>("y").ToArray();
        for (var i = 0; i < s_points.Length; i++)
        {
            var expected = (double)(float)value((float)s_points[i]);
            if (expected is 0 or NaN || Math.Abs(expected) > 1.2e-38) Close(expected, y[i], 1e-6, $"{name}({s_points[i]})");
        }
        var derivatives = CompiledDerivative(apply);
        for (var i = 0; i < s_points.Length; i++)
        {
            var expected = derivative((float)s_points[i]);
            if (expected is 0 or NaN || Math.Abs(expected) is > 1.2e-38 and < 3.4e38)
                Close(expected, derivatives[i], 1e-6, $"{name}'({s_points[i]})");
        }
    }

    // d/du f(x + u) at u = 0, as the negated step of u.
    private static float[] CompiledDerivative(Func<Value, Value> apply)
    {
        var g = new GraphBuilder("derivative");
        var x = g.Input("x", F32[s_points.Length]);
        var u = g.Variable("u", x.Type, Initializer.Zeros);
        using var step = g.Minimize(apply(x + u).Sum(), new Sgd(1)).Compile();
        step.Run<float>(s_points.Select(p => (float)p).ToArray());
        return [.. step.Variable<float>("u").ToArray().Select(e => -e)];
    }

    [Fact]
    public void Gelu_at_zero_infinities_and_NaN_is_as_PyTorchs()
    {
        var (y, dy) = Interpret(x => x.Gelu(), [0, Infinity, -Infinity, NaN]);
        Assert.Equal([0, Infinity, NaN, NaN], y);
        Assert.Equal([0.5, NaN, NaN, NaN], dy);
    }

    /// <summary>Every pair of a logit and a label 0, 1 or between: value and gradient, at 0 the gradient σ(0) - t.</summary>
    [Fact]
    public void Binary_cross_entropy_has_the_closed_form_at_its_kink_and_in_its_tails()
    {
        foreach (var t in (double[])[0, 1, 0.25])
            foreach (var x in s_points.Where(double.IsFinite))
            {
                var (y, dy) = Interpret(v => v.BinaryCrossEntropyWithLogits(v.Constant(t)), [x]);
                Close((1 - t) * Softplus(x) + t * Softplus(-x), y[0], 1e-13, $"loss at ({x}, {t})");
                Close((1 - t) * Sigma(x) - t * Sigma(-x), dy[0], 1e-12, $"gradient at ({x}, {t})");
            }
        var (_, zero) = Interpret(v => v.BinaryCrossEntropyWithLogits(v.Constant(0)), [0]);
        var (_, one) = Interpret(v => v.BinaryCrossEntropyWithLogits(v.Constant(1)), [0]);
        Assert.Equal((0.5, -0.5), (zero[0], one[0]));
        Assert.Equal([NaN], Interpret(v => v.BinaryCrossEntropyWithLogits(v.Constant(1)), [Infinity]).Value);
    }

    [Fact]
    public void A_layer_of_zeros_with_targets_of_zero_learns()
    {
        var g = new GraphBuilder("zeros");
        var (x, t) = (g.Input("x", F32[2, 3]), g.Input("t", F32[2, 1]));
        using var step = g.Minimize(x.Dense(1, "d", Initializer.Zeros).BinaryCrossEntropyWithLogits(t), new Sgd(1)).Compile();
        step.Run<float, float>([1, 2, 3, 4, 5, 6], [0, 0]);
        Assert.Equal([-1.25f, -1.75f, -2.25f], step.Variable<float>("d/kernel").ToArray());
        Assert.Equal(-0.5f, step.Variable<float>("d/bias")[0]);
    }

    [Fact]
    public void Squared_error_at_zero_and_infinity()
    {
        var (y, dy) = Interpret(v => v.MeanSquaredError(v.Constant(1)), [1, 3]);
        Assert.Equal([2.0], y);
        Assert.Equal([0.0, 2.0], dy);
        Assert.Equal([Infinity], Interpret(v => v.MeanSquaredError(v.Constant(1)), [Infinity]).Value);
        Assert.Equal([NaN], Interpret(v => v.MeanSquaredError(v.Constant(Infinity)), [Infinity]).Value);
    }

    public static TheoryData<string> IntegerTypes => new("i8", "u8", "i32", "i64", "u32");

    /// <summary>Labels in the classes, the ignored one, and those on both sides:
    /// loss, gradient, and the mean over those that count.</summary>
    [Theory, MemberData(nameof(IntegerTypes))]
    public void Ignored_labels_cost_nothing_and_labels_out_of_range_are_NaN(string type)
    {
        var dtype = DType.Find(type)!;
        var isSigned = dtype.Kind == DTypeKind.Signed;
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", F64[5, 3]);
        Value Labels(params double[] values) => builder.Constant(new Literal(dtype[values.Length], values));
        var labels = Labels(0, 2, 3, isSigned ? -100 : 1, isSigned ? -1 : 100);
        var losses = x.SoftmaxCrossEntropy(labels);
        var gradient = Adjoint.AppendDense(builder, losses.Sum(), [x])[0];
        var ignoring = x.SoftmaxCrossEntropy(labels, ignoreIndex: 2);
        var mean = x.MeanSoftmaxCrossEntropy(Labels(0, 2, 2, 2, 1), ignoreIndex: 2);
        var none = x.MeanSoftmaxCrossEntropy(Labels(1, 1, 1, 1, 1), ignoreIndex: 1);
        var found = ReferenceInterpreter.Run(builder.Build(losses, gradient, ignoring, mean, none), new Literal(x.Type, 0.0));
        var log3 = Math.Log(3);
        double[] expected = [log3, log3, NaN, isSigned ? 0 : log3, NaN];
        for (var i = 0; i < 5; i++) Close(expected[i], (double)found[0][i], 1e-15, $"loss {i}");
        for (var i = 0; i < 5; i++)
            for (var c = 0; c < 3; c++)
            {
                var label = labels.Definition is { } d ? (long)Constant.LiteralOf(d)[i] : 0;
                Close(label is >= 0 and < 3 ? 1.0 / 3 - (label == c ? 1 : 0) : 0, (double)found[1][i * 3 + c], 1e-15, $"gradient {i}, {c}");
            }
        Assert.Equal([log3, 0], found[2].ToArray()[..2], (a, b) => Math.Abs(a - b) < 1e-15);
        Close(log3, (double)found[3][0], 1e-15, "mean over those that count");
        Assert.Equal(NaN, (double)found[4][0]);
    }

    [Fact]
    public void Compiled_losses_treat_labels_alike()
    {
        var g = new GraphBuilder("labels");
        var (x, t) = (g.Input("x", F32[5, 4]), g.Input("t", I32[5]));
        var logits = x.Dense(3, "d", Initializer.Zeros);
        var losses = logits.SoftmaxCrossEntropy(t);
        using var step = g.Minimize(logits.MeanSoftmaxCrossEntropy(t), new Sgd(1),
            new Dictionary<string, Value> { ["losses"] = losses }).Compile();
        step.Run<float, int>(new float[20], [0, 2, -100, -100, 1]);
        var log3 = MathF.Log(3);
        Assert.Equal([log3, log3, 0, 0, log3], step.Metric<float>("losses").ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(log3, step.Loss, 1e-6f);
        Assert.Equal([0f, 0, 0], step.Variable<float>("d/bias").ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        step.Run<float, int>(new float[20], [0, 7, -100, -1, 1]);
        Assert.Equal(float.NaN, step.Loss);
        Assert.Equal([false, true, false, true, false], step.Metric<float>("losses").ToArray().Select(float.IsNaN));
    }

    /// <summary>A missing cell: NaN reaches the loss through every activation, compiled, in the kernel of a product.</summary>
    [Fact]
    [Trait("Category", "Target")]
    public void A_missing_cell_makes_the_loss_NaN()
    {
        foreach (var (name, activation) in ((string, Func<Value, Value>)[])[("relu", h => h.Relu()), ("tanh", h => h.Tanh()),
            ("sigmoid", h => h.Sigmoid()), ("gelu", h => h.Gelu()), ("softplus", h => h.Softplus())])
        {
            var g = new GraphBuilder("missing");
            var (x, t) = (g.Input("x", F32[4, 5]), g.Input("t", I32[4]));
            var plan = g.Minimize(x.Dense(19, "a", activation: activation).Dense(3, "b").SoftmaxCrossEntropy(t).Mean(), new Sgd(0.1));
            using var step = plan.Compile();
            var features = new float[20];
            features[7] = float.NaN;
            step.Run<float, int>(features, [0, 1, 2, 0]);
            Assert.True(float.IsNaN(step.Loss), name);
            Assert.True(step.Variable<float>("a/kernel").ToArray().Any(float.IsNaN), name);
            Assert.Equal(NaN, new Interpreted(plan).Step([.. features.Select(f => (double)f)], [0, 1, 2, 0])[0]);
        }
    }

    [Fact]
    public void A_mean_over_nothing_is_NaN_and_a_maximum_over_nothing_is_refused_at_the_call()
    {
        var builder = new FunctionBuilder("f");
        var (x, rows, t) = (builder.Parameter("x", F32[0, 3]), builder.Parameter("rows", F32[2, 0]), builder.Parameter("t", I32[0]));
        var f = builder.Build(x.Mean(), x.Mean([0]), rows.Mean([1]), x.Mean([1]),
            x.SoftmaxCrossEntropy(t).Mean(), x.MeanSoftmaxCrossEntropy(t),
            x.MeanSquaredError(x), x.BinaryCrossEntropyWithLogits(x), x.Max([1]), rows.Softmax(), rows.LogSoftmax());
        double[][] expected = [[NaN], [NaN, NaN, NaN], [NaN, NaN], [], [NaN], [NaN], [NaN], [NaN], [], [], []];
        Literal[] nothing = [.. f.Parameters.Select(p => new Literal(p.Type, Array.Empty<double>()))];
        Assert.Equal(expected, ReferenceInterpreter.Run(f, nothing).Select(r => r.ToArray()));
        Assert.Equal(expected, JitFunction.Run(f, nothing).Select(r => r.ToArray()));

        var g = new FunctionBuilder("g");
        foreach (var refused in (Action[])[() => g.Parameter("a", F32[0, 3]).Max([0]), () => g.Parameter("b", I32[0]).Min(),
            () => g.Parameter("c", F64[2, 0]).Max([-1])])
        {
            var error = Assert.Throws<GraphException>(refused);
            Assert.Equal("SGC1002", error.Code);
            Assert.Contains("LossTests.cs", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>More classes than the labels' type can count to: label 3 is class 3 alone, not also 259.</summary>
    [Fact]
    public void Narrow_labels_of_many_classes()
    {
        var b = new FunctionBuilder("narrow");
        var (x, labels) = (b.Parameter("x", F32[1, 300]), b.Parameter("labels", U8[1]));
        var losses = x.SoftmaxCrossEntropy(labels);
        var found = ReferenceInterpreter.Run(b.Build(losses, Adjoint.AppendDense(b, losses.Sum(), [x])[0]),
            new Literal(x.Type, 0.0), new Literal(labels.Type, 3));
        Assert.Equal(Math.Log(300), (double)found[0][0], 1e-5);
        Assert.Equal(1.0 / 300, (double)found[1][259], 1e-6);
    }

    /// <summary>A checked step names the label that is no class; one that is ignored is none of its business,
    /// and an unchecked step says NaN.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_checked_step_names_a_label_outside_of_the_classes(bool isChecked)
    {
        var g = new GraphBuilder("checked", seed: 1);
        var (x, labels) = (g.Input("x", F32[3, 4]), g.Input("labels", I32[3]));
        var loss = x.Dense(4).SoftmaxCrossEntropy(labels).Mean();
        using var step = g.Minimize(loss, new Sgd(0.1)).Compile(new CompileOptions { Checked = isChecked, Threads = 1 });
        step.Run<float, int>(new float[12], [0, -100, 3]);
        Assert.True(float.IsFinite(step.Loss));
        if (!isChecked)
        {
            step.Run<float, int>(new float[12], [0, 3, 4]);
            Assert.True(float.IsNaN(step.Loss));
            return;
        }
        var error = Assert.Throws<Runtime.RuntimeException>(() => step.Run<float, int>(new float[12], [0, 3, 4]));
        Assert.Equal("SGC5008", error.Code);
        Assert.Contains("label 4 is outside of 0..3", error.Message, StringComparison.Ordinal);
        Assert.Contains("example 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("LossTests.cs", error.Message, StringComparison.Ordinal);
        step.Run<float, int>(new float[12], [0, 1, 2]);
        Assert.True(float.IsFinite(step.Loss));
    }
}
