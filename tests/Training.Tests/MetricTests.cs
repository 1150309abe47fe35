using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Data;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Training.Tests;

/// <summary>Metrics of compiled evaluations over batches of any sizes, beside the formulas over all examples at once.</summary>
[Trait("Category", "AnyLevel")]
public sealed class MetricTests
{
    private const int Classes = 3, Ignored = -100;

    private static readonly CompileOptions s_options = new() { Threads = 1 };

    private static Measurement Measure(Func<GraphBuilder, int, (string, Metric)[]> declare, Table table, int size)
    {
        using var judges = Specializations.ByRows(rows =>
        {
            var g = new GraphBuilder("judge");
            return g.Evaluation(declare(g, rows));
        }, s_options);
        using var data = table.Batches(size, keepRemainder: true);
        return new Validation(judges, data).Measure();
    }

    // As scikit-learn prints them in its documentation of these functions.
    [Fact]
    public void Classes_as_by_scikit_learn()
    {
        int[] actual = [0, 1, 2, 0, 1, 2], predicted = [0, 2, 1, 0, 0, 1];
        var table = Table.Empty.With("t", actual).With("p", predicted);
        var measured = Measure((g, rows) =>
        {
            var (p, t) = (g.Input("p", I32[rows]), g.Input("t", I32[rows]));
            return [("accuracy", Metric.Accuracy(p, t)), ("precision", Metric.Precision(p, t, classes: 3)),
                ("recall", Metric.Recall(p, t, classes: 3)), ("macro", Metric.F1(p, t, classes: 3)),
                ("micro", Metric.F1(p, t, ClassAverage.Micro, classes: 3)),
                ("weighted", Metric.F1(p, t, ClassAverage.Weighted, classes: 3)),
                ("of0", Metric.F1(p, t, positive: 0, classes: 3)), ("of1", Metric.Precision(p, t, positive: 1, classes: 3)),
                ("table", Metric.ConfusionMatrix(p, t, classes: 3))];
        }, table, size: 4);
        Assert.Equal(1.0 / 3, measured["accuracy"], 1e-15);
        Assert.Equal(2.0 / 9, measured["precision"], 1e-15);
        Assert.Equal(1.0 / 3, measured["recall"], 1e-15);
        Assert.Equal(4.0 / 15, measured["macro"], 1e-15);
        Assert.Equal(1.0 / 3, measured["micro"], 1e-15);
        Assert.Equal(4.0 / 15, measured["weighted"], 1e-15);
        Assert.Equal(0.8, measured["of0"], 1e-15);
        Assert.Equal(0, measured["of1"]);
        var matrix = measured.Matrices["table"];
        Assert.Equal([2L, 0, 0, 1, 0, 1, 0, 2, 0], matrix.Counts.ToArray());
        Assert.Equal((1L, 6L, 1.0 / 3), (matrix[1, 2], matrix.Total, matrix.Accuracy));
        Errors.Expect("SGC5004", () => _ = matrix[3, 0], "class 3");
        Errors.Expect("SGC5001", () => _ = new ConfusionMatrix(2, default), "0 counts");
        Errors.Expect("SGC5004", () => _ = measured["table"], "accuracy, precision");
    }

    [Fact]
    public void Regressions_as_by_scikit_learn()
    {
        float[] target = [3, -0.5f, 2, 7], prediction = [2.5f, 0, 2, 8];
        foreach (var (size, offset) in new[] { (3, 0f), (4, 0f), (3, 4096f) }) // A mean that is large beside the deviations.
        {
            var table = Table.Empty.With("t", target.Select(x => x + offset).ToArray())
                .With("p", prediction.Select(x => x + offset).ToArray());
            var measured = Measure((g, rows) =>
            {
                var (p, t) = (g.Input("p", F32[rows, 1]), g.Input("t", F32[rows, 1]));
                return [("mae", Metric.MeanAbsoluteError(p, t)), ("rmse", Metric.RootMeanSquaredError(p, t)),
                    ("r2", Metric.RSquared(p, t)), ("flat", Metric.RSquared(p, t * 0))];
            }, table, size);
            Assert.Equal(0.5, measured["mae"], 1e-12);
            Assert.Equal(Math.Sqrt(0.375), measured["rmse"], 1e-12);
            Assert.Equal(1 - 1.5 / 29.1875, measured["r2"], 1e-12); // 0.948…
            Assert.Equal(double.NaN, measured["flat"]);
        }
    }

    /// <summary>Random scores with equal ones among them, and labels that are ignored: pairs and ranks counted one by one.</summary>
    [Fact]
    public void Scores_by_counting()
    {
        const int Count = 23;
        var random = new Random(5);
        float[] scores = [.. Enumerable.Range(0, Count * Classes).Select(_ => random.Next(4) * 0.5f - 0.75f)];
        int[] labels = [.. Enumerable.Range(0, Count).Select(i => i % 7 == 3 ? Ignored : random.Next(Classes))];
        int[] binary = [.. labels.Select(l => l == Ignored ? Ignored : Math.Min(l, 1))];
        float[] losses = [.. Enumerable.Range(0, Count).Select(_ => random.NextSingle())];
        var table = Table.Empty.With("x", scores, Classes).With("t", labels).With("b", binary).With("l", losses);
        var measured = Measure((g, rows) =>
        {
            var (x, t) = (g.Input("x", F32[rows, Classes]), g.Input("t", I32[rows]));
            var (b, l) = (g.Input("b", I32[rows]), g.Input("l", F32[rows]));
            var one = x.Slice([0, 0], [rows, 1]);
            return [("accuracy", Metric.Accuracy(x, t)), ("top1", Metric.TopK(x, t, 1)), ("top2", Metric.TopK(x, t, 2)),
                ("top3", Metric.TopK(x, t, 3)), ("auc", Metric.Auc(one, b)), ("binary", Metric.Accuracy(one, b, threshold: 0.1)),
                ("recall", Metric.Recall(one, b, threshold: 0.1)), ("perplexity", Metric.Perplexity(l)), ("mean", Metric.Mean(l.Mean())),
                ("weighted", Metric.Mean(l.Log(), b.Equal(1).ConvertTo(F32))), ("table", Metric.ConfusionMatrix(x, t))];
        }, table, size: 5);
        int[] counted = [.. Enumerable.Range(0, Count).Where(i => labels[i] != Ignored)];
        float Score(int i, int c) => scores[i * Classes + c];
        int Rank(int i) => Enumerable.Range(0, Classes).OrderByDescending(c => Score(i, c)).ToList().IndexOf(labels[i]); // Stable.
        for (var k = 1; k <= 3; k++)
            Assert.Equal(counted.Average(i => Rank(i) < k ? 1.0 : 0), measured[$"top{k}"], 1e-15);
        Assert.Equal(measured["top1"], measured["accuracy"]);
        Assert.Equal(1, measured["top3"]);
        double[] pairs = [.. from i in counted where binary[i] == 1 from j in counted where binary[j] == 0
            select Score(i, 0) > Score(j, 0) ? 1 : Score(i, 0) == Score(j, 0) ? 0.5 : 0];
        Assert.Contains(0.5, pairs);
        Assert.Equal(pairs.Average(), measured["auc"], 1e-15);
        Assert.Equal(counted.Average(i => (Score(i, 0) > 0.1 ? 1 : 0) == binary[i] ? 1.0 : 0), measured["binary"], 1e-15);
        Assert.Equal(counted.Where(i => binary[i] == 1).Average(i => Score(i, 0) > 0.1 ? 1.0 : 0), measured["recall"], 1e-15);
        Assert.Equal(Math.Exp(losses.Average(l => (double)l)), measured["perplexity"], 1e-12);
        Assert.Equal(losses.Average(l => (double)l), measured["mean"], 1e-6);
        Assert.Equal(Enumerable.Range(0, Count).Where(i => binary[i] == 1).Average(i => Math.Log(losses[i])), measured["weighted"], 1e-6);
        var matrix = measured.Matrices["table"];
        for (var c = 0; c < Classes; c++)
            for (var p = 0; p < Classes; p++)
                Assert.Equal(counted.Count(i => labels[i] == c && Enumerable.Range(0, Classes).MaxBy(k => Score(i, k)) == p), matrix[c, p]);
    }

    [Fact]
    public void What_is_not_a_number_counts_as_wrong_or_is_not_a_number()
    {
        var table = Table.Empty.With("x", [float.NaN, 1, 2, 1, float.PositiveInfinity, 0], 2).With("t", [0, 1, 0])
            .With("w", [0f, 1, 1]).With("v", [float.NaN, 1, 2]);
        var measured = Measure((g, rows) =>
        {
            var (x, t) = (g.Input("x", F32[rows, 2]), g.Input("t", I32[rows]));
            var (v, w) = (g.Input("v", F32[rows]), g.Input("w", F32[rows]));
            return [("accuracy", Metric.Accuracy(x, t)), ("auc", Metric.Auc(v, t)), ("mean", Metric.Mean(v)),
                ("weighted", Metric.Mean(v, w)), ("one", Metric.Auc(w, t * 0))];
        }, table, size: 2);
        Assert.Equal(1.0 / 3, measured["accuracy"], 1e-15); // NaN is not right, 1 of [2, 1] is not, ∞ is.
        Assert.Equal((double.NaN, double.NaN, 1.5, double.NaN), (measured["auc"], measured["mean"], measured["weighted"], measured["one"]));
    }

    [Fact]
    public void A_label_that_is_no_class_is_refused()
    {
        var table = Table.Empty.With("x", new float[6], 2).With("t", [0, 1, 2]);
        foreach (var declare in new Func<Value, Value, Metric>[] { (x, t) => Metric.Accuracy(x, t), (x, t) => Metric.F1(x, t),
            (x, t) => Metric.ConfusionMatrix(x, t), (x, t) => Metric.Auc(x.Slice([0, 0], [x.Shape[0], 1]), t) })
            Errors.Expect("SGC5008", () => Measure((g, rows) => [("m", declare(g.Input("x", F32[rows, 2]), g.Input("t", I32[rows])))],
                table, 2), "1 labels");
    }

    [Fact]
    public void Wrong_declarations_have_codes()
    {
        var (g, other) = (new GraphBuilder("g"), new GraphBuilder("other"));
        var (x, t, p) = (g.Input("x", F32[4, 3]), g.Input("t", I32[4]), g.Input("p", F32[4]));
        var foreign = other.Input("t", I32[4]);
        void Expect(DiagnosticCode code, Action declare)
        {
            var before = g.Operations.Count;
            Assert.Equal(code, Assert.Throws<GraphException>(declare).Diagnostics[0].Code);
            Assert.Equal(before, g.Operations.Count);
        }
        Expect(DiagnosticCode.DTypeMismatch, () => Metric.Accuracy(x, p));
        Expect(DiagnosticCode.ShapeMismatch, () => Metric.Accuracy(x, g.Input("u", I32[5])));
        Expect(DiagnosticCode.ForeignValue, () => Metric.Accuracy(x, foreign));
        Expect(DiagnosticCode.BadArgument, () => Metric.TopK(x, t, 0));
        Expect(DiagnosticCode.ShapeMismatch, () => Metric.TopK(p, t, 1));
        Expect(DiagnosticCode.BadArgument, () => Metric.F1(t, t));
        Expect(DiagnosticCode.BadArgument, () => Metric.F1(x, t, classes: 4));
        Expect(DiagnosticCode.BadArgument, () => Metric.F1(x, t, positive: 3));
        Expect(DiagnosticCode.BadArgument, () => Metric.F1(x, t, (ClassAverage)9));
        Expect(DiagnosticCode.ShapeMismatch, () => Metric.Auc(x, t));
        Expect(DiagnosticCode.ShapeMismatch, () => Metric.Mean(x, p));
        Expect(DiagnosticCode.ShapeMismatch, () => Metric.RSquared(x, p));
        var accuracy = Metric.Accuracy(x, t);
        Assert.Equal(DiagnosticCode.BadName,
            Assert.Throws<GraphException>(() => g.Evaluation(("a", accuracy), ("a", accuracy))).Diagnostics[0].Code);
        Assert.Equal(DiagnosticCode.ForeignValue,
            Assert.Throws<GraphException>(() => other.Evaluation(("a", accuracy))).Diagnostics[0].Code);
        Assert.Equal(DiagnosticCode.OperandCount, Assert.Throws<GraphException>(() => g.Evaluation()).Diagnostics[0].Code);
    }

    /// <summary>An accuracy is watched upwards without being told to be, by its name.</summary>
    [Fact]
    public void A_training_watches_a_metric_by_name()
    {
        using var model = new Small(rate: 0.5);
        using var judge = model.Evaluate();
        using var batches = Small.Data(16).Batches(Small.BatchSize, seed: 4);
        using var validation = Small.Data(64, seed: 9).Batches(Small.BatchSize);
        var history = model.Step.Fit(batches, new FitOptions
            { Epochs = 40, Validation = new(judge, validation), Monitor = "r2", EarlyStopping = new(Patience: 5) });
        Assert.Equal(history.Rows.MaxBy(r => r["r2"])!.Step, history.BestStep);
        Assert.Equal(64, history.Rows[^1].Matrices["signs"].Total);
        var folder = Directory.CreateTempSubdirectory("matrices");
        // The rows of a run that is gone on with have the tables of before.
        History Kept(int epochs) => model.Step.Fit(batches, new FitOptions
            { Epochs = epochs, Validation = new(judge, validation), Checkpoints = new(folder.FullName) });
        batches.Seek(default);
        var first = Kept(1).Rows[0].Matrices["signs"];
        var later = Kept(2);
        Assert.Equal(2, later.ResumedFrom);
        Assert.Equal(2, later.Rows.Count);
        Assert.Equal(first.Counts.ToArray(), later.Rows[0].Matrices["signs"].Counts.ToArray());
        folder.Delete(recursive: true);
        Assert.Equal(["error", "r2"], history.Rows[0].Metrics.Keys.Order());
        Errors.Expect("SGC5004", () => model.Step.Fit(batches, new FitOptions
            { Epochs = 1, Validation = new(judge, validation), Monitor = "signs" }), "'signs'", "loss, error, r2");
    }
}
