namespace GraphCompiler.Frontend;

/// <summary>What a loss gives of the losses of its examples or elements.</summary>
public enum LossReduction
{
    /// <summary>Their mean: a scalar, NaN over nothing.</summary>
    Mean,
    /// <summary>Their sum: a scalar.</summary>
    Sum,
    /// <summary>All of them.</summary>
    None,
}
