using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>Rates that are set between steps and averages of variables, ahead of time: the bits are those of the step just in
/// time.</summary>
[Trait("Category", "Target")]
public sealed class RateAndAverageTests
{
    private const int Rows = 5, Features = 7;

    private static readonly double[] s_rates = [1e-2, 5e-3, 0, 2e-2, 0.1];

    private delegate float Step(ReadOnlySpan<float> x, ReadOnlySpan<float> t);

    private delegate ReadOnlySpan<float> Forward(ReadOnlySpan<float> x);

    private delegate void Run(ReadOnlySpan<float> x);

    private delegate ReadOnlySpan<float> Output();

    // The bias and its average are zero at first.
    private static (TrainingPlan Plan, Value Y) Declare(Optimizer optimizer)
    {
        var g = new GraphBuilder("paced", seed: 5);
        var (x, t) = (g.Input("x", F32[Rows, Features]), g.Input("t", F32[Rows, 3]));
        var y = x.Dense(3, name: "line").Tanh();
        var error = y - t;
        return (g.Minimize((error * error).Mean(), optimizer), y);
    }

    private static Adam Paced() => new(Schedule.Settable(1e-2)) { Parameters = [new ExponentialMovingAverage(0.75)] };

    private static (float[] X, float[] T) Batch()
    {
        var random = new Random(3);
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        return (Numbers(Rows * Features), Numbers(Rows * 3));
    }

    /// <summary>What the step gives just in time: the bytes of each loss and averaged prediction, and those of a checkpoint.</summary>
    private static (byte[] Results, byte[] Checkpoint) JustInTime()
    {
        var (plan, y) = Declare(Paced());
        using var step = plan.Compile(new CompileOptions { Threads = 1 });
        using var predictor = step.Predictor(y, averaged: true);
        var (x, t) = Batch();
        List<float> results = [];
        foreach (var rate in s_rates)
        {
            step.LearningRate = rate;
            step.Run<float, float>(x, t);
            results.Add(step.Loss);
            results.AddRange(predictor.Run<float, float>(x));
        }
        using var checkpoint = new MemoryStream();
        step.Variables.Save(checkpoint);
        return (MemoryMarshal.AsBytes<float>(results.ToArray()).ToArray(), checkpoint.ToArray());
    }

    private static BuiltModel Build()
    {
        var (plan, y) = Declare(Paced());
        return new BuiltModel("paced", new ModelDeclaration(plan, y, averaged: true));
    }

    [Fact]
    public void FromDotNetWithTheBitsOfTheJit()
    {
        using var built = Build();
        using var model = built.Load();
        Assert.Equal(1e-2, model.LearningRate);
        var (step, predict) = (BuiltModel.Method<Step>(model, "TrainStep"), BuiltModel.Method<Forward>(model, "Predict"));
        var (x, t) = Batch();
        List<float> results = [];
        foreach (var rate in s_rates)
        {
            model.LearningRate = rate;
            results.Add(step(x, t));
            results.AddRange(predict(x));
            Assert.Equal(rate, model.LearningRate);
        }
        model.Save(built["saved"]);
        var (expected, checkpoint) = JustInTime();
        Assert.Equal(expected, MemoryMarshal.AsBytes<float>(results.ToArray()).ToArray());
        Assert.Equal(checkpoint, File.ReadAllBytes(built["saved"]));
        Assert.Equal(["adam/average/line/bias", "adam/average/line/kernel", "adam/rate", "line/bias", "line/kernel"],
            model.ParameterNames.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void FromCWithTheBitsOfTheJit()
    {
        using var built = Build();
        var (x, t) = Batch();
        File.WriteAllBytes(built["batch"], [.. MemoryMarshal.AsBytes<float>(x), .. MemoryMarshal.AsBytes<float>(t)]);
        File.WriteAllText(built["main.c"], $$"""
            #include <math.h>
            #include <stdio.h>
            #include "paced.h"
            #define CHECK(x) do { if (!(x)) { fprintf(stderr, "line %d: %s\n", __LINE__, #x); return 1; } } while (0)
            int main(int argc, char **argv) {
                static const double rates[] = { {{string.Join(", ", s_rates)}} };
                float x[{{x.Length}}], t[{{t.Length}}], results[1 + {{t.Length}}];
                double rate = 0;
                paced_model *m;
                FILE *batch = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
                CHECK(argc == 4 && batch && out);
                CHECK(fread(x, sizeof x, 1, batch) == 1 && fread(t, sizeof t, 1, batch) == 1);
                CHECK(paced_create(1, &m) == 0);
                CHECK(paced_get_learning_rate(m, &rate) == 0 && rate == 1e-2);
                for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
                    CHECK(paced_set_learning_rate(m, rates[i]) == 0);
                    CHECK(paced_set_learning_rate(m, -1) == 5011 && paced_set_learning_rate(m, NAN) == 5011);
                    CHECK(paced_set_learning_rate(m, INFINITY) == 5011 && paced_get_learning_rate(m, NULL) == 5001);
                    CHECK(paced_get_parameter(m, "adam/rate", &rate, sizeof rate) == 0 && rate == rates[i]);
                    CHECK(paced_train_step(m, x, t, results) == 0 && paced_predict(m, x, results + 1) == 0);
                    CHECK(fwrite(results, sizeof results, 1, out) == 1);
                }
                CHECK(paced_save(m, argv[3]) == 0);
                puts(paced_status_text(5011));
                paced_destroy(m);
                fclose(batch);
                return fclose(out);
            }
            """);
        Assert.Equal((0, ""), BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", built.Folder,
            "-o", built["main"], built["main.c"], "-L", built.Folder, "-lpaced", $"-Wl,-rpath,{built.Folder}"));
        Assert.Equal((0, "error SGC5011: a number is out of range\n"),
            BuiltModel.Run(built["main"], built["batch"], built["results"], built["saved"]));
        var (expected, checkpoint) = JustInTime();
        Assert.Equal(expected, File.ReadAllBytes(built["results"]));
        Assert.Equal(checkpoint, File.ReadAllBytes(built["saved"]));
    }

    [Fact]
    public void ARateOutOfRangeIsRefusedAndTheLastOneStays()
    {
        using var built = Build();
        using var model = built.Load();
        model.LearningRate = 0.25;
        foreach (var bad in new[] { -1, double.NaN, double.PositiveInfinity })
            Assert.Equal("SGC5011", Assert.Throws<RuntimeException>(() => model.LearningRate = bad).Code);
        Assert.Equal(0.25, model.LearningRate);
    }

    [Fact]
    public void WithoutOneSettableRateTheErrorSaysWhatToDo()
    {
        static RuntimeException Refusal(Optimizer optimizer, Action<CompiledModel>? use = null)
        {
            using var built = new BuiltModel("paced", new ModelDeclaration(Declare(optimizer).Plan));
            Assert.DoesNotContain("learning_rate(", File.ReadAllText(built["paced.h"]), StringComparison.Ordinal);
            using var model = built.Load();
            use?.Invoke(model);
            var error = Assert.Throws<RuntimeException>(() => model.LearningRate);
            Assert.Equal("SGC5004", error.Code);
            return error;
        }
        Assert.Contains("Schedule.Settable", Refusal(new Sgd(0.1)).Message, StringComparison.Ordinal);
        // The first rate of the second is zero, which no library needs to hold.
        var two = new ParameterGroups(new Sgd(Schedule.Settable(0.5))).With(p => p.Rank == 1, new Sgd(Schedule.Settable(0, "slow")));
        var several = Refusal(two, model =>
        {
            Assert.Equal(0.5, model.Parameter<double>("parametergroups/rate")[0]);
            var rate = model.Parameter<double>("parametergroups/slow");
            Assert.Equal(0, rate[0]);
            var bias = model.Parameter<float>("line/bias");
            var (step, (x, t)) = (BuiltModel.Method<Step>(model, "TrainStep"), Batch());
            step(x, t);
            Assert.Equal([0f, 0, 0], bias.ToArray());
            rate[0] = 1;
            step(x, t);
            Assert.DoesNotContain(0f, bias.ToArray());
        });
        Assert.All(["parametergroups/rate", "parametergroups/slow"],
            name => Assert.Contains(name, several.Message, StringComparison.Ordinal));
    }

    /// <summary>NAdam keeps a product that is one at first, which is nobody's parameter.</summary>
    [Fact]
    public void StateThatIsNotZeroAtFirstIsInitialisedWithoutBeingAParameter()
    {
        var (plan, _) = Declare(new NAdam());
        Assert.Contains(plan.States, s => s.Role == VariableRole.Optimizer && s.Initializer != Initializer.Zeros);
        using var built = new BuiltModel("paced", new ModelDeclaration(plan));
        using var model = built.Load();
        using var step = plan.Compile(new CompileOptions { Threads = 1 });
        Assert.Equal(["line/bias", "line/kernel"], model.ParameterNames.Order(StringComparer.Ordinal));
        var (x, t) = Batch();
        var train = BuiltModel.Method<Step>(model, "TrainStep");
        for (var i = 0; i < 4; i++)
        {
            step.Run<float, float>(x, t);
            Assert.Equal(step.Loss, train(x, t));
        }
    }

    /// <summary>A function of averages is a model by itself: its parameters are the averages.</summary>
    [Fact]
    public void AFunctionOfAveragesTakesThemOver()
    {
        var (plan, y) = Declare(Paced());
        using var step = plan.Compile(new CompileOptions { Threads = 1 });
        using var predictor = step.Predictor(y, averaged: true);
        using var built = new BuiltModel("averaged", new ModelDeclaration(plan.Graph.Function(("y", y)).Averaged()));
        using var model = built.Load();
        Assert.Equal(["adam/average/line/bias", "adam/average/line/kernel"], model.ParameterNames.Order(StringComparer.Ordinal));
        var run = BuiltModel.Method<Run>(model, "Run");
        var output = BuiltModel.Method<Output>(model, "get_Y");
        var (x, t) = Batch();
        run(x);
        Assert.Equal(predictor.Run<float, float>(x).ToArray(), output().ToArray());
        for (var i = 0; i < 3; i++) step.Run<float, float>(x, t);
        foreach (var name in model.ParameterNames) step.Variable<float>(name).CopyTo(model.Parameter<float>(name));
        run(x);
        Assert.Equal(predictor.Run<float, float>(x).ToArray(), output().ToArray());
    }

    [Fact]
    public void AveragesThatNoOptimizerKeepsAreRefused()
    {
        var (plan, y) = Declare(new Adam());
        var error = Assert.Throws<IR.Diagnostics.GraphException>(
            () => CompiledArtefact.Compile("paced", new(plan, y, averaged: true), ["x86-64-v2"], 1));
        Assert.Equal("SGC1011", error.Code);
        Assert.Equal("SGC1011", Assert.Throws<IR.Diagnostics.GraphException>(() => new ModelDeclaration(plan, averaged: true)).Code);
    }
}
