using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.Frontend.Tests.ClosedForm;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Losses of elements against closed forms: at kinks, where they saturate, far from their targets; and reduced.</summary>
public sealed class LossFormulaTests
{
    private sealed record Loss(Func<Value, Value, LossReduction, Value> Apply, Func<double, double, double> Value,
        Func<double, double, double> Slope, Func<double, double, double>? SlopeOfTarget, double[] Points, double[] Targets);

    private static readonly double[] s_numbers = [0, 0.5, -0.5, 1, -1, 2, -2, 3, 1e4, -1e4];
    private static readonly double[] s_probabilities = [0, 1e-30, 1e-3, 0.5, 0.75, 1];
    private static readonly double[] s_signs = [1, -1];

    // A distance from the target, in Huber's form.
    private static double Huber(double d, double delta) =>
        Math.Abs(d) <= delta ? d * d / 2 : delta * (Math.Abs(d) - delta / 2);

    private static double Limited(double log) => Math.Max(log, -100);

    private static double Xlogx(double x) => x == 0 ? 0 : x * Math.Log(x);

    private static readonly Dictionary<string, Loss> s_losses = new()
    {
        ["squared"] = new((x, t, r) => x.SquaredError(t, r), (x, t) => (x - t) * (x - t), (x, t) => 2 * (x - t), (x, t) => 2 * (t - x),
            s_numbers, s_numbers),
        ["l1"] = new((x, t, r) => x.L1Loss(t, r), (x, t) => Math.Abs(x - t), (x, t) => Math.Sign(x - t), (x, t) => Math.Sign(t - x),
            s_numbers, s_numbers),
        ["huber"] = new((x, t, r) => x.HuberLoss(t, 0.5, r), (x, t) => Huber(x - t, 0.5), (x, t) => Math.Clamp(x - t, -0.5, 0.5),
            (x, t) => Math.Clamp(t - x, -0.5, 0.5), s_numbers, s_numbers),
        ["huber:wide"] = new((x, t, r) => x.HuberLoss(t, 1e5, r), (x, t) => Huber(x - t, 1e5), (x, t) => x - t, (x, t) => t - x,
            s_numbers, s_numbers),
        ["smooth_l1"] = new((x, t, r) => x.SmoothL1Loss(t, 2, r), (x, t) => Huber(x - t, 2) / 2,
            (x, t) => Math.Clamp((x - t) / 2, -1, 1), (x, t) => Math.Clamp((t - x) / 2, -1, 1), s_numbers, s_numbers),
        ["smooth_l1:sharp"] = new((x, t, r) => x.SmoothL1Loss(t, 0, r), (x, t) => Math.Abs(x - t), (x, t) => Math.Sign(x - t),
            (x, t) => Math.Sign(t - x), s_numbers, s_numbers),
        ["binary"] = new((x, t, r) => x.BinaryCrossEntropy(t, r),
            (x, t) => (t - 1) * Limited(Log1p(-x)) - t * Limited(Math.Log(x)), (x, t) => (x - t) / Math.Max(x * (1 - x), 1e-12),
            (x, t) => Limited(Log1p(-x)) - Limited(Math.Log(x)), s_probabilities, s_probabilities),
        ["binary_logits"] = new((x, t, r) => x.BinaryCrossEntropyWithLogits(t, r),
            (x, t) => (1 - t) * Softplus(x) + t * Softplus(-x), (x, t) => (1 - t) * Sigma(x) - t * Sigma(-x),
            (x, t) => Softplus(-x) - Softplus(x), s_numbers, s_probabilities),
        ["binary_logits:weighted"] = new((x, t, r) => x.BinaryCrossEntropyWithLogits(t, r, x.Constant(3, Shape.Scalar)),
            (x, t) => (1 - t) * Softplus(x) + 3 * t * Softplus(-x), (x, t) => (1 - t) * Sigma(x) - 3 * t * Sigma(-x),
            (x, t) => 3 * Softplus(-x) - Softplus(x), s_numbers, s_probabilities),
        ["kl"] = new((x, t, r) => x.KullbackLeibler(t, false, r), (x, t) => Xlogx(t) - t * x, (x, t) => -t,
            (x, t) => t == 0 ? -x : Math.Log(t) + 1 - x, s_numbers, s_probabilities),
        ["kl:logarithms"] = new((x, t, r) => x.KullbackLeibler(t, true, r), (x, t) => Math.Exp(t) * (t - x), (x, t) => -Math.Exp(t),
            (x, t) => Math.Exp(t) * (t - x) + Math.Exp(t), s_numbers, [0, -1, -3, -1e4]),
        ["hinge"] = new((x, t, r) => x.HingeLoss(t, 1, r), (x, t) => Math.Max(0, 1 - t * x), (x, t) => 1 - t * x >= 0 ? -t : 0,
            (x, t) => 1 - t * x >= 0 ? -x : 0, s_numbers, s_signs),
        ["hinge_embedding"] = new((x, t, r) => x.HingeEmbeddingLoss(t, 2, r), (x, t) => t == 1 ? x : Math.Max(0, 2 - x),
            (x, t) => t == 1 ? 1 : x <= 2 ? -1 : 0, null, s_numbers, s_signs),
    };

    public static TheoryData<string> Names => [.. s_losses.Keys];

    private static (double[] X, double[] T) Pairs(Loss loss)
    {
        (double X, double T)[] pairs = [.. loss.Points.SelectMany(_ => loss.Targets, (x, t) => (x, t))];
        return ([.. pairs.Select(p => p.X)], [.. pairs.Select(p => p.T)]);
    }

    [Theory, MemberData(nameof(Names))]
    public void Values_and_derivatives_are_the_closed_forms(string name)
    {
        var loss = s_losses[name];
        var (x, t) = Pairs(loss);
        var (y, dx) = Interpret(v => loss.Apply(v, Numbers(v, t), LossReduction.None), x);
        var (_, dt) = Interpret(v => loss.Apply(Numbers(v, x), v, LossReduction.None), t);
        for (var i = 0; i < x.Length; i++)
        {
            Near(loss.Value(x[i], t[i]), y[i], 1e-13, $"{name}({x[i]}, {t[i]})");
            Near(loss.Slope(x[i], t[i]), dx[i], 1e-12, $"derivative of {name} at ({x[i]}, {t[i]})");
            if (loss.SlopeOfTarget is { } slope)
                Near(slope(x[i], t[i]), dt[i], 1e-12, $"derivative by the target of {name} at ({x[i]}, {t[i]})");
        }
    }

    /// <summary>Compiled f32, at the same points: no overflow at ±1e4.</summary>
    [Theory, MemberData(nameof(Names))]
    [Trait("Category", "Target")]
    public void Compiled_losses_are_the_closed_forms(string name)
    {
        var loss = s_losses[name];
        var (x, t) = Pairs(loss);
        var (y, dx) = Compile(v => loss.Apply(v, Numbers(v, t), LossReduction.None), x);
        for (var i = 0; i < x.Length; i++)
        {
            Near(loss.Value((float)x[i], (float)t[i]), y[i], 1e-6, $"{name}({x[i]}, {t[i]})");
            Near(loss.Slope((float)x[i], (float)t[i]), dx[i], 1e-6, $"derivative of {name} at ({x[i]}, {t[i]})");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Reductions_are_the_mean_and_the_sum(string name)
    {
        var loss = s_losses[name];
        double[] x = loss.Points[..3], t = [loss.Targets[0], loss.Targets[1], loss.Targets[0]];
        var (all, slopes) = Interpret(v => loss.Apply(v, Numbers(v, t), LossReduction.None), x);
        var (sum, ofSum) = Interpret(v => loss.Apply(v, Numbers(v, t), LossReduction.Sum), x);
        var (mean, ofMean) = Interpret(v => loss.Apply(v, Numbers(v, t), LossReduction.Mean), x);
        Close(all.Sum(), sum[0], 1e-15, name);
        Close(all.Sum() / 3, mean[0], 1e-15, name);
        for (var i = 0; i < 3; i++)
        {
            Close(slopes[i], ofSum[i], 1e-15, name);
            Close(slopes[i] / 3, ofMean[i], 1e-15, name);
        }
        foreach (var reduction in Enum.GetValues<LossReduction>())
        {
            var nothing = Interpret(v => loss.Apply(v, Numbers(v), reduction), []).Value;
            Assert.Equal(reduction switch { LossReduction.Mean => [double.NaN], LossReduction.Sum => [0.0], _ => (double[])[] }, nothing);
        }
    }

    /// <summary>bf16 and f16 are computed in f32 and rounded once.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Narrow_types_are_rounded_once(string name)
    {
        var loss = s_losses[name];
        var (x, t) = Pairs(loss);
        foreach (var type in (DType[])[BF16, F16])
        {
            var b = new FunctionBuilder("narrow");
            var narrow = loss.Apply(b.Constant(new Literal(type[x.Length], x)), b.Constant(new Literal(type[x.Length], t)),
                LossReduction.None);
            var wide = loss.Apply(b.Constant(new Literal(type[x.Length], x)).ConvertTo(F32),
                b.Constant(new Literal(type[x.Length], t)).ConvertTo(F32), LossReduction.None).ConvertTo(type);
            var found = ReferenceInterpreter.Run(b.Build(narrow, wide));
            Assert.Equal(found[1].ToArray(), found[0].ToArray());
        }
    }

    [Fact]
    public void Vectors_are_compared_by_their_angle_and_their_distances()
    {
        var b = new FunctionBuilder("vectors");
        var (x, y, z) = (b.Parameter("x", F64[2, 3]), b.Parameter("y", F64[2, 3]), b.Parameter("z", F64[2, 3]));
        var signs = b.Constant(new Literal(F64[2], 1, -1));
        var f = b.Build(x.CosineSimilarity(y), x.CosineSimilarity(y, axis: 0),
            x.CosineEmbeddingLoss(y, signs, reduction: LossReduction.None),
            x.CosineEmbeddingLoss(y, signs, margin: 0.25), x.TripletLoss(y, z, reduction: LossReduction.None),
            x.TripletLoss(y, z, margin: 2, power: 1, swap: true, reduction: LossReduction.Sum), (x * 0).CosineSimilarity(y),
            (x * 0).CosineEmbeddingLoss(y, signs, reduction: LossReduction.None));
        double[] u = [3, 0, 4, 1, 2, 2], v = [0, 5, 0, 2, 4, 4], w = [3, 0, 3, 1, 2, 2];
        var found = ReferenceInterpreter.Run(f, new Literal(x.Type, u), new Literal(y.Type, v), new Literal(z.Type, w));
        void Is(int at, double tolerance, params double[] expected) =>
            Assert.Equal(expected, found[at].ToArray(), (p, q) => Math.Abs(p - q) <= tolerance);
        Is(0, 1e-15, 0, 1);
        Is(1, 1e-15, 2 / (2 * Math.Sqrt(10)), 8 / (2 * Math.Sqrt(41)), 8 / (4 * Math.Sqrt(20)));
        Is(2, 1e-12, 1, 1);
        Is(3, 1e-12, (1 + 0.75) / 2);
        // Distances √(9 + 25 + 16) and 1, then 3 and 0, each difference with 1e-6 added.
        Is(4, 5e-6, Math.Sqrt(50) - 1 + 1, 3 - 0 + 1);
        // Of magnitudes 12 and 1, the swapped one being 3 + 5 + 3; then 5 and 0.
        Is(5, 1e-5, 12 - 1 + 2 + 5 - 0 + 2);
        Is(6, 0, 0, 0);
        Is(7, 0, 1, 0);
    }

    [Fact]
    public void Vectors_of_1e4_do_not_overflow_and_zeros_have_derivatives()
    {
        var g = new GraphBuilder("large");
        var (x, t) = (g.Variable("x", F32[2, 64], Initializer.Constant(1e4f)), g.Input("t", F32[2]));
        var loss = x.CosineEmbeddingLoss(-x.StopGradient(), t, margin: -1) + x.TripletLoss(-x, x * 0, swap: true)
            + (x * 0).TripletLoss(x * 0, x * 0, epsilon: 0) + (x * 0).CosineSimilarity(x * 0).Sum();
        using var step = g.Minimize(loss, new Sgd(1)).Compile();
        step.Run<float>([1, -1]);
        Assert.Equal(1 + (1.6e5f - 8e4f + 1) + 1, step.Loss, 1f);
        Assert.True(step.Variable<float>("x").ToArray().All(float.IsFinite));
    }

    [Fact]
    public void Wrong_arguments_are_refused_at_the_call()
    {
        var g = new GraphBuilder("bad");
        var (x, y, i, v) = (g.Input("x", F32[4, 3]), g.Input("y", F32[3, 4]), g.Input("i", I32[4, 3]), g.Input("v", F32[4]));
        var foreign = new GraphBuilder("other").Input("z", F32[4, 3]);
        const LossReduction None = (LossReduction)7;
        g.Refuses("SGC1002", () => x.L1Loss(y), "f32[3,4]");
        g.Refuses("SGC1001", () => x.SquaredError(i), "i32[4,3]");
        g.Refuses("SGC1001", () => i.L1Loss(i), "i32[4,3]");
        g.Refuses("SGC1008", () => x.HuberLoss(foreign), "other");
        g.Refuses("SGC1011", () => x.HuberLoss(x, delta: 0), "delta");
        g.Refuses("SGC1011", () => x.SmoothL1Loss(x, beta: -1), "beta");
        g.Refuses("SGC1011", () => x.L1Loss(x, None), "reduction");
        g.Refuses("SGC1001", () => x.BinaryCrossEntropy(i), "i32[4,3]");
        g.Refuses("SGC1002", () => x.BinaryCrossEntropyWithLogits(x, positiveWeight: v), "f32[4]");
        g.Refuses("SGC1008", () => x.BinaryCrossEntropyWithLogits(x, positiveWeight: foreign), "other");
        g.Refuses("SGC1002", () => x.KullbackLeibler(v), "f32[4]");
        g.Refuses("SGC1011", () => x.HingeLoss(x, margin: double.NaN), "margin");
        g.Refuses("SGC1011", () => x.HingeEmbeddingLoss(x, margin: double.PositiveInfinity), "margin");
        g.Refuses("SGC1004", () => x.CosineSimilarity(x, axis: 2), "axis 2");
        g.Refuses("SGC1011", () => x.CosineSimilarity(x, epsilon: -1), "epsilon");
        g.Refuses("SGC1002", () => x.CosineEmbeddingLoss(x, x), "must be [4]");
        g.Refuses("SGC1011", () => x.CosineEmbeddingLoss(x, v, margin: 2), "margin");
        g.Refuses("SGC1002", () => x.TripletLoss(x, v), "f32[4]");
        g.Refuses("SGC1011", () => x.TripletLoss(x, x, margin: 0), "margin");
        g.Refuses("SGC1011", () => x.TripletLoss(x, x, power: double.NaN), "NaN");
        Assert.Throws<ArgumentNullException>(() => x.TripletLoss(x, null!));
    }

    private static Value Numbers(Value x, params double[] values) => x.Builder.Constant(new Literal(x.DType[values.Length], values));

    // A difference that is 0 where the terms are not may keep a rounding of theirs.
    private static void Near(double expected, double actual, double relative, string what)
    {
        if (Math.Abs(expected - actual) <= relative * 1e-3 || (Math.Abs(expected) < 1.2e-38 && Math.Abs(actual) < 1.2e-38)) return;
        Close(expected, actual, relative, what);
    }
}
