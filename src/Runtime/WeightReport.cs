using System.Collections.Immutable;

namespace GraphCompiler.Runtime;

/// <summary>What <see cref="VariableStore.LoadWeights"/> took over, and what not.</summary>
/// <param name="Loaded">The names of the variables that have the file's elements now.</param>
/// <param name="Missing">A sentence for each variable that the file does not have.</param>
/// <param name="Different">A sentence for each variable that the file has with another type or shape.</param>
/// <param name="Unused">The names of the tensors that are no variable's.</param>
public sealed record WeightReport(
    ImmutableArray<string> Loaded, ImmutableArray<string> Missing, ImmutableArray<string> Different, ImmutableArray<string> Unused)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Loaded.Length} variables loaded, {Missing.Length} not in the file, {Different.Length} of another type or shape;"
            + $" {Unused.Length} tensors of the file not used";
}
