using GraphCompiler.IR;

namespace GraphCompiler.Frontend;

/// <summary>Which functions carry an assignment out without being told to.</summary>
internal enum AssignmentUse
{
    /// <summary>Training steps.</summary>
    Training,
    /// <summary>Every function that reads the variable: a stream of random numbers goes on wherever it is drawn from.</summary>
    Reading,
    /// <summary>None.</summary>
    Request,
}

/// <summary>What a variable is at the end of a step; made by <c>GraphBuilder.Assign</c>.</summary>
public sealed class Assignment
{
    private readonly Stack<Value> _next = [];

    internal Assignment(ModelParameter variable, Value next, Location location)
    {
        (Variable, Location) = (variable, location);
        _next.Push(next);
    }

    /// <summary>The variable that gets a new value.</summary>
    public ModelParameter Variable { get; }
    /// <summary>Its new value, computed from the values that variables have while the step runs.</summary>
    public Value Next => _next.Peek();
    /// <summary>Where it was written.</summary>
    public Location Location { get; }

    /// <summary>Which functions carry it out without being told to.</summary>
    internal AssignmentUse Use { get; init; }

    /// <summary>Replaces the new value by one that is computed from it.</summary>
    internal void Continue(Value next) => _next.Push(next);

    /// <summary>Takes back the new values declared since a call began that has failed. Whether one is left.</summary>
    internal bool Withdraw(int firstId)
    {
        while (_next.TryPeek(out var next) && next.Id >= firstId) _next.Pop();
        return _next.Count > 0 && Variable.Value.Id < firstId;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Variable.Value} := {Next}";
}
