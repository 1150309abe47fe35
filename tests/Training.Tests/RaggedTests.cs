using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Data;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Training.Tests;

/// <summary>Batches of fewer rows at the end of an epoch: no example is left out, and a mean is one over the rows that are there.</summary>
[Trait("Category", "AnyLevel")]
public sealed class RaggedTests : IDisposable
{
    private const int Size = 8;

    private readonly string _folder = Directory.CreateTempSubdirectory("ragged").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static readonly CompileOptions s_options = new() { Threads = 1 };

    private static TrainingPlan Declare(int rows)
    {
        var g = new GraphBuilder("ragged", seed: 2);
        var (x, y) = (g.Input("x", F32[rows, Small.Features]), g.Input("y", F32[rows, 1]));
        var loss = x.Dense(4, "hidden").Tanh().Dropout(0.1).Dense(1, "output").MeanSquaredError(y);
        return g.Minimize(loss, new Adam(Schedule.Settable(0.05)));
    }

    private static FunctionPlan Judge(int rows)
    {
        var g = new GraphBuilder("ragged", seed: 2);
        var (x, y) = (g.Input("x", F32[rows, Small.Features]), g.Input("y", F32[rows, 1]));
        return g.Function(("error", x.Dense(4, "hidden").Tanh().Dense(1, "output").MeanSquaredError(y)));
    }

    public static TheoryData<string> Kinds => ["table", "shuffled", "sequence", "buffered"];

    private static BatchStream Numbers(string kind, int count, int size)
    {
        var numbers = Enumerable.Range(0, count).ToArray();
        var examples = Examples.From(() => numbers, c => c.Add("y", i => i));
        var table = Table.Empty.With("y", numbers);
        return kind switch
        {
            "table" => table.Batches(size, keepRemainder: true),
            "shuffled" => table.Batches(size, seed: 5, keepRemainder: true),
            "sequence" => examples.Batches(size, keepRemainder: true),
            _ => examples.Batches(size, buffer: 5, seed: 5, keepRemainder: true),
        };
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_epoch_has_each_example_once_and_any_place_is_gone_back_to(string kind)
    {
        foreach (var (count, size, rows) in new[] { (23, 4, [4, 4, 4, 4, 4, 3]), (8, 4, [4, 4]), (3, 4, new[] { 3 }), (5, 4, [4, 1]) })
        {
            using var stream = Numbers(kind, count, size);
            using var ahead = Numbers(kind, count, size).Prefetch(2);
            List<(DataPosition At, int[] Numbers)> all = [];
            for (var epoch = 0; epoch < 2; epoch++)
            {
                while (stream.TryNext(out var batch)) all.Add((batch.Position, batch.Get<int>("y").ToArray()));
                var last = all.Where(b => b.At.Epoch == epoch).ToArray();
                Assert.Equal(rows, last.Select(b => b.Numbers.Length));
                Assert.Equal(Enumerable.Range(0, count), last.SelectMany(b => b.Numbers).Order());
            }
            if (stream.Count is { } known) Assert.Equal(rows.Length, known);
            foreach (var (at, numbers) in Enumerable.Reverse(all))
                foreach (var sought in new[] { stream, ahead })
                {
                    sought.Seek(at);
                    Assert.True(sought.TryNext(out var batch));
                    Assert.Equal(numbers, batch.Get<int>("y").ToArray());
                    Assert.Equal(at.Example + numbers.Length, sought.Position.Example);
                }
        }
        using var full = Table.Empty.With("y", new int[6]).Batches(4);
        using var ragged = Table.Empty.With("y", new int[6]).Batches(4, keepRemainder: true);
        Assert.NotEqual(full.Identity, ragged.Identity);
    }

    /// <summary>Insight is of the batch of each size, the ragged one too, and the bits are those without.</summary>
    [Fact]
    public void Insight_is_given_for_batches_of_any_size_and_changes_no_bits()
    {
        static Specializations<TrainingStep> Line(bool isWatched, VariableStore? store = null) => Specializations.ByRows(rows =>
        {
            var g = new GraphBuilder("line");
            var (x, y) = (g.Input("x", F32[rows]), g.Input("y", F32[rows]));
            var plan = g.Minimize((x * g.Variable("w", F32[1], Initializer.Zeros) - y).Square().Mean(), new Sgd(0.02));
            return isWatched ? plan.WithInsight() : plan;
        }, s_options, store);
        using var steps = Line(isWatched: false);
        using var watched = Line(isWatched: true, steps.Variables);
        float[] x = [1, 2, -1, 0.5f, 3, -2, 4], y = [2, 3, -1, 1, 5, -3, 9];
        using var batches = Table.Empty.With("x", x).With("y", y).Batches(3, keepRemainder: true);
        List<(long Step, float Gradient)> seen = [];
        float Fit(InsightPlan? insight)
        {
            steps[3].Variable<float>("w").Clear();
            batches.Seek(default);
            steps.Fit(batches, new FitOptions { Epochs = 2, Insight = insight, Callbacks = [new Watching(seen)] });
            return steps.Variables.Variable<float>("w")[0];
        }
        var expected = Fit(null);
        Assert.Equal(expected, Fit(new(watched, every: 3)));
        // Steps 3 and 6 are those of the one row that is left: d/dw (4 w - 9)² = 8 (4 w - 9).
        Assert.Equal([3L, 6], seen.Select(s => s.Step));
        var w = 0.0;
        for (var step = 1; step <= 6; step++)
        {
            var (from, count) = step % 3 == 0 ? (6, 1) : (3 * ((step - 1) % 3), 3);
            var gradient = Enumerable.Range(from, count).Sum(i => 2 * x[i] * (w * x[i] - y[i])) / count;
            if (step % 3 == 0) Assert.Equal(Math.Abs(gradient), seen[step / 3 - 1].Gradient, 1e-4 * Math.Abs(gradient));
            w -= 0.02 * gradient;
        }
    }

    private sealed class Watching(List<(long Step, float Gradient)> seen) : FitCallback
    {
        public override void Inspected(FitContext context, StepInsight insight) =>
            seen.Add((context.Step, (float)insight.Parameters.Single().GradientNorm));
    }

    /// <summary>Gradient descent on x·w for 3, 3 and 1 rows, in f64 by hand: the last step's gradient is that of its one row.</summary>
    [Fact]
    public void Means_are_over_the_rows_that_are_there()
    {
        float[] x = [1, 2, -1, 0.5f, 3, -2, 4], y = [2, 3, -1, 1, 5, -3, 9];
        using var steps = Specializations.ByRows(rows =>
        {
            var g = new GraphBuilder("line");
            var (inputs, targets) = (g.Input("x", F32[rows]), g.Input("y", F32[rows]));
            return g.Minimize((inputs * g.Variable("w", F32[1], Initializer.Zeros) - targets).Square().Mean(), new Sgd(0.02));
        }, s_options);
        using var judges = Specializations.ByRows(rows =>
        {
            var g = new GraphBuilder("line");
            var (inputs, targets) = (g.Input("x", F32[rows]), g.Input("y", F32[rows]));
            return g.Function(("error", (inputs * g.Variable("w", F32[1], Initializer.Zeros) - targets).Square().Mean()));
        }, s_options, steps.Variables);
        var table = Table.Empty.With("x", x).With("y", y);
        using var batches = table.Batches(3, keepRemainder: true);
        using var heldOut = table.Batches(2, keepRemainder: true);
        List<(long Step, int Rows)> seen = [];
        var history = steps.Fit(batches, new FitOptions
        {
            Epochs = 2,
            Validation = new(judges, heldOut),
            Callbacks = [FitCallback.OnStep(c => seen.Add((c.Step, c.Rows)))],
        });
        Assert.Equal([(1L, 3), (2, 3), (3, 1), (4, 3), (5, 3), (6, 1)], seen);
        Assert.Equal(6, history.Steps);
        var w = 0.0;
        for (var epoch = 0; epoch < 2; epoch++)
        {
            var sum = 0.0;
            foreach (var rows in new[] { Enumerable.Range(0, 3), Enumerable.Range(3, 3), [6] })
            {
                sum += rows.Sum(i => (x[i] * w - y[i]) * (x[i] * w - y[i]));
                w -= 0.02 * rows.Average(i => 2 * x[i] * (x[i] * w - y[i]));
            }
            Assert.Equal(sum / 7, history.Rows[epoch].Loss, 1e-5);
            Assert.Equal(Enumerable.Range(0, 7).Average(i => (x[i] * w - y[i]) * (x[i] * w - y[i])), history.Rows[epoch]["error"], 1e-5);
        }
        Assert.Equal(w, steps.Variables.Variable<float>("w")[0], 1e-6);
    }

    /// <summary>From any step, also the one before and after a ragged batch, with steps and data made anew each time.</summary>
    [Fact]
    public void A_run_in_pieces_has_the_same_bits()
    {
        var (train, rest) = Small.Data(61).Split(0.7, seed: 1); // 43 examples: five batches of 8, and one of 3.
        string Run(string? folder, params long[] stops)
        {
            var bits = "";
            foreach (var stop in stops)
            {
                using var steps = Specializations.ByRows(Declare, s_options);
                using var judges = Specializations.ByRows(Judge, s_options, steps.Variables);
                using var batches = train.Batches(Size, seed: 4, keepRemainder: true).Prefetch(3);
                using var validation = rest.Batches(Size, keepRemainder: true);
                var history = steps.Fit(batches, new FitOptions
                {
                    Steps = stop,
                    EvaluateEvery = 4,
                    Validation = new(judges, validation),
                    RestoreBest = true,
                    Checkpoints = folder is null ? null : new(Path.Combine(_folder, folder)) { EverySteps = 4, Keep = 1 },
                });
                using var stream = new MemoryStream();
                steps.Variables.Save(stream);
                bits = System.Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(stream.ToArray()))
                    + string.Concat(history.Rows.Select(r => $" {r.Epoch}/{r.Step}/{r.Loss:R}/{r["error"]:R}"));
            }
            return bits;
        }
        var expected = Run(null, 15);
        Assert.Equal(expected, Run("each", 1, 2, 5, 6, 7, 11, 12, 15));
    }

    [Fact]
    public void One_function_says_that_it_takes_full_batches()
    {
        using var model = new Small();
        using var batches = Small.Data(11).Batches(Small.BatchSize, keepRemainder: true);
        Errors.Expect("SGC5001", () => model.Step.Fit(batches, new FitOptions { Epochs = 1 }), "3 rows", "for 8", "Specializations.ByRows");
        using var full = Small.Data(16).Batches(Small.BatchSize);
        var options = new FitOptions { Epochs = 1, Validation = new(model.Judge, batches) };
        Errors.Expect("SGC5001", () => model.Step.Fit(full, options), "3 rows");
        Errors.Expect("SGC5001", () => new Validation(model.Judge, batches).Measure(), "3 rows");
        Assert.Equal(["error"], new Validation(model.Judge, full).Measure().Metrics.Keys);
    }

    /// <summary>A folder stands where the last checkpoint is to be: the error comes when the best variables are back.</summary>
    [Fact]
    public void The_best_is_restored_also_where_the_last_checkpoint_fails()
    {
        using var model = new Small(rate: 1.5);
        using var batches = Small.Data(16).Batches(Small.BatchSize, seed: 4);
        using var validation = Small.Data(64, seed: 9).Batches(Small.BatchSize);
        var path = Path.Combine(_folder, "full");
        Dictionary<long, (double Error, float[] Kernel)> seen = [];
        var options = new FitOptions
        {
            Epochs = 30,
            Validation = new(model.Judge, validation),
            RestoreBest = true,
            Checkpoints = new(path) { EverySteps = 1000 },
            Callbacks = [FitCallback.OnRow((c, row) =>
            {
                seen[row.Step] = (row["error"], c.TrainingStep.Variable<float>("hidden/kernel").ToArray());
                if (row.Epoch == 30) Directory.CreateDirectory(Path.Combine(path, $"step-{row.Step:D10}.safetensors"));
            })],
        };
        Errors.Expect("SGC6001", () => model.Step.Fit(batches, options), "step-0000000060");
        var best = seen.MinBy(s => s.Value.Error);
        Assert.NotEqual(60, best.Key);
        Assert.Equal(best.Value.Kernel, model.Step.Variable<float>("hidden/kernel").ToArray());
    }
}
