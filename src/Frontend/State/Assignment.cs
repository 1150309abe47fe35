using GraphCompiler.IR;

namespace GraphCompiler.Frontend;

/// <summary>What a variable is at the end of a step; made by <c>GraphBuilder.Assign</c>.</summary>
public sealed class Assignment
{
    internal Assignment(ModelParameter variable, Value next, Location location) =>
        (Variable, Next, Location) = (variable, next, location);

    /// <summary>The variable that gets a new value.</summary>
    public ModelParameter Variable { get; }
    /// <summary>Its new value, computed from the values that variables have while the step runs.</summary>
    public Value Next { get; }
    /// <summary>Where it was written.</summary>
    public Location Location { get; }

    /// <summary>Whether every function that reads the variable carries the assignment out: a stream of random numbers goes on wherever it
    /// is drawn from.</summary>
    internal bool FollowsReads { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Variable.Value} := {Next}";
}
