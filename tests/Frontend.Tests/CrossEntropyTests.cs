using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Cross entropy and negative log likelihood against their definition, written out for one example after another.</summary>
[Trait("Category", "Target")]
public sealed class CrossEntropyTests
{
    /// <summary>The loss of each example and what it weighs in the mean, and the gradient of the mean by each logit.</summary>
    private static (double[] Losses, double Mean, double[,] Gradient) Defined(double[,] x, int[] labels, double[] weights, double smoothing,
        int ignored)
    {
        var (examples, classes) = (x.GetLength(0), x.GetLength(1));
        var (losses, gradient, total) = (new double[examples], new double[examples, classes], 0.0);
        for (var n = 0; n < examples; n++)
        {
            if (labels[n] == ignored) continue;
            total += weights[labels[n]];
            var row = Enumerable.Range(0, classes).Select(c => x[n, c]).ToArray();
            var log = row.Max() + Math.Log(row.Sum(v => Math.Exp(v - row.Max())));
            for (var c = 0; c < classes; c++)
            {
                var target = (c == labels[n] ? (1 - smoothing) * weights[c] : 0) + smoothing / classes * weights[c];
                losses[n] -= target * (row[c] - log);
                // ∂(row[c] - log)/∂row[k] is [c = k] - p[k].
                for (var k = 0; k < classes; k++) gradient[n, k] -= target * ((c == k ? 1 : 0) - Math.Exp(row[k] - log));
            }
        }
        for (var n = 0; n < examples; n++)
            for (var c = 0; c < classes; c++) gradient[n, c] /= total;
        return (losses, losses.Sum() / total, gradient);
    }

    private static readonly double[] s_weights = [0.5, 2, 1, 0.25];

    public static TheoryData<bool, double, int> Settings
    {
        get
        {
            var data = new TheoryData<bool, double, int>();
            foreach (var weighted in (bool[])[false, true])
                foreach (var smoothing in (double[])[0, 0.1, 1])
                    foreach (var ignored in (int[])[-100, 2]) data.Add(weighted, smoothing, ignored);
            return data;
        }
    }

    /// <summary>Logits [2, 3, 4] with the classes last, and [2, 4, 3] with them between; compiled too.</summary>
    [Theory, MemberData(nameof(Settings))]
    public void Labels_smoothing_weights_and_ignored_ones_are_the_definition(bool weighted, double smoothing, int ignored)
    {
        var random = new Random(5);
        var logits = new double[6, 4];
        for (var n = 0; n < 6; n++)
            for (var c = 0; c < 4; c++) logits[n, c] = random.NextDouble() * 4 - 2;
        (logits[1, 0], logits[1, 3]) = (1e4, -1e4);
        int[] labels = [0, 3, 2, ignored, 1, 0];
        var expected = Defined(logits, labels, weighted ? s_weights : [1, 1, 1, 1], smoothing, ignored);
        var b = new FunctionBuilder("f");
        var (x, t, w) = (b.Parameter("x", F64[2, 3, 4]), b.Parameter("t", I32[2, 3]), b.Parameter("w", F64[4]));
        var between = x.Transpose([0, 2, 1]);
        Value Loss(Value of, int axis, LossReduction reduction) =>
            of.CrossEntropy(t, axis, weighted ? w : null, smoothing, ignored, reduction);
        var mean = Loss(x, -1, LossReduction.Mean);
        Value[] results = [Loss(x, 2, LossReduction.None), Loss(between, 1, LossReduction.None), mean, Loss(between, 1, LossReduction.Mean),
            Loss(x, -1, LossReduction.Sum), Adjoint.AppendDense(b, mean, [x])[0],
            x.LogSoftmax().NegativeLogLikelihood(t, -1, weighted ? w : null, ignored)];
        var f = b.Build(results);
        Literal[] arguments = [new(x.Type, [.. logits.Cast<double>()]), new(t.Type, [.. labels.Select(l => (double)l)]),
            new(w.Type, s_weights)];
        foreach (var found in (Literal[][])[ReferenceInterpreter.Run(f, arguments), JitFunction.Run(f, arguments)])
        {
            Agree(expected.Losses, found[0]);
            Agree(expected.Losses, found[1]);
            Agree([expected.Mean], found[2]);
            Agree([expected.Mean], found[3]);
            Agree([expected.Losses.Sum()], found[4]);
            Agree([.. expected.Gradient.Cast<double>()], found[5]);
            if (smoothing == 0) Agree([expected.Mean], found[6]);
        }
    }

    private static void Agree(double[] expected, Literal found) =>
        Assert.Equal(expected, found.ToArray(), (p, q) => Math.Abs(p - q) <= 1e-12 * Math.Max(1, Math.Abs(p)));

    /// <summary>One-hot probabilities are labels; others are sums over the classes, with their own derivative.</summary>
    [Fact]
    public void Probabilities_as_targets()
    {
        var b = new FunctionBuilder("soft");
        var (x, t, w) = (b.Parameter("x", F64[2, 4]), b.Parameter("t", F64[2, 4]), b.Parameter("w", F64[4]));
        var labels = b.Constant(new Literal(I64[2], 1, 3));
        double[] at = [0.5, -1, 2, 0, 1, 1, -3, 0.25], hot = [0, 1, 0, 0, 0, 0, 0, 1], soft = [0.25, 0.25, 0.5, 0, 1, 0, 0, 0];
        var mean = x.CrossEntropy(t, labelSmoothing: 0.2);
        var f = b.Build(x.CrossEntropy(t, classWeights: w, labelSmoothing: 0.1, reduction: LossReduction.None),
            x.CrossEntropy(labels, classWeights: w, labelSmoothing: 0.1, reduction: LossReduction.None), mean,
            Adjoint.AppendDense(b, mean, [t])[0], x.LogSoftmax());
        var ofHot = ReferenceInterpreter.Run(f, new Literal(x.Type, at), new Literal(t.Type, hot), new Literal(w.Type, s_weights));
        Agree(ofHot[1].ToArray(), ofHot[0]);
        var found = ReferenceInterpreter.Run(f, new Literal(x.Type, at), new Literal(t.Type, soft), new Literal(w.Type, s_weights));
        var log = found[4].ToArray();
        Agree([-soft.Select((p, i) => (0.8 * p + 0.05) * log[i]).Sum() / 2], found[2]);
        Agree([.. log.Select(l => -0.8 * l / 2)], found[3]);
    }

    /// <summary>A label that is no class: NaN, and nothing is learnt from its example, however the loss is made up.</summary>
    [Fact]
    public void Labels_that_are_no_class_are_NaN_without_a_gradient()
    {
        var b = new FunctionBuilder("wild");
        var (x, w) = (b.Parameter("x", F64[3, 4]), b.Parameter("w", F64[4]));
        var labels = b.Constant(new Literal(I32[3], 1, 4, -1));
        var losses = x.CrossEntropy(labels, classWeights: w, labelSmoothing: 0.5, reduction: LossReduction.None);
        var f = b.Build(losses, Adjoint.AppendDense(b, losses.Sum(), [x])[0], x.CrossEntropy(labels));
        var found = ReferenceInterpreter.Run(f, new Literal(x.Type, 0.0), new Literal(w.Type, s_weights));
        Assert.Equal([false, true, true], found[0].ToArray().Select(double.IsNaN));
        Assert.True(found[1].ToArray()[..4].All(d => d != 0));
        Assert.Equal(new double[8], found[1].ToArray()[4..]);
        Assert.True(double.IsNaN((double)found[2][0]));
    }

    [Fact]
    public void Nothing_that_counts_is_NaN_and_no_examples_are_too()
    {
        var b = new FunctionBuilder("none");
        var (x, empty) = (b.Parameter("x", F64[2, 3]), b.Parameter("e", F64[0, 3]));
        var ignored = b.Constant(new Literal(I32[2], -100));
        var f = b.Build(x.CrossEntropy(ignored), x.CrossEntropy(ignored, reduction: LossReduction.Sum),
            empty.CrossEntropy(b.Constant(new Literal(I32[0], Array.Empty<double>()))), empty.CrossEntropy(empty));
        var found = ReferenceInterpreter.Run(f, new Literal(x.Type, 1.0), new Literal(empty.Type, Array.Empty<double>()));
        Assert.Equal([double.NaN, 0, double.NaN, double.NaN], found.Select(r => (double)r[0]));
    }

    [Fact]
    public void A_checked_step_names_the_label()
    {
        var g = new GraphBuilder("checked");
        var (x, t) = (g.Input("x", F32[2, 3, 2]), g.Input("t", I32[2, 2]));
        using var step = g.Minimize(x.Sum() * g.Variable("w", F32, Initializer.Ones) * 0 + x.CrossEntropy(t, axis: 1), new Sgd(1))
            .Compile(new CompileOptions { Checked = true, Threads = 1 });
        step.Run<float, int>(new float[12], [0, 1, -100, 2]);
        Assert.Equal(MathF.Log(3), step.Loss, 1e-6f);
        var error = Assert.Throws<Runtime.RuntimeException>(() => step.Run<float, int>(new float[12], [0, 1, 3, 2]));
        Assert.Equal("SGC5008", error.Code);
        Assert.Contains("CrossEntropy: label 3 is outside of 0..2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_arguments_are_refused_at_the_call()
    {
        var g = new GraphBuilder("bad");
        var (x, t, w) = (g.Input("x", F32[4, 3]), g.Input("t", I32[4]), g.Input("w", F32[4]));
        var (mask, foreign) = (g.Input("mask", Bool[4, 3]), new GraphBuilder("other").Input("z", I32[4]));
        g.Refuses("SGC1002", () => x.CrossEntropy(t, axis: 0), "i32[4]");
        g.Refuses("SGC1004", () => x.CrossEntropy(t, axis: 2), "axis 2");
        g.Refuses("SGC1002", () => x.CrossEntropy(w), "f32[4]");
        g.Refuses("SGC1001", () => x.CrossEntropy(mask), "bool[4,3]");
        g.Refuses("SGC1002", () => x.CrossEntropy(t, classWeights: w), "must be [3]");
        g.Refuses("SGC1001", () => x.CrossEntropy(t, classWeights: t), "i32[4]");
        g.Refuses("SGC1008", () => x.CrossEntropy(foreign), "other");
        g.Refuses("SGC1011", () => x.CrossEntropy(t, labelSmoothing: 1.5), "labelSmoothing");
        g.Refuses("SGC1011", () => x.CrossEntropy(t, reduction: (LossReduction)9), "reduction");
        g.Refuses("SGC1001", () => t.CrossEntropy(t), "i32[4]");
        g.Refuses("SGC1001", () => x.NegativeLogLikelihood(w), "integers");
        g.Refuses("SGC1004", () => x.NegativeLogLikelihood(t, axis: -3), "axis -3");
        g.Refuses("SGC1011", () => x.NegativeLogLikelihood(t, reduction: (LossReduction)(-1)), "reduction");
    }
}
