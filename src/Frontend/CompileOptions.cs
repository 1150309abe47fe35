using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using GraphCompiler.Passes;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Frontend;

/// <summary>How a graph is compiled.</summary>
public sealed record CompileOptions
{
    /// <summary>The largest number of threads that can be asked for: as many as Linux has processors at most.</summary>
    public const int MaxThreads = 8192;

    /// <summary>Most threads that a step runs on, from 1 to <see cref="MaxThreads"/>, or SGC1011 at the call that compiles; null is one for
    /// each processor. No more run than there are processors for the process (<see cref="Environment.ProcessorCount"/>, which follows its
    /// affinity and control group); where one takes less time than all, one is used.</summary>
    public int? Threads { get; init; }
    /// <summary>Where passes report their times, at Debug level; null is nowhere.</summary>
    public ILogger? Logger { get; init; }
    /// <summary>Whether numbers below the normal range (1.2e-38 in f32, 2.2e-308 in f64) keep their value. By default a step takes them for
    /// zero: an optimizer's moments decay to such numbers, and many processors take some hundred cycles for each instruction with
    /// one.</summary>
    public bool KeepSubnormals { get; init; }
    /// <summary>What products multiply, and what activations are kept as, or SGC1011 at the call that compiles. By default f32, as the
    /// model says; with <see cref="Precision.BFloat16"/> products of f32 read operands that are rounded to bf16 and accumulate in f32, and
    /// variables, optimizer state, gradients of variables, reductions and losses stay f32: docs/numerics.md.</summary>
    public Precision Precision { get; init; }
    /// <summary>How convolutions with 3×3 taps and stride 1 are computed, or SGC1011 at the call that compiles. By default the faster way
    /// is taken: Winograd's algorithm, where an infinity makes NaN of results beside it and bf16 is rounded once more on processors that
    /// multiply pairs of it (docs/numerics.md), or <see cref="ConvolutionAlgorithm.Direct"/>.</summary>
    public ConvolutionAlgorithm Convolutions { get; init; }
    /// <summary>Whether each run tests what operations need of their inputs' elements, and names what does not hold: a label outside of
    /// the classes, or an index outside of the rows, is SGC5008, with the operation, its line, and the element. Null, the default, is true
    /// in a Debug build of the caller and false in a Release build.</summary>
    /// <remarks>The caller is the assembly that calls <c>Compile</c>, and a Debug build is one whose <see cref="DebuggableAttribute"/>
    /// turns the optimisation of code off, as compilers write it. In a program that is compiled ahead of time, where callers are not known,
    /// it is the program. A predictor does as its step. Costs a comparison for each label and index.</remarks>
    public bool? Checked { get; init; }
    /// <summary>Whether a training step changes nothing where its loss, or what would replace a variable, is NaN or infinite, and says
    /// where that came from: SGC5012, with the first operation that gave such a number of finite ones, its line and layer, and what it was
    /// given. The step is computed again for it, which takes a compilation or two.</summary>
    /// <remarks>Off, the default, costs nothing: the code is the same. On it is a pass over all that is replaced, and memory for it
    /// (docs/adr/0023). Of functions that train nothing it says nothing.</remarks>
    public bool CheckNumerics { get; init; }

    /// <summary>Whether a training step counts the time of each kernel, for <see cref="CompiledFunction.Profile"/>; costs some tens of
    /// nanoseconds a kernel.</summary>
    public bool Profile { get; init; }

    /// <summary>Whether the ways that matrix products can be scheduled are measured before the code is made, for this step on this machine,
    /// rather than chosen by what is expected of them. The bits are the same; the time that a step takes may be less.</summary>
    /// <remarks>Takes up to four compilations more, as much memory as the step has again, and some three seconds; the object cache
    /// remembers what was fastest, by processor model. <see cref="Logger"/> is told at Information level.</remarks>
    public bool Tune { get; init; }

    /// <summary>Whether <see cref="Assembly.GetCallingAssembly"/> is there to be called, which code that is compiled ahead of time has
    /// not.</summary>
    internal static bool IsCallerKnown => RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>The options, or the defaults when null, with what depends on the caller decided.</summary>
    /// <param name="options">As given.</param>
    /// <param name="caller">The assembly that compiles; the program's when null.</param>
    internal static CompileOptions For(CompileOptions? options, Assembly? caller)
    {
        options ??= new CompileOptions();
        if (options.Checked is not null) return options;
        var debugging = (caller ?? Assembly.GetEntryAssembly())?.GetCustomAttribute<DebuggableAttribute>();
        return options with { Checked = debugging is { IsJITOptimizerDisabled: true } };
    }
}
