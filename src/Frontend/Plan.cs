using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>What is compiled: a function of a model's inputs and of what is kept between its runs.</summary>
public abstract class Plan
{
    private protected Plan(GraphBuilder graph, Function function, ImmutableArray<int> donated, ImmutableArray<StateVariable> states,
        ImmutableArray<string> outputs)
    {
        (Graph, Function, Donated, States, Outputs) = (graph, function, donated, states, outputs);
        var kept = states.Select(s => s.Name).ToHashSet();
        Roles = [.. function.Parameters.Select(p => kept.Contains(p.Name!) ? BufferRole.State : BufferRole.Input)];
    }

    /// <summary>The model.</summary>
    public GraphBuilder Graph { get; }
    /// <summary>(inputs, variables, optimizer state) → (what replaces some of these, outputs).</summary>
    public Function Function { get; }
    /// <summary>For each parameter of the function whether a run is given it or it is kept.</summary>
    public ImmutableArray<BufferRole> Roles { get; }
    /// <summary>For each result the position of the parameter that it replaces, or -1 for an output.</summary>
    public ImmutableArray<int> Donated { get; }
    /// <summary>What is kept between runs.</summary>
    public ImmutableArray<StateVariable> States { get; }
    /// <summary>The names of the results that replace no parameter, in their order.</summary>
    public ImmutableArray<string> Outputs { get; }

    /// <summary>What the function computes and takes, layer by layer: types, operations, and bytes of variables, state and arena.</summary>
    /// <param name="options">How it would be compiled, which the arena depends on; the defaults when null. Nothing is measured.</param>
    /// <remarks>Runs the passes and plans the memory, and makes no code: a small part of the time that compiling takes.</remarks>
    /// <exception cref="GraphException">SGC1011: an option is out of range.</exception>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded, which knows the processor.</exception>
    public PlanSummary Summary(CompileOptions? options = null)
    {
        var (lowered, program) = Compiler.LowerOnly(this, options ?? new CompileOptions());
        return SummaryBuilder.Build(this, lowered, program);
    }

    /// <summary>The conditions on inputs that the last results are of.</summary>
    internal ImmutableArray<RuntimeCheck> Checks { get; init; } = [];

    /// <summary>A name for each result: those that replace a parameter are never asked for by name.</summary>
    internal ImmutableArray<string> ResultNames
    {
        get
        {
            var outputs = 0;
            return [.. Donated.Select((d, i) => d < 0 ? Outputs[outputs++] : $"update{i}")];
        }
    }

    /// <summary>Results at the end that nobody asked for by name.</summary>
    internal virtual int HiddenOutputs => 2 * Checks.Length;

    /// <summary>Whether a run changes what is kept.</summary>
    internal bool UpdatesStates => Donated.Any(d => d >= 0);

    /// <summary>The names of a condition's results.</summary>
    internal static (string IsGood, string Shown) NamesOfCheck(int number) => ($"check {number}", $"checked {number}");
}
