using System.Collections.Immutable;
using System.Diagnostics;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Frontend;

/// <summary>From a function to an executable: optimize, lower, generate code, load. The only place that names the backend.</summary>
internal static class Compiler
{
    /// <summary>Compiles a plan.</summary>
    /// <param name="plan">The whole function.</param>
    /// <param name="options">Threads, logging, verification.</param>
    /// <param name="store">Where its variables live; gets those that it does not have yet.</param>
    /// <returns>The executable, the program that its code was made from, and the time from the graph to loaded code.</returns>
    public static (Executable Executable, LoopProgram Program, TimeSpan Time) Compile(Plan plan, CompileOptions options,
        VariableStore store)
    {
        var start = Stopwatch.GetTimestamp();
        var target = TargetInfo.Create();
        target.RequireHostSupport();
        var context = PassContext.FromEnvironment(options.Logger);
        var threads = ThreadsOf(options, context.Logger);
        var (program, layout) = Lower(plan, target, threads, context, options.Precision, options.Convolutions, options.Tune);
        CheckMemory(layout, plan.Function.Name);
        program = program with { KeepsSubnormals = options.KeepSubnormals };
        if (options.Profile) (program, layout) = Counting((program, layout));
        var code = CompileOrFind(program, target, context);
        var time = Stopwatch.GetElapsedTime(start);
        return (Load(plan, code, layout, threads, store), program, time);
    }

    private static Executable Load(Plan plan, LoadedCode code, ExecutableLayout layout, int threads, VariableStore store)
    {
        try
        {
            store.Declare([.. plan.States.Select(s => Declaration(s, plan.Graph.Seed))]);
            return new Executable(code, code.Symbol(StepCompiler.EntryName), layout, threads, store);
        }
        catch
        {
            code.Dispose();
            throw;
        }
    }

    // Memory is zero at first.
    private static VariableDeclaration Declaration(StateVariable variable, ulong seed) => new(
        Layout(variable.Name, BufferRole.State, variable.Type), variable.Role,
        variable.Initializer == Initializer.Zeros ? null : memory =>
        {
            var initial = variable.InitialBytes(seed);
            initial.CopyTo(memory.Elements<byte>(initial.Length));
        });

    // Before anything is allocated: the system may promise memory that it has not, and end the process when it is touched.
    private static void CheckMemory(ExecutableLayout layout, string name)
    {
        var (needed, available) = (layout.ArenaBytes + layout.Buffers.Sum(b => b.Bytes), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        if (needed > available)
            throw new GraphException(DiagnosticCode.TooLarge, $"@{name} needs {needed} bytes of memory, and there are {available}");
    }

    // More threads than processors would only wait for one another.
    private static int ThreadsOf(CompileOptions options, ILogger logger)
    {
        var processors = Environment.ProcessorCount;
        if (options.Threads is not { } threads) return processors;
        CheckThreads(threads);
        if (threads <= processors) return threads;
        logger.LogInformation("{Threads} threads are asked for, and {Processors} run: one for each processor that the process may use",
            threads, processors);
        return processors;
    }

    private static void CheckThreads(int threads)
    {
        if (threads is < 1 or > CompileOptions.MaxThreads)
            throw new GraphException(DiagnosticCode.BadArgument, $"{threads} threads; a step runs on 1 to {CompileOptions.MaxThreads}");
    }

    // What is to be dumped must be made anew.
    private static LoadedCode CompileOrFind(LoopProgram program, TargetInfo target, PassContext context)
    {
        if (context.DumpDirectory is { } folder) return Link([StepCompiler.Compile(program, target, folder)]);
        if (ObjectCache.FromEnvironment(context.Logger) is not { } cache) return Link(StepCompiler.CompileParts(program, target));
        return cache.FindOrAdd(ObjectCache.KeyOf(program, target), () => StepCompiler.CompileParts(program, target), Link);
    }

    // The first look-up links, so that code which does not is found here.
    private static LoadedCode Link(byte[][] objects)
    {
        var code = Jit.Load(objects);
        try
        {
            code.Symbol(StepCompiler.EntryName);
            return code;
        }
        catch
        {
            code.Dispose();
            throw;
        }
    }

    /// <summary>All but code generation: what compilation at run time and ahead-of-time compilation have in common.</summary>
    /// <exception cref="GraphException">SGC1011: a number of threads out of range, no precision, or no algorithm.</exception>
    /// <exception cref="RuntimeException">SGC5006: two buffers of one name.</exception>
    /// <exception cref="BackendException">SGC4004: a target that is to be tuned for does not run here.</exception>
    internal static (LoopProgram Program, ExecutableLayout Layout) Lower(Plan plan, TargetInfo target, int threads, PassContext context,
        Precision precision, ConvolutionAlgorithm convolutions = ConvolutionAlgorithm.ByCost, bool tunes = false)
    {
        CheckThreads(threads);
        if (!Enum.IsDefined(convolutions))
            throw new GraphException(DiagnosticCode.BadArgument, $"{convolutions} is no {nameof(ConvolutionAlgorithm)}");
        var optimized = new PassRunner(Pipeline.For(precision)).Run(plan.Function, context);
        (LoopProgram Program, ExecutableLayout Layout) Taking(IReadOnlyDictionary<string, int>? ways)
        {
            var program = LowerToLoops.Lower(optimized, plan.Donated, target.Traits(threads), verifies: context.VerifyEach,
                algorithm: convolutions, choices: ways);
            var layout = new ExecutableLayout(Buffers(plan), program.ArenaBytes, program.IsParallel) { UpdatesStates = plan.UpdatesStates };
            layout.Check();
            return (program, layout);
        }
        var expected = Taking(null);
        if (!tunes) return expected;
        CheckMemory(expected.Layout, plan.Function.Name);
        return Taking(Tune(plan, target, threads, context, expected.Program, Taking));
    }

    /// <summary>A plan's function after the last pass, and its kernels; no code is made and nothing is measured.</summary>
    /// <exception cref="GraphException">As <see cref="Lower"/>.</exception>
    internal static (Function Lowered, LoopProgram Program) LowerOnly(Plan plan, CompileOptions options)
    {
        var lowered = plan.Function;
        var context = Observed(r => lowered = r.Function, options.Logger);
        var (program, _) = Lower(plan, TargetInfo.Create(), ThreadsOf(options, context.Logger), context, options.Precision,
            options.Convolutions);
        return (lowered, program);
    }

    /// <summary>The environment's context for passes whose results are looked at; it neither dumps nor verifies them.</summary>
    internal static PassContext Observed(Action<PassResult> observer, ILogger? logger = null)
    {
        var environment = PassContext.FromEnvironment(logger);
        return new PassContext
        {
            Logger = environment.Logger, Budget = environment.Budget, Disabled = environment.Disabled, Observer = observer,
        };
    }

    // The ways of computing a plan's kernels that are fastest on this machine, measured or found in the object cache.
    private static IReadOnlyDictionary<string, int> Tune(Plan plan, TargetInfo target, int threads, PassContext context,
        LoopProgram expected, Func<IReadOnlyDictionary<string, int>?, (LoopProgram, ExecutableLayout)> taking)
    {
        target.RequireHostSupport();
        var (start, ways) = (Stopwatch.GetTimestamp(), KernelTuner.WaysOf(expected));
        using var store = new VariableStore();
        (Executable, LoopProgram) Compile(IReadOnlyDictionary<string, int> taken)
        {
            var (program, layout) = Counting(taking(taken));
            return (Load(plan, Link(StepCompiler.CompileParts(program, target)), layout, threads, store), program);
        }
        IReadOnlyDictionary<string, int> Measure() => KernelTuner.Measure(ways, Compile);
        var fastest = ways.IsEmpty ? ways : ObjectCache.FromEnvironment(context.Logger) is not { } cache ? Measure()
            : cache.FindOrAdd(ObjectCache.KeyOfMeasured(expected, target, threads), () => [KernelTuner.Write(Measure())],
                objects => KernelTuner.Read(objects[0]));
        context.Logger.LogInformation("tuned {Kernels} kernels in {Milliseconds:F0} ms; {Others} are computed in another way than expected",
            ways.Count, Stopwatch.GetElapsedTime(start).TotalMilliseconds, fastest.Values.Count(w => w != 0));
        return fastest;
    }

    // A program that counts the time of its kernels.
    private static (LoopProgram Program, ExecutableLayout Layout) Counting((LoopProgram Program, ExecutableLayout Layout) lowered)
    {
        var program = lowered.Program.WithTicks();
        return (program, lowered.Layout with { ArenaBytes = program.ArenaBytes });
    }

    /// <summary>The limits of this machine for code of the target that steps are compiled for.</summary>
    internal static Roofline MeasureLimits(int threads)
    {
        var target = TargetInfo.Create();
        return Roofline.Measure(threads, Math.Min(target.VectorBytes, Roofline.WidestVectorBytes),
            [target.Caches.L1, target.Caches.L2, target.Caches.L3]);
    }

    private static ImmutableArray<BufferLayout> Buffers(Plan plan)
    {
        var buffers = ImmutableArray.CreateBuilder<BufferLayout>();
        var (function, names) = (plan.Function, plan.ResultNames);
        for (var i = 0; i < function.Parameters.Length; i++)
            buffers.Add(Layout(function.Parameters[i].Name!, plan.Roles[i], function.Parameters[i].Type));
        for (var i = 0; i < function.Results.Length; i++)
            if (plan.Donated[i] < 0) buffers.Add(Layout(names[i], BufferRole.Output, function.Results[i].Type));
        return buffers.ToImmutable();
    }

    private static BufferLayout Layout(string name, BufferRole role, TensorType type) =>
        BufferLayout.Dense(name, role, Enum.Parse<ElementType>(type.DType.Name, ignoreCase: true), type.Shape.Sizes);
}
