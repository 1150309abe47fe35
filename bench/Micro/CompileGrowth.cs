using System.Collections.Immutable;
using System.Diagnostics;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Suite;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Microsoft.Extensions.Logging.Abstractions;

namespace GraphCompiler.Bench.Micro;

/// <summary>How the time of each stage of a compilation grows with the layers of a transformer, and what it is of very long graphs; all on
/// a stack that nothing which recurses over a graph would fit on.</summary>
internal static class CompileGrowth
{
    /// <summary>What a filter chooses it by, also alone.</summary>
    public const string Name = "compile growth";

    private const int SmallStack = 256 << 10;
    private const string Declare = "declare and differentiate", Lower = "lower and plan memory", Generate = "generate code";
    private const string First = "all, the first time", Cached = "all, from the object cache";

    /// <summary>A graph, and the step that its declaration gives.</summary>
    private sealed record Graph(string Name, int Size, Func<(Function Function, ImmutableArray<int> Donated)> Create);

    private static IEnumerable<string> Stages => [Declare, .. Pipeline.Training.Select(p => p.Name), Lower, Generate, First, Cached];

    /// <summary>Prints milliseconds of each stage, and the exponents of their growth.</summary>
    /// <param name="threads">Of the step that is compiled.</param>
    /// <param name="isShort">Whether graphs are a tenth as large, and measured once.</param>
    public static void Run(int threads, bool isShort)
    {
        var (scale, rounds) = isShort ? (10, 1) : (1, 3);
        Graph[] transformers = [.. (isShort ? (int[])[1, 2] : [4, 12, 48]).Select(Transformer)];
        Graph[] others = [Chain(20_000 / scale), Mlp(1_600 / scale)];
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Time(transformers[0], threads);
                Show(transformers, others, g => Medians(g, threads, rounds), rounds);
            }
            catch (Exception e)
            {
                failure = e;
            }
        }, SmallStack);
        thread.Start();
        thread.Join();
        if (failure is not null) throw new InvalidOperationException("a compilation failed", failure);
    }

    private static Graph Transformer(int layers)
    {
        var model = new Gpt($"transformer{layers}", 12, 64, layers, 256, 4, 65, new AdamW(1e-3));
        return new($"{layers} layers", layers, () => Planned(model));
    }

    private static Graph Mlp(int layers)
    {
        var model = new Mlp($"mlp{layers}", 32, [64, .. Enumerable.Repeat(64, layers - 1), 10], Activation.Relu,
            Criterion.CrossEntropy, new Sgd(1e-3));
        return new($"MLP of {layers} layers", layers, () => Planned(model));
    }

    private static Graph Chain(int operations) => new($"chain of {operations} operations", operations, () =>
    {
        var b = new FunctionBuilder("chain");
        var x = b.Parameter("x", DType.F32[64, 64]);
        for (var i = 0; i < operations / 2; i++) x = x * 0.5 + 1;
        return (b.Build(x), [-1]);
    });

    private static (Function, ImmutableArray<int>) Planned(SuiteModel model)
    {
        var plan = model.Declare().Plan();
        return (plan.Function, plan.Donated);
    }

    private static void Show(Graph[] transformers, Graph[] others, Func<Graph, Dictionary<string, double>> measure, int rounds)
    {
        Console.WriteLine($"Milliseconds of a compilation, medians of {rounds} rounds, on a stack of {SmallStack >> 10} KiB; transformers "
            + "of width 256 and context 64, batch 12; exponents of the growth with the layers.");
        var growths = transformers.Zip(transformers.Skip(1)).ToArray();
        string[] columns = [.. transformers.Select(g => g.Name), .. growths.Select(p => $"{p.First.Size} to {p.Second.Size}"),
            .. others.Select(g => g.Name)];
        Console.WriteLine($"| stage | {string.Join(" | ", columns)} |");
        Console.WriteLine($"|---|{string.Concat(columns.Select(_ => "---:|"))}");
        var times = transformers.Concat(others).ToDictionary(g => g, measure);
        foreach (var stage in Stages)
        {
            string[] cells = [.. transformers.Select(g => $"{times[g][stage]:F0}"),
                .. growths.Select(p => $"{Exponent(p.First, p.Second):F2}"), .. others.Select(g => $"{times[g][stage]:F0}")];
            Console.WriteLine($"| {stage} | {string.Join(" | ", cells)} |");
            double Exponent(Graph from, Graph to) =>
                Math.Log(times[to][stage] / times[from][stage]) / Math.Log((double)to.Size / from.Size);
        }
    }

    private static Dictionary<string, double> Medians(Graph graph, int threads, int rounds)
    {
        var times = Enumerable.Range(0, rounds).Select(_ => Time(graph, threads)).ToArray();
        return Stages.ToDictionary(s => s, s => PairedTiming.Median([.. times.Select(t => t[s])]));
    }

    private static Dictionary<string, double> Time(Graph graph, int threads)
    {
        var (times, target) = (new Dictionary<string, double>(), TargetInfo.Create());
        T Timed<T>(string stage, Func<T> run)
        {
            var start = Stopwatch.GetTimestamp();
            var result = run();
            times[stage] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            return result;
        }
        LoopProgram Lowered(Function function, ImmutableArray<int> donated) =>
            LowerToLoops.Lower(function, donated, target.Traits(threads));

        var (function, donated) = Timed(Declare, graph.Create);
        foreach (var entry in Pipeline.Training) function = Timed(entry.Name, () => entry.Pass.Run(function, new PassContext()));
        var program = Timed(Lower, () => Lowered(function, donated));
        Timed(Generate, () => StepCompiler.CompileParts(program, target));

        var folder = Directory.CreateTempSubdirectory("objects").FullName;
        try
        {
            var cache = new ObjectCache(folder, NullLogger.Instance);
            foreach (var stage in (string[])[First, Cached])
                Timed(stage, () =>
                {
                    var (declared, replaced) = graph.Create();
                    var lowered = Lowered(new PassRunner(Pipeline.Training).Run(declared, new PassContext()), replaced);
                    return cache.FindOrAdd(ObjectCache.KeyOf(lowered, target), () => StepCompiler.CompileParts(lowered, target), Linked);
                });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return times;
    }

    private static nint Linked(byte[][] objects)
    {
        using var code = Jit.Load(objects);
        return code.Symbol(StepCompiler.EntryName);
    }
}
