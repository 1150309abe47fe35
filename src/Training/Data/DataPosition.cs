namespace GraphCompiler.Training.Data;

/// <summary>A place in a stream of examples: the next one.</summary>
/// <param name="Epoch">Passes over all examples before this one, from 0.</param>
/// <param name="Example">Examples of this pass before it, in the order of the pass.</param>
public readonly record struct DataPosition(int Epoch, long Example);
