using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A whole training step as one function: forward, backward and update.</summary>
public sealed class TrainingPlan
{
    internal TrainingPlan(GraphBuilder graph, Function function, ImmutableArray<int> donated, ImmutableArray<StateVariable> states,
        ImmutableArray<string> outputs)
    {
        (Graph, Function, Donated, States, Outputs) = (graph, function, donated, states, outputs);
        var kept = states.Select(s => s.Name).ToHashSet();
        Roles = [.. function.Parameters.Select(p => kept.Contains(p.Name!) ? BufferRole.State : BufferRole.Input)];
    }

    /// <summary>The model.</summary>
    public GraphBuilder Graph { get; }
    /// <summary>The step: (inputs, variables, optimizer state) → (new variables, new state, loss, metrics).</summary>
    public Function Function { get; }
    /// <summary>For each parameter of the function whether a step is given it or keeps it.</summary>
    public ImmutableArray<BufferRole> Roles { get; }
    /// <summary>For each result the position of the parameter that it replaces, or -1 for the loss and metrics.</summary>
    public ImmutableArray<int> Donated { get; }
    /// <summary>The names of the results that replace no parameter: "loss", then the metrics.</summary>
    public ImmutableArray<string> Outputs { get; }
    /// <summary>What the step keeps: the variables that the model had declared by then, and after them the optimizer's state.</summary>
    public ImmutableArray<StateVariable> States { get; }

    /// <summary>The same step with two more results for each condition on its inputs: truth values and what they are of.</summary>
    internal TrainingPlan? Checking { get; init; }
    /// <summary>The conditions that the last results of this plan are of.</summary>
    internal ImmutableArray<RuntimeCheck> Checks { get; init; } = [];

    /// <summary>The names of the states that hold settable rates.</summary>
    internal IReadOnlyCollection<string> Rates { get; init; } = [];
    /// <summary>By a variable's name, that of the state that averages it over time.</summary>
    internal IReadOnlyDictionary<string, string> Averages { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The name of the first result that replaces no parameter; nothing else has it.</summary>
    internal const string LossName = "loss";

    /// <summary>The names of a condition's results.</summary>
    internal static (string IsGood, string Shown) NamesOfCheck(int number) => ($"check {number}", $"checked {number}");

    /// <summary>A name for each result: those that replace a parameter are never asked for by name.</summary>
    internal ImmutableArray<string> ResultNames =>
        [.. Enumerable.Range(0, Function.Results.Length - Outputs.Length).Select(i => $"update{i}"), .. Outputs];

    /// <summary>Whether the step has memory for a variable.</summary>
    internal bool Holds(Value variable) => States.Any(s => s.Name == variable.Name);

    /// <summary>Compiles the step and initialises the variables.</summary>
    /// <exception cref="IR.Diagnostics.GraphException">SGC1011: <see cref="CompileOptions.Threads"/> is out of range. SGC3002: a dump
    /// cannot be written.</exception>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded.</exception>
    public TrainingStep Compile(CompileOptions? options = null) => new(this, options ?? new CompileOptions());
}
