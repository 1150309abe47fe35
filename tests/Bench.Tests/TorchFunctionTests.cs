using GraphCompiler.Bench.Torch;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Reduction = TorchSharp.torch.nn.Reduction;

namespace GraphCompiler.Bench.Tests;

/// <summary>Every op and function of a value that libtorch has too, beside its own: values and gradients, at kinks too; f64 to 1e-9 and f32
/// to 2e-5 of the largest element. What differs is not in this table but in docs/spec.md; <see cref="TorchTableTests"/> finds what is in
/// neither.</summary>
public sealed partial class TorchFunctionTests
{
    /// <summary>A function of tensors of these shapes: ours, and libtorch's.</summary>
    private sealed record Row(Func<Value[], Value> Ours, Func<Tensor[], Tensor> Torch, int[][] Shapes, string Elements = "numbers")
    {
        /// <summary>Of f64. libtorch's hard_sigmoid has the sixth that an f32 has.</summary>
        public double Tolerance { get; init; } = 1e-9;

        /// <summary>Whether there is no gradient to compare.</summary>
        public bool IsFlat { get; init; }
    }

    private static readonly int[] s_labels = [2, 0, -100, 1, 3];
    private static readonly double[] s_weights = [0.5, 2, 1, 0.25];
    private static readonly int[][] s_vector = [[24]], s_pair = [[24], [24]], s_matrix = [[4, 6]],
        s_cube = [[2, 3, 4]], s_logits = [[5, 4]], s_triple = [[3, 5], [3, 5], [3, 5]];

    private static Dictionary<string, Row> LossesAndOthers => new()
    {
        ["relu6"] = new(x => x[0].Relu6(), x => F.relu6(x[0]), s_vector),
        ["leaky_relu"] = new(x => x[0].LeakyRelu(0.2), x => F.leaky_relu(x[0], 0.2), s_vector),
        ["prelu"] = new(x => x[0].PRelu(x[1]), x => F.prelu(x[0], x[1]), [[24], [1]]),
        ["elu"] = new(x => x[0].Elu(0.7), x => F.elu(x[0], 0.7), s_vector),
        ["selu"] = new(x => x[0].Selu(), x => F.selu(x[0]), s_vector),
        ["celu"] = new(x => x[0].Celu(0.5), x => F.celu(x[0], 0.5), s_vector),
        ["silu"] = new(x => x[0].Silu(), x => F.silu(x[0]), s_vector), ["mish"] = new(x => x[0].Mish(), x => F.mish(x[0]), s_vector),
        ["softsign"] = new(x => x[0].Softsign(), x => F.softsign(x[0]), s_vector),
        ["log_sigmoid"] = new(x => x[0].LogSigmoid(), x => F.logsigmoid(x[0]), s_vector),
        ["hard_sigmoid"] = new(x => x[0].HardSigmoid(), x => F.hardsigmoid(x[0]), s_vector) { Tolerance = 1e-8 },
        ["hard_swish"] = new(x => x[0].HardSwish(), x => F.hardswish(x[0]), s_vector),
        ["gelu"] = new(x => x[0].Gelu(), x => F.gelu(x[0]), s_vector), ["glu"] = new(x => x[0].Glu(), x => F.glu(x[0]), s_matrix),
        ["glu_first_axis"] = new(x => x[0].Glu(0), x => F.glu(x[0], 0), s_matrix),

        ["l1"] = new(x => x[0].L1Loss(x[1]), x => F.l1_loss(x[0], x[1]), s_pair),
        ["l1_each"] = new(x => x[0].L1Loss(x[1], LossReduction.None), x => F.l1_loss(x[0], x[1], Reduction.None), s_pair),
        ["squared"] = new(x => x[0].SquaredError(x[1], LossReduction.Sum), x => F.mse_loss(x[0], x[1], Reduction.Sum), s_pair),
        ["huber"] = new(x => x[0].HuberLoss(x[1], 1), x => F.huber_loss(x[0], x[1], 1), s_pair),
        ["huber_each"] = new(x => x[0].HuberLoss(x[1], 2, LossReduction.None), x => F.huber_loss(x[0], x[1], 2, Reduction.None), s_pair),
        ["smooth_l1"] = new(x => x[0].SmoothL1Loss(x[1], 2), x => F.smooth_l1_loss(x[0], x[1], Reduction.Mean, 2), s_pair),
        ["binary"] = new(x => x[0].BinaryCrossEntropy(x[1].StopGradient()),
            x => F.binary_cross_entropy(x[0], x[1].detach()), s_pair, "probabilities"),
        ["binary_each"] = new(x => x[0].BinaryCrossEntropy(x[1].StopGradient(), LossReduction.None),
            x => F.binary_cross_entropy(x[0], x[1].detach(), null, Reduction.None), s_pair,
            "probabilities"),
        ["binary_logits"] = new(x => x[0].BinaryCrossEntropyWithLogits(x[1].Sigmoid()),
            x => F.binary_cross_entropy_with_logits(x[0], x[1].sigmoid()), s_pair),
        ["binary_logits_weighted"] = new(
            x => x[0].BinaryCrossEntropyWithLogits(x[1].Sigmoid(), positiveWeight: x[0].Constant(3, Shape.Scalar)),
            x => F.binary_cross_entropy_with_logits(x[0], x[1].sigmoid(), null, Reduction.Mean,
                torch.tensor(3.0).to_type(x[0].dtype)), s_pair),
        ["kl"] = new(x => x[0].LogSoftmax().KullbackLeibler(x[1].Softmax()),
            x => F.kl_div(F.log_softmax(x[0], 0), F.softmax(x[1], 0), false), s_pair),
        ["kl_logarithms"] = new(x => x[0].LogSoftmax().KullbackLeibler(x[1].LogSoftmax(), true, LossReduction.Sum),
            x => F.kl_div(F.log_softmax(x[0], 0), F.log_softmax(x[1], 0), true, Reduction.Sum), s_pair),
        ["hinge_embedding"] = new(x => x[0].HingeEmbeddingLoss(Signs(x[0], 24), 1),
            x => F.hinge_embedding_loss(x[0], Signs(x[0], 24), 1), s_vector),
        ["cosine_similarity"] = new(x => x[0].CosineSimilarity(x[1]), x => F.cosine_similarity(x[0], x[1]), [[3, 5], [3, 5]]),
        ["cosine_embedding"] = new(x => x[0].CosineEmbeddingLoss(x[1], Signs(x[0], 3), -0.1),
            x => F.cosine_embedding_loss(x[0], x[1], Signs(x[0], 3), -0.1), [[3, 5], [3, 5]]),
        ["triplet"] = new(x => x[0].TripletLoss(x[1], x[2], 3), x => F.triplet_margin_loss(x[0], x[1], x[2], 3), s_triple),
        ["triplet_swapped"] = new(x => x[0].TripletLoss(x[1], x[2], 3, 1, swap: true, reduction: LossReduction.None),
            x => F.triplet_margin_loss(x[0], x[1], x[2], 3, 1, 1e-6, true, Reduction.None), s_triple),
        ["cross_entropy"] = new(x => x[0].CrossEntropy(Labels(x[0])), x => F.cross_entropy(x[0], Labels()), s_logits),
        ["cross_entropy_all"] = new(x => x[0].CrossEntropy(Labels(x[0]), classWeights: Weights(x[0]), labelSmoothing: 0.3),
            x => F.cross_entropy(x[0], Labels(), Weights(x[0]), -100, Reduction.Mean, 0.3), s_logits),
        ["cross_entropy_each"] = new(
            x => x[0].CrossEntropy(Labels(x[0]), classWeights: Weights(x[0]), labelSmoothing: 0.3, reduction: LossReduction.None),
            x => F.cross_entropy(x[0], Labels(), Weights(x[0]), -100, Reduction.None, 0.3), s_logits),
        ["cross_entropy_soft"] = new(x => x[0].CrossEntropy(x[1].Softmax(), classWeights: Weights(x[0]), labelSmoothing: 0.1),
            x => F.cross_entropy(x[0], F.softmax(x[1], 1), Weights(x[0]), -100, Reduction.Mean, 0.1), [[5, 4], [5, 4]]),
        ["cross_entropy_middle"] = new(x => x[0].CrossEntropy(Two(x[0]), axis: 1), x => F.cross_entropy(x[0], Two()), [[2, 4, 3]]),
        ["nll"] = new(x => x[0].NegativeLogLikelihood(Labels(x[0]), classWeights: Weights(x[0])),
            x => F.nll_loss(x[0], Labels(), Weights(x[0])), s_logits),

        ["cumulative_sum"] = new(x => x[0].CumSum(), x => x[0].cumsum(-1), s_matrix),
        ["cumulative_sum_first"] = new(x => x[0].CumSum(0), x => x[0].cumsum(0), s_matrix),
        ["cumulative_sum_long"] = new(x => x[0].CumSum(), x => x[0].cumsum(-1), [[3, 3001]]),
        ["cumulative_prod"] = new(x => x[0].CumProd(), x => x[0].cumprod(-1), s_matrix),
        ["cumulative_max"] = new(x => x[0].CumMax(), x => x[0].cummax(-1).values, s_matrix),
        ["cumulative_min"] = new(x => x[0].CumMin(0), x => x[0].cummin(0).values, s_matrix),
        ["tril"] = new(x => x[0].Tril(1), x => x[0].tril(1), s_matrix), ["triu"] = new(x => x[0].Triu(-1), x => x[0].triu(-1), s_matrix),
        ["diagonal"] = new(x => x[0].Diagonal(-1), x => x[0].diagonal(-1), s_matrix),
        ["roll"] = new(x => x[0].Roll(2, 1), x => x[0].roll(2, 1), s_matrix),
        ["einsum"] = new(x => x[0].Einsum("bij,bjk->kb", x[1]), x => torch.einsum("bij,bjk->kb", x[0], x[1]), [[2, 3, 4], [2, 4, 2]]),
        ["log_add_exp"] = new(x => x[0].LogAddExp(x[1]), x => x[0].logaddexp(x[1]), s_pair),
        ["xlogy"] = new(x => x[0].Xlogy(x[1]), x => x[0].xlogy(x[1]), s_pair, "positive"),
        ["norm"] = new(x => x[0].Norm(axes: 1), x => x[0].norm(1), s_matrix),
        ["norm_3"] = new(x => x[0].Norm(3, 1), x => x[0].norm(1, false, 3), s_matrix),
        ["log2"] = new(x => x[0].Log2() + x[0].Log10(), x => x[0].log2() + x[0].log10(), s_vector, "positive"),
        ["scatter_add_along_axis"] = new(x => x[0].ScatterAlongAxis(Along(x[0]), x[1]), x => x[0].scatter_add(1, Along(), x[1]),
            [[4, 6], [4, 3]]),
        ["scatter_along_axis"] = new(x => x[0].ScatterAlongAxis(Apart(x[0]), x[1], kind: ScatterKind.Set),
            x => x[0].scatter(1, torch.tensor(s_apart).reshape(4, 3), x[1]), [[4, 6], [4, 3]]),
        ["gather_nd"] = new(x => x[0].GatherNd(Along(x[0]).Reshape([6, 2])[..4]), x => x[0].index(
            TensorIndex.Tensor(Along().reshape(6, 2)[.., 0][..4]), TensorIndex.Tensor(Along().reshape(6, 2)[.., 1][..4])), [[6, 6, 2]]),
        ["tan"] = new(x => (x[0] * 0.3).Tan(), x => (x[0] * 0.3).tan(), s_vector),
        ["asin"] = new(x => x[0].Tanh().Asin() + x[0].Tanh().Acos() * x[0], x => x[0].tanh().asin() + x[0].tanh().acos() * x[0], s_vector),
        ["atan"] = new(x => x[0].Atan(), x => x[0].atan(), s_vector),
        ["atan2"] = new(x => x[0].Atan2(x[1]), x => x[0].atan2(x[1]), s_pair),
        ["erf_inv"] = new(x => (x[0] * 0.15).ErfInv(), x => (x[0] * 0.15).erfinv(), s_vector),
        ["lgamma"] = new(x => x[0].Lgamma(), x => x[0].lgamma(), s_vector, "positive"),
        ["digamma"] = new(x => x[0].Digamma(), x => x[0].digamma(), s_vector, "positive"),
        ["remainder"] = new(x => x[0].Remainder(x[1]), x => x[0].remainder(x[1]), s_pair, "positive"),
        ["fmod"] = new(x => x[0].Remainder(x[1], truncated: true), x => x[0].fmod(x[1]), s_pair, "positive"),
        ["sinc"] = new(x => x[0].Sinc(), x => torch.special.sinc(x[0]), s_vector),
        ["exp2"] = new(x => x[0].Exp2(), x => x[0].exp2(), s_vector),
    };

    private static readonly Dictionary<string, Dictionary<string, Row>> s_groups = new()
    {
        ["functions"] = Functions, ["reductions"] = Reductions, ["movements"] = Movements, ["choices"] = Choices,
        ["losses"] = LossesAndOthers,
    };

    public static TheoryData<string> Groups => [.. s_groups.Keys];

    [Theory, MemberData(nameof(Groups))]
    public void Values_and_gradients_agree(string group)
    {
        Assert.Null(LibTorch.Unavailable);
        Compare<double>(s_groups[group], IR.DType.F64, ScalarType.Float64, null);
        Compare<float>(s_groups[group], IR.DType.F32, ScalarType.Float32, 2e-5);
    }

    /// <summary>The mnemonics of the ops that the rows' functions are made of.</summary>
    internal static HashSet<string> OpsOfRows()
    {
        var builder = new FunctionBuilder("rows");
        foreach (var (name, row) in s_groups.Values.SelectMany(g => g))
            row.Ours([.. row.Shapes.Select((s, i) => builder.Parameter($"{name}{i}", IR.DType.F64[s]))]);
        return [.. builder.Operations.Select(o => o.Op.Name)];
    }

    // All rows are one function. The cotangents are the elements of a wave, so that no two are the same.
    private static void Compare<T>(Dictionary<string, Row> rows, IR.DType type, ScalarType torchType, double? tolerance)
        where T : unmanaged, IConvertible
    {
        using var scope = torch.NewDisposeScope();
        var (graph, outputs, wanted) = (new GraphBuilder("rows"), new List<(string Name, Value)>(), new List<(Tensor, double)>());
        foreach (var (name, row) in rows)
        {
            double[][] elements = [.. row.Shapes.Select((s, i) => Draw(s.Aggregate(1, (a, b) => a * b), i, row.Elements))];
            Value[] x = [.. row.Shapes.Select((s, i) => graph.Variable($"{name}.x{i}", type[s], Initializer.FromArray(elements[i])))];
            var y = row.Ours(x);
            double[] wave = [.. Enumerable.Range(0, (int)y.Shape.ElementCount).Select(i => 1 + 0.5 * Math.Sin(i))];
            Tensor[] t = [.. elements.Select((e, i) => torch.tensor(e, [.. row.Shapes[i].Select(n => (long)n)]).to_type(torchType)
                .requires_grad_(!row.IsFlat))];
            var expected = row.Torch(t);
            Assert.Equal(expected.shape, y.Shape.Select(n => (long)n));
            outputs.Add((name, y));
            wanted.Add((expected, tolerance ?? row.Tolerance));
            if (row.IsFlat) continue;
            var gradients = (y * graph.Constant(new Literal(y.Type, wave))).Sum().Gradient(x);
            outputs.AddRange(gradients.Select((g, i) => ($"{name}.gradient{i}", g)));
            (expected * torch.tensor(wave, expected.shape).to_type(torchType)).sum().backward();
            wanted.AddRange(t.Select(v => (v.grad ?? torch.zeros_like(v), tolerance ?? row.Tolerance)));
        }
        using var function = graph.Compile(outputs.ToArray().AsSpan());
        function.Run();
        foreach (var ((name, _), (expected, bound)) in outputs.Zip(wanted)) Agree(name, expected, function.Output<T>(name), bound);
    }

    private static void Agree<T>(string what, Tensor expected, ReadOnlySpan<T> found, double tolerance) where T : unmanaged, IConvertible
    {
        var wanted = expected.detach().to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
        var scale = Math.Max(4, wanted.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max());
        Assert.Equal(wanted.Length, found.Length);
        for (var i = 0; i < wanted.Length; i++)
        {
            var ours = found[i].ToDouble(null);
            if (!(Math.Abs(wanted[i] - ours) <= tolerance * scale || wanted[i].Equals(ours)))
                Assert.Fail($"{what}, element {i}: libtorch has {wanted[i]:R}, ours is {ours:R}");
        }
    }

    // Kinks of every row first, then numbers of four decimals, so that f32 and f64 choose alike.
    private static double[] Draw(int count, int operand, string kind)
    {
        double[] kinks = kind switch
        {
            "numbers" => operand == 0 ? [0, -3, 3, 6, 1, -1, -2, 2, 0.5] : [0, -3, 1, 6, 1.5, -1, 0, 2, 0.5],
            "probabilities" => operand == 0 ? [0, 1, 0.5, 0.25] : [0, 1, 0.5, 1],
            _ => [1, 2, 0.5],
        };
        var random = new Random(count + operand);
        return [.. Enumerable.Range(0, count).Select(i => i < kinks.Length && count >= 24 ? kinks[i] : kind switch
        {
            "numbers" => random.Next(-20_000, 20_000) / 8192.0, "probabilities" => random.Next(1, 1024) / 1024.0,
            _ => random.Next(1, 20_000) / 8192.0,
        })];
    }

    private static readonly long[] s_along = [0, 5, 0, 1, 1, 1, 2, 4, 3, 5, 5, 0];
    private static readonly long[] s_apart = [0, 5, 3, 2, 1, 4, 5, 4, 3, 1, 2, 0];
    private static Value Along(Value x) => x.Builder.Constant(new Literal(IR.DType.I64[4, 3], [.. s_along.Select(i => (IR.Scalar)i)]));
    private static Value Apart(Value x) => x.Builder.Constant(new Literal(IR.DType.I64[4, 3], [.. s_apart.Select(i => (IR.Scalar)i)]));
    private static Tensor Along() => torch.tensor(s_along).reshape(4, 3);
    private static Value Signs(Value x, int count) =>
        x.Builder.Constant(new Literal(x.DType[count], [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 ? 1.0 : -1)]));
    private static Tensor Signs(Tensor x, int count) =>
        torch.tensor(Enumerable.Range(0, count).Select(i => i % 3 == 0 ? 1.0 : -1).ToArray()).to_type(x.dtype);
    private static Value Labels(Value x) => x.Builder.Constant(new Literal(IR.DType.I32[5], [.. s_labels.Select(l => (double)l)]));
    private static Tensor Labels() => torch.tensor(Array.ConvertAll(s_labels, l => (long)l));
    private static Value Two(Value x) => x.Builder.Constant(new Literal(IR.DType.I64[2, 3], 0, 3, 1, -100, 2, 2));
    private static Tensor Two() => torch.tensor(new long[] { 0, 3, 1, -100, 2, 2 }).reshape(2, 3);
    private static Value Weights(Value x) => x.Builder.Constant(new Literal(x.DType[4], s_weights));
    private static Tensor Weights(Tensor x) => torch.tensor(s_weights).to_type(x.dtype);
}
