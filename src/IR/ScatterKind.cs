namespace GraphCompiler.IR;

/// <summary>What a scatter does with the updates of one element, and with the element itself.</summary>
public enum ScatterKind
{
    /// <summary>Adds the updates' sum to it.</summary>
    Add,
    /// <summary>Replaces it by the last of the updates, in the order of the indices.</summary>
    Set,
    /// <summary>The largest of it and the updates; NaN if one of them is.</summary>
    Max,
    /// <summary>The smallest of it and the updates; NaN if one of them is.</summary>
    Min,
}
