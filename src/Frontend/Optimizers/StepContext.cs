using GraphCompiler.IR;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>What all scopes of one step share.</summary>
/// <param name="Builder">Of the step.</param>
/// <param name="Location">Of <c>Minimize</c>.</param>
/// <param name="Seed">The model's.</param>
/// <param name="VariableOf">The model's variable that a parameter of the step stands for.</param>
internal sealed record StepContext(FunctionBuilder Builder, Location Location, ulong Seed, Func<Value, StateVariable> VariableOf)
{
    /// <summary>The names of the states that hold settable rates.</summary>
    public HashSet<string> Rates { get; } = [];

    /// <summary>How many streams of random numbers are drawn from.</summary>
    public uint Streams { get; set; }

    /// <summary>By a variable's name, that of the state that averages it over time.</summary>
    public Dictionary<string, string> Averages { get; } = [];
}
