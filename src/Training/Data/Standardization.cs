using System.Collections.Immutable;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>What features are less by and divided by, so that they have mean 0 and deviation 1 over the examples that it was made
/// of.</summary>
/// <param name="Means">Of each feature.</param>
/// <param name="Deviations">Of each feature; 1 for one that is the same in all examples, so that it becomes 0.</param>
public sealed record Standardization(ImmutableArray<float> Means, ImmutableArray<float> Deviations)
{
    /// <summary>That of a column of f32. Sums are in f64, in two passes.</summary>
    /// <param name="table">The examples that are trained with, and no others.</param>
    /// <param name="name">The column.</param>
    /// <exception cref="RuntimeException">SGC5003: the column is not f32. SGC5004: no such column.</exception>
    public static Standardization Of(Table table, string name)
    {
        ArgumentNullException.ThrowIfNull(table);
        var elements = table.Get<float>(name).Span;
        var size = elements.Length / table.Count;
        var (means, squares) = (new double[size], new double[size]);
        for (var i = 0; i < elements.Length; i++) means[i % size] += elements[i];
        for (var f = 0; f < size; f++) means[f] /= table.Count;
        for (var i = 0; i < elements.Length; i++) squares[i % size] += (elements[i] - means[i % size]) * (elements[i] - means[i % size]);
        return new([.. means.Select(m => (float)m)],
            [.. squares.Select(s => (float)Math.Sqrt(s / table.Count) is var deviation and > 0 ? deviation : 1)]);
    }

    /// <summary>Changes features in place.</summary>
    /// <param name="features">[examples, features], row-major.</param>
    /// <exception cref="RuntimeException">SGC6004: not a whole number of examples.</exception>
    public void Apply(Span<float> features)
    {
        if (Means.IsDefaultOrEmpty || Deviations.IsDefault || Means.Length != Deviations.Length
            || features.Length % Means.Length != 0)
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"{features.Length} elements are not a whole number of examples of the features that were standardized");
        for (var i = 0; i < features.Length; i++) features[i] = (features[i] - Means[i % Means.Length]) / Deviations[i % Means.Length];
    }
}
