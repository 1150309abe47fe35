using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>What is compiled: a function of a model's inputs and of what is kept between its runs.</summary>
public abstract class Plan
{
    private protected Plan(GraphBuilder graph, Function function, ImmutableArray<BufferRole> roles, ImmutableArray<int> donated,
        ImmutableArray<string> outputs) => (Graph, Function, Roles, Donated, Outputs) = (graph, function, roles, donated, outputs);

    /// <summary>The model.</summary>
    public GraphBuilder Graph { get; }
    /// <summary>(inputs, variables, optimizer state) → (what replaces some of these, outputs).</summary>
    public Function Function { get; }
    /// <summary>For each parameter of the function whether a run is given it or it is kept.</summary>
    public ImmutableArray<BufferRole> Roles { get; }
    /// <summary>For each result the position of the parameter that it replaces, or -1 for an output.</summary>
    public ImmutableArray<int> Donated { get; }
    /// <summary>The names of the results that replace no parameter, in their order.</summary>
    public ImmutableArray<string> Outputs { get; }

    /// <summary>What is kept between runs, in the order of the function's parameters.</summary>
    internal IEnumerable<StateVariable> States => Function.Parameters.Where((_, i) => Roles[i] == BufferRole.State).Select(StateOf);
    /// <summary>The conditions that the last results are of.</summary>
    internal ImmutableArray<RuntimeCheck> Checks { get; private protected init; } = [];

    /// <summary>A name for each result: those that replace a parameter are never asked for by name.</summary>
    internal ImmutableArray<string> ResultNames
    {
        get
        {
            var outputs = 0;
            return [.. Donated.Select((d, i) => d < 0 ? Outputs[outputs++] : $"update{i}")];
        }
    }

    /// <summary>Whether a run changes what is kept.</summary>
    internal bool UpdatesStates => Donated.Any(d => d >= 0);

    // What is no variable of the model is its optimizer's, zero at first.
    private protected virtual StateVariable StateOf(Value parameter)
    {
        var variable = Graph.ModelParameters.FirstOrDefault(p => p.Value.Name == parameter.Name);
        return variable is null
            ? new(parameter.Name!, parameter.Type, VariableRole.Optimizer, Initializer.Zeros, parameter.Name!)
            : new(parameter.Name!, parameter.Type, variable.IsTrainable ? VariableRole.Trainable : VariableRole.Frozen, variable.Initializer,
                parameter.Name!);
    }

    /// <summary>The names of a condition's results.</summary>
    internal static (string IsGood, string Shown) NamesOfCheck(int number) => ($"check {number}", $"checked {number}");
}
