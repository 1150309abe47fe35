using System.Diagnostics;
using System.Globalization;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Training.Data;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Training.Tests;

/// <summary>The loop: its steps are those of a loop by hand, and each option does what it says.</summary>
[Trait("Category", "AnyLevel")]
public sealed class FitTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fit").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_steps_are_those_of_a_loop_by_hand()
    {
        using var byHand = new Small();
        using var batches = Small.Data(50).Batches(Small.BatchSize, seed: 4);
        List<double> losses = [];
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var (sum, count) = (0.0, 0);
            while (batches.TryNext(out var batch))
            {
                byHand.Step.Run<float, float>(batch.Get<float>("x"), batch.Get<float>("y"));
                (sum, count) = (sum + byHand.Step.Loss, count + 1);
            }
            losses.Add(sum / count);
        }
        using var fitted = new Small();
        using var same = Small.Data(50).Batches(Small.BatchSize, seed: 4).Prefetch();
        var history = fitted.Step.Fit(same, new FitOptions { Epochs = 3 });
        Assert.Equal(losses, history.Rows.Select(r => r.Loss));
        Assert.Equal([6L, 12, 18], history.Rows.Select(r => r.Step));
        Assert.Equal([1, 2, 3], history.Rows.Select(r => r.Epoch));
        Assert.Equal((FitEnd.Epochs, 18L), (history.End, history.Steps));
        Assert.Equal(byHand.Step.Variable<float>("hidden/kernel"), fitted.Step.Variable<float>("hidden/kernel"));
        Assert.Equal(new DataPosition(3, 0), same.Position);
    }

    /// <summary>From any step, in any number of pieces, with the data made anew each time.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(5L)]
    public void A_run_in_pieces_has_the_same_bits(long? evaluateEvery)
    {
        var (train, rest) = Small.Data(60).Split(0.7, seed: 1);
        using var model = new Small();
        (string Bits, History History) Run(string? folder, params long[] stops)
        {
            (string, History) last = ("", null!);
            foreach (var stop in stops)
            {
                model.Reset();
                using var batches = train.Batches(Small.BatchSize, seed: 4).Map(Shake, seed: 6).Prefetch(3);
                using var validation = rest.Batches(Small.BatchSize);
                var history = model.Step.Fit(batches, new FitOptions
                {
                    Steps = stop,
                    EvaluateEvery = evaluateEvery,
                    Validation = new(model.Judge, validation),
                    ReduceOnPlateau = new(Patience: 2),
                    RestoreBest = true,
                    Checkpoints = folder is null ? null : new(Path.Combine(_folder, folder)) { EverySteps = 4, Keep = 1 },
                });
                last = (model.Bits(history), history);
            }
            return last;
        }
        var (expected, whole) = Run(null, 43);
        Assert.True(whole.Rows.Count > 5);
        var stops = Enumerable.Range(1, 43).Select(i => (long)i).ToArray();
        var (pieces, history) = Run("each", stops);
        Assert.Equal(expected, pieces);
        Assert.Equal(42, history.ResumedFrom);
        Assert.Equal(expected, Run("some", 7, 8, 20, 43).Bits);
        Assert.Equal(expected, Run("some", 43).Bits); // It is at its end.
    }

    /// <summary>Beside the step itself the loop allocates nothing; what it costs is printed, and decides nothing.</summary>
    [Fact]
    public void A_step_costs_little_more_than_itself()
    {
        const int Steps = 2_000, Rounds = 150; // Short, so that some rounds are not interrupted.
        using var model = new Small();
        using var batches = Small.Data(4000).Batches(Small.BatchSize);
        FitOptions Options(long steps) =>
            new() { Steps = steps, Callbacks = [FitCallback.OnStep(_ => { })], EvaluateEvery = long.MaxValue };
        void ByHand()
        {
            for (var i = 0; i < Steps;)
                if (batches.TryNext(out var batch) && ++i > 0) model.Step.Run<float, float>(batch.Get<float>("x"), batch.Get<float>("y"));
        }
        var (byHand, byFit) = (double.MaxValue, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            ByHand();
            byHand = Math.Min(byHand, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Steps);
            start = Stopwatch.GetTimestamp();
            model.Step.Fit(batches, Options(Steps));
            byFit = Math.Min(byFit, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Steps);
        }
        output.WriteLine($"a step by hand {byHand:F0} ns, by Fit {byFit:F0} ns");
        long Allocated(long steps)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            model.Step.Fit(batches, Options(steps));
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        // The least of several, since a method that the runtime optimizes meanwhile may allocate its closures on the stack from then on.
        long Least(long steps) => Enumerable.Range(0, 5).Min(_ => Allocated(steps));
        Assert.Equal(Least(1000), Least(9000));
    }

    private static void Shake(Batch batch, ref CounterRandom random)
    {
        foreach (ref var e in batch.Get<float>("x")) e += 0.1f * random.NextSingle();
    }

    [Fact]
    public void Validation_early_stopping_and_the_best()
    {
        using var model = new Small(rate: 1.5); // So large that it does not get better for long.
        using var batches = Small.Data(16).Batches(Small.BatchSize, seed: 4);
        using var validation = Small.Data(64, seed: 9).Batches(Small.BatchSize);
        Dictionary<long, float[]> seen = [];
        var history = model.Step.Fit(batches, new FitOptions
        {
            Epochs = 500,
            Validation = new(model.Judge, validation),
            EarlyStopping = new(Patience: 6),
            RestoreBest = true,
            Callbacks = [FitCallback.OnRow((c, row) => seen[row.Step] = c.TrainingStep.Variable<float>("hidden/kernel").ToArray())],
        });
        Assert.Equal(FitEnd.EarlyStopped, history.End);
        var best = history.Rows.MinBy(r => r["error"])!;
        Assert.Equal(best.Step, history.BestStep);
        Assert.Equal(best, history.Best);
        Assert.Equal(best.Step + 6 * 2, history.Steps); // Two steps an epoch.
        Assert.Equal(seen[best.Step], model.Step.Variable<float>("hidden/kernel").ToArray());
        Assert.NotEqual(seen[history.Steps], seen[best.Step]);
        Assert.DoesNotContain("all", best.Metrics.Keys); // Not one number.

        // The metric of the restored variables, computed here.
        var (sum, count) = (0.0, 0);
        validation.Seek(default);
        while (validation.TryNext(out var batch))
        {
            model.Judge.Run<float, float>(batch.Get<float>("x"), batch.Get<float>("y"));
            (sum, count) = (sum + model.Judge.Output<float>("error")[0], count + 1);
        }
        Assert.Equal(best["error"], sum / count, 1e-12);
    }

    [Fact]
    public void A_rate_is_lowered_on_a_plateau()
    {
        using var model = new Small(rate: 4);
        using var batches = Small.Data(16).Batches(Small.BatchSize);
        var history = model.Step.Fit(batches, new FitOptions
            { Epochs = 40, ReduceOnPlateau = new(Patience: 2, Factor: 0.25, Lowest: 0.5) });
        // The rule, by hand: from the third row without improvement on... counted anew after each reduction.
        var (rate, best, since) = (4.0, double.PositiveInfinity, 0);
        foreach (var row in history.Rows)
        {
            Assert.Equal(rate, row.LearningRate);
            if (row.Loss < best) (best, since) = (row.Loss, 0);
            else if (++since == 2) (rate, since) = (Math.Max(0.5, rate / 4), 0);
        }
        Assert.Equal(rate, model.Step.LearningRate);
        Assert.True(rate < 4);
        using var fixedRate = new Small(isSettable: false);
        Errors.Expect("SGC5004", () => fixedRate.Step.Fit(batches, new FitOptions { Epochs = 1, ReduceOnPlateau = new(2) }), "Settable");
    }

    [Fact]
    public void Ends()
    {
        using var model = new Small();
        using var batches = Small.Data(80).Batches(Small.BatchSize);
        using var cancelled = new CancellationTokenSource();
        var history = model.Step.Fit(batches, new FitOptions
            { Epochs = 9, Callbacks = [FitCallback.OnStep(c => { if (c.Step == 7) cancelled.Cancel(); })] }, cancelled.Token);
        Assert.Equal((FitEnd.Cancelled, 7L), (history.End, history.Steps));
        history = model.Step.Fit(batches, new FitOptions { Steps = 5, Callbacks = [FitCallback.OnStep(c => c.Stop("enough"))] });
        Assert.Equal((FitEnd.Stopped, "enough", 1L), (history.End, history.Reason, history.Steps));
        history = model.Step.Fit(batches, new FitOptions { Steps = 0 });
        Assert.Equal((FitEnd.Steps, 0L), (history.End, history.Steps));
        history = model.Step.Fit(batches, new FitOptions { Time = TimeSpan.FromMilliseconds(30) });
        Assert.Equal(FitEnd.Time, history.End);
        Assert.True(history.Time >= TimeSpan.FromMilliseconds(30));
    }

    [Fact]
    public void A_loss_that_is_no_number_ends_it_and_is_in_no_checkpoint()
    {
        using var model = new Small();
        using var batches = Small.Data(80).Batches(Small.BatchSize)
            .Map((Batch b, ref CounterRandom _) => b.Get<float>("y")[3] = b.Position.Example == 48 ? float.NaN : 0);
        var path = Path.Combine(_folder, "nan");
        var history = model.Step.Fit(batches, new FitOptions { Epochs = 2, Checkpoints = new(path) { EverySteps = 2 } });
        Assert.Equal((FitEnd.NotFinite, 7L), (history.End, history.Steps));
        Assert.Contains("step 7", history.Reason, StringComparison.Ordinal);
        using var again = new Small();
        using var folder = new Checkpoints.CheckpointFolder(path);
        Assert.InRange(folder.Restore(again.Step.Variables)!.Step, 2, 6);
        Assert.True(float.IsFinite(again.Step.Variable<float>("hidden/kernel")[0]));
        history = again.Step.Fit(batches, new FitOptions { Epochs = 1, StopOnNaN = false });
        Assert.Equal(FitEnd.Epochs, history.End);
    }

    [Fact]
    public void What_does_not_fit_has_a_code()
    {
        using var model = new Small();
        using var batches = Small.Data(80).Batches(Small.BatchSize);
        void Expect(string code, FitOptions options, params string[] parts) =>
            Errors.Expect(code, () => model.Step.Fit(batches, options), parts);
        Expect("SGC5011", new FitOptions(), "without an end");
        Expect("SGC5011", new FitOptions { Steps = -1 });
        Expect("SGC5011", new FitOptions { Steps = 1, EvaluateEvery = 0 });
        Expect("SGC5011", new FitOptions { Steps = 1, EarlyStopping = new(0) });
        Expect("SGC5011", new FitOptions { Steps = 1, ReduceOnPlateau = new(1, Factor: double.NaN) });
        Expect("SGC5011", new FitOptions { Steps = 1, Checkpoints = new(Path.Combine(_folder, "x")) { EverySteps = 0 } });
        Expect("SGC5004", new FitOptions { Steps = 1, Monitor = "accuracy" }, "'accuracy'", "loss");
        using var other = Small.Data(80).Without("y").Batches(Small.BatchSize);
        Errors.Expect("SGC6004", () => model.Step.Fit(other, new FitOptions { Steps = 1 }), "columns x", "inputs x, y");
        using var smaller = Small.Data(80).Batches(4);
        Errors.Expect("SGC5001", () => model.Step.Fit(smaller, new FitOptions { Steps = 1 }), "'x'");
        Assert.Throws<ArgumentNullException>("options", () => model.Step.Fit(batches, null!));
    }

    [Fact]
    public void A_checkpoint_of_other_data_or_another_model_changes_nothing()
    {
        var plan = new CheckpointPlan(Path.Combine(_folder, "run"));
        using var model = new Small();
        using var batches = Small.Data(80).Batches(Small.BatchSize, seed: 1);
        model.Step.Fit(batches, new FitOptions { Steps = 12, Checkpoints = plan });
        using var fresh = new Small();
        var before = fresh.Step.Variable<float>("hidden/kernel").ToArray();
        using var other = Small.Data(80).Batches(Small.BatchSize, seed: 2);
        Errors.Expect("SGC6006", () => fresh.Step.Fit(other, new FitOptions { Steps = 20, Checkpoints = plan }), "seed 1", "seed 2");
        Errors.Expect("SGC5011", () => fresh.Step.Fit(batches, new FitOptions { Steps = 20, Checkpoints = plan with { Resume = false } }));
        Assert.Equal(before, fresh.Step.Variable<float>("hidden/kernel").ToArray());
        using var fixedRate = new Small(isSettable: false);
        Errors.Expect("SGC6006", () => fixedRate.Step.Fit(batches, new FitOptions { Steps = 20, Checkpoints = plan }), "adam/rate");
        var kernel = fixedRate.Step.Variable<float>("hidden/kernel").ToArray();
        Assert.Equal(before, kernel);
    }

    [Fact]
    public void The_history_is_a_table()
    {
        using var model = new Small();
        using var batches = Small.Data(40).Batches(Small.BatchSize);
        using var validation = Small.Data(16, seed: 9).Batches(Small.BatchSize);
        var history = model.Step.Fit(batches, new FitOptions { Epochs = 2, Validation = new(model.Judge, validation) });
        var path = Path.Combine(_folder, "history.csv");
        history.SaveCsv(path);
        var lines = File.ReadAllLines(path);
        Assert.Equal("epoch,step,seconds,loss,learning_rate,validation_error", lines[0]);
        Assert.Equal(3, lines.Length);
        var second = lines[2].Split(',');
        Assert.Equal(["2", "10"], second[..2]);
        Assert.Equal(history.Rows[1].Loss, double.Parse(second[3], CultureInfo.InvariantCulture));
        Assert.Equal(history.Rows[1]["error"], double.Parse(second[5], CultureInfo.InvariantCulture));
        Errors.Expect("SGC5004", () => _ = history.Rows[0]["accuracy"], "error, loss");
        Errors.Expect("SGC6001", () => history.SaveCsv(Path.Combine(_folder, "no", "history.csv")));
    }
}
