using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Files;

namespace GraphCompiler.Training.Checkpoints;

/// <summary>What a checkpoint says about itself.</summary>
/// <param name="Path">The file, in the safetensors format.</param>
/// <param name="Step">Steps that had been made.</param>
/// <param name="BestStep">The step of the best checkpoint so far, as it was then; null where none was called the best.</param>
/// <param name="Texts">What was kept beside the variables.</param>
public sealed record Checkpoint(string Path, long Step, long? BestStep, IReadOnlyDictionary<string, string> Texts);
