using System.Diagnostics;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>scaling</c>: how the time of a compilation grows with the graph.</summary>
internal static class ScalingCommand
{
    private const int Rounds = 5;

    private static readonly int[] s_operations = [800, 1250, 2000, 3200, 5000];

    /// <summary>Families of graphs by the number of their operations, about.</summary>
    private static readonly (string Name, Func<int, Step> Create)[] s_families =
    [
        ("chain of tanh", n => Forward("chain", x => Repeat(x, n, h => h.Tanh()))),
        ("chain of x·a + b", n => Forward("affine", x => Repeat(x, n / 2, h => h * 0.5 + 1))),
        ("fan-out, summed", n => Forward("fan_out", x => Sum([.. Enumerable.Range(1, n / 3).Select(i => (x * (1.0 / i)).Sin())]))),
        ("chain of reductions", n => Forward("reductions", x => Repeat(x, n / 3, h => h - h.Mean([1], keepAxes: true)))),
        ("chain of transposes", n => Forward("transposes", x => Repeat(x, n / 2, h => -h.Transpose()))),
        ("training step of layers", n => Training(n / 25)),
    ];

    private sealed record Step(Function Function, System.Collections.Immutable.ImmutableArray<int> Donated);

    /// <summary>Prints a row for each family: milliseconds at each size, and the exponent of the growth from the first to the
    /// last.</summary>
    public static int Run(string filter, int threads)
    {
        Console.WriteLine($"{Measurement.Machine.OfThisProcess([])}\n{threads} threads. "
            + "Milliseconds of a compilation (passes + plan + code), and the exponent of its growth.");
        Console.WriteLine($"| graph | {string.Join(" | ", s_operations)} | exponent |");
        Console.WriteLine($"|---|{string.Concat(s_operations.Select(_ => "---:|"))}---:|");
        foreach (var (name, create) in s_families.Where(f => f.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            Time(create(s_operations[^1]), threads);
            var times = s_operations.Select(n => Median(() => Time(create(n), threads))).ToArray();
            var exponent = Math.Log(times[^1].Sum() / times[0].Sum()) / Math.Log((double)s_operations[^1] / s_operations[0]);
            Console.WriteLine($"| {name} | "
                + $"{string.Join(" | ", times.Select(t => $"{t.Sum():F0} ({string.Join(" + ", t.Select(p => $"{p:F0}"))})"))}"
                + $" | {exponent:F2} |");
        }
        return 0;
    }

    private static double[] Median(Func<double[]> time) =>
        [.. Enumerable.Range(0, Rounds).Select(_ => time()).OrderBy(t => t.Sum()).ElementAt(Rounds / 2)];

    private static double[] Time(Step step, int threads)
    {
        var target = TargetInfo.Create();
        var start = Stopwatch.GetTimestamp();
        var fused = new PassRunner(Pipeline.Training).Run(step.Function, new PassContext());
        var passes = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var program = LowerToLoops.Lower(fused, step.Donated, target.Traits(threads));
        var plan = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        StepCompiler.CompileParts(program, target);
        return [passes, plan - passes, Stopwatch.GetElapsedTime(start).TotalMilliseconds - plan];
    }

    private static Step Forward(string name, Func<Value, Value> model)
    {
        var b = new FunctionBuilder(name);
        return new(b.Build(model(b.Parameter("x", DType.F32[64, 64]))), [-1]);
    }

    private static Step Training(int layers)
    {
        var graph = new GraphBuilder("layers");
        var h = graph.Input("x", DType.F32[16, 32]);
        for (var i = 0; i < layers; i++) h = h.Dense(32, $"layer{i}").Relu();
        var plan = graph.Minimize((h * h).Mean(), new Sgd(0.01));
        return new(plan.Function, plan.Donated);
    }

    private static Value Repeat(Value x, int count, Func<Value, Value> next)
    {
        for (var i = 0; i < count; i++) x = next(x);
        return x;
    }

    private static Value Sum(Value[] terms)
    {
        while (terms.Length > 1) terms = [.. terms.Chunk(2).Select(p => p.Length == 1 ? p[0] : p[0] + p[1])];
        return terms[0];
    }
}
