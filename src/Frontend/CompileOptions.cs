using Microsoft.Extensions.Logging;

namespace GraphCompiler.Frontend;

/// <summary>How a graph is compiled.</summary>
public sealed record CompileOptions
{
    /// <summary>Most threads that a step runs on, at least 1; null is one for each processor. Small steps use one.</summary>
    public int? Threads { get; init; }
    /// <summary>Where passes report their times, at Debug level; null is nowhere.</summary>
    public ILogger? Logger { get; init; }
}
