namespace GraphCompiler.IR;

/// <summary>What an element between others is.</summary>
public enum Interpolation
{
    /// <summary>The nearest element.</summary>
    Nearest,
    /// <summary>The mean of the two nearest along each axis, weighted by distance: bilinear over two axes.</summary>
    Linear,
}
