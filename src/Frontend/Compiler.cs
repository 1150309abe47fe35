using System.Collections.Immutable;
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
    /// <summary>Compiles <paramref name="function"/>.</summary>
    /// <param name="function">The whole step.</param>
    /// <param name="parameterRoles">Input or State for each parameter.</param>
    /// <param name="donatedParameter">For each result the state parameter that it replaces, or -1 for an output.</param>
    /// <param name="resultNames">A name for each result; those of donations are not used.</param>
    /// <param name="options">Threads, logging, verification.</param>
    /// <param name="state">Memory to share with other executables, or null for an own one.</param>
    /// <returns>The executable, and the program that its code was made from.</returns>
    public static (Executable Executable, LoopProgram Program) Compile(Function function, ImmutableArray<BufferRole> parameterRoles,
        ImmutableArray<int> donatedParameter, ImmutableArray<string> resultNames, CompileOptions options, StateStore? state)
    {
        var target = TargetInfo.Create();
        target.RequireHostSupport();
        var context = PassContext.FromEnvironment(options.Logger);
        var threads = ThreadsOf(options, context.Logger);
        var (program, layout) = Lower(function, parameterRoles, donatedParameter, resultNames, target, threads, context);
        CheckMemory(layout, function.Name);
        program = program with { KeepsSubnormals = options.KeepSubnormals };
        if (options.Profile)
        {
            program = program.WithTicks();
            layout = layout with { ArenaBytes = program.ArenaBytes };
        }
        var code = CompileOrFind(program, target, context);
        return (new Executable(code, code.Symbol(StepCompiler.EntryName), layout, threads, state), program);
    }

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
    /// <exception cref="GraphException">SGC1011: a number of threads out of range.</exception>
    /// <exception cref="RuntimeException">SGC5006: two buffers of one name.</exception>
    internal static (LoopProgram Program, ExecutableLayout Layout) Lower(Function function, ImmutableArray<BufferRole> parameterRoles,
        ImmutableArray<int> donatedParameter, ImmutableArray<string> resultNames, TargetInfo target, int threads, PassContext context)
    {
        CheckThreads(threads);
        var optimized = new PassRunner(Pipeline.Training).Run(function, context);
        var program = LowerToLoops.Lower(optimized, donatedParameter, TraitsOf(target, threads), verifies: context.VerifyEach);
        var buffers = Buffers(function, parameterRoles, donatedParameter, resultNames);
        var layout = new ExecutableLayout(buffers, program.ArenaBytes, program.IsParallel);
        layout.Check();
        return (program, layout);
    }

    /// <summary>What lowering needs to know of a target.</summary>
    internal static TargetTraits TraitsOf(TargetInfo target, int threads) =>
        new(target.VectorBytes, target.VectorRegisters, target.Caches.L1, target.Caches.L2, threads);

    private static ImmutableArray<BufferLayout> Buffers(Function function, ImmutableArray<BufferRole> roles,
        ImmutableArray<int> donated, ImmutableArray<string> names)
    {
        var buffers = ImmutableArray.CreateBuilder<BufferLayout>();
        for (var i = 0; i < function.Parameters.Length; i++)
            buffers.Add(Layout(function.Parameters[i].Name!, roles[i], function.Parameters[i].Type));
        for (var i = 0; i < function.Results.Length; i++)
            if (donated[i] < 0) buffers.Add(Layout(names[i], BufferRole.Output, function.Results[i].Type));
        return buffers.ToImmutable();
    }

    private static BufferLayout Layout(string name, BufferRole role, TensorType type) =>
        BufferLayout.Dense(name, role, Enum.Parse<ElementType>(type.DType.Name, ignoreCase: true), type.Shape.Sizes);
}
