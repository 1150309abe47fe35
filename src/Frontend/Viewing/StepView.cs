using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace GraphCompiler.Frontend.Viewing;

/// <summary>All that the page of a compiled function shows; its script reads it as one JSON document.</summary>
/// <param name="Name">The function's.</param>
/// <param name="Totals">What the head of the page says.</param>
/// <param name="Layers">Rows of the graph: a path of scopes, or a line of source where operations are in none.</param>
/// <param name="Parameters">Inputs, variables and states of the optimizer.</param>
/// <param name="Operations">Before any pass, in their order.</param>
/// <param name="Passes">In their order; the first is what they are given.</param>
/// <param name="Kernels">In their order.</param>
/// <param name="Memory">What is in the arena when.</param>
internal sealed record StepView(string Name, TotalsView Totals, ImmutableArray<LayerView> Layers, ImmutableArray<ParameterView> Parameters,
    ImmutableArray<OperationView> Operations, ImmutableArray<PassView> Passes, ImmutableArray<KernelView> Kernels, MemoryView Memory);

/// <summary>What the head of the page says.</summary>
/// <param name="Elements">Of trained variables.</param>
/// <param name="VariableBytes">Of all variables and the optimizer's state.</param>
/// <param name="Flops">Of a run.</param>
/// <param name="Microseconds">Of a run, where it was profiled.</param>
/// <param name="Threads">That ran the profiled runs.</param>
/// <param name="Precision">What products multiply.</param>
/// <param name="Gigaflops">The machine's limit, where the run was profiled.</param>
internal sealed record TotalsView(long Elements, long VariableBytes, double Flops, double? Microseconds, int? Threads, string Precision,
    double? Gigaflops);

/// <summary>A row of the graph.</summary>
/// <param name="Name">A path of scopes with '/' between them, or a file and a line.</param>
/// <param name="IsLine">Whether it is a line.</param>
internal sealed record LayerView(string Name, bool IsLine);

/// <summary>What a run is given or keeps.</summary>
internal sealed record ParameterView(string Name, string Type, string Role);

/// <summary>One operation.</summary>
/// <param name="Op">Its mnemonic.</param>
/// <param name="Text">As IR text, without a region.</param>
/// <param name="Type">Of its results.</param>
/// <param name="Layer">The number of its row.</param>
/// <param name="Part">0 forward, 1 backward, 2 update.</param>
/// <param name="Reads">Operations, and parameters as -1 - number.</param>
/// <param name="Line">Where it was written; empty when unknown.</param>
internal sealed record OperationView(string Op, string Text, string Type, int Layer, int Part, ImmutableArray<int> Reads, string Line);

/// <summary>What a pass made.</summary>
/// <param name="Name">The pass.</param>
/// <param name="Milliseconds">That it took.</param>
/// <param name="Operations">After it, regions not counted.</param>
/// <param name="Text">The function; null where it is that of the pass before.</param>
internal sealed record PassView(string Name, double Milliseconds, int Operations, string? Text);

/// <summary>One kernel.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Flops">Of a call.</param>
/// <param name="Bytes">Of its operands and results.</param>
/// <param name="IsParallel">Whether all threads take part.</param>
/// <param name="Layers">Rows that it computes something of.</param>
/// <param name="Parts">Of the step.</param>
/// <param name="Text">What it was lowered from.</param>
/// <param name="Lines">Where that was written.</param>
internal sealed record KernelView(string Name, double Flops, double Bytes, bool IsParallel, ImmutableArray<int> Layers,
    ImmutableArray<int> Parts, string Text, ImmutableArray<string> Lines)
{
    /// <summary>Part of the run's time, where it was profiled.</summary>
    public double? Share { get; init; }
    /// <summary>Of a call, where it was profiled.</summary>
    public double? Nanoseconds { get; init; }
    /// <summary>As <see cref="KernelProfile.OfLimit"/>.</summary>
    public double? OfLimit { get; init; }
}

/// <summary>The arena.</summary>
/// <param name="ArenaBytes">All of it.</param>
/// <param name="ValueBytes">That values take.</param>
/// <param name="KeepAllBytes">That values would take side by side.</param>
/// <param name="Buffers">Values in the arena.</param>
internal sealed record MemoryView(long ArenaBytes, long ValueBytes, long KeepAllBytes, ImmutableArray<BufferView> Buffers);

/// <summary>A value in the arena.</summary>
/// <param name="Name">In the text of the last pass.</param>
/// <param name="Type">Its type.</param>
/// <param name="Offset">In the arena.</param>
/// <param name="Bytes">Its own.</param>
/// <param name="First">The kernel that writes it.</param>
/// <param name="Last">The last kernel that reads it.</param>
/// <param name="Layer">The row of what computes it.</param>
/// <param name="Part">Of the step.</param>
internal sealed record BufferView(string Name, string Type, long Offset, long Bytes, int First, int Last, int Layer, int Part);

/// <summary>How the page's data is written: without reflection, so that trimmed and native programs write pages too.</summary>
/// <remarks>The default encoder escapes what HTML would read as markup.</remarks>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StepView))]
internal sealed partial class StepViewJson : JsonSerializerContext;
