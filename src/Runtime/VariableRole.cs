namespace GraphCompiler.Runtime;

/// <summary>What a tensor that is kept between runs is there for.</summary>
public enum VariableRole
{
    /// <summary>An optimizer may change it.</summary>
    Trainable,

    /// <summary>Nothing changes it but the program that holds it.</summary>
    Frozen,

    /// <summary>The model replaces it at the end of a step: running statistics, counters, random state.</summary>
    State,

    /// <summary>An optimizer's own: moments, counts of steps.</summary>
    Optimizer,
}
