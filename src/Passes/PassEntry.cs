namespace GraphCompiler.Passes;

/// <summary>A row of a pipeline's table.</summary>
/// <param name="Name">The row's name, unique in its table: a pass may have several rows.</param>
/// <param name="Pass">What runs.</param>
/// <param name="Required">Whether compilation is wrong without it, so that it cannot be disabled.</param>
public sealed record PassEntry(string Name, IPass Pass, bool Required = false);

/// <summary>One row must come before another, for a reason.</summary>
/// <param name="Before">The earlier row.</param>
/// <param name="After">The later row.</param>
/// <param name="Why">What goes wrong otherwise.</param>
public sealed record PassOrder(string Before, string After, string Why);
