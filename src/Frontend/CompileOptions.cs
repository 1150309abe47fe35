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
    /// <summary>Whether a training step tests what its losses need of their inputs, and names what does not hold: a label outside of the
    /// classes is SGC5008, with the example. Costs a comparison for each label.</summary>
    public bool Checked { get; init; }
    /// <summary>Whether a training step counts the time of each kernel, for <see cref="CompiledFunction.Profile"/>; costs some tens of
    /// nanoseconds a kernel.</summary>
    public bool Profile { get; init; }
}
