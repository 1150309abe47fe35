using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Schedules against their formulas: as told, and as a compiled step follows them.</summary>
public sealed class ScheduleTests
{
    private static double HalfCosine(double from, double to, double fraction) => to + (from - to) * (1 + Math.Cos(Math.PI * fraction)) / 2;

    // Cycles of 4, 8, 16 … steps, one after another.
    private static double Restarted(long t)
    {
        var length = 4L;
        for (; t >= length; length *= 2) t -= length;
        return HalfCosine(0.5, 0.1, (double)t / length);
    }

    private static double Cycle(long t)
    {
        var turn = 0.3 * 20 - 1;
        t = Math.Min(t, 19);
        return t <= turn ? HalfCosine(0.04, 1, t / turn) : HalfCosine(1, 0.04 / 1e4, (t - turn) / (19 - turn));
    }

    private static readonly Dictionary<string, (Schedule Schedule, Func<long, double> Formula)> s_all = new()
    {
        ["constant"] = (0.25, _ => 0.25),
        ["linear"] = (Schedule.Linear(1, 0.2, 10), t => t < 10 ? 1 - 0.08 * t : 0.2),
        ["polynomial"] = (Schedule.Polynomial(1, 0.1, 8, 2.5), t => 0.1 + 0.9 * Math.Pow(1 - Math.Min(t, 8) / 8.0, 2.5)),
        ["exponential"] = (Schedule.Exponential(0.5, 0.9), t => 0.5 * Math.Pow(0.9, t)),
        ["step"] = (Schedule.Step(0.5, 0.1, 3), t => 0.5 * Math.Pow(0.1, t / 3)),
        ["cosine"] = (Schedule.Cosine(0.5, 12, 0.1), t => HalfCosine(0.5, 0.1, Math.Min(t, 12) / 12.0)),
        ["restarts"] = (Schedule.CosineRestarts(0.5, 4, growth: 2, floor: 0.1), Restarted),
        ["equal restarts"] = (Schedule.CosineRestarts(0.5, 5), t => HalfCosine(0.5, 0, t % 5 / 5.0)),
        ["one cycle"] = (Schedule.OneCycle(1, 20), Cycle),
        ["warm-up"] = (Schedule.Exponential(0.5, 0.9).WithWarmUp(4), t => t < 4 ? 0.5 * (t + 1) / 4 : 0.5 * Math.Pow(0.9, t - 4)),
        ["sequence"] = (Schedule.Linear(1, 0.5, 5).Then(5, Schedule.Step(0.5, 0.5, 2)),
            t => t < 5 ? 1 - 0.1 * t : 0.5 * Math.Pow(0.5, (t - 5) / 2)),
        ["factor"] = (0.5 * Schedule.Linear(1, 0, 10), t => 0.5 * (1 - Math.Min(t, 10) / 10.0)),
        ["own"] = (Schedule.Of(t => 0.1 / (t + 1).Sqrt()), t => 0.1 / Math.Sqrt(t + 1)),
    };

    public static TheoryData<string> Names => [.. s_all.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Follows_its_formula(string name)
    {
        var (schedule, formula) = s_all[name];
        for (var t = 0L; t < 100; t++) Assert.Equal(formula(t), schedule.At(t), 1e-14);
        Assert.Equal(formula(1L << 40), schedule.At(1L << 40), 1e-12);
    }

    /// <summary>p moves by the rate in each step: its gradient is -1.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_compiled_step_follows_it(string name)
    {
        var (schedule, formula) = s_all[name];
        foreach (var type in new[] { F64, F32 })
        {
            var g = new GraphBuilder("rate");
            var p = g.Variable("p", type.Scalar, Initializer.Zeros);
            using var step = g.Minimize(-p, new Sgd(schedule)).Compile();
            var sum = 0.0;
            for (var t = 0; t < 40; t++)
            {
                step.Run();
                sum += formula(t);
                if (type == F64) Assert.Equal(sum, step.Variable<double>("p")[0], 1e-12);
                else Assert.Equal(sum, step.Variable<float>("p")[0], 2e-5);
            }
        }
    }

    /// <summary>A cycle starts on its first step, however the logarithm rounds.</summary>
    [Theory]
    [InlineData(2), InlineData(3), InlineData(5), InlineData(10)]
    public void Restarts_are_exact(int growth)
    {
        var schedule = Schedule.CosineRestarts(1, 3, growth);
        for (long start = 0, length = 3; start < 1L << 30; start += length, length *= growth)
        {
            Assert.Equal(1, schedule.At(start), 1e-15);
            Assert.Equal(HalfCosine(1, 0, (length - 1.0) / length), schedule.At(start + length - 1), 1e-12);
        }
    }

    [Fact]
    public void A_plain_number_is_no_part_of_the_step()
    {
        var g = new GraphBuilder("plain");
        var plan = g.Minimize(g.Variable("p", F32[2], Initializer.Zeros).Sum(), new Sgd(0.5));
        Assert.Equal(["p"], plan.States.Select(s => s.Name));
        Assert.Equal(new Adam(), new Adam(1e-3));
        Assert.Equal(0.25, (0.5 * (Schedule)0.5).Number);
    }

    /// <summary>A rule that is written with numbers alone.</summary>
    private sealed record Numbers(Func<UpdateScope, UpdateRule> Rule) : Optimizer
    {
        public override UpdateRule Begin(UpdateScope scope) => Rule(scope);
    }

    private static UpdateRule AdamWithNumbers(UpdateScope scope)
    {
        var step = scope.Step.ConvertTo(F32);
        var (correction, scale) = (-(step * Math.Log(0.9)).Expm1(), (-(step * Math.Log(0.999)).Expm1()).Rsqrt());
        var rate = 1e-3 / correction;
        return (parameter, gradient) =>
        {
            var (first, second) = (scope.State("m", parameter), scope.State("v", parameter));
            var (m, v) = (0.9 * first + (1 - 0.9) * gradient, 0.999 * second + (1 - 0.999) * gradient * gradient);
            scope.Assign(first, m);
            scope.Assign(second, v);
            return parameter - rate * m / (v.Sqrt() * scale + 1e-8);
        };
    }

    /// <summary>After optimization a step with a plain rate is the same, operation for operation, as one whose rule is written with
    /// numbers.</summary>
    [Fact]
    public void A_plain_number_costs_a_step_nothing()
    {
        static string Optimized(Optimizer optimizer)
        {
            var g = new GraphBuilder("plain", seed: 1);
            var y = g.Input("x", F32[8, 4]).Dense(6).Tanh().Dense(1);
            var function = g.Minimize((y * y).Mean(), optimizer).Function;
            return IrPrinter.Print(new PassRunner(Pipeline.Training).Run(function, new PassContext()));
        }
        Assert.Equal(Optimized(new Numbers(_ => (p, g) => p - 0.5 * g) { Name = "sgd" }), Optimized(new Sgd(0.5)));
        Assert.Equal(Optimized(new Numbers(AdamWithNumbers) { Name = "adam" }), Optimized(new Adam()));
    }

    [Fact]
    public void A_settable_rate_is_read_by_the_next_step()
    {
        var g = new GraphBuilder("settable");
        var p = g.Variable("p", F64.Scalar, Initializer.Zeros);
        var plan = g.Minimize(-p, new Sgd(Schedule.Settable(0.1).WithWarmUp(2)));
        Assert.Equal(["p", "sgd/step", "sgd/rate"], plan.States.Select(s => s.Name));
        using var step = plan.Compile();
        Assert.Equal(0.1, step.LearningRate);
        var sum = 0.0;
        foreach (var (rate, factor) in new[] { (0.1, 0.5), (0.1, 1), (3e-5, 1), (0, 1), (2, 1) })
        {
            step.LearningRate = rate;
            step.Run();
            Assert.Equal(sum += rate * factor, step.Variable<double>("p")[0], 1e-15);
            Assert.Equal(rate, step.LearningRate);
        }
        foreach (var bad in new[] { -1, double.NaN, double.PositiveInfinity })
            Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => step.LearningRate = bad).Code);
        Assert.Equal(2, step.LearningRate);
    }

    [Fact]
    public void Rates_of_one_name_are_one_and_others_are_told_apart()
    {
        var g = new GraphBuilder("rates");
        var (p, q, r) = (Zero("p"), Zero("q"), Zero("r"));
        Value Zero(string name) => g.Variable(name, F64.Scalar, Initializer.Zeros);
        TrainingPlan Plan(double rateOfQ, string nameOfQ) => g.Minimize(-(p + q + r), new ParameterGroups(new Sgd(Schedule.Settable(0.1)))
            .With(v => v.Name == "q", new Sgd(Schedule.Settable(rateOfQ, nameOfQ)))
            .With(v => v.Name == "r", new Sgd(2 * Schedule.Settable(0.1))));
        using var one = Plan(0.1, "rate").Compile();
        one.LearningRate = 1;
        one.Run();
        Assert.Equal((1.0, 1.0, 2.0), (one.Variable<double>("p")[0], one.Variable<double>("q")[0], one.Variable<double>("r")[0]));

        using var two = Plan(0.5, "slow").Compile();
        two.Variable<double>("parametergroups_1/slow")[0] = 4;
        two.Run();
        Assert.Equal((0.1, 4.0), (two.Variable<double>("p")[0], two.Variable<double>("q")[0]));
        var several = Assert.Throws<RuntimeException>(() => two.LearningRate);
        Assert.Equal("SGC5004", several.Code);
        Assert.Contains("parametergroups_1/slow", several.Message, StringComparison.Ordinal);
        Assert.Equal("SGC1006", Assert.Throws<GraphException>(() => Plan(0.5, "rate")).Code);
    }

    [Fact]
    public void Where_no_rate_is_settable_the_error_says_how_to_declare_one()
    {
        using var step = UpdateTrial.Compile(new Adam(Schedule.Cosine(1e-3, 10)), F32);
        var error = Assert.Throws<RuntimeException>(() => step.LearningRate = 1);
        Assert.Equal("SGC5004", error.Code);
        Assert.Contains("Schedule.Settable", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The schedule goes on where a checkpoint's count of steps says.</summary>
    [Fact]
    public void It_is_a_function_of_the_count_alone()
    {
        var g = new GraphBuilder("late");
        var p = g.Variable("p", F64.Scalar, Initializer.Zeros);
        using var step = g.Minimize(-p, new Sgd(Schedule.Linear(1, 0, 100))).Compile();
        step.Variable<long>("sgd/step")[0] = 75;
        step.Run();
        Assert.Equal(0.25, step.Variable<double>("p")[0], 1e-15);
    }

    public static TheoryData<string, string> Mistakes => new()
    {
        { "steps", "SGC1011" }, { "rate", "SGC1011" }, { "factor", "SGC1011" }, { "rise", "SGC1011" }, { "warm-up", "SGC1011" },
        { "initial", "SGC1011" }, { "t", "SGC1011" }, { "null", "SGC1011" }, { "type", "SGC1001" }, { "shape", "SGC1002" },
        { "graph", "SGC1008" }, { "name", "SGC1006" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistakes_are_refused_at_their_line(string mistake, string code)
    {
        TrainingStep Run(Schedule rate) => UpdateTrial.Compile(new Sgd(rate), F64);
        var foreign = new FunctionBuilder("other").Parameter("p", F64.Scalar);
        var error = Assert.Throws<GraphException>(object? () => mistake switch
        {
            "steps" => Schedule.Cosine(1, 0),
            "rate" => Schedule.Exponential(-1, 0.5),
            "factor" => Schedule.Step(1, 0, 3),
            "rise" => Schedule.OneCycle(1, 10, rise: 0.1),
            "warm-up" => Schedule.Constant(1).WithWarmUp(0),
            "initial" => Schedule.Settable(double.NaN),
            "t" => Schedule.Linear(1, 0, 10).At(-1),
            "null" => Run(Schedule.Of(_ => null!)),
            "type" => Run(Schedule.Of(t => t.ConvertTo(F32))),
            "shape" => Run(Schedule.Of(t => t.Reshape([1]))),
            "graph" => Run(Schedule.Of(_ => foreign)),
            _ => Run(Schedule.Settable(1, "no name")),
        });
        Assert.Equal(code, error.Code);
        Assert.Equal(mistake == "name" ? "UpdateTrial.cs" : "ScheduleTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
    }
}
